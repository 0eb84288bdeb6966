// SPDX-License-Identifier: Apache-2.0
// Where an Exchange asks Apache's rules (rule_walk.h): once, between the mapping and the members,
// and for header edits that speak of variables. A part of Exchange, made for one call; a request
// whose host and location have no rules does not come here. Worker thread only.
#pragma once

#include <string_view>

#include "proxy/exchange/exchange.h"
#include "proxy/exchange/rule_walk.h"

namespace understudy {

class ExchangeRules final {
 public:
  explicit ExchangeRules(Exchange& exchange) : exchange_(exchange) {}

  // Changes the match to where the rules lead. False: they have answered.
  bool follow(const http::RequestHead& head, const routing::Mapping& mapping, std::string_view path,
              routing::Mapping::Match& match);

  // For edits of the request, and of an answer of our own: what they see. Only with a passage.
  void show(const http::RequestHead& head);
  // For edits of a member's answer, with what it puts into the environment.
  void show_answer(const http::ResponseHead& head);

 private:
  AskedFor asked(const http::RequestHead& head) const;
  std::string bridge_page_of_location() const;
  void answer_own_page(const http::RequestHead& head, apache::OwnPage page);

  Exchange& exchange_;
};

}  // namespace understudy
