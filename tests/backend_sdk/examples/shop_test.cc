// SPDX-License-Identifier: Apache-2.0
// A customer's evening in the shop, over HTTP, with the member dying in the middle of it.
#include "backend_sdk/examples/shop/shop.h"

#include <gtest/gtest.h>

#include "tests/backend_sdk/node/http_client.h"
#include "tests/backend_sdk/node/test_server.h"

namespace examples {
namespace {

using understudy::Header;
using understudy::HttpAnswer;
using understudy::HttpClient;
using understudy::TestServer;

class Customer {
 public:
  explicit Customer(std::uint16_t port) : client_(port) { client_.keep_cookies(); }

  std::string open(const std::string& path) {
    const auto answer = client_.ask("GET", path);
    if (!answer) return "(no answer)";
    if (answer->status == 303) return open(answer->header("Location"));
    const std::size_t at = answer->body.find("name=\"csrf\" value=\"");
    if (at != std::string::npos) csrf_ = answer->body.substr(at + 19, 32);
    return answer->body;
  }
  // Sends the form and follows the redirect.
  std::string submit(const std::string& path, const std::string& fields) {
    const HttpAnswer answer = post(path, "csrf=" + csrf_ + "&" + fields);
    EXPECT_EQ(answer.status, 303) << path << ": " << answer.body;
    return open(answer.header("Location"));
  }
  HttpAnswer post(const std::string& path, const std::string& body,
                  std::vector<Header> headers = {}) {
    headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    return client_.ask("POST", path, headers, body).value_or(HttpAnswer{});
  }
  const std::string& csrf() const { return csrf_; }
  std::string cookie() const {
    return client_.cookies().at(0).name + "=" + client_.cookies().at(0).value;
  }
  HttpClient& client() { return client_; }

