// SPDX-License-Identifier: Apache-2.0
#include "loadtest/partition.h"

#include <gtest/gtest.h>

namespace understudy::loadtest {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const std::string& step) {
  return pairs_meant(parse_plan("0s " + step)->front(), {"a", "b", "c", "proxy"});
}

TEST(Partition, OneHostIsPartedFromEverybodyAndNobodyElseFromAnybody) {
  EXPECT_EQ(pairs_of("partition b"), (Pairs{{"a", "b"}, {"b", "c"}, {"b", "proxy"}}));
}

TEST(Partition, TwoHostsInWhateverOrder) {
  EXPECT_EQ(pairs_of("partition proxy a"), (Pairs{{"a", "proxy"}}));
  EXPECT_EQ(pairs_of("heal a proxy"), (Pairs{{"a", "proxy"}}));
}

TEST(Partition, WhoeverNamesNobodyHealsAll) {
  EXPECT_EQ(pairs_of("heal").size(), 6u);
}

TEST(Partition, AHostThatIsNotThereHasNoPairs) {
  EXPECT_TRUE(pairs_of("partition a store").empty());
}

}  // namespace
}  // namespace understudy::loadtest
