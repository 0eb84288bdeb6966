// SPDX-License-Identifier: Apache-2.0
// The evhttp adapter with real HTTP over real sockets.
#include "understudy/evhttp.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "cookies/contract.h"
#include "tests/backend_sdk/node/http_client.h"
#include "tests/backend_sdk/node/test_cluster.h"
#include "tests/backend_sdk/node/test_server.h"

namespace understudy {
namespace {

constexpr std::string_view kText = "text/plain";

void add_basics(Node&, EvhttpServer& server, event_base*) {
  server.handle("/count",
                [](Request&, Session& session, Response& response) {
                  const int count = std::stoi(std::string(session.get("n").value_or("0"))) + 1;
                  session.set("n", std::to_string(count));
                  response.set_body(std::to_string(count), kText);
                  response.store(std::to_string(count) + " again");
                },
                {.exclusive = true});
  server.handle("/read", [](Request&, Session& session, Response& response) {
    response.set_body(std::string(session.get("n").value_or("none")), kText);
  });
  server.handle("/field", [](Request& request, Session&, Response& response) {
    response.set_body(request.field("a").value_or("none"), kText);
  });
  server.handle("/under/", [](Request& request, Session&, Response& response) {
    response.set_body(std::string(request.path()), kText);
  });
  server.handle("/split", [](Request&, Session& session, Response& response) {
    session.set("n", "77");
    response.add_header("X-Evil", "a\r\nSet-Cookie: b=c");
  });
  server.handle("/free",
                [](Request& request, Session& session, Response& response) {
                  if (request.method() == "POST") session.set("a", "b");
                  response.set_body(session.is_empty() ? "empty" : "full", kText);
                },
                {.session = false});
  server.handle("/forget", [](Request&, Session&, Response& response) {
    const Deferral dropped = response.defer();
  });
}

TEST(EvhttpServer, ASessionLivesInItsCookie) {
  TestServer server("a", "", 1, add_basics);
  HttpClient client(server.port());
  client.keep_cookies();
  EXPECT_EQ(client.ask("GET", "/count")->body, "1");
  EXPECT_EQ(client.ask("POST", "/count")->body, "2");
  EXPECT_EQ(client.ask("GET", "/read")->body, "2");
  EXPECT_EQ(HttpClient(server.port()).ask("GET", "/read")->body, "none");
}

TEST(EvhttpServer, TheCookieIsSetOnlyWhenItChanges) {
  TestServer server("a", "", 1, add_basics);
  HttpClient client(server.port());
  client.keep_cookies();
  EXPECT_NE(client.ask("GET", "/count")->header("Set-Cookie"), "");
  EXPECT_EQ(client.ask("GET", "/read")->header("Set-Cookie"), "");
  // Nobody holds a copy: the cookie then says what this client has been shown.
  EXPECT_NE(client.ask("GET", "/count")->header("Set-Cookie"), "");
  EXPECT_EQ(HttpClient(server.port()).ask("GET", "/read")->header("Set-Cookie"), "");
}

TEST(EvhttpServer, ARequestIdRunsOnce) {
  TestServer server("a", "", 1, add_basics);
  HttpClient client(server.port());
  client.keep_cookies();
  client.ask("GET", "/count");
  const std::vector<Header> id = {{"Understudy-Request-Id", "00000000000000aa"}};
  EXPECT_EQ(client.ask("POST", "/count", id)->body, "2");
  EXPECT_EQ(client.ask("POST", "/count", id)->body, "2 again");
  EXPECT_EQ(client.ask("GET", "/read")->body, "2");
}

TEST(EvhttpServer, TheSessionOutlivesItsServer) {
  TestServer a("a", "", 1, add_basics);
  const std::string seed = a.node().cluster_address();
  TestServer b("b", seed, 2, add_basics);
  HttpClient client(a.port());
  client.keep_cookies();
  // b is known to a when b knows a; the copy is made with the first answer after that.
  while (client.ask("GET", "/count")->header("Understudy-Session") == "solo") {
  }
  const std::string count = client.ask("GET", "/read")->body;
  a.kill();
  HttpClient elsewhere(b.port());
  const std::string cookie = client.cookies().at(0).name + "=" + client.cookies().at(0).value;
  const auto answer =
      elsewhere.ask("GET", "/read", {{"Cookie", cookie}, {"Understudy-Failover", "refused"}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, count);
}

TEST(EvhttpServer, PathsAreExactOrPrefixesAndTheLongestWins) {
  TestServer server("a", "", 1, [](Node& node, EvhttpServer& evhttp, event_base* base) {
    add_basics(node, evhttp, base);
    evhttp.handle("/under/it/", [](Request&, Session&, Response& response) {
      response.set_body("deeper", kText);
    });
  });
  HttpClient client(server.port());
  EXPECT_EQ(client.ask("GET", "/under/")->body, "/under/");
  EXPECT_EQ(client.ask("GET", "/under/x/y?z")->body, "/under/x/y");
  EXPECT_EQ(client.ask("GET", "/under/it/x")->body, "deeper");
  EXPECT_EQ(client.ask("GET", "/under")->status, 404);
  EXPECT_EQ(client.ask("GET", "/")->status, 404);
}

TEST(EvhttpServer, FieldsComeFromQueryAndForm) {
  TestServer server("a", "", 1, add_basics);
  HttpClient client(server.port());
  const std::vector<Header> form = {{"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(client.ask("GET", "/field?a=1%26")->body, "1&");
  EXPECT_EQ(client.ask("POST", "/field", form, "b=1&a=x+y")->body, "x y");
  EXPECT_EQ(client.ask("POST", "/field?a=q", form, "a=f")->body, "q");
  EXPECT_EQ(client.ask("POST", "/field", {{"Content-Type", "text/plain"}}, "a=1")->body, "none");
}

TEST(EvhttpServer, HeadHasTheLengthAndNoBody) {
  TestServer server("a", "", 1, add_basics);
  HttpClient client(server.port());
  const auto head = client.ask("HEAD", "/under/12");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("Content-Length"), "9");
  EXPECT_EQ(client.ask("GET", "/read")->body, "none") << "the connection is still in step";
}

TEST(EvhttpServer, AHeaderWithALineBreakFailsTheRequestAndItsChanges) {
  TestServer server("a", "", 1, add_basics);
  HttpClient client(server.port());
  client.keep_cookies();
  client.ask("GET", "/count");
  const auto answer = client.ask("GET", "/split");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->header("X-Evil"), "");
  EXPECT_EQ(client.ask("GET", "/read")->body, "1");
}

TEST(EvhttpServer, WithoutASessionTheHandleIsEmptyAndChangesAreRefused) {
  TestServer server("a", "", 1, add_basics);
  HttpClient client(server.port());
  EXPECT_EQ(client.ask("GET", "/free")->body, "empty");
  EXPECT_EQ(client.ask("POST", "/free")->status, 500);
}

TEST(EvhttpServer, AForgottenDeferralIsAnswered500) {
  TestServer server("a", "", 1, add_basics);
  EXPECT_EQ(HttpClient(server.port()).ask("GET", "/forget")->status, 500);
}

TEST(EvhttpServer, EveryAnswerTellsTheMemberListToWhoHasAnother) {
  TestServer server("a", "", 1, add_basics);
  HttpClient proxy(server.port());
  const std::vector<Header> nothing = {{"Understudy-View-Seen", "0000000000000000"}};
  for (const std::string target : {"/read", "/free", "/count", "/nowhere"}) {
    SCOPED_TRACE(target);
    const std::string view = proxy.ask("GET", target, nothing)->header("Understudy-View");
    ASSERT_GT(view.size(), kHex64Bytes);
    const std::string hash = view.substr(0, kHex64Bytes);
    EXPECT_EQ(proxy.ask("GET", target, {{"Understudy-View-Seen", hash}})->header("Understudy-View"),
              hash);
    EXPECT_EQ(proxy.ask("GET", target)->header("Understudy-View"), "");
  }
}

TEST(EvhttpServer, TheReservedPathIsAnsweredBeforeAnyHandler) {
  TestServer server("a", "", 1, [](Node&, EvhttpServer& evhttp, event_base*) {
    evhttp.handle(
        "/", [](Request&, Session&, Response& response) { response.set_body("handler", kText); });
  });
  HttpClient client(server.port());
  EXPECT_EQ(client.ask("GET", "/anything")->body, "handler");
  const std::string view = client.ask("GET", "/.understudy/view")->body;
  EXPECT_GT(view.size(), kHex64Bytes);
  const auto same = client.ask("GET", "/.understudy/view?wait=10",
                               {{"Understudy-View-Seen", view.substr(0, kHex64Bytes)}});
  EXPECT_EQ(same->body, view.substr(0, kHex64Bytes));
}

// Deferred answers, given by the test.
class Deferred : public ::testing::Test {
 protected:
  struct Waiting {
    Session* session;
    Response* response;
    Deferral deferral;
  };

  void add(EvhttpServer& server) {
    const auto later = [this](Request&, Session& session, Response& response) {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({&session, &response, response.defer()});
      arrived_.notify_all();
    };
    server.handle("/later", later);
    server.handle("/later-alone", later, {.exclusive = true});
  }
  // Only on the loop's thread is a Waiting touched; here one waits until it is there.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(arrived_.wait_for(lock, kPatience, [&] { return waiting_.size() >= count; }));
  }

  TestServer server_{"a", "", 1, [this](Node& node, EvhttpServer& server, event_base* base) {
                       add_basics(node, server, base);
                       add(server);
                     }};
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Waiting> waiting_;
};

TEST_F(Deferred, OthersAreServedMeanwhile) {
  HttpClient late(server_.port());
  ASSERT_TRUE(late.send("GET", "/later"));
  wait_for(1);
  EXPECT_EQ(HttpClient(server_.port()).ask("GET", "/read")->body, "none");
  server_.on_loop([this](EvhttpServer&) {
    waiting_[0].session->set("n", "9");
    waiting_[0].response->set_body("done", kText);
    waiting_[0].deferral.done();
    EXPECT_FALSE(waiting_[0].deferral.is_open());
  });
  const auto answer = late.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "done");
  EXPECT_NE(answer->header("Set-Cookie"), "");
}

TEST_F(Deferred, AClientThatHangsUpHarmsNobody) {
  HttpClient gone(server_.port());
  ASSERT_TRUE(gone.send("GET", "/later"));
  wait_for(1);
  gone.hang_up();
  server_.on_loop([this](EvhttpServer&) {
    waiting_[0].session->set("n", "9");
    waiting_[0].response->set_body(std::string(1 << 20, 'x'), kText);
    waiting_[0].deferral.done();
  });
  EXPECT_EQ(HttpClient(server_.port()).ask("GET", "/read")->body, "none");
}

TEST_F(Deferred, WhatAProxyNoLongerWaitsForDoesNotRun) {
  HttpClient first(server_.port());
  first.keep_cookies();
  ASSERT_EQ(first.ask("GET", "/count")->body, "1");
  const std::string cookie = first.cookies().at(0).name + "=" + first.cookies().at(0).value;
  HttpClient holder(server_.port());
  ASSERT_TRUE(holder.send("GET", "/later-alone", {{"Cookie", cookie}}));
  wait_for(1);
  HttpClient proxy(server_.port());
  ASSERT_TRUE(proxy.send("POST", "/count",
                         {{"Cookie", cookie}, {"Understudy-Request-Id", "00000000000000aa"}}));
  HttpClient patient(server_.port());
  ASSERT_TRUE(patient.send("POST", "/count", {{"Cookie", cookie}}));
  const auto count_exchanges = [this] {
    std::size_t count = 0;
    server_.on_loop([&](EvhttpServer& server) { count = server.exchanges_under_way(); });
    return count;
  };
  while (count_exchanges() < 3) {
  }
  // Both wait for the session; then one's connection is closed, and the session becomes free.
  proxy.hang_up();
  server_.on_loop([this](EvhttpServer&) { waiting_[0].deferral.done(); });
  ASSERT_TRUE(holder.receive());
  EXPECT_EQ(patient.receive()->body, "2");
  EXPECT_EQ(first.ask("GET", "/read")->body, "2");
}

TEST_F(Deferred, AServerThatGoesDownClosesIt) {
  HttpClient late(server_.port());
  ASSERT_TRUE(late.send("GET", "/later"));
  wait_for(1);
  server_.kill();
  EXPECT_FALSE(waiting_[0].deferral.is_open());
}

TEST_F(Deferred, ShutdownWaitsForTheAnswerAndThenLeaves) {
  HttpClient late(server_.port());
  ASSERT_TRUE(late.send("GET", "/later"));
  wait_for(1);
  Awaited<int> down;
  server_.on_loop(
      [tell = down.callback()](EvhttpServer& server) { server.shutdown([tell] { tell(1); }); });
  EXPECT_FALSE(down.is_here());
  server_.on_loop([this](EvhttpServer&) {
    waiting_[0].response->set_body("last", kText);
    waiting_[0].deferral.done();
  });
  EXPECT_EQ(late.receive()->body, "last");
  EXPECT_EQ(down.take(), 1);
}

TEST_F(Deferred, AStreamLeavesInChunksAfterTheCommit) {
  HttpClient client(server_.port());
  client.keep_cookies();
  ASSERT_TRUE(client.send("GET", "/later"));
  wait_for(1);
  int written = 0;
  std::function<void()> next;  // on the loop's thread
  server_.on_loop([&](EvhttpServer&) {
    Waiting& waiting = waiting_[0];
    waiting.session->set("n", "5");
    next = [&] {
      if (written == 3) return waiting.deferral.done();
      ++written;
      waiting.response->write("part " + std::to_string(written) + ";", next);
    };
    waiting.response->stream(next);
  });
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(answer->body, "part 1;part 2;part 3;");
  EXPECT_EQ(client.ask("GET", "/read")->body, "5");
}

TEST_F(Deferred, AStreamWhoseClientIsGoneStillComesToItsEnd) {
  HttpClient client(server_.port());
  ASSERT_TRUE(client.send("GET", "/later"));
  wait_for(1);
  Awaited<int> ended;
  int written = 0;
  std::function<void()> next;
  server_.on_loop([&](EvhttpServer&) {
    Waiting& waiting = waiting_[0];
    next = [&] {
      if (++written == 200) {
        waiting.deferral.done();
        return ended.callback()(1);
      }
      waiting.response->write(std::string(1 << 16, 'x'), next);
    };
    waiting.response->stream(next);
  });
  client.hang_up();
  EXPECT_EQ(ended.take(), 1);
}

}  // namespace
}  // namespace understudy
