// SPDX-License-Identifier: Apache-2.0
// Where an Exchange asks Apache's rules (proxy/apache): once, between the mapping and the members,
// and for header edits that speak of variables. A part of Exchange, made for one call; a request
// whose host and location have no rules does not come here. Worker thread only.
#pragma once

#include <string_view>

#include "proxy/apache/sections.h"
#include "proxy/exchange/exchange.h"
#include "proxy/routing/mapping.h"

namespace understudy {

class RuleWalk final {
 public:
  explicit RuleWalk(Exchange& exchange) : exchange_(exchange) {}

  // Changes the match to where the rules lead. False: they have answered.
  bool follow(const http::RequestHead& head, const routing::Mapping& mapping, std::string_view path,
              routing::Mapping::Match& match);

  // For edits of the request, and of an answer of our own: what they see. Only with a passage.
  void show(const http::RequestHead& head);
  // For edits of a member's answer, with what it puts into the environment.
  void show_answer(const http::ResponseHead& head);

 private:
  struct Followed;
  apache::Request facts(const http::RequestHead& head) const;
  // One pass over the rules; true: they have led to another path, and it begins anew.
  bool follow_once(const http::RequestHead& head, Followed& at);
  bool obey(apache::Rewritten& rewritten, Followed& at);
  void answer_own_page(const http::RequestHead& head, apache::OwnPage page);

  Exchange& exchange_;
};

}  // namespace understudy
