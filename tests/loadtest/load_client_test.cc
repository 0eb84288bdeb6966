// SPDX-License-Identifier: Apache-2.0
// Every client of the load test, HTTP/1.1 and HTTP/2, with and without TLS, against a small server.
#include "loadtest/load_client.h"

#include <gtest/gtest.h>

#include "base/tls_dialer.h"
#include "base/tls_tickets.h"
#include "loadtest/http2_client.h"
#include "loadtest/newcomers.h"
#include "loadtest/session_load.h"
#include "tests/base/test_certificates.h"
#include "tests/base/tls_pair.h"
#include "tests/loadtest/support/test_server.h"

namespace understudy::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LoadClients : public ::testing::Test {
 protected:
  std::shared_ptr<const TlsServer> tls_server(std::vector<std::string> protocols) {
    std::vector<std::unique_ptr<TlsCertificate>> certificates;
    certificates.push_back(usable(certificate_));
    TlsHost::Options options;
    options.certificates = std::move(certificates);
    options.protocols = std::move(protocols);
    return server_of({host_of(std::move(options))}, tickets_);
  }
  std::shared_ptr<const TlsDialer> dialer(std::vector<std::string> protocols) {
    TlsDialer::Options options;
    options.authorities = certificate_.chain;
    options.protocols = std::move(protocols);
    auto made = TlsDialer::make(std::move(options));
    EXPECT_TRUE(made) << made.error().detail;
    return *std::move(made);
  }

  // One after the other.
  ClientResponse ask(LoadClient& client, const ClientRequest& request) {
    ClientResponse response;
    bool is_done = false;
    client.request(request, [&](ClientResponse answer) {
      response = std::move(answer);
      is_done = true;
    });
    EXPECT_FALSE(is_done) << "the callback comes in a later turn";
    turn_until([&] { return is_done; });
    return response;
  }
  void turn_until(const std::function<bool()>& done) {
    const SystemClock clock;
    const TimePoint end = clock.now() + seconds(30);
    while (!done() && clock.now() < end) loop_->run_once(milliseconds(10));
    EXPECT_TRUE(done());
  }

  const std::unique_ptr<EventLoop> loop_ = std::move(*EventLoop::open());
  const TestCertificate certificate_ = make_test_certificate();
  SystemClock clock_;
  TlsTickets tickets_{clock_};
};

struct Wire {
  const char* name;
  bool is_http2;
  bool is_tls;
};

class EveryWire : public LoadClients, public ::testing::WithParamInterface<Wire> {
 protected:
  EveryWire() {
    const std::vector<std::string> protocols = {GetParam().is_http2 ? "h2" : "http/1.1"};
    TestServer::Options server{.is_http2 = GetParam().is_http2};
    options_.is_http2 = GetParam().is_http2;
    if (GetParam().is_tls) {
      server.tls = tls_server(protocols);
      options_.tls = dialer(protocols);
    }
    server_ = std::make_unique<TestServer>(*loop_, server);
  }
  std::unique_ptr<LoadClient> client() { return make_client(*loop_, server_->address(), options_); }

  ClientOptions options_;
  std::unique_ptr<TestServer> server_;
};

INSTANTIATE_TEST_SUITE_P(Loadtest, EveryWire,
                         ::testing::Values(Wire{"Http1", false, false},
                                           Wire{"Http1Tls", false, true},
                                           Wire{"Http2", true, false},
                                           Wire{"Http2Tls", true, true}),
                         [](const auto& info) { return info.param.name; });

