// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/support/site.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace understudy::testing {

std::string program(const std::string& name) {
  return std::string(UNDERSTUDY_PROGRAMS) + "/" + name;
}

Site::Site()
    : loop_(std::move(*EventLoop::open())),
      installation_(std::make_unique<loadtest::Installation>(
          *loop_, UNDERSTUDY_PROGRAMS, loadtest::make_directory(::testing::TempDir()))) {}

Site::~Site() {
  if (::testing::Test::HasFailure()) std::fputs(its().logs().c_str(), stderr);
}

bool Site::open_network() {
  auto opened = loadtest::Network::open(its().directory());
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().detail.c_str());
    return false;
  }
  network_ = std::move(*opened);
  its().use_network(*network_);
  return true;
}

void Site::part(const std::string& one, const std::string& other) {
  for (const auto& command : network_->part(one, other)) {
    EXPECT_EQ(command->wait_exit(loadtest::Installation::kPatience), 0);
  }
}

void Site::heal(const std::string& one, const std::string& other) {
  for (const auto& command : network_->heal(one, other)) {
    EXPECT_EQ(command->wait_exit(loadtest::Installation::kPatience), 0);
  }
}

void Site::open(const MemberOptions& members, const ProxyOptions& proxy) {
  EXPECT_TRUE(its().open(3, members, proxy));
}

void Site::start_proxy(const ProxyOptions& options) {
  EXPECT_TRUE(its().start_proxy(options));
}

void Site::kill(const std::string& name) {
  EXPECT_TRUE(its().kill(name));
}

}  // namespace understudy::testing
