// SPDX-License-Identifier: Apache-2.0
// The public interface over real Nodes, real threads and real sockets.
#include "understudy/node.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/socket.h"
#include "cookies/contract.h"
#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {
namespace {

Asked with_request_id(std::uint64_t id) {
  Asked asked;
  const Hex64 text = format_hex64(id);
  asked.headers.push_back({std::string(kRequestIdHeader), std::string(text.data(), text.size())});
  return asked;
}

// A member that is neither its primary nor its secondary.
std::string third(const TestCluster& cluster, const TestClient& client) {
  for (const std::string& name : cluster.names()) {
    if (name != client.primary() && name != client.secondary()) return name;
  }
  return {};
}

TEST(NodeTest, ASessionSurvivesTheDeathOfItsPrimary) {
  TestCluster cluster({"a", "b", "c"});
  TestClient client(cluster);
  for (int i = 0; i < 3; ++i) client.run("a", count);
  ASSERT_EQ(client.primary(), "a");
  const std::string heir = client.secondary();
  ASSERT_NE(heir, "");
  cluster.kill("a");
  EXPECT_EQ(client.get(heir, "count", TestClient::failover()), "3");
  client.run(heir, count);
  EXPECT_EQ(client.get(heir, "count"), "4");
  EXPECT_EQ(client.primary(), heir);
}

TEST(NodeTest, TheSecondaryOfASessionIsNamed) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  client.run("a", count);
  std::string secondary;
  client.run("a", [&](Session& session) { secondary = session.secondary(); });
  EXPECT_EQ(secondary, "b");
}

TEST(NodeTest, ARequestSentAgainIsAnsweredAndNotExecuted) {
  TestCluster cluster({"a", "b", "c"});
  TestClient client(cluster);
  client.run("a", count);
  const auto handler = [](Session& session) {
    count(session);
    session.store_response({.status = 200, .headers = {}, .body = "counted"});
  };
  client.run("a", handler, with_request_id(7));
  const Decision again = client.begin("a", with_request_id(7));
  ASSERT_TRUE(again.reply);
  EXPECT_EQ(again.reply->body, "counted");

  // Its secondary knows the answer too.
  const std::string heir = client.secondary();
  cluster.kill("a");
  Asked failover = with_request_id(7);
  failover.headers.push_back({std::string(kFailoverHeader), std::string(kFailoverReset)});
  const Decision elsewhere = client.begin(heir, failover);
  ASSERT_TRUE(elsewhere.reply);
  EXPECT_EQ(elsewhere.reply->body, "counted");
  EXPECT_EQ(client.get(heir, "count"), "2");
}

TEST(NodeTest, WithoutAStoredResponseTheHandlerIsToldThatItHasRun) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  client.run("a", count, with_request_id(7));
  bool replayed = false;
  client.run(
      "a",
      [&](Session& session) {
        replayed = session.replayed();
        count(session);
      },
      with_request_id(7));
  EXPECT_TRUE(replayed);
  EXPECT_EQ(client.get("a", "count"), "1");
}

TEST(NodeTest, AStrangerIsAnswered421WithTheRoute) {
  TestCluster cluster({"a", "b", "c"});
  TestClient client(cluster);
  client.run("a", count);
  const Decision decision = client.begin(third(cluster, client));
  ASSERT_TRUE(decision.reply);
  EXPECT_EQ(decision.reply->status, 421);
  EXPECT_EQ(parse_mid(header_of(decision.reply->headers, kRouteHeader)), cluster.node("a").mid());
}

TEST(NodeTest, ANewSessionInWhichNothingIsLeftIsNotKept) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  client.run("a", [](Session& session) { EXPECT_TRUE(session.is_new()); });
  EXPECT_FALSE(client.has_session());
}

TEST(NodeTest, ARefusedChangeFailsTheWholeRequest) {
  TestCluster cluster({"a", "b"}, [](Options& options) {
    options.session_bytes_max = 64u << 10;
    options.session_bytes_soft = 1u << 10;
  });
  TestClient client(cluster);
  client.run("a", count);
  Decision decision = client.begin("a");
  ASSERT_FALSE(decision.reply);
  count(decision.session);
  decision.session.set("large", std::string(64u << 10, 'x'));
  const Release release = client.finish("a", std::move(decision.session));
  ASSERT_TRUE(release.reply);
  EXPECT_EQ(release.reply->status, 500);
  EXPECT_EQ(client.get("a", "count"), "1");
}