TEST_P(EveryWire, AnAnswerComesBackWithItsHeadersAndBody) {
  const auto its = client();
  const ClientResponse get = ask(*its, {.method = "GET", .target = "/echo"});
  EXPECT_EQ(get.status, 200) << get.error;
  EXPECT_EQ(get.body, "GET:");
  EXPECT_EQ(get.set_cookie("seen"), "seen=1");
  const ClientResponse post = ask(*its, {.method = "POST",
                                         .target = "/echo",
                                         .headers = {{"Cookie", "a=b"}},
                                         .body = std::string(200'000, 'x')});
  EXPECT_EQ(post.status, 200) << post.error;
  EXPECT_EQ(post.body.size(), 5u + 200'000u);
  EXPECT_EQ(server_->cookies, std::vector<std::string>{"a=b"});
  EXPECT_EQ(ask(*its, {.target = "/nowhere"}).status, 404);
}

TEST_P(EveryWire, AConnectionIsKept) {
  options_.connections_max = 1;
  const auto its = client();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(*its, {.target = "/echo"}).status, 200);
  EXPECT_EQ(server_->connections, 1u);
}

TEST_P(EveryWire, AConnectionThatWasIdleForLongIsNotUsedAgain) {
  if (GetParam().is_http2) return;  // one at a time only
  options_.idle_time = milliseconds(50);
  const auto its = client();
  const SystemClock clock;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask(*its, {.target = "/echo"}).status, 200);
    const TimePoint later = clock.now() + milliseconds(80);
    turn_until([&] { return clock.now() > later; });
  }
  EXPECT_EQ(server_->connections, 2u);
}

TEST_P(EveryWire, AConnectionForEachRequestIfThatIsWanted) {
  options_.keep_alive = false;
  const auto its = client();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(*its, {.target = "/echo"}).status, 200);
  EXPECT_EQ(server_->connections, 5u);
}

TEST_P(EveryWire, TicketsAreUsedUnlessThatIsUnwanted) {
  if (!GetParam().is_tls) return;
  options_.keep_alive = false;
  const auto resuming = client();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*resuming, {.target = "/echo"}).status, 200);
  EXPECT_EQ(server_->resumed, 2u);
  options_.resumes_tls = false;
  const auto full = client();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*full, {.target = "/echo"}).status, 200);
  EXPECT_EQ(server_->resumed, 2u);
}

TEST_P(EveryWire, WhatIsCutOffIsAFailureWithItsReason) {
  const auto its = client();
  const ClientResponse response = ask(*its, {.target = "/close"});
  EXPECT_EQ(response.status, 0);
  EXPECT_NE(response.error, "");
  EXPECT_EQ(ask(*its, {.target = "/echo"}).status, 200) << "the next one has a new connection";
}

TEST_P(EveryWire, ALateAnswerIsAFailure) {
  options_.timeout = milliseconds(30);
  const auto its = client();
  const ClientResponse response = ask(*its, {.target = "/hold"});
  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.error, "no answer in time");
  server_->release();
  options_.timeout = seconds(30);
  const auto next = client();
  EXPECT_EQ(ask(*next, {.target = "/echo"}).status, 200);
}

TEST_P(EveryWire, ABodyAboveTheLimitIsAFailure) {
  options_.body_bytes_max = 1000;
  const auto its = client();
  EXPECT_EQ(ask(*its, {.method = "POST", .target = "/echo", .body = std::string(995, 'x')}).status,
            200);
  EXPECT_EQ(ask(*its, {.method = "POST", .target = "/echo", .body = std::string(996, 'x')}).status,
            0);
}

TEST_P(EveryWire, ARequestThatNobodyListensForFailsInALaterTurn) {
  const Address address = server_->address();
  server_.reset();
  const auto its = make_client(*loop_, address, options_);
  EXPECT_EQ(ask(*its, {.target = "/echo"}).status, 0);
}

TEST_P(EveryWire, AStallIsCountedFromTheIntendedStart) {
  SessionLoadOptions load{.sessions = 3, .target = "/hold", .value_target = ""};
  load.schedule.arrivals.curve = {.points = {{.requests_per_second = 100}}};
  load.schedule.requests_max = 20;
  load.client = options_;
  load.client.connections_max = 1;
  load.client.streams_max = 2;  // HTTP/2: eighteen wait for a place, and their time counts
  SessionLoad its(*loop_, server_->address(), load);
  its.run([&] {
    if (its.elapsed() > milliseconds(400)) server_->release();
  });
  EXPECT_EQ(its.timeline().succeeded(), 20u);
  EXPECT_GE(its.timeline().latencies().longest(), Duration(milliseconds(400)));
  EXPECT_GE(its.timeline().latencies().shortest(), Duration(milliseconds(200)));
}

