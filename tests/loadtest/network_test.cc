// SPDX-License-Identifier: Apache-2.0
#include "loadtest/network.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/check.h"
#include "base/socket.h"
#include "loadtest/installation.h"

namespace understudy::loadtest {
namespace {

constexpr int kSoonMs = 5000;
constexpr int kWhileMs = 300;  // nothing comes for so long

bool can_have_networks() {
  return ::geteuid() == 0 && ::access("/usr/sbin/ip", X_OK) == 0;
}

// A socket on a host.
Fd socket_on(const Network& network, const std::string& host, int home) {
  CHECK(::setns(network.namespace_of(host), CLONE_NEWNET) == 0);
  auto fd = bind_udp(network.address(host, 9000));
  CHECK(::setns(home, CLONE_NEWNET) == 0);
  CHECK(fd);
  return std::move(*fd);
}

// One datagram after the other: the first may be lost while the host's neighbour is not known. Each
// call waits for its own, for one of an earlier call may come late.
bool arrives(const Network& network, const Fd& from, const Fd& to, const std::string& host,
             int wait_ms) {
  constexpr int kAgainMs = 50;
  static char last = 'a';
  const char name = ++last;
  pollfd entry{to.value(), POLLIN, 0};
  for (int waited_ms = 0; waited_ms < wait_ms; waited_ms += kAgainMs) {
    send_datagram(from, std::string_view(&name, 1), network.address(host, 9000));
    while (::poll(&entry, 1, kAgainMs) == 1) {
      std::array<char, 16> bytes;
      if (receive_datagram(to, bytes) && bytes[0] == name) return true;
    }
  }
  return false;
}

void finish(const Network::Commands& commands) {
  for (const auto& command : commands) CHECK(command->wait_exit(std::chrono::seconds(10)) == 0);
}

// In a process of its own: it moves into another namespace.
[[noreturn]] void part_and_heal(const std::string& directory) {
  auto opened = Network::open(directory);
  CHECK(opened, opened.error().detail.c_str());
  Network& network = **opened;
  const Fd home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  for (const char* name : {"a", "b", "c"}) CHECK(network.add_host(name));
  const Fd a = socket_on(network, "a", home.value());
  const Fd b = socket_on(network, "b", home.value());
  const Fd c = socket_on(network, "c", home.value());
  CHECK(arrives(network, a, b, "b", kSoonMs) && arrives(network, b, a, "a", kSoonMs));
  finish(network.part("a", "b"));
  CHECK(!arrives(network, a, b, "b", kWhileMs) && !arrives(network, b, a, "a", kWhileMs));
  CHECK(arrives(network, a, c, "c", kSoonMs) && arrives(network, c, b, "b", kSoonMs));
  finish(network.heal("a", "b"));
  CHECK(arrives(network, a, b, "b", kSoonMs) && arrives(network, b, a, "a", kSoonMs));
  ::_exit(0);
}

TEST(Network, TwoHostsArePartedFromEachOtherAndFromNobodyElse) {
  if (!can_have_networks()) GTEST_SKIP() << "needs root and iproute2";
  const std::string directory = make_directory(::testing::TempDir());
  EXPECT_EXIT(part_and_heal(directory), ::testing::ExitedWithCode(0), "");
  std::filesystem::remove_all(directory);
}

[[noreturn]] void open_as_nobody() {
  CHECK(::setresuid(65534, 65534, 65534) == 0);
  const auto network = Network::open(::testing::TempDir());
  CHECK(!network);
  ::_exit(network.error().detail.find("root") != std::string::npos ? 0 : 1);
}

TEST(Network, WithoutRootItSaysWhatIsNeeded) {
  if (::geteuid() != 0) {
    EXPECT_NE(Network::open("/nowhere").error().detail.find("root"), std::string::npos);
    return;
  }
  EXPECT_EXIT(open_as_nobody(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace understudy::loadtest