TEST(NodeTest, ARotatedIdTakesTheContentAlong) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  client.run("a", count);
  const std::string old_cookie = client.cookie();
  std::string new_id;
  client.run("a", [&](Session& session) {
    session.rotate_id();
    new_id = session.id();
  });
  EXPECT_NE(client.cookie(), old_cookie);
  client.run("a", [&](Session& session) {
    EXPECT_EQ(session.id(), new_id);
    EXPECT_EQ(session.get("count"), "1");
  });
}

TEST(NodeTest, AnInvalidatedSessionIsNeverServedAgain) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  client.run("a", count);
  const std::string cookie = client.cookie();
  client.run("a", [](Session& session) { session.invalidate(); });
  EXPECT_FALSE(client.has_session());
  for (const std::string at : {"a", "b"}) {
    client.set_cookie(cookie);
    client.run(at, [](Session& session) {
      EXPECT_TRUE(session.is_new());
      EXPECT_EQ(session.get("count"), std::nullopt);
    });
  }
}

TEST(NodeTest, ExclusiveRequestsOfOneSessionWaitForEachOther) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  client.run("a", count);
  Asked exclusive;
  exclusive.exclusive = true;
  Decision first = client.begin("a", exclusive);
  ASSERT_FALSE(first.reply);

  exclusive.headers.push_back({"Cookie", "SID=" + client.cookie()});
  const AskedView view(exclusive);
  Awaited<Decision> second;
  cluster.node("a").begin(view.view(), {.exclusive = true}, second.callback());
  // Another one of the same session passes in between, so the second is really waiting.
  client.run("a", [](Session&) {});
  EXPECT_FALSE(second.is_here());
  count(first.session);
  client.finish("a", std::move(first.session));
  Decision waited = second.take();
  ASSERT_FALSE(waited.reply);
  EXPECT_EQ(waited.session.get("count"), "2");
}

TEST(NodeTest, ADroppedSessionLetsTheNextOneGoOn) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  client.run("a", count);
  Asked exclusive;
  exclusive.exclusive = true;
  {
    Decision dropped = client.begin("a", exclusive);
    ASSERT_FALSE(dropped.reply);
    count(dropped.session);
  }
  const Decision next = client.begin("a", exclusive);
  ASSERT_FALSE(next.reply);
  EXPECT_EQ(next.session.get("count"), "1");
}

TEST(NodeTest, AfterCommitASessionIsReadOnly) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  Decision decision = client.begin("a");
  ASSERT_FALSE(decision.reply);
  count(decision.session);
  Awaited<Release> release;
  cluster.node("a").commit(decision.session, release.callback());
  const Release open = release.take();
  EXPECT_FALSE(open.reply);
  client.keep_cookie(open.headers);
  EXPECT_EQ(decision.session.get("count"), "1");
  count(decision.session);
  EXPECT_FALSE(decision.session.refusal().empty());
  EXPECT_EQ(client.get("a", "count"), "1");
}

TEST(NodeTest, TheReservedPathAnswersWhenTheMemberListChanges) {
  TestCluster cluster({"a", "b", "c"});
  TestClient proxy(cluster);
  const Decision now = proxy.begin("a", {.target = "/.understudy/view"});
  ASSERT_TRUE(now.reply);
  const std::string hash = now.reply->body.substr(0, kHex64Bytes);

  const Asked asked{.target = "/.understudy/view?wait=20000",
                    .headers = {{std::string(kViewSeenHeader), hash}}};
  const AskedView view(asked);
  Awaited<Decision> changed;
  cluster.node("a").begin(view.view(), {}, changed.callback());
  EXPECT_FALSE(changed.is_here());
  cluster.close("c");
  const Decision told = changed.take();
  ASSERT_TRUE(told.reply);
  EXPECT_NE(told.reply->body.substr(0, kHex64Bytes), hash);
  EXPECT_GT(told.reply->body.size(), kHex64Bytes);
}

TEST(NodeTest, TheReservedPathAnswersTheHashAloneWhenNothingChanges) {
  TestCluster cluster({"a"});
  TestClient proxy(cluster);
  const std::string hash =
      proxy.begin("a", {.target = "/.understudy/view"}).reply->body.substr(0, kHex64Bytes);
  const Decision same = proxy.begin("a", {.target = "/.understudy/view?wait=20",
                                          .headers = {{std::string(kViewSeenHeader), hash}}});
  ASSERT_TRUE(same.reply);
  EXPECT_EQ(same.reply->body, hash);
  EXPECT_EQ(proxy.begin("a", {.method = "POST", .target = "/.understudy/view"}).reply->status, 405);
}

