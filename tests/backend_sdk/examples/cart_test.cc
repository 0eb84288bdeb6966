// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/shop/cart.h"

#include <gtest/gtest.h>

#include "backend_sdk/examples/shop/catalogue.h"
#include "backend_sdk/examples/shop/html.h"

namespace examples {
namespace {

TEST(Cart, ComesBackFromItsText) {
  const struct {
    const char* text;
    const char* expected;
  } kCases[] = {
      {"", ""},
      {"3:2,7:1", "3:2,7:1"},
      {"7:1,3:2", "3:2,7:1"},
      {"3:2,3:5", "3:5"},
      {"3:0,7:-1", ""},
      {"3:100", "3:99"},
      {"999:1", ""},
      {"a:b,:,3,3:2x,7:1", "7:1"},
      {"3:99999999999999999999", ""},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(Cart::parse(one.text).to_text(), one.expected);
  }
}

TEST(Cart, AddingStopsAtTheMaximum) {
  Cart cart;
  cart.add(3, kQuantityMax - 1);
  cart.add(3, 1);
  EXPECT_EQ(cart.pieces(), kQuantityMax);
  cart.add(3, 1);
  cart.add(3, 2'000'000'000);
  EXPECT_EQ(cart.pieces(), kQuantityMax);
  cart.add(3, -5);
  EXPECT_EQ(cart.pieces(), kQuantityMax);
}

TEST(Cart, TotalsAreInCents) {
  const Cart cart = Cart::parse("1:2,11:1");
  EXPECT_EQ(cart.total_cents(), 2 * find_product(1)->price_cents + find_product(11)->price_cents);
  EXPECT_EQ(money(8905), "89.05 €");
}

TEST(Order, ComesBackFromItsTextWhateverWasTyped) {
  const Order order{.number = 1001,
                    .cart = Cart::parse("3:2"),
                    .delivery = "evening",
                    .name = "A|B\x1f;C",
                    .address = "Rue \"é\" 1, 2 <x>",
                    .served_by = "a"};
  const auto back = Order::parse(order.to_text());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->number, 1001);
  EXPECT_EQ(back->name, "A|B;C");
  EXPECT_EQ(back->address, order.address);
  EXPECT_EQ(back->total_cents(), 2 * find_product(3)->price_cents + 890);
  EXPECT_FALSE(Order::parse(""));
  EXPECT_FALSE(Order::parse("1001"));
}

TEST(Catalogue, HasADozenProductsWithPicturesAndWords) {
  EXPECT_EQ(catalogue().size(), 12u);
  for (const Product& product : catalogue()) {
    SCOPED_TRACE(product.name);
    EXPECT_EQ(find_product(product.id), &product);
    EXPECT_GT(product.price_cents, 0);
    EXPECT_GT(product.description.size(), 80u);
    EXPECT_NE(product.picture.find("class=\""), std::string_view::npos);
  }
  EXPECT_EQ(find_product(0), nullptr);
}

TEST(Html, NothingTypedBecomesMarkup) {
  EXPECT_EQ(escape_html("<a href=\"x\" title='y'>&</a>"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
}

}  // namespace
}  // namespace examples
