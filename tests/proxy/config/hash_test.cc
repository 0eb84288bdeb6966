// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

std::string hash_of(const std::string& text) {
  return config_of(text)->hash;
}

TEST(Hash, IsTheSameForWhatMeansTheSame) {
  const std::string hash = hash_of(kShop);
  EXPECT_EQ(hash.size(), 16u);
  EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(hash_of("# a comment\n\n" + std::string(kShop)), hash);
  EXPECT_EQ(hash_of("timeout 1m\nKeepAlive ON\n" + std::string(kShop)), hash) << "the defaults";
}

TEST(Hash, DiffersForWhatMeansSomethingElse) {
  const std::string hash = hash_of(kShop);
  EXPECT_NE(hash_of("Timeout 61\n" + std::string(kShop)), hash);
  EXPECT_NE(hash_of("CustomLog a common\n" + std::string(kShop)), hash);
  EXPECT_NE(hash_of(std::string(kShop) + "<VirtualHost *>\nTimeout 9\n</VirtualHost>"), hash);
  EXPECT_NE(hash_of("<Location />\nBackendCluster 127.0.0.1:7001\nSessionCookieFormat "
                    "route\n</Location>\n"),
            hash);
}

}  // namespace
}  // namespace understudy::config
