// SPDX-License-Identifier: Apache-2.0
// Cart and Order: what a customer has chosen and what was bought, as values with a text form that
// fits into a session's attribute. They know no HTTP and no session. Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

inline constexpr int kQuantityMax = 99;
inline constexpr std::size_t kOrdersKeptMax = 20;
inline constexpr std::size_t kFieldBytesMax = 80;  // of an address, as typed

class Cart final {
 public:
  // "3:2,7:1"; what is no product or no quantity is left out.
  static Cart parse(std::string_view text);
  std::string to_text() const;

  void add(int product, int quantity);     // up to kQuantityMax
  void change(int product, int quantity);  // 0 removes
  bool is_empty() const { return lines_.empty(); }
  int pieces() const;
  long total_cents() const;
  const std::map<int, int>& lines() const { return lines_; }  // product -> quantity

 private:
  std::map<int, int> lines_;
};

struct Delivery {
  std::string_view key;
  std::string_view name;
  std::string_view line;
  long price_cents;
};
inline constexpr Delivery kDeliveries[] = {
    {"matinee", "Matinée", "Two to three days, by bicycle and rail", 390},
    {"evening", "Evening performance", "Tomorrow before the doors open", 890},
    {"stage-door", "Stage door", "Fetch it yourself, any time after six", 0},
};
const Delivery* find_delivery(std::string_view key);

struct Order {
  int number = 0;
  Cart cart;
  std::string delivery;  // a key of kDeliveries
  std::string name;
  std::string address;
  std::string served_by;  // the member that took it

  long total_cents() const;
  // Fields divided by unit separators; a field cannot contain one.
  std::string to_text() const;
  static std::optional<Order> parse(std::string_view text);
};

}  // namespace examples
