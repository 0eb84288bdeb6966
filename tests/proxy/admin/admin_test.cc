// SPDX-License-Identifier: Apache-2.0
#include "proxy/admin/admin.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <functional>
#include <string_view>
#include <thread>

#include "proxy/admin/client.h"
#include "proxy/config/config.h"
#include "proxy/config/load.h"
#include "proxy/server/server.h"
#include "tests/proxy/server/toy_backend.h"

namespace understudy {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

TEST(AdminHost, IsTheAddressOrLoopback) {
  const Address address = *Address::parse("192.0.2.1:8081");
  for (const char* host : {"192.0.2.1:8081", "192.0.2.1", "localhost", "localhost:8081",
                           "127.0.0.1:8081", "127.1.2.3", "[::1]:8081"}) {
    EXPECT_TRUE(is_admin_host(host, address)) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:8081", "localhost.evil.example",
                           "192.0.2.2:8081", "127.0.0.1.evil.example", "[::2]:8081", "[::1"}) {
    EXPECT_FALSE(is_admin_host(host, address)) << host;
  }
}

class AdminAddress : public ::testing::Test {
 protected:
  AdminAddress() {
    loop_ = *EventLoop::open();
    const config::Loaded loaded = config::load_text(
        "test.conf",
        "Workers 1\nListen 127.0.0.1:0\n<Location \"/\">\nBackendCluster 127.0.0.1:1\n"
        "DynamicServerList Off\n</Location>\n");
    EXPECT_TRUE(loaded) << loaded.diagnostics;
    server_ = *Server::open(*loop_, {.config = loaded.config});
    admin_ = *Admin::open(*loop_, Address::loopback(0), *server_);
    server_->start();
  }
  ~AdminAddress() override {
    if (stopped_) return;
    server_->stop();
    loop_->run();
  }

  bool until(const std::function<bool()>& done) {
    const TimePoint end = SystemClock().now() + 20s;
    while (!done()) {
      if (SystemClock().now() > end) return false;
      loop_->run_once(1ms);
    }
    return true;
  }
  // The text of a whole request, and the whole answer.
  std::string ask(const std::string& request) {
    ToyClient client(admin_->address());
    client.say(request);
    EXPECT_TRUE(until([&] {
      client.turn();
      return client.has_ended();
    })) << client.heard();
    return client.heard();
  }
  std::string request(const std::string& line, const std::string& more = "") {
    return line + " HTTP/1.1\r\nHost: " + admin_->address().to_string() + "\r\n" + more +
           "Content-Length: 0\r\nConnection: close\r\n\r\n";
  }
  static int status(const std::string& answer) {
    return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
  }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Admin> admin_;
  bool stopped_ = false;
};

TEST_F(AdminAddress, AnswersQuestions) {
  for (const char* path : {"/status", "/members", "/metrics", "/why?cookie=abc%21def"}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(status(ask(request(std::string("GET ") + path))), 200);
  }
  EXPECT_EQ(status(ask(request("GET /other"))), 404);
  EXPECT_EQ(status(ask(request("GET /why"))), 400);
  EXPECT_EQ(status(ask(request("GET /why?cookie="))), 400);
}

TEST_F(AdminAddress, RefusesAForeignHostAndPagesOfOthers) {
  EXPECT_EQ(status(ask("GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")),
            403);
  EXPECT_EQ(status(ask(request("GET /status", "Origin: http://evil.example\r\n"))), 403);
}

TEST_F(AdminAddress, TakesCommandsOnlyByPostWithItsHeader) {
  const std::string header = std::string(kAdminHeader) + ": 1\r\n";
  EXPECT_EQ(status(ask(request("POST /stop"))), 403);
  EXPECT_EQ(status(ask(request("GET /stop", header))), 404);
  EXPECT_EQ(status(ask(request("POST /other", header))), 404);
  EXPECT_EQ(status(ask(request("POST /stop", header + "Origin: http://evil.example\r\n"))), 403);
  EXPECT_EQ(status(ask(request("PUT /stop", header))), 501);
  EXPECT_EQ(status(ask(request("GET /status"))), 200) << "still there";
}

TEST_F(AdminAddress, TakesOrdersForMembers) {
  const std::string header = std::string(kAdminHeader) + ": 1\r\n";
  const std::string member = "?member=127.0.0.1:1";
  const std::string drained = ask(
      request("POST /drain" + member + "&mode=move&deadline=30m&cluster=127.0.0.1%3A1", header));
  EXPECT_EQ(status(drained), 200) << drained;
  EXPECT_NE(drained.find("\"drain\" : \"move\""), std::string::npos) << drained;
  const std::string members = ask(request("GET /members"));
  EXPECT_NE(members.find("\"state\" : \"draining\""), std::string::npos) << members;
  EXPECT_NE(members.find("\"disabled_in_seconds\" : 1"), std::string::npos) << members;
  EXPECT_EQ(status(ask(request("POST /disable" + member, header))), 200);
  EXPECT_EQ(status(ask(request("POST /enable" + member, header))), 200);
  EXPECT_NE(ask(request("GET /members")).find("\"state\" : \"ready\""), std::string::npos);
}

