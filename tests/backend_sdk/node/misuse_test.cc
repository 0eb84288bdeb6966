// SPDX-License-Identifier: Apache-2.0
// What an application does wrong ends a request, never the process: exceptions, calls that come
// twice, calls in a forked child, handlers that block.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tests/backend_sdk/node/http_client.h"
#include "tests/backend_sdk/node/test_cluster.h"
#include "tests/backend_sdk/node/test_server.h"
#include "understudy/log.h"

namespace understudy {
namespace {

// All lines of the log, as long as it lives.
class KeptLog {
 public:
  KeptLog() {
    set_log([this](Severity, std::string_view line) {
      const std::lock_guard lock(mutex_);
      text_ += std::string(line) + '\n';
      grown_.notify_all();
    });
  }
  ~KeptLog() { set_log(nullptr); }
  bool has(const std::string& words) {
    std::unique_lock lock(mutex_);
    return grown_.wait_for(lock, kPatience, [&] { return text_.find(words) != std::string::npos; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable grown_;
  std::string text_;  // guarded by mutex_
};

void add_bad_ones(Node&, EvhttpServer& server, event_base*) {
  server.handle("/read", [](Request&, Session& session, Response& response) {
    response.set_body(std::string(session.get("n").value_or("none")), "text/plain");
  });
  server.handle("/write", [](Request&, Session& session, Response&) { session.set("n", "1"); });
  server.handle("/throws", [](Request&, Session& session, Response&) {
    session.set("n", "2");
    throw std::runtime_error("no such item");
  });
  server.handle("/throws-int", [](Request&, Session&, Response&) { throw 7; });
  server.handle("/throws-late", [](Request&, Session&, Response& response) {
    static Deferral kept;
    kept = response.defer();
    throw std::runtime_error("deferred, then thrown");
  });
  server.handle("/throws-open", [](Request&, Session&, Response& response) {
    auto kept = std::make_shared<Deferral>(response.defer());
    response.stream([kept, &response] {
      response.write("the first half");
      throw std::runtime_error("half of it");
    });
  });
  server.handle("/twice", [](Request&, Session& session, Response& response) {
    session.set("n", "3");
    Deferral first = response.defer();
    Deferral second = response.defer();
    EXPECT_FALSE(second.is_open());
    first.done();
    first.done();
  });
  server.handle("/writes-early", [](Request&, Session&, Response& response) {
    response.write("before it was opened");
  });
  server.handle("/streams-at-once", [](Request&, Session&, Response& response) {
    response.stream([] { ADD_FAILURE() << "never opened"; });
  });
}

TEST(Misuse, AHandlerThatThrowsIs500AndItsTextIsInTheLog) {
  KeptLog log;
  TestServer server("a", "", 1, add_bad_ones);
  HttpClient client(server.port());
  client.keep_cookies();
  ASSERT_EQ(client.ask("GET", "/write")->status, 200);
  const auto answer = client.ask("GET", "/throws");
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("no such item"), std::string::npos) << "not for the client";
  EXPECT_TRUE(log.has("handler of GET /throws threw: no such item"));
  EXPECT_EQ(client.ask("GET", "/read")->body, "1");
  EXPECT_EQ(client.ask("GET", "/throws-int")->status, 500);
  EXPECT_TRUE(log.has("something that is no std::exception"));
  EXPECT_EQ(client.ask("GET", "/throws-late")->status, 500);
  EXPECT_EQ(client.ask("GET", "/read")->body, "1");
}

TEST(Misuse, AStreamWhoseCallbackThrowsIsBrokenOff) {
  KeptLog log;
  TestServer server("a", "", 1, add_bad_ones);
  EXPECT_FALSE(HttpClient(server.port()).ask("GET", "/throws-open")) << "not as if it were whole";
  EXPECT_TRUE(log.has("on_open of GET /throws-open threw: half of it"));
  EXPECT_EQ(HttpClient(server.port()).ask("GET", "/read")->body, "none");
}

TEST(Misuse, CallsThatCannotBeMeantFailTheRequest) {
  KeptLog log;
  TestServer server("a", "", 1, add_bad_ones);
  HttpClient client(server.port());
  client.keep_cookies();
  EXPECT_EQ(client.ask("GET", "/twice")->status, 500);
  EXPECT_TRUE(log.has("defer() is called once"));
  EXPECT_TRUE(log.has("done() of a deferral that is over"));
  EXPECT_EQ(client.ask("GET", "/writes-early")->status, 500);
  EXPECT_EQ(client.ask("GET", "/streams-at-once")->status, 500);
  EXPECT_EQ(client.ask("GET", "/read")->body, "none");
  server.on_loop([](EvhttpServer& evhttp) {
    EXPECT_FALSE(evhttp.handle("no-slash", [](Request&, Session&, Response&) {}));
    EXPECT_FALSE(evhttp.handle("/nothing", nullptr));
  });
}

TEST(Misuse, AHandlerThatBlocksItsLoopIsNamed) {
  KeptLog log;
  TestServer server("a", "", 1, [](Node& node, EvhttpServer& evhttp, event_base*) {
    const auto slow = node.options().slow_handler;
    evhttp.handle("/slow", [slow](Request&, Session&, Response&) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable never;
      never.wait_for(lock, slow, [] { return false; });
    });
  });
  EXPECT_EQ(HttpClient(server.port()).ask("GET", "/slow")->status, 200);
  EXPECT_TRUE(log.has("handler of GET /slow kept its server's loop for 1"));
}

TEST(Misuse, ASecondFinishIsAnsweredWithWhatIsWrong) {
  TestCluster cluster({"a"});
  TestClient client(cluster);
  Decision decision = client.begin("a");
  ASSERT_FALSE(decision.reply);
  EXPECT_FALSE(client.finish("a", std::move(decision.session)).reply);
  const Release again = client.finish("a", Session());
  ASSERT_TRUE(again.reply);
  EXPECT_EQ(again.reply->status, 500);
  EXPECT_NE(again.reply->body.find("finished before"), std::string::npos);

  Decision streamed = client.begin("a");
  Awaited<Release> committed;
  cluster.node("a").commit(streamed.session, committed.callback());
  EXPECT_FALSE(committed.take().reply);
  Awaited<Release> second;
  cluster.node("a").commit(streamed.session, second.callback());
  ASSERT_TRUE(second.take().reply);
}

TEST(Misuse, WhatACallbackThrowsDoesNotEndTheNodesThread) {
  KeptLog log;
  TestCluster cluster({"a"});
  const Asked asked;
  const AskedView view(asked);
  cluster.node("a").begin(view.view(), {}, [](Decision) { throw std::runtime_error("mine"); });
  EXPECT_TRUE(log.has("a callback on the node's thread threw: mine"));
  EXPECT_FALSE(TestClient(cluster).begin("a").reply);
}

// Runs in the child, whose exit status it is: 0, or which of the calls was not refused.
int misuse_in_child(Node& node, Session session) {
  const Asked asked;
  const AskedView view(asked);
  int refused = 0;
  node.begin(view.view(), {}, [&](Decision decision) {
    if (decision.reply && decision.reply->status == 500) ++refused;
  });
  if (refused != 1) return 1;
  node.finish(std::move(session), [&](Release release) {
    if (release.reply && release.reply->body.find("forked") != std::string::npos) ++refused;
  });
  if (refused != 2) return 2;
  node.drain([&] { ++refused; });
  if (refused != 3) return 3;
  if (!node.reload_keys() || !node.wait_ready(std::chrono::hours(1))) return 4;
  if (!node.members().empty() || node.statistics().requests != 0) return 5;
  if (node.readiness() != Readiness::kLeaving) return 6;
  return 0;
}

TEST(Misuse, AForkedChildIsToldSoAndHarmsNothing) {
  TestCluster cluster({"a"});
  TestClient client(cluster);
  Decision decision = client.begin("a");
  const pid_t child = fork();
  if (child == 0) {
    int status = misuse_in_child(cluster.node("a"), std::move(decision.session));
    if (status == 0) cluster.close("a");  // ~Node
    _exit(status);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(client.finish("a", std::move(decision.session)).reply) << "the parent's goes on";
  client.run("a", count);
}

TEST(Misuse, WhatCannotWorkIsRefusedAtOpen) {
  const auto refusal = [](const std::function<void(Options&)>& change) {
    Options options = test_options("a", "");
    change(options);
    const auto node = Node::open(options);
    EXPECT_FALSE(node);
    return node ? std::string() : node.failure().text;
  };
  using std::chrono::milliseconds;
  const auto says = [&](const std::string& name, const std::function<void(Options&)>& change) {
    EXPECT_NE(refusal(change).find(name), std::string::npos) << name << ": " << refusal(change);
  };
  says("HeartbeatInterval", [](Options& its) { its.heartbeat_interval = milliseconds(0); });
  says("HeartbeatInterval", [](Options& its) { its.heartbeat_interval = milliseconds(-5); });
  says("HeartbeatInterval", [](Options& its) { its.heartbeat_interval = std::chrono::hours(1); });
  says("MemberName", [](Options& its) { its.member_name = ""; });
  says("MemberName", [](Options& its) { its.member_name = "a\nb"; });
  says("MemberName", [](Options& its) { its.member_name = std::string(300, 'x'); });
  says("SessionCookie", [](Options& its) { its.session_cookie = "a=b; c"; });
  says("MaxSessionBytes", [](Options& its) { its.session_bytes_max = 1u << 30; });
  says("MaxSessionBytes", [](Options& its) { its.session_bytes_max = 0; });
  says("MaxSessions", [](Options& its) { its.sessions_max = 0; });
  says("ClusterListen", [](Options& its) { its.cluster_listen = its.listen; });
  says("ClusterName", [](Options& its) { its.cluster_name = ""; });
}

}  // namespace
}  // namespace understudy
