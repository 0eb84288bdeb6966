// SPDX-License-Identifier: Apache-2.0
// `understudy check` on broken configurations: refused with the place and a useful sentence.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

namespace fs = std::filesystem;

struct CheckOutcome {
  int status;
  std::string output;
};

CheckOutcome check(const std::string& path) {
  const std::string log =
      ::testing::TempDir() + "understudy-check-" + std::to_string(::getpid()) + ".log";
  fs::remove(log);
  Process process({program("understudy"), "check", "-c", path}, log);
  const int status = process.wait_exit(std::chrono::seconds(30));
  const std::string output = process.log();
  fs::remove(log);
  return {status, output};
}

TEST(Configuration, BrokenOnesAreRefusedWithPlaceAndSentence) {
  const std::regex place(R"(\S+:\d+:\d+: error: \S+.{10,})");
  size_t refused = 0;
  for (const auto& entry : fs::directory_iterator(UNDERSTUDY_ROOT "/tests/conf/broken")) {
    if (entry.path().extension() != ".conf") continue;
    SCOPED_TRACE(entry.path().string());
    const auto outcome = check(entry.path());
    EXPECT_EQ(outcome.status, 1) << outcome.output;
    EXPECT_TRUE(std::regex_search(outcome.output, place)) << outcome.output;
    ++refused;
  }
  EXPECT_GE(refused, 10u);
}

TEST(Configuration, AMissingFileIsAnErrorNotACrash) {
  const auto outcome = check("/nonexistent/understudy.conf");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.output.find("/nonexistent/understudy.conf"), std::string::npos);
}

}  // namespace
}  // namespace understudy::testing