 private:
  HttpClient client_;
  std::string csrf_;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Shop, AnEveningFromTheFirstLookToTheOrder) {
  TestServer server("a", "", 1, &add_shop_handlers);
  Customer customer(server.port());
  EXPECT_TRUE(contains(customer.open("/"), "Ghost light"));
  EXPECT_TRUE(contains(customer.open("/product/1"), "Superstition"));
  EXPECT_TRUE(contains(customer.submit("/cart/add", "product=1&quantity=2"),
                       "Ghost light is in your cart."));
  EXPECT_TRUE(contains(customer.submit("/cart/change", "product=1&quantity=3"), "267.00"));
  customer.submit("/cart/add", "product=2&quantity=1");
  EXPECT_FALSE(contains(customer.submit("/cart/remove", "product=2"), "Prompt book"));

  EXPECT_TRUE(contains(customer.open("/checkout"), "Who is it?"));
  EXPECT_TRUE(contains(customer.submit("/login", "name=+&next=/checkout"), "Please fill this in"));
  const std::string before = customer.cookie();
  EXPECT_TRUE(
      contains(customer.submit("/login", "name=Ada+%3CL%3E&next=/checkout"), "Where shall it go?"));
  EXPECT_NE(customer.cookie(), before) << "a new id at login";

  const std::string half = customer.submit("/checkout/address", "name=Ada&street=&zip=1&city=B");
  EXPECT_TRUE(contains(half, "street-wrong"));
  EXPECT_TRUE(contains(half, "value=\"Ada\""));
  EXPECT_TRUE(
      contains(customer.submit("/checkout/address", "name=Ada&street=Ring+1&zip=1&city=Berlin"),
               "How fast?"));
  EXPECT_TRUE(contains(customer.submit("/checkout/delivery", "delivery=evening"), "Curtain up?"));
  const std::string orders = customer.submit("/checkout/confirm", "");
  EXPECT_TRUE(contains(orders, "Order 1001"));
  EXPECT_TRUE(contains(orders, "275.90"));
  EXPECT_TRUE(contains(customer.open("/cart"), "Your cart is empty"));
  EXPECT_TRUE(contains(customer.submit("/logout", ""), "Log in"));
  EXPECT_TRUE(contains(customer.open("/orders"), "No orders yet"));
}

TEST(Shop, TheCartAndTheHalfFilledFormSurviveTheMember) {
  TestServer a("a", "", 1, &add_shop_handlers);
  TestServer b("b", a.node().cluster_address(), 2, &add_shop_handlers);
  Customer customer(a.port());
  customer.open("/login");
  customer.submit("/login", "name=Ada");
  while (contains(customer.open("/product/3"), "Solo")) {
  }
  customer.submit("/cart/add", "product=3&quantity=1");
  customer.open("/checkout");
  customer.submit("/checkout/address", "name=Ada&street=&zip=10115&city=&later=1");
  const std::string cookie = customer.cookie();
  a.kill();

  HttpClient after(b.port());
  const std::vector<Header> headers = {{"Cookie", cookie}, {"Understudy-Failover", "refused"}};
  const auto page = after.ask("GET", "/checkout/address", headers);
  ASSERT_TRUE(page);
  EXPECT_TRUE(contains(page->body, "value=\"10115\"")) << page->body;
  EXPECT_TRUE(contains(page->body, "Taken over from member a"));
  EXPECT_TRUE(contains(page->body, "<dd>once</dd>"));
}

TEST(Shop, AMoveThatAPostNoticesIsToldByTheNextPageOnce) {
  TestServer a("a", "", 1, &add_shop_handlers);
  TestServer b("b", a.node().cluster_address(), 2, &add_shop_handlers);
  Customer customer(a.port());
  while (contains(customer.open("/product/3"), "Solo")) {
  }
  const std::string cookie = customer.cookie();
  a.kill();

  HttpClient after(b.port());
  after.keep_cookies();
  const auto moved = after.ask("POST", "/cart/add",
                               {{"Cookie", cookie},
                                {"Understudy-Failover", "refused"},
                                {"Content-Type", "application/x-www-form-urlencoded"}},
                               "product=3&quantity=1&csrf=" + customer.csrf());
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->status, 303) << moved->body;
  const auto page = after.ask("GET", "/cart");
  ASSERT_TRUE(page);
  EXPECT_TRUE(contains(page->body, "Taken over from member a")) << page->body;
  EXPECT_TRUE(contains(page->body, "class=\"stage news\""));
  const auto second = after.ask("GET", "/cart");
  ASSERT_TRUE(second);
  EXPECT_FALSE(contains(second->body, "Taken over from member a"));
  EXPECT_TRUE(contains(second->body, "<dd>once</dd>"));
}

TEST(Shop, AFormFromElsewhereIsRefused) {
  TestServer server("a", "", 1, &add_shop_handlers);
  Customer customer(server.port());
  customer.open("/product/1");
  EXPECT_EQ(customer.post("/cart/add", "product=1&quantity=1").status, 403);
  EXPECT_EQ(customer.post("/cart/add", "product=1&csrf=0").status, 403);
  EXPECT_EQ(Customer(server.port()).post("/cart/add", "csrf=" + customer.csrf()).status, 403);
  EXPECT_TRUE(contains(customer.open("/cart"), "Your cart is empty"));
}

TEST(Shop, AnOrderSentTwiceIsTakenOnce) {
  TestServer server("a", "", 1, &add_shop_handlers);
  Customer customer(server.port());
  customer.open("/login");
  customer.submit("/login", "name=Ada");
  customer.open("/product/1");
  customer.submit("/cart/add", "product=1&quantity=1");
  customer.open("/checkout");
  customer.submit("/checkout/address", "name=A&street=B&zip=C&city=D");
  customer.submit("/checkout/delivery", "delivery=matinee");
  const std::vector<Header> id = {{"Understudy-Request-Id", "0000000000000009"}};
  for (int i = 0; i < 2; ++i) {
    const HttpAnswer answer = customer.post("/checkout/confirm", "csrf=" + customer.csrf(), id);
    EXPECT_EQ(answer.status, 303);
    EXPECT_EQ(answer.header("Location"), "/orders");
  }
  EXPECT_FALSE(contains(customer.open("/orders"), "Order 1002"));
}

TEST(Shop, WrongAddressesAndMethodsAreAnswered) {
  TestServer server("a", "", 1, &add_shop_handlers);
  Customer customer(server.port());
  EXPECT_EQ(customer.client().ask("GET", "/nowhere")->status, 404);
  EXPECT_EQ(customer.client().ask("GET", "/product/77")->status, 404);
  EXPECT_EQ(customer.client().ask("GET", "/cart/add")->status, 405);
  EXPECT_EQ(customer.post("/orders", "").status, 405);
  EXPECT_EQ(customer.client().ask("GET", "/style.css")->header("Content-Type"),
            "text/css; charset=utf-8");
}

}  // namespace
}  // namespace examples
