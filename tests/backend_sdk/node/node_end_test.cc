// SPDX-License-Identifier: Apache-2.0
// How a Node ends: drained, left, or gone, over real threads and real sockets.
#include <gtest/gtest.h>

#include "tests/backend_sdk/node/test_cluster.h"
#include "understudy/node.h"

namespace understudy {
namespace {

TEST(NodeEnd, DrainingHandsEverySessionToItsSecondary) {
  TestCluster cluster({"a", "b", "c"});
  std::vector<TestClient> clients(20, TestClient(cluster));
  for (TestClient& client : clients) client.run("a", count);
  Awaited<int> drained;
  cluster.node("a").drain([done = drained.callback()] { done(1); });
  EXPECT_EQ(drained.take(), 1);
  for (TestClient& client : clients) {
    const std::string heir = client.secondary();
    EXPECT_EQ(client.get(heir, "count", TestClient::failover()), "1");
  }
  TestClient newcomer(cluster);
  const Decision refused = newcomer.begin("a");
  ASSERT_TRUE(refused.reply);
  EXPECT_EQ(refused.reply->status, 503);
}

TEST(NodeEnd, TheLastOneDoesNotWaitForAnHeir) {
  TestCluster cluster({"a", "b"},
                      [](Options& options) { options.drain_timeout = std::chrono::hours(1); });
  TestClient client(cluster);
  client.run("a", count);
  cluster.close("b");
  Awaited<int> drained;
  cluster.node("a").drain([done = drained.callback()] { done(1); });
  EXPECT_EQ(drained.take(), 1);
}

TEST(NodeEnd, EvenTheLastOneFinishesWhatIsUnderWay) {
  TestCluster cluster({"a"});
  TestClient client(cluster);
  Decision decision = client.begin("a");
  Awaited<int> drained;
  cluster.node("a").drain([done = drained.callback()] { done(1); });
  client.begin("a", {.target = "/.understudy/view"});
  EXPECT_FALSE(drained.is_here());
  count(decision.session);
  EXPECT_FALSE(client.finish("a", std::move(decision.session)).reply);
  EXPECT_EQ(drained.take(), 1);
}

TEST(NodeEnd, AMemberThatLeavesIsGoneAtOnce) {
  TestCluster cluster({"a", "b", "c"}, [](Options& options) {
    options.heartbeat_interval = std::chrono::seconds(10);  // no member is missed in time
  });
  cluster.close("b");
  cluster.wait_for_members(2);
}

TEST(NodeEnd, RequestsToANodeThatIsGoneAreAnswered503) {
  TestCluster cluster({"a"});
  Decision pending = TestClient(cluster).begin("a");
  ASSERT_FALSE(pending.reply);
  Node& node = cluster.node("a");
  node.abandon();
  Awaited<Release> release;
  node.finish(std::move(pending.session), release.callback());
  ASSERT_TRUE(release.take().reply);
  const Decision refused = TestClient(cluster).begin("a");
  ASSERT_TRUE(refused.reply);
  EXPECT_EQ(refused.reply->status, 503);
}

TEST(NodeEnd, SessionsMayOutliveTheirNode) {
  Session orphan;
  {
    TestCluster cluster({"a"});
    orphan = TestClient(cluster).begin("a").session;
  }
  orphan.set("a", "1");
  EXPECT_EQ(orphan.get("a"), "1");
}

}  // namespace
}  // namespace understudy
