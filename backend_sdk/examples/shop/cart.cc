// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/shop/cart.h"

#include <algorithm>
#include <charconv>

#include "backend_sdk/examples/shop/catalogue.h"

namespace examples {
namespace {

constexpr char kUnitSeparator = '\x1f';
constexpr std::size_t kOrderFields = 6;

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string without_separators(std::string text) {
  std::erase(text, kUnitSeparator);
  return text;
}

}  // namespace

Cart Cart::parse(std::string_view text) {
  Cart cart;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) continue;
    const auto product = parse_int(part.substr(0, colon));
    const auto quantity = parse_int(part.substr(colon + 1));
    if (product && quantity) cart.change(*product, *quantity);
  }
  return cart;
}

std::string Cart::to_text() const {
  std::string text;
  for (const auto& [product, quantity] : lines_) {
    if (!text.empty()) text += ',';
    text += std::to_string(product) + ':' + std::to_string(quantity);
  }
  return text;
}

void Cart::add(int product, int quantity) {
  const auto line = lines_.find(product);
  const int before = line == lines_.end() ? 0 : line->second;
  change(product, before + std::clamp(quantity, 0, kQuantityMax));
}

void Cart::change(int product, int quantity) {
  if (!find_product(product)) return;
  if (quantity <= 0) {
    lines_.erase(product);
  } else {
    lines_[product] = std::min(quantity, kQuantityMax);
  }
}

int Cart::pieces() const {
  int pieces = 0;
  for (const auto& [product, quantity] : lines_) pieces += quantity;
  return pieces;
}

long Cart::total_cents() const {
  long total = 0;
  for (const auto& [id, quantity] : lines_) total += find_product(id)->price_cents * quantity;
  return total;
}

const Delivery* find_delivery(std::string_view key) {
  for (const Delivery& delivery : kDeliveries) {
    if (delivery.key == key) return &delivery;
  }
  return nullptr;
}

long Order::total_cents() const {
  const Delivery* way = find_delivery(delivery);
  return cart.total_cents() + (way ? way->price_cents : 0);
}

std::string Order::to_text() const {
  std::string text = std::to_string(number);
  for (const std::string& field : {cart.to_text(), delivery, name, address, served_by}) {
    text += kUnitSeparator + without_separators(field);
  }
  return text;
}

std::optional<Order> Order::parse(std::string_view text) {
  const std::vector<std::string_view> fields = split(text, kUnitSeparator);
  if (fields.size() != kOrderFields) return std::nullopt;
  const auto number = parse_int(fields[0]);
  if (!number) return std::nullopt;
  return Order{.number = *number,
               .cart = Cart::parse(fields[1]),
               .delivery = std::string(fields[2]),
               .name = std::string(fields[3]),
               .address = std::string(fields[4]),
               .served_by = std::string(fields[5])};
}

}  // namespace examples
