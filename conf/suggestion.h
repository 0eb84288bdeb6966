// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the candidate with the smallest edit distance to a mistyped name. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace understudy::conf {

// Insertions, deletions, replacements and swapped neighbours, letter case ignored.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The first candidate among the nearest; empty when none is near enough to be meant: it begins with
// the same letter, and at most a quarter of its letters differ, one at least and three at most.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace understudy::conf
