// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/shop/pages.h"

#include <gtest/gtest.h>

namespace examples {
namespace {

constexpr const char* kEvil = "<script>alert(\"1\")</script>";

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Pages, WhateverAUserTypesIsEscaped) {
  Order order{.number = 1,
              .cart = Cart::parse("1:1"),
              .delivery = "evening",
              .name = kEvil,
              .address = kEvil,
              .served_by = kEvil};
  const Address address{.name = kEvil, .street = kEvil, .zip = kEvil, .city = kEvil};
  Frame frame{.title = kEvil,
              .section = "",
              .user = kEvil,
              .csrf = kEvil,
              .notice = kEvil,
              .pieces = 1,
              .stage = {.member = kEvil, .secondary = kEvil, .moved_from = kEvil}};
  for (const std::string& html :
       {page(frame, ""), orders_content({order}), confirm_content(order, kEvil),
        address_content(address, true, kEvil), problem_content(kEvil, kEvil),
        login_content(kEvil, kEvil, true), cart_content(Cart::parse("1:1"), kEvil),
        delivery_content(kEvil, Cart::parse("1:1"), kEvil),
        product_content(catalogue().front(), kEvil)}) {
    EXPECT_FALSE(contains(html, "<script")) << html;
    EXPECT_FALSE(contains(html, "alert(\"")) << html;
  }
}

TEST(Pages, EveryFormCarriesTheToken) {
  const Order order{.number = 1,
                    .cart = Cart::parse("1:1"),
                    .delivery = "evening",
                    .name = "n",
                    .address = "x",
                    .served_by = "a"};
  for (const std::string& html :
       {product_content(catalogue().front(), "T0K"), cart_content(Cart::parse("1:1,2:2"), "T0K"),
        login_content("T0K", "/", false), address_content({}, false, "T0K"),
        delivery_content("", Cart(), "T0K"), confirm_content(order, "T0K")}) {
    std::size_t forms = 0;
    std::size_t tokens = 0;
    for (std::size_t at = 0; (at = html.find("<form", at)) != std::string::npos; ++at) ++forms;
    for (std::size_t at = 0; (at = html.find("value=\"T0K\"", at)) != std::string::npos; ++at) {
      ++tokens;
    }
    EXPECT_GT(forms, 0u);
    EXPECT_EQ(forms, tokens) << html;
  }
}

TEST(Pages, EveryVisibleInputHasALabel) {
  const std::string html = address_content({}, false, "t") + login_content("t", "/", false);
  for (std::size_t at = 0; (at = html.find("<input id=\"", at)) != std::string::npos; ++at) {
    const std::size_t id = at + std::string_view("<input id=\"").size();
    const std::string name = html.substr(id, html.find('"', id) - id);
    EXPECT_TRUE(contains(html, "<label for=\"" + name + "\">")) << name;
  }
}

TEST(Pages, TheCornerTellsWhereTheSessionIs) {
  Frame frame;
  frame.stage = {.member = "b", .secondary = "c", .moved_from = "a", .moves = 1};
  EXPECT_TRUE(contains(page(frame, ""), "Taken over from member a"));
  EXPECT_TRUE(contains(page(frame, ""), "once"));
  frame.stage = {.member = "b", .secondary = "c", .moved_from = "", .moves = 2};
  EXPECT_TRUE(contains(page(frame, ""), "2 times"));
  EXPECT_FALSE(contains(page(frame, ""), "class=\"dot"));
  frame.stage.secondary.clear();
  EXPECT_TRUE(contains(page(frame, ""), "Solo"));
  frame.stage.is_lost = true;
  EXPECT_TRUE(contains(page(frame, ""), "this is a new one"));
  frame.stage.is_lost = false;
  frame.stage.is_recovered = true;
  EXPECT_TRUE(contains(page(frame, ""), "Recovered"));
}

TEST(Pages, WhatIsMissingIsMarkedOnlyAfterTrying) {
  const Address half{.name = "Ada", .street = "", .zip = "", .city = "London"};
  EXPECT_FALSE(contains(address_content(half, false, "t"), "Please fill this in"));
  const std::string tried = address_content(half, true, "t");
  EXPECT_TRUE(contains(tried, "id=\"street-wrong\""));
  EXPECT_FALSE(contains(tried, "id=\"city-wrong\""));
  EXPECT_TRUE(contains(tried, "value=\"Ada\""));
}

}  // namespace
}  // namespace examples
