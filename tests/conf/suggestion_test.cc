// SPDX-License-Identifier: Apache-2.0
#include "conf/suggestion.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy::conf {
namespace {

TEST(Suggestion, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("Listen", "listen"), 0u);
  EXPECT_EQ(edit_distance("Lisen", "Listen"), 1u);
  EXPECT_EQ(edit_distance("Lsiten", "Listen"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggestion, NamesOnlyWhatCouldBeMeant) {
  constexpr std::string_view kNames[] = {"Listen", "Timeout", "ConnectTimeoutSecs"};
  EXPECT_EQ(nearest("Lisen", kNames), "Listen");
  EXPECT_EQ(nearest("TimeOuts", kNames), "Timeout");
  EXPECT_EQ(nearest("ConectTimoutSec", kNames), "ConnectTimeoutSecs");
  EXPECT_EQ(nearest("Rewrite", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest(std::string(65, 'L'), kNames), "");
}

}  // namespace
}  // namespace understudy::conf
