// SPDX-License-Identifier: Apache-2.0
// The shop's pages as HTML, from plain values; no request, no session, no decision. Everything that
// a customer has typed is escaped in here. Pure functions; any thread. Called by shop.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/examples/shop/cart.h"
#include "backend_sdk/examples/shop/catalogue.h"

namespace examples {

// Who stands behind the page; the corner shows it.
struct Stage {
  std::string member;
  std::string secondary;   // empty: none
  std::string moved_from;  // empty, or: the session came from there since the page before
  int moves = 0;
  bool is_new = false;
  bool is_lost = false;  // an earlier session could not be found any more
  bool is_recovered = false;
};

struct Frame {
  std::string title;
  std::string section;  // "/", "/cart" or "/orders": marked in the navigation
  std::string user;     // empty: not logged in
  std::string csrf;
  std::string notice;  // a sentence above the page, for once
  int pieces = 0;      // in the cart
  Stage stage;
};

struct Address {
  std::string name;
  std::string street;
  std::string zip;
  std::string city;
  bool is_complete() const;
  std::string in_one_line() const;
};

std::string page(const Frame& frame, std::string_view content);

std::string browse_content();
std::string product_content(const Product& product, std::string_view csrf);
std::string cart_content(const Cart& cart, std::string_view csrf);
std::string login_content(std::string_view csrf, std::string_view next, bool name_was_missing);
// `show_missing`: the customer has tried to go on, so say what is missing.
std::string address_content(const Address& address, bool show_missing, std::string_view csrf);
std::string delivery_content(std::string_view chosen, const Cart& cart, std::string_view csrf);
std::string confirm_content(const Order& order, std::string_view csrf);
std::string orders_content(const std::vector<Order>& newest_first);
std::string problem_content(std::string_view title, std::string_view text);

extern const std::string_view kIcon;  // an SVG file

}  // namespace examples
