// SPDX-License-Identifier: Apache-2.0
// UnneededSpares: how much of what a pool keeps is not needed: the fewest spare objects that
// there were at any moment of an interval. A part of a pool, which asks at the end of each interval
// what to give back, so that what a burst has left behind goes and what the load needs stays. Pure.
#pragma once

#include <cstddef>

namespace understudy {

class UnneededSpares final {
 public:
  // One has been taken, and so many are left.
  void on_taken(size_t spare) {
    if (spare < lowest_) lowest_ = spare;
  }
  // Of `spare` objects, how many to give back: half of what was not needed, and the last one too.
  // The next interval begins.
  size_t take_surplus(size_t spare) {
    const size_t unneeded = lowest_ < spare ? lowest_ : spare;
    const size_t surplus = (unneeded + 1) / 2;
    lowest_ = spare - surplus;
    return surplus;
  }

 private:
  size_t lowest_ = 0;  // nothing is known of the first interval
};

}  // namespace understudy
