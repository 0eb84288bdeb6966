// SPDX-License-Identifier: Apache-2.0
// A node says how far it is: to threads that wait, to the hook, and to the service manager.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

TEST(Readiness, RisesWithEachMemberAndFallsWithTheOther) {
  TestCluster cluster({"a"});
  EXPECT_FALSE(cluster.node("a").wait_ready(kPatience));
  EXPECT_EQ(cluster.node("a").readiness(), Readiness::kJoined);
  const auto failure = cluster.node("a").wait_ready(milliseconds(1), Readiness::kProtected);
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->text.find("member a is not protected after 1 ms"), std::string::npos)
      << failure->text;

  auto b = Node::open(test_options("b", cluster.node("a").cluster_address()));
  ASSERT_TRUE(b) << b.failure().text;
  EXPECT_FALSE((*b)->wait_ready(kPatience, Readiness::kProtected));
  EXPECT_FALSE(cluster.node("a").wait_ready(kPatience, Readiness::kProtected));
  (*b)->abandon();
  EXPECT_EQ((*b)->readiness(), Readiness::kLeaving);
  EXPECT_TRUE((*b)->wait_ready(std::chrono::hours(1))) << "does not wait for what cannot come";
}

TEST(Readiness, TheHookHearsEachChangeOnceAndDrainingIsForGood) {
  std::mutex mutex;
  std::vector<Readiness> heard;
  Hooks hooks;
  hooks.on_readiness = [&](Readiness now) {
    const std::lock_guard lock(mutex);
    heard.push_back(now);
  };
  auto node = Node::open(test_options("a", ""), std::move(hooks));
  ASSERT_TRUE(node);
  ASSERT_FALSE((*node)->wait_ready(kPatience));
  Awaited<int> drained;
  (*node)->drain([done = drained.callback()] { done(1); });
  EXPECT_EQ(drained.take(), 1);
  *node = nullptr;
  EXPECT_EQ(heard, (std::vector<Readiness>{Readiness::kJoined, Readiness::kLeaving}));
}

TEST(Readiness, SaysWhatAForeignProcessAnswered) {
  TestCluster cluster({"a"});
  ASSERT_FALSE(cluster.node("a").wait_ready(kPatience));
  Options options = test_options("b", cluster.node("a").cluster_address());
  options.cluster_name = "another";
  auto b = Node::open(options);
  ASSERT_TRUE(b) << b.failure().text;
  // The first question of each round is answered before the time of founding comes.
  std::optional<Failure> failure;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  do {
    failure = (*b)->wait_ready(milliseconds(20));
    ASSERT_TRUE(failure) << "it founded a cluster of its own";
  } while (failure->text.find("belongs to another cluster") == std::string::npos &&
           std::chrono::steady_clock::now() < end);
  EXPECT_NE(failure->text.find(cluster.node("a").cluster_address() + " belongs to another cluster"),
            std::string::npos)
      << failure->text;
  EXPECT_EQ((*b)->readiness(), Readiness::kJoining);
  EXPECT_EQ(cluster.node("a").members().size(), 1u);
}

// What systemd does for a service of Type=notify.
class ServiceManager {
 public:
  ServiceManager() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // Its name is the kernel's choice, in the abstract name space.
    EXPECT_EQ(::bind(fd_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof(sa_family_t)),
              0);
    socklen_t size = sizeof address;
    ::getsockname(fd_.value(), reinterpret_cast<sockaddr*>(&address), &size);
    const std::string name(address.sun_path + 1, size - sizeof(sa_family_t) - 1);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    ::setsockopt(fd_.value(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~ServiceManager() { ::unsetenv("NOTIFY_SOCKET"); }

  std::string next() {
    std::string text(512, '\0');
    const ssize_t size = ::recv(fd_.value(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

 private:
  const Fd fd_;
};

TEST(Readiness, TheServiceManagerIsToldWhenTheMemberServes) {
  ServiceManager manager;
  auto node = Node::open(test_options("a", ""));
  ASSERT_TRUE(node);
  const std::string joined = manager.next();
  EXPECT_NE(joined.find("STATUS=joined"), std::string::npos) << joined;
  EXPECT_NE(joined.find("READY=1"), std::string::npos) << joined;
  *node = nullptr;
  EXPECT_NE(manager.next().find("STOPPING=1"), std::string::npos);
}

TEST(Readiness, WithoutACopyAMemberThatMayNotServeAloneIsNotReady) {
  ServiceManager manager;
  Options options = test_options("a", "");
  options.solo = Options::Solo::kDeny;
  auto node = Node::open(options);
  ASSERT_TRUE(node);
  const std::string joined = manager.next();
  EXPECT_NE(joined.find("STATUS=joined"), std::string::npos) << joined;
  EXPECT_EQ(joined.find("READY=1"), std::string::npos) << joined;
  Options options_of_other = test_options("b", (*node)->cluster_address());
  options_of_other.solo = Options::Solo::kDeny;
  auto other = Node::open(options_of_other);
  ASSERT_TRUE(other);
  std::string said;
  do {
    said = manager.next();
  } while (!said.empty() && said.find("READY=1") == std::string::npos);
  EXPECT_NE(said.find("STATUS=joined; sessions have copies"), std::string::npos) << said;
  EXPECT_FALSE((*node)->wait_ready(kPatience, Readiness::kProtected));
}

}  // namespace
}  // namespace understudy
