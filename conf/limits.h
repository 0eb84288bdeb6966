// SPDX-License-Identifier: Apache-2.0
// The limits of the configuration language, each with what it protects. They hold for every
// input, a hostile one included; the fuzzers and the tests at max and max + 1 rely on them.
#pragma once

#include <cstddef>

namespace understudy::conf {

inline constexpr std::size_t kLineBytesMax = 64 * 1024;  // one logical line, continuations joined
inline constexpr std::size_t kWordsPerLineMax = 256;
inline constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kTotalBytesMax = 16 * 1024 * 1024;  // all files of one configuration
inline constexpr std::size_t kFilesMax = 256;
inline constexpr std::size_t kIncludeDepthMax = 10;
inline constexpr std::size_t kSectionDepthMax = 16;  // bounds the recursion over the tree
inline constexpr std::size_t kDirectivesMax = 100'000;
inline constexpr std::size_t kVariablesMax = 1'024;
inline constexpr std::size_t kVariableBytesMax = 16 * 1024;
inline constexpr std::size_t kDiagnosticsMax = 50;       // the rest is counted, not kept
inline constexpr std::size_t kQuotedLineBytesMax = 200;  // of a source line in a diagnostic

}  // namespace understudy::conf