TEST_F(AdminAddress, RefusesOrdersThatItCannotCarryOut) {
  const std::string header = std::string(kAdminHeader) + ": 1\r\n";
  struct Row {
    const char* line;
    int status;
    const char* said;
  };
  for (const Row& row :
       {Row{"POST /drain", 400, "say which member"}, Row{"POST /drain?member=", 400, "say which"},
        Row{"POST /drain?member=a&mode=kick", 400, "keep or move, not 'kick'"},
        Row{"POST /drain?member=a&deadline=soon", 400, "not 'soon'"},
        Row{"POST /drain?member=a&deadline=8d", 400, "at most 7d"},
        Row{"POST /drain?member=a&deadline=0s", 400, "not '0s'"},
        Row{"POST /disable?member=a&mode=move", 400, "no parameter 'mode'"},
        Row{"POST /disable?member=a", 404, "there is no member 'a'; there are 127.0.0.1:1"},
        Row{"GET /disable?member=127.0.0.1:1", 404, "known are"}}) {
    const std::string answer = ask(request(row.line, header));
    EXPECT_EQ(status(answer), row.status) << row.line;
    EXPECT_NE(answer.find(row.said), std::string::npos) << answer;
  }
  EXPECT_EQ(status(ask(request("POST /disable?member=127.0.0.1:1"))), 403) << "without the header";
}

TEST_F(AdminAddress, SaysWhyAReloadIsRefused) {
  const std::string header = std::string(kAdminHeader) + ": 1\r\n";
  EXPECT_EQ(status(ask(request("POST /reload", header))), 409);
  EXPECT_EQ(status(ask(request("POST /reopen-logs", header))), 200);
}

TEST_F(AdminAddress, StopsTheServerAfterItsAnswer) {
  ToyClient client(admin_->address());
  client.say(request("POST /stop", std::string(kAdminHeader) + ": 1\r\n"));
  stopped_ = true;
  std::thread reader([&] {
    while (!client.has_ended()) client.turn();
  });
  loop_->run();
  admin_ = nullptr;
  reader.join();
  EXPECT_EQ(status(client.heard()), 200) << client.heard();
}

TEST_F(AdminAddress, OutlivesClientsThatDoNotWait) {
  for (int i = 0; i < 50; ++i) {
    ToyClient client(admin_->address());
    client.say(request("GET /status"));
    loop_->run_once(1ms);
    client.turn();
  }
  EXPECT_EQ(status(ask(request("GET /status"))), 200);
}

TEST_F(AdminAddress, IsAskedByTheCommandLine) {
  Result<AdminAnswer> answer = Error{};
  const Address address = admin_->address();
  std::atomic<bool> done = false;
  std::thread command([&] {
    answer = ask_admin(address, {"GET", "/why?cookie=" + percent_encoded("a!b c/%")});
    done = true;
  });
  EXPECT_TRUE(until([&] { return done.load(); }));
  command.join();
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 200);
  EXPECT_TRUE(answer->body.starts_with("{")) << answer->body;
}

TEST(AdminClient, SaysThatNobodyListens) {
  Fd listener = *listen_tcp(Address::loopback(0), {});
  const Address address = local_address(listener);
  listener.reset();
  const auto answer = ask_admin(address, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kConnectRefused);
}

TEST(AdminClient, WaitsForAnAnswerNoLongerThanItIsAskedTo) {
  const Fd listener = *listen_tcp(Address::loopback(0), {});  // accepts, and says nothing
  const auto answer =
      ask_admin(local_address(listener), {.answer_max = std::chrono::milliseconds(1)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(answer.error().detail, "no answer within 1 ms");
}

TEST(AdminClient, SaysThatWhatAnswersIsNoAdminAddress) {
  const Fd listener = *listen_tcp(Address::loopback(0), {});
  std::thread other([&] {
    pollfd ready{.fd = listener.value(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&ready, 1, 30'000), 1);
    const Fd accepted(::accept(listener.value(), nullptr, nullptr));
    const std::string_view text = "SSH-2.0-OpenSSH\r\n";
    EXPECT_EQ(::send(accepted.value(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    ::shutdown(accepted.value(), SHUT_WR);
    std::array<char, 1024> question;
    while (::recv(accepted.value(), question.data(), question.size(), 0) > 0) {
    }
  });
  const auto answer = ask_admin(local_address(listener), {});
  other.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kProtocol);
}

}  // namespace
}  // namespace understudy
