// SPDX-License-Identifier: Apache-2.0
// What the shop sells: a dozen things for people who love the stage. Constant data; any thread.
#pragma once

#include <span>
#include <string_view>

namespace examples {

struct Product {
  int id;
  std::string_view name;
  std::string_view kind;  // "On stage", "Backstage", "Front of house"
  long price_cents;
  std::string_view line;         // one sentence for the list
  std::string_view description;  // a paragraph
  std::string_view picture;      // the inside of an <svg viewBox="0 0 120 90">
};

std::span<const Product> catalogue();
const Product* find_product(int id);  // null when there is none

}  // namespace examples
