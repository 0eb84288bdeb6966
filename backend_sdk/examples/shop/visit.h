// SPDX-License-Identifier: Apache-2.0
// Visit: one request to the shop, with what its session says. Reads and writes the session's
// attributes by their meaning; notices when another member has taken the session over. Lives as
// long as its handler runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/examples/shop/cart.h"
#include "backend_sdk/examples/shop/pages.h"
#include "understudy/evhttp.h"

namespace examples {

class Visit final {
 public:
  Visit(const understudy::Node& node, understudy::Request& request, understudy::Session& session,
        understudy::Response& response);

  // The request.
  std::string_view path() const { return request_.path(); }
  bool is_post() const { return request_.method() == "POST"; }
  std::string field(std::string_view name) const;  // trimmed, cut to kFieldBytesMax
  int number(std::string_view name) const;         // 0 when it is none
  // False, and answered, when a POST does not come from one of this session's own pages.
  bool is_own_form();

  // The session.
  bool is_first() const { return session_.is_new(); }
  std::string text(std::string_view attribute) const;
  void set(std::string_view attribute, std::string_view value) { session_.set(attribute, value); }
  void remove(std::string_view attribute) { session_.remove(attribute); }
  const std::string& user() const { return user_; }
  const std::string& csrf() const { return csrf_; }
  Cart cart() const { return Cart::parse(text("cart")); }
  void keep_cart(const Cart& cart) { set("cart", cart.to_text()); }
  Address address() const;
  std::vector<Order> orders() const;  // newest first
  void keep_order(Order order);
  void log_in(std::string_view name);
  void log_out() { session_.invalidate(); }
  const std::string& member() const { return member_; }

  // The answer: one of them.
  void show(std::string_view title, std::string_view section, std::string_view content,
            int status = 200);
  void go(std::string_view path);
  void go(std::string_view path, std::string_view notice);

 private:
  // A POST answers with a redirect, so what it has noticed waits in the session for a page.
  void notice_move();

  understudy::Request& request_;
  understudy::Session& session_;
  understudy::Response& response_;
  const std::string member_;
  std::string user_;
  std::string csrf_;
  Stage stage_;
};

}  // namespace examples
