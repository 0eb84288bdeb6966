// SPDX-License-Identifier: Apache-2.0
// grow_ahead: keeps a hash table's growth short. A table that doubles walks over all that it holds,
// which with 200,000 entries is a long turn of the loop; so it grows once, while it is small, to
// what many entries need. Called before an entry is added. Small tables cost nothing. Tables that
// grow together do so at different sizes (`at`), each in a turn of its own.
#pragma once

#include <cstddef>

namespace understudy {

template <typename Table>
void grow_ahead(Table& table, size_t at) {
  constexpr size_t kMany = 300'000;
  if (table.size() >= at && table.bucket_count() < kMany) table.reserve(kMany);
}

}  // namespace understudy
