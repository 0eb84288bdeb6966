// SPDX-License-Identifier: Apache-2.0
#include "loadtest/cookie_jar.h"

#include <gtest/gtest.h>

namespace understudy::loadtest {
namespace {

std::string kept(std::string jar, const std::vector<std::string>& lines) {
  ClientResponse response;
  for (const std::string& line : lines) response.headers.emplace_back("set-cookie", line);
  response.headers.emplace_back("server", "C=3");
  keep_cookies(jar, response);
  return jar;
}

TEST(CookieJar, EveryNameHasItsLastValue) {
  EXPECT_EQ(kept("", {}), "");
  EXPECT_EQ(kept("", {"A=1; Path=/; HttpOnly"}), "A=1");
  EXPECT_EQ(kept("A=1", {"B=2; Path=/"}), "A=1; B=2");
  EXPECT_EQ(kept("A=1; B=2", {"A=long; Secure"}), "A=long; B=2");
  EXPECT_EQ(kept("A=1; B=2", {"B=4", "A=3"}), "A=3; B=4");
}

TEST(CookieJar, ANameThatEndsLikeAnotherIsAnother) {
  EXPECT_EQ(kept("AB=1", {"B=2"}), "AB=1; B=2");
  EXPECT_EQ(kept("A=B=1", {"B=2"}), "A=B=1; B=2");
}

}  // namespace
}  // namespace understudy::loadtest
