// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/shop/shop.h"

#include <string>
#include <string_view>

#include "backend_sdk/examples/shop/catalogue.h"
#include "backend_sdk/examples/shop/html.h"
#include "backend_sdk/examples/shop/pages.h"
#include "backend_sdk/examples/shop/style.h"
#include "backend_sdk/examples/shop/visit.h"

namespace examples {
namespace {

using understudy::Node;
using understudy::Request;
using understudy::Response;
using understudy::Session;

void browse(Visit& visit) {
  if (visit.path() != "/") {
    return visit.show("Not here", "",
                      problem_content("Nobody on this stage", "There is nothing at this address."),
                      404);
  }
  visit.show("Shop", "/", browse_content());
}

void product(Visit& visit) {
  constexpr std::string_view kPrefix = "/product/";
  for (const Product& product : catalogue()) {
    if (visit.path().substr(kPrefix.size()) == std::to_string(product.id)) {
      return visit.show(product.name, "/", product_content(product, visit.csrf()));
    }
  }
  visit.show("Not here", "",
             problem_content("Not in this production", "We do not have such a thing."), 404);
}

void cart(Visit& visit) {
  visit.show("Cart", "/cart", cart_content(visit.cart(), visit.csrf()));
}

// POST only.

void add_to_cart(Visit& visit) {
  Cart cart = visit.cart();
  const Product* product = find_product(visit.number("product"));
  if (!product) return visit.go("/");
  cart.add(product->id, visit.number("quantity"));
  visit.keep_cart(cart);
  visit.go("/cart", std::string(product->name) + " is in your cart.");
}

void change_cart(Visit& visit) {
  Cart cart = visit.cart();
  cart.change(visit.number("product"), visit.number("quantity"));
  visit.keep_cart(cart);
  visit.go("/cart");
}

void remove_from_cart(Visit& visit) {
  Cart cart = visit.cart();
  cart.change(visit.number("product"), 0);
  visit.keep_cart(cart);
  visit.go("/cart");
}

void log_out(Visit& visit) {
  visit.log_out();
  visit.go("/");
}

// GET shows the form, POST takes it.

std::string_view known_page(std::string_view path) {
  for (const std::string_view known : {"/checkout", "/orders"}) {
    if (path == known) return known;
  }
  return "/";
}

void log_in(Visit& visit) {
  const std::string_view next = known_page(visit.field("next"));
  if (!visit.is_post()) {
    const bool was_missing = visit.field("missing") == "1";
    return visit.show("Log in", "/login", login_content(visit.csrf(), next, was_missing));
  }
  const std::string name = visit.field("name");
  if (name.empty()) return visit.go("/login?missing=1&next=" + std::string(next));
  visit.log_in(name);
  visit.go(next, "Good evening, " + name + ".");
}

// A client that is not ready for a step is redirected to the one before it.
std::string_view first_open_step(const Visit& visit) {
  if (visit.cart().is_empty()) return "/cart";
  if (visit.user().empty()) return "/login?next=/checkout";
  if (!visit.address().is_complete()) return "/checkout/address";
  if (!find_delivery(visit.text("delivery"))) return "/checkout/delivery";
  return "/checkout/confirm";
}

void checkout(Visit& visit) {
  visit.go(first_open_step(visit));
}

bool is_too_early(const Visit& visit) {
  return visit.cart().is_empty() || visit.user().empty();
}

// What was typed is kept even when something is missing: that is what the session is for.
void address(Visit& visit) {
  if (is_too_early(visit)) return visit.go(first_open_step(visit));
  if (!visit.is_post()) {
    const bool show_missing = !visit.text("address.tried").empty();
    return visit.show("Address", "/cart",
                      address_content(visit.address(), show_missing, visit.csrf()));
  }
  for (const std::string_view name : {"name", "street", "zip", "city"}) {
    visit.set("address." + std::string(name), visit.field(name));
  }
  if (!visit.field("later").empty()) {
    return visit.go("/", "We keep what you have typed, as far as it goes.");
  }
  visit.set("address.tried", "1");
  visit.go(visit.address().is_complete() ? "/checkout/delivery" : "/checkout/address");
}

void delivery(Visit& visit) {
  if (is_too_early(visit)) return visit.go(first_open_step(visit));
  if (!visit.is_post()) {
    return visit.show("Delivery", "/cart",
                      delivery_content(visit.text("delivery"), visit.cart(), visit.csrf()));
  }
  if (const Delivery* chosen = find_delivery(visit.field("delivery"))) {
    visit.set("delivery", chosen->key);
  }
  visit.go(first_open_step(visit));
}

void confirm(Visit& visit) {
  if (first_open_step(visit) != "/checkout/confirm") return visit.go(first_open_step(visit));
  Order order{.number = 0,
              .cart = visit.cart(),
              .delivery = visit.text("delivery"),
              .name = visit.user(),
              .address = visit.address().in_one_line(),
              .served_by = visit.member()};
  if (!visit.is_post()) {
    return visit.show("Confirm", "/cart", confirm_content(order, visit.csrf()));
  }
  visit.keep_order(std::move(order));
  visit.remove("cart");
  visit.remove("delivery");
  visit.go("/orders", "Thank you. Your order is on its way to the stage.");
}

void orders(Visit& visit) {
  visit.show("Orders", "/orders", orders_content(visit.orders()));
}

enum class Takes { kGet, kPost, kBoth };

struct ShopRoute {
  const char* path;
  void (*handler)(Visit&);
  Takes takes;
};

constexpr ShopRoute kRoutes[] = {
    {"/", &browse, Takes::kGet},
    {"/product/", &product, Takes::kGet},
    {"/cart", &cart, Takes::kGet},
    {"/cart/add", &add_to_cart, Takes::kPost},
    {"/cart/change", &change_cart, Takes::kPost},
    {"/cart/remove", &remove_from_cart, Takes::kPost},
    {"/login", &log_in, Takes::kBoth},
    {"/logout", &log_out, Takes::kPost},
    {"/checkout", &checkout, Takes::kGet},
    {"/checkout/address", &address, Takes::kBoth},
    {"/checkout/delivery", &delivery, Takes::kBoth},
    {"/checkout/confirm", &confirm, Takes::kBoth},
    {"/orders", &orders, Takes::kGet},
};

bool allows(Takes takes, std::string_view method) {
  if (method == "POST") return takes != Takes::kGet;
  return (method == "GET" || method == "HEAD") && takes != Takes::kPost;
}

void serve(const ShopRoute& route, const Node& node, Request& request, Session& session,
           Response& response) {
  if (!allows(route.takes, request.method())) {
    response.set_status(405);
    response.add_header("Allow", route.takes == Takes::kGet    ? "GET, HEAD"
                                 : route.takes == Takes::kPost ? "POST"
                                                               : "GET, HEAD, POST");
    return;
  }
  Visit visit(node, request, session, response);
  // Logging out of nothing (sent again, or too late) needs no proof.
  if (route.handler == &log_out && visit.is_first()) return visit.go("/");
  if (visit.is_post() && !visit.is_own_form()) return;
  route.handler(visit);
}

void serve_file(Response& response, std::string_view text, std::string_view type) {
  response.add_header("Cache-Control", "max-age=3600");
  response.set_body(std::string(text), type);
}

}  // namespace

void add_shop_handlers(Node& node, understudy::EvhttpServer& server, event_base*) {
  for (const ShopRoute& route : kRoutes) {
    // A form reads, decides and writes: one at a time.
    server.handle(route.path,
                  [&route, &node](Request& request, Session& session, Response& response) {
                    serve(route, node, request, session, response);
                  },
                  {.exclusive = route.takes != Takes::kGet});
  }
  server.handle("/style.css",
                [](Request&, Session&, Response& response) {
                  serve_file(response, kStyleSheet, "text/css; charset=utf-8");
                },
                {.session = false});
  server.handle(
      "/icon.svg",
      [](Request&, Session&, Response& response) { serve_file(response, kIcon, "image/svg+xml"); },
      {.session = false});
}

}  // namespace examples
