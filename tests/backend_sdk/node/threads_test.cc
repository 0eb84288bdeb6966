// SPDX-License-Identifier: Apache-2.0
// Many application threads on a few Nodes at once; what this shows under ThreadSanitizer counts
// most.
#include <gtest/gtest.h>

#include <thread>

#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {
namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 60;

TEST(Threads, EachWithItsOwnSessionCountsToTheEnd) {
  TestCluster cluster({"a", "b", "c"});
  const std::vector<std::string> names = cluster.names();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const std::string& at = names[static_cast<std::size_t>(i) % names.size()];
      TestClient client(cluster);
      for (int round = 0; round < kRounds; ++round) client.run(at, count);
      EXPECT_EQ(client.get(at, "count"), std::to_string(kRounds));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, ExclusiveRequestsOfOneSessionLoseNoUpdate) {
  TestCluster cluster({"a", "b"});
  TestClient owner(cluster);
  owner.run("a", [](Session& session) { session.set("count", "0"); });
  const std::string cookie = owner.cookie();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      TestClient client(cluster);
      for (int round = 0; round < kRounds; ++round) {
        client.set_cookie(cookie);
        Asked asked;
        asked.exclusive = true;
        client.run("a", count, asked);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(owner.get("a", "count"), std::to_string(kThreads * kRounds));
}

TEST(Threads, SnapshotsAndFiguresAreReadWhileRequestsRun) {
  TestCluster cluster({"a", "b"});
  std::atomic<bool> is_over = false;
  std::thread reader([&] {
    while (!is_over) {
      EXPECT_LE(cluster.node("a").statistics().members_alive, 2u);
      EXPECT_LE(cluster.node("a").members().size(), 2u);
      EXPECT_NE(cluster.node("a").mid(), 0u);
    }
  });
  TestClient client(cluster);
  for (int round = 0; round < kRounds; ++round) client.run("a", count);
  is_over = true;
  reader.join();
}

TEST(Threads, ANodeMayGoWhileOthersAskIt) {
  TestCluster cluster({"a"});
  Node& node = cluster.node("a");
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        const Asked asked;
        const AskedView view(asked);
        Awaited<Decision> decision;
        node.begin(view.view(), {}, decision.callback());
        Decision taken = decision.take();
        ++answered;
        if (taken.reply) continue;
        Awaited<Release> release;
        node.finish(std::move(taken.session), release.callback());
        release.take();
      }
    });
  }
  node.abandon();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, kThreads * kRounds);
}

}  // namespace
}  // namespace understudy
