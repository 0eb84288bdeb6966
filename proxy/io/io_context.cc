// SPDX-License-Identifier: Apache-2.0
#include "proxy/io/io_context.h"

#include <utility>

namespace understudy {

void ClosedList::add(std::unique_ptr<Item> item) {
  if (items_.empty()) loop_.at_turn_end([this] { clear(); });
  items_.push_back(std::move(item));
}

void ClosedList::clear() {
  // What is destroyed may close something else; that is for the next time.
  std::swap(items_, dying_);
  dying_.clear();
}

}  // namespace understudy