class Http2Clients : public LoadClients {
 protected:
  // Sends `count` requests that are held, and waits until the server holds as many as it gets.
  void hold(LoadClient& client, size_t count, size_t wanted) {
    for (size_t i = 0; i < count; ++i) {
      client.request({.target = "/hold"}, [this](const ClientResponse& response) {
        ++(response.status == 200 ? answered_ : failed_);
      });
    }
    turn_until([&] { return server_->held == wanted; });
  }

  std::unique_ptr<TestServer> server_;
  size_t answered_ = 0;
  size_t failed_ = 0;
};

TEST_F(Http2Clients, StreamsAndConnectionsAreBounded) {
  server_ = std::make_unique<TestServer>(*loop_, TestServer::Options{.is_http2 = true});
  Http2Client client(*loop_, server_->address(),
                     {.is_http2 = true, .streams_max = 3, .connections_max = 2});
  hold(client, 20, 6);
  EXPECT_EQ(client.waiting(), 14u);
  while (answered_ < 20) {
    const size_t before = answered_;
    server_->release();
    turn_until([&] { return answered_ > before; });
    turn_until([&] { return server_->held > 0 || answered_ == 20; });
  }
  EXPECT_EQ(server_->connections, 2u);
  EXPECT_EQ(server_->on_one_most, 3u);
  EXPECT_LE(server_->held_most, 6u);
  EXPECT_EQ(failed_, 0u);
}

TEST_F(Http2Clients, TheServersOwnBoundHoldsToo) {
  server_ =
      std::make_unique<TestServer>(*loop_, TestServer::Options{.is_http2 = true, .streams_max = 2});
  Http2Client client(*loop_, server_->address(),
                     {.is_http2 = true, .streams_max = 100, .connections_max = 1});
  ASSERT_EQ(ask(client, {.target = "/echo"}).status, 200);  // the settings are known now
  hold(client, 5, 2);
  EXPECT_EQ(client.waiting(), 3u);
  EXPECT_EQ(server_->on_one_most, 2u);
}

TEST_F(Http2Clients, WhoeverWaitsForAPlaceHasItWhenAConnectionBreaks) {
  server_ = std::make_unique<TestServer>(*loop_, TestServer::Options{.is_http2 = true});
  Http2Client client(*loop_, server_->address(),
                     {.is_http2 = true, .streams_max = 1, .connections_max = 1});
  EXPECT_EQ(ask(client, {.target = "/echo"}).status, 200);
  int first = -1;
  int second = -1;
  client.request({.target = "/close"}, [&](const ClientResponse& r) { first = r.status; });
  client.request({.target = "/echo"}, [&](const ClientResponse& r) { second = r.status; });
  EXPECT_EQ(client.waiting(), 1u);
  turn_until([&] { return first != -1 && second != -1; });
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 200);
}

TEST_F(Http2Clients, AServerThatDoesNotAgreeToHttp2IsTold) {
  server_ =
      std::make_unique<TestServer>(*loop_, TestServer::Options{.tls = tls_server({"http/1.1"})});
  Http2Client client(*loop_, server_->address(), {.tls = dialer({"h2"}), .is_http2 = true});
  const ClientResponse response = ask(client, {.target = "/echo"});
  EXPECT_EQ(response.status, 0);
  EXPECT_NE(response.error.find("no application protocol"), std::string::npos) << response.error;
}

TEST_F(Http2Clients, ACertificateOfAnotherNameIsNotBelieved) {
  server_ = std::make_unique<TestServer>(
      *loop_, TestServer::Options{.is_http2 = true, .tls = tls_server({"h2"})});
  Http2Client client(*loop_, server_->address(),
                     {.tls = dialer({"h2"}), .server_name = "elsewhere", .is_http2 = true});
  const ClientResponse response = ask(client, {.target = "/echo"});
  EXPECT_EQ(response.status, 0);
  EXPECT_NE(response.error.find("TLS"), std::string::npos) << response.error;
}

}  // namespace
}  // namespace understudy::loadtest
