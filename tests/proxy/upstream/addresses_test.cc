// SPDX-License-Identifier: Apache-2.0
// Members with several addresses, with IPv6 ones, and on unix-domain sockets.
#include <stdlib.h>

#include <filesystem>

#include "tests/proxy/upstream/asking.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

// Where nobody listens.
Address closed_port() {
  auto listener = listen_tcp(Address::loopback(0), {});
  return local_address(*listener);
}

TEST_F(Connections, TheNextAddressIsTriedWhenOneRefuses) {
  open({.address = closed_port(), .more_addresses = {closed_port(), local_address(listener)}});
  serve_one(0);
  EXPECT_EQ(connections->idle_count(), 1u);
}

TEST_F(Connections, TheAddressThatAnsweredIsTriedFirst) {
  const Address refusing = closed_port();
  open({.address = refusing, .more_addresses = {local_address(listener)}});
  serve_one(0);
  connections->close_idle();
  // Somebody listens there now, and is not asked.
  auto other = listen_tcp(refusing, {});
  ASSERT_TRUE(other.has_value());
  serve_one(1);
}

TEST_F(Connections, WhenNoAddressAnswersTheLastReasonIsTold) {
  open({.address = closed_port(), .more_addresses = {closed_port()}});
  Asker asker(*scratch);
  auto upstream = connections->connect(asker);
  if (upstream.has_value()) {
    asker.upstream = *upstream;
    ASSERT_TRUE(run_until([&] { return asker.upstream == nullptr; }));
    EXPECT_EQ(asker.failed, ErrorCode::kConnectRefused);
  } else {
    EXPECT_EQ(upstream.error().code, ErrorCode::kConnectRefused);
  }
  EXPECT_EQ(connections->open_count(), 0u);
}

// 192.0.2.0/24 is for documentation (RFC 5737): whatever becomes of a packet to it, it is not an
// answer.
TEST_F(Connections, AnAddressThatDoesNotAnswerCostsItsShareOfTheTime) {
  open({.address = *Address::parse("192.0.2.1:9"),
        .more_addresses = {local_address(listener)},
        .connect_timeout = milliseconds(100)});
  serve_one(0);
  EXPECT_EQ(connections->idle_count(), 1u);
}

TEST_F(Connections, AMemberMayBeOnAUnixDomainSocket) {
  std::string pattern = testing::TempDir() + "unix-XXXXXX";
  const std::string directory = ::mkdtemp(pattern.data());
  listener = *listen_tcp(*Address::parse("unix:" + directory + "/m"), {});
  open();
  serve_one(0);
  serve_one(1);
  EXPECT_EQ(connections->idle_count(), 2u);
  std::filesystem::remove_all(directory);
}

TEST_F(Connections, AMemberMayHaveAnAddressOfIpv6) {
  auto v6 = listen_tcp(*Address::parse("[::1]:0"), {});
  if (!v6.has_value()) GTEST_SKIP() << "this machine has no IPv6 loopback";
  listener = *std::move(v6);
  open();
  serve_one(0);
}

}  // namespace
}  // namespace understudy
