// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/shop/pages.h"

#include <fmt/format.h>

#include <iterator>

#include "backend_sdk/examples/shop/html.h"

namespace examples {

const std::string_view kIcon =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#a3273a" d="M2 3h28v5H2z"/><path fill="#a3273a" d="M3 8h10q-1 14-9 20H3zM29 8H19q1 14 9 20h1z"/><circle cx="16" cy="21" r="5" fill="#c8963e"/></svg>)";

namespace {

constexpr std::string_view kBrandPicture =
    R"(<svg viewBox="0 0 32 32" aria-hidden="true"><path class="a" d="M2 3h28v5H2zM3 8h10q-1 14-9 20H3zM29 8H19q1 14 9 20h1z"/><circle class="b" cx="16" cy="21" r="5"/></svg>)";

constexpr std::string_view kEmptyPicture =
    R"(<svg viewBox="0 0 120 90" aria-hidden="true"><path class="a" d="M8 8h104v10H8z"/><path class="a" d="M10 18h30q-2 40-26 62h-4zM110 18H80q2 40 26 62h4z"/><ellipse class="s" cx="60" cy="76" rx="26" ry="6"/></svg>)";

std::string picture(const Product& product) {
  return fmt::format(
      R"(<svg class="picture" viewBox="0 0 120 90" role="img" aria-label="Drawing: {}">{}</svg>)",
      escape_html(product.name), product.picture);
}

std::string hidden(std::string_view name, std::string_view value) {
  return fmt::format(R"(<input type="hidden" name="{}" value="{}">)", name, escape_html(value));
}

std::string csrf_field(std::string_view csrf) {
  return hidden("csrf", csrf);
}

std::string link(const Frame& frame, std::string_view path, std::string_view text) {
  return fmt::format(R"(<a href="{}"{}>{}</a>)", path,
                     frame.section == path ? R"( aria-current="page")" : "", text);
}

std::string top(const Frame& frame) {
  std::string out = fmt::format(
      R"(<a class="skip" href="#content">Skip to content</a><header class="top"><nav class="bar" aria-label="Shop"><a class="brand" href="/">{}The Prompt Corner</a>)",
      kBrandPicture);
  out += link(frame, "/", "Shop");
  const std::string badge =
      frame.pieces == 0 ? "" : fmt::format(R"( <span class="badge">{}</span>)", frame.pieces);
  out += link(frame, "/cart", "Cart" + badge);
  out += link(frame, "/orders", "Orders");
  if (frame.user.empty()) {
    out += link(frame, "/login", "Log in");
  } else {
    out += fmt::format(
        R"(<form method="post" action="/logout">{}<button class="link">Log out {}</button></form>)",
        csrf_field(frame.csrf), escape_html(frame.user));
  }
  return out + "</nav></header>";
}

std::string understudy_text(const Stage& stage) {
  if (!stage.secondary.empty()) return escape_html(stage.secondary);
  return stage.is_new || !stage.moved_from.empty() ? "being chosen" : "none right now";
}

std::string moves_text(int moves) {
  if (moves == 0) return "never";
  return moves == 1 ? "once" : fmt::format("{} times", moves);
}

std::string stage_note(const Stage& stage) {
  if (stage.is_lost) return "Your earlier session is gone; this is a new one.";
  if (stage.is_recovered) return "Recovered from the copy that was left.";
  if (!stage.moved_from.empty()) {
    return "Taken over from member " + escape_html(stage.moved_from) +
           " just now. Nothing was lost.";
  }
  if (stage.secondary.empty() && !stage.is_new) return "Solo: no other member could take a copy.";
  return {};
}

std::string corner(const Stage& stage) {
  const std::string note = stage_note(stage);
  const bool has_news = stage.is_lost || stage.is_recovered || !stage.moved_from.empty();
  std::string out = fmt::format(
      R"(<aside class="stage{}" aria-label="Who serves this page"><dl><div><dt>On stage</dt><dd>{}</dd></div><div><dt>Understudy</dt><dd>{}</dd></div><div><dt>Session moved</dt><dd>{}</dd></div></dl>)",
      has_news ? " news" : "", escape_html(stage.member), understudy_text(stage),
      moves_text(stage.moves));
  if (!note.empty()) {
    const bool is_good = !stage.moved_from.empty() && !stage.is_lost && !stage.is_recovered;
    out += fmt::format(R"(<p><span class="dot{}"></span>{}</p>)", is_good ? "" : " warn", note);
  }
  return out + "</aside>";
}

std::string options_up_to(int selected) {
  std::string out;
  for (int i = 1; i <= 9; ++i) {
    out += fmt::format("<option{}>{}</option>", i == selected ? " selected" : "", i);
  }
  return out;
}

std::string steps(int current) {
  static constexpr std::string_view kNames[] = {"Address", "Delivery", "Confirm"};
  std::string out = R"(<ol class="steps">)";
  for (int i = 0; i < static_cast<int>(std::size(kNames)); ++i) {
    out += fmt::format("<li{}>{}. {}</li>",
                       i == current  ? R"( aria-current="step")"
                       : i < current ? R"( class="done")"
                                     : "",
                       i + 1, kNames[i]);
  }
  return out + "</ol>";
}

struct TextField {
  std::string_view id;
  std::string_view label;
  std::string_view autocomplete;
};

std::string text_field(const TextField& field, std::string_view value, bool is_missing) {
  return fmt::format(
      R"(<div class="field"><label for="{0}">{1}</label><input id="{0}" name="{0}" autocomplete="{2}" maxlength="{3}" value="{4}"{5}>{6}</div>)",
      field.id, field.label, field.autocomplete, kFieldBytesMax, escape_html(value),
      is_missing ? fmt::format(R"( aria-invalid="true" aria-describedby="{}-wrong")", field.id)
                 : "",
      is_missing
          ? fmt::format(R"(<div class="wrong" id="{}-wrong">Please fill this in.</div>)", field.id)
          : "");
}

std::string sums(const Cart& cart, const Delivery* delivery) {
  std::string out =
      fmt::format(R"(<div class="sum"><span>Goods</span><span class="price">{}</span></div>)",
                  money(cart.total_cents()));
  long total = cart.total_cents();
  if (delivery) {
    total += delivery->price_cents;
    out += fmt::format(R"(<div class="sum"><span>{}</span><span class="price">{}</span></div>)",
                       delivery->name,
                       delivery->price_cents == 0 ? "free" : money(delivery->price_cents));
  }
  return out +
         fmt::format(
             R"(<div class="sum total"><span>Total</span><span class="price">{}</span></div>)",
             money(total));
}

std::string short_lines(const Cart& cart) {
  std::string out = R"(<ul class="lines">)";
  for (const auto& [id, quantity] : cart.lines()) {
    const Product& product = *find_product(id);
    out += fmt::format(
        R"(<li>{}<div class="top"><span>{} × {}</span><span class="price">{}</span></div></li>)",
        picture(product), quantity, escape_html(product.name),
        money(product.price_cents * quantity));
  }
  return out + "</ul>";
}

}  // namespace

bool Address::is_complete() const {
  return !name.empty() && !street.empty() && !zip.empty() && !city.empty();
}

std::string Address::in_one_line() const {
  return name + ", " + street + ", " + zip + ' ' + city;
}

std::string page(const Frame& frame, std::string_view content) {
  std::string out = fmt::format(
      R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{} · The Prompt Corner</title><link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/style.css"></head><body>)",
      escape_html(frame.title));
  out += top(frame);
  out += R"(<main id="content">)";
  if (!frame.notice.empty()) {
    out += fmt::format(R"(<p class="note" role="status">{}</p>)", escape_html(frame.notice));
  }
  out += content;
  out += "</main>";
  out += corner(frame.stage);
  return out + "</body></html>\n";
}

std::string browse_content() {
  std::string out =
      R"(<h1>Everything for the second half</h1><p class="lead">A small shop for people who love the stage. Fill your cart, log in, half-fill a form. And if the server that knows you drops dead, its understudy goes on with your next click.</p><ul class="grid">)";
  for (const Product& product : catalogue()) {
    out += fmt::format(
        R"(<li class="card">{}<div class="text"><span class="kind">{}</span><h2><a href="/product/{}">{}</a></h2><p class="quiet">{}</p><div class="foot"><span class="price">{}</span></div></div></li>)",
        picture(product), product.kind, product.id, escape_html(product.name),
        escape_html(product.line), money(product.price_cents));
  }
  return out + "</ul>";
}

std::string product_content(const Product& product, std::string_view csrf) {
  return fmt::format(
      R"(<div class="two">{}<div><span class="kind">{}</span><h1>{}</h1><p class="lead">{}</p><p>{}</p><div class="panel"><p class="price">{}</p><form class="row" method="post" action="/cart/add">{}{}<div><label for="quantity">Quantity</label><select id="quantity" name="quantity">{}</select></div><button>Put into cart</button></form></div><p class="quiet"><a href="/">Back to the shop</a></p></div></div>)",
      picture(product), product.kind, escape_html(product.name), escape_html(product.line),
      escape_html(product.description), money(product.price_cents), csrf_field(csrf),
      hidden("product", std::to_string(product.id)), options_up_to(1));
}

std::string cart_content(const Cart& cart, std::string_view csrf) {
  if (cart.is_empty()) {
    return fmt::format(
        R"(<div class="empty">{}<h1>Your cart is empty</h1><p class="quiet">The stage is set, the props are missing.</p><a class="button" href="/">To the shop</a></div>)",
        kEmptyPicture);
  }
  std::string out = R"(<h1>Your cart</h1><div class="two"><ul class="lines">)";
  for (const auto& [id, quantity] : cart.lines()) {
    const Product& product = *find_product(id);
    out += fmt::format(
        R"(<li>{0}<div><div class="top"><h2><a href="/product/{1}">{2}</a></h2><span class="price">{3}</span></div><div class="acts"><form method="post" action="/cart/change">{4}{5}<input type="number" name="quantity" min="0" max="{6}" value="{7}" aria-label="Quantity of {2}"><button class="plain">Change</button></form><form method="post" action="/cart/remove">{4}{5}<button class="plain" aria-label="Remove {2}">Remove</button></form></div></div></li>)",
        picture(product), product.id, escape_html(product.name),
        money(product.price_cents * quantity), csrf_field(csrf),
        hidden("product", std::to_string(id)), kQuantityMax, quantity);
  }
  return out +
         fmt::format(
             R"(</ul><div class="panel">{}<p class="quiet">Delivery is chosen at checkout.</p><a class="button" href="/checkout">Check out</a></div></div>)",
             sums(cart, nullptr));
}

std::string login_content(std::string_view csrf, std::string_view next, bool name_was_missing) {
  return fmt::format(
      R"(<h1>Who is it?</h1><p class="lead">Any name will do. Your session gets a new id when you log in, so that a thief of the old one cannot follow you.</p><div class="panel form"><form method="post" action="/login">{}{}{}<button>Log in</button></form></div>)",
      csrf_field(csrf), hidden("next", next),
      text_field({"name", "Your name", "nickname"}, "", name_was_missing));
}

std::string address_content(const Address& address, bool show_missing, std::string_view csrf) {
  const auto field = [show_missing](const TextField& text, const std::string& value) {
    return text_field(text, value, show_missing && value.empty());
  };
  return fmt::format(
      R"(<h1>Where shall it go?</h1>{}<div class="panel form"><form method="post" action="/checkout/address">{}{}{}<div class="pair">{}{}</div><div class="row"><button>On to delivery</button><button class="plain" name="later" value="1">Keep it, shop on</button></div></form></div>)",
      steps(0), csrf_field(csrf), field({"name", "Name", "name"}, address.name),
      field({"street", "Street and number", "street-address"}, address.street),
      field({"zip", "Postcode", "postal-code"}, address.zip),
      field({"city", "Town", "address-level2"}, address.city));
}

std::string delivery_content(std::string_view chosen, const Cart& cart, std::string_view csrf) {
  const Delivery* current = find_delivery(chosen);
  if (!current) current = &kDeliveries[0];
  std::string choices;
  for (const Delivery& delivery : kDeliveries) {
    choices += fmt::format(
        R"(<label class="choice"><input type="radio" name="delivery" value="{}"{}><span><strong>{}</strong><br><span class="quiet">{}</span></span><span class="price">{}</span></label>)",
        delivery.key, &delivery == current ? " checked" : "", delivery.name, delivery.line,
        delivery.price_cents == 0 ? "free" : money(delivery.price_cents));
  }
  return fmt::format(
      R"(<h1>How fast?</h1>{}<div class="two"><form class="panel" method="post" action="/checkout/delivery">{}<fieldset style="border:0;padding:0;margin:0 0 1rem"><legend class="skip">Delivery</legend>{}</fieldset><div class="row"><button>On to the last step</button><a class="quiet" href="/checkout/address">Back to the address</a></div></form><div class="panel">{}</div></div>)",
      steps(1), csrf_field(csrf), choices, sums(cart, nullptr));
}

std::string confirm_content(const Order& order, std::string_view csrf) {
  return fmt::format(
      R"(<h1>Curtain up?</h1>{}<div class="two"><div class="panel">{}</div><div><div class="panel"><h2>Goes to</h2><p>{}<br><a class="quiet" href="/checkout/address">Change</a></p><h2>By</h2><p>{}<br><a class="quiet" href="/checkout/delivery">Change</a></p></div><div class="panel">{}<form method="post" action="/checkout/confirm">{}<button>Order now</button></form></div></div></div>)",
      steps(2), short_lines(order.cart), escape_html(order.address),
      find_delivery(order.delivery)->name, sums(order.cart, find_delivery(order.delivery)),
      csrf_field(csrf));
}

std::string orders_content(const std::vector<Order>& newest_first) {
  if (newest_first.empty()) {
    return fmt::format(
        R"(<div class="empty">{}<h1>No orders yet</h1><p class="quiet">They stay with your session, wherever it moves.</p><a class="button" href="/">To the shop</a></div>)",
        kEmptyPicture);
  }
  std::string out = "<h1>Your orders</h1>";
  for (const Order& order : newest_first) {
    const Delivery* delivery = find_delivery(order.delivery);
    out += fmt::format(
        R"(<section class="panel" aria-label="Order {0}"><div class="sum"><h2>Order {0}</h2><span class="price">{1}</span></div><p class="quiet">{2}<br>{3} · taken by member {4}</p>{5}</section>)",
        order.number, money(order.total_cents()), escape_html(order.address),
        delivery ? delivery->name : "", escape_html(order.served_by), short_lines(order.cart));
  }
  return out;
}

std::string problem_content(std::string_view title, std::string_view text) {
  return fmt::format(
      R"(<div class="empty">{}<h1>{}</h1><p class="quiet">{}</p><a class="button" href="/">To the shop</a></div>)",
      kEmptyPicture, escape_html(title), escape_html(text));
}

}  // namespace examples
