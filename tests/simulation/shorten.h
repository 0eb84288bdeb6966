// SPDX-License-Identifier: Apache-2.0
// shorten: makes a failing list shorter as long as it still fails (delta debugging, ddmin: leaves
// out halves, then quarters, down to single items). Pure; asks at most `tries` times.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace understudy::sim {

template <typename Item>
std::vector<Item> shorten(std::vector<Item> items,
                          const std::function<bool(const std::vector<Item>&)>& fails,
                          size_t tries) {
  size_t parts = 2;
  while (!items.empty() && tries > 0) {
    bool is_shorter = false;
    const size_t size = (items.size() + parts - 1) / parts;
    for (size_t from = 0; from < items.size() && tries > 0; from += size) {
      const auto begin = items.begin() + static_cast<ptrdiff_t>(from);
      const auto end = items.begin() + static_cast<ptrdiff_t>(std::min(from + size, items.size()));
      std::vector<Item> fewer(items.begin(), begin);
      fewer.insert(fewer.end(), end, items.end());
      --tries;
      if (!fails(fewer)) continue;
      items = std::move(fewer);
      is_shorter = true;
      break;
    }
    if (is_shorter) {
      parts = std::max<size_t>(parts - 1, 2);
    } else if (size == 1) {
      break;  // each single one is needed
    } else {
      parts *= 2;
    }
  }
  return items;
}

}  // namespace understudy::sim
