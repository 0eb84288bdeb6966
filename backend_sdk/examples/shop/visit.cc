// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/shop/visit.h"

#include <fmt/format.h>

#include <charconv>
#include <random>

namespace examples {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr int kFirstOrder = 1001;

std::string random_token() {
  std::random_device device;  // the kernel's, on Linux
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

int to_int(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

// Cut where a character of UTF-8 ends, without blanks around it and control bytes in it.
std::string tidy(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (text.size() > kFieldBytesMax) {
    std::size_t end = kFieldBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string order_attribute(int number) {
  return "order." + std::to_string(number);
}

}  // namespace

Visit::Visit(const understudy::Node& node, understudy::Request& request,
             understudy::Session& session, understudy::Response& response)
    : request_(request),
      session_(session),
      response_(response),
      member_(node.options().member_name),
      user_(text("name")),
      csrf_(text("csrf")) {
  if (csrf_.empty()) {
    csrf_ = random_token();
    set("csrf", csrf_);
  }
  notice_move();
}

void Visit::notice_move() {
  stage_ = {.member = member_,
            .secondary = std::string(session_.secondary()),
            .moved_from = {},
            .moves = to_int(text("moves")),
            .is_new = session_.is_new(),
            .is_lost = session_.note() == understudy::SessionNote::kLost,
            .is_recovered = session_.note() == understudy::SessionNote::kRecovered};
  const std::string before = text("served by");
  if (before != member_) {
    if (!before.empty()) {
      set("moved from", before);
      set("moves", std::to_string(++stage_.moves));
    }
    set("served by", member_);
  }
  if (stage_.is_recovered) set("recovered", "1");
  stage_.moved_from = text("moved from");
  stage_.is_recovered = !text("recovered").empty();
}

std::string Visit::field(std::string_view name) const {
  return tidy(request_.field(name).value_or(""));
}

int Visit::number(std::string_view name) const {
  return to_int(field(name));
}

bool Visit::is_own_form() {
  if (!session_.is_new() && field("csrf") == csrf_) return true;
  show("Not from here", "",
       problem_content("This form is too old",
                       "It was made for another session, perhaps before you logged in or out. "
                       "Please open the page again."),
       403);
  return false;
}

std::string Visit::text(std::string_view attribute) const {
  return std::string(session_.get(attribute).value_or(""));
}

Address Visit::address() const {
  return {.name = text("address.name"),
          .street = text("address.street"),
          .zip = text("address.zip"),
          .city = text("address.city")};
}

std::vector<Order> Visit::orders() const {
  std::vector<Order> orders;
  const int last = kFirstOrder - 1 + to_int(text("orders"));
  for (int number = last; number >= kFirstOrder && orders.size() < kOrdersKeptMax; --number) {
    if (auto order = Order::parse(text(order_attribute(number)))) orders.push_back(*order);
  }
  return orders;
}

void Visit::keep_order(Order order) {
  const int count = to_int(text("orders")) + 1;
  order.number = kFirstOrder - 1 + count;
  set("orders", std::to_string(count));
  set(order_attribute(order.number), order.to_text());
  remove(order_attribute(order.number - static_cast<int>(kOrdersKeptMax)));
}

void Visit::log_in(std::string_view name) {
  session_.rotate_id();
  set("csrf", random_token());
  set("name", name);
}

void Visit::show(std::string_view title, std::string_view section, std::string_view content,
                 int status) {
  Frame frame{.title = std::string(title),
              .section = std::string(section),
              .user = user_,
              .csrf = csrf_,
              .notice = text("notice"),
              .pieces = cart().pieces(),
              .stage = stage_};
  for (const std::string_view told : {"notice", "moved from", "recovered"}) {
    if (!text(told).empty()) remove(told);
  }
  response_.set_status(status);
  response_.add_header("Cache-Control", "no-store");
  response_.add_header("Content-Security-Policy",
                       "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'; "
                       "form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  response_.add_header("X-Content-Type-Options", "nosniff");
  response_.add_header("Referrer-Policy", "same-origin");
  response_.set_body(page(frame, content), kHtml);
}

void Visit::go(std::string_view path) {
  response_.redirect(path);
  if (is_post()) response_.store();
}

void Visit::go(std::string_view path, std::string_view notice) {
  set("notice", notice);
  go(path);
}

}  // namespace examples