class CountingExecutor final : public Executor {
 public:
  void post(std::function<void()> work) override {
    ++posted;
    work();
  }
  std::atomic<int> posted = 0;
};

TEST(NodeTest, CallbacksRunOnTheExecutorOfTheirRequest) {
  TestCluster cluster({"a", "b"});
  const auto executor = std::make_shared<CountingExecutor>();
  const Asked asked;
  const AskedView view(asked);
  Awaited<Decision> decision;
  cluster.node("a").begin(view.view(), {.executor = executor}, decision.callback());
  Decision begun = decision.take();
  ASSERT_FALSE(begun.reply);
  Awaited<Release> release;
  cluster.node("a").finish(std::move(begun.session), release.callback());
  EXPECT_FALSE(release.take().reply);
  EXPECT_EQ(executor->posted, 2);
}

TEST(NodeTest, ALostSessionIsReportedAndReplaced) {
  Awaited<std::string> lost;
  TestCluster cluster({"a"});
  Hooks hooks;
  hooks.on_session_lost = [done = lost.callback()](std::string_view id, std::uint32_t,
                                                   std::uint64_t) { done(std::string(id)); };
  TestClient client(cluster);
  std::string id;
  client.run("a", [&](Session& session) {
    count(session);
    id = session.id();
  });
  cluster.kill("a");
  // Another life of the same member, which has never seen the session.
  auto reborn = Node::open(test_options("a", ""), std::move(hooks));
  ASSERT_TRUE(reborn) << reborn.failure().text;
  const Asked asked{.headers = {{"Cookie", "SID=" + client.cookie()}}};
  const AskedView view(asked);
  for (;;) {
    Awaited<Decision> decision;
    (*reborn)->begin(view.view(), {}, decision.callback());
    const Decision begun = decision.take();
    if (begun.reply) {  // it has not joined yet
      ASSERT_EQ(begun.reply->status, 503);
      continue;
    }
    EXPECT_TRUE(begun.session.is_new());
    EXPECT_EQ(begun.session.note(), SessionNote::kLost);
    break;
  }
  EXPECT_EQ(lost.take(), id);
  (*reborn)->abandon();
}

TEST(NodeTest, StatisticsAndMetricsTellWhatHappened) {
  TestCluster cluster({"a", "b"});
  TestClient client(cluster);
  client.run("a", count);
  // The figures are published at the end of the turn: a further request sees the former one's.
  client.run("a", count);
  client.run("a", [](Session&) {});
  const NodeStatistics statistics = cluster.node("a").statistics();
  EXPECT_GE(statistics.commits, 2u);
  EXPECT_EQ(statistics.sessions_created, 1u);
  EXPECT_EQ(statistics.sessions_primary, 1u);
  EXPECT_EQ(statistics.members_alive, 2u);
  EXPECT_NE(cluster.node("a").metrics_text().find("understudy_members_alive 2\n"),
            std::string::npos);
}

TEST(NodeTest, WhatCannotWorkIsRefusedWithAReason) {
  Options options = test_options("a", "");
  options.member_name.clear();
  const auto nameless = Node::open(options);
  ASSERT_FALSE(nameless);
  EXPECT_EQ(nameless.failure().code, FailureCode::kConfiguration);

  const auto taken = listen_tcp(Address::loopback(0), {});
  ASSERT_TRUE(taken);
  options = test_options("a", "");
  options.cluster_listen = local_address(*taken).to_string();
  const auto homeless = Node::open(options);
  ASSERT_FALSE(homeless);
  EXPECT_EQ(homeless.failure().code, FailureCode::kAddress) << homeless.failure().text;

  const std::string key = ::testing::TempDir() + "open." + std::to_string(::getpid()) + ".key";
  std::ofstream(key) << "a " << std::string(43, 'A') << "\n";
  std::filesystem::permissions(key, std::filesystem::perms(0644));
  options = test_options("a", "");
  options.cluster_insecure = false;
  options.cluster_key_file = key;
  const auto careless = Node::open(options);
  ASSERT_FALSE(careless);
  EXPECT_EQ(careless.failure().code, FailureCode::kKeyFile) << careless.failure().text;
  std::filesystem::remove(key);
}

}  // namespace
}  // namespace understudy
