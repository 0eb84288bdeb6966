// SPDX-License-Identifier: Apache-2.0
// The third server (PROTOCOL 1.4): what a relaying member reads, says and bounds; and three real
// members, of which the wrong one is asked.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/node/answer_reader.h"
#include "backend_sdk/node/relay_mark.h"
#include "backend_sdk/node/relay_request.h"
#include "cookies/contract.h"
#include "tests/backend_sdk/node/http_client.h"
#include "tests/backend_sdk/node/test_cluster.h"
#include "tests/backend_sdk/node/test_server.h"

namespace understudy {
namespace {

using State = AnswerReader::State;

struct ReadCase {
  const char* name;
  std::string_view text;
  State state;
  std::string_view body = {};
  bool is_kept = false;
  bool is_head = false;
  bool ends = false;  // the connection does, behind it
};

constexpr std::array kReadCases = {
    ReadCase{"a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", State::kDone, "abc",
             true},
    ReadCase{"no body", "HTTP/1.1 204 No Content\r\n\r\n", State::kDone, "", true},
    ReadCase{"an empty one", "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", State::kDone, "", true},
    ReadCase{"chunks",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n"
             "0\r\nT: 1\r\n\r\n",
             State::kDone, "abcde", true},
    ReadCase{"until the end", "HTTP/1.1 200 OK\r\n\r\nabc", State::kDone, "abc", false, false,
             true},
    ReadCase{"closing", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\na",
             State::kDone, "a"},
    ReadCase{"1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", State::kDone, "a"},
    ReadCase{"1xx before it",
             "HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1"
             "\r\n\r\na",
             State::kDone, "a", true},
    ReadCase{"to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", State::kDone, "", true,
             true},
    ReadCase{"more behind it", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", State::kDone, "a"},
    ReadCase{"half a head", "HTTP/1.1 200 OK\r\nContent-", State::kHead},
    ReadCase{"a head cut off", "HTTP/1.1 200 OK\r\nContent-", State::kBad, "", false, false, true},
    ReadCase{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", State::kBody, "ab"},
    ReadCase{"a body cut off", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", State::kBad, "ab",
             false, false, true},
    ReadCase{"chunks cut off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
             State::kBad, "ab", false, false, true},
    ReadCase{"garbage", "SSH-2.0-x\r\n\r\n", State::kBad},
    ReadCase{"status 99", "HTTP/1.1 099 OK\r\n\r\n", State::kBad},
    ReadCase{"101", "HTTP/1.1 101 Switching\r\n\r\n", State::kBad},
    ReadCase{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
             State::kBad},
    ReadCase{"length and chunks",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             State::kBad},
    ReadCase{"a coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
             State::kBad},
    ReadCase{"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", State::kBad},
    ReadCase{"a chunk's size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
             State::kBad},
    ReadCase{"a chunk's end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
             State::kBad, "a"},
};

TEST(AnswerReader, ReadsAnswersHoweverTheyAreCut) {
  for (const ReadCase& one : kReadCases) {
    for (const std::size_t piece : {one.text.size(), std::size_t{1}, std::size_t{3}}) {
      AnswerReader reader(one.is_head);
      std::string body;
      for (std::size_t at = 0; at < one.text.size(); at += piece) {
        reader.read(one.text.substr(at, piece), body);
      }
      if (one.ends) reader.end();
      EXPECT_EQ(reader.state(), one.state) << one.name << " in pieces of " << piece;
      EXPECT_EQ(body, one.body) << one.name << " in pieces of " << piece;
      EXPECT_EQ(reader.is_kept(), one.is_kept) << one.name << " in pieces of " << piece;
    }
  }
}

TEST(AnswerReader, RefusesAHeadWithoutAnEnd) {
  AnswerReader reader(false);
  std::string body;
  reader.read("HTTP/1.1 200 OK\r\n", body);
  const std::string line = "A: " + std::string(1000, 'a') + "\r\n";
  for (std::size_t size = 0; size < AnswerReader::kHeadBytesMax; size += line.size()) {
    reader.read(line, body);
  }
  EXPECT_EQ(reader.state(), State::kBad);
}

std::shared_ptr<const Keyring> ring(std::string_view key) {
  return Keyring::parse("1 " + std::string(key.size() == 1 ? 64 : 0, key.front()) + "\n", "ring")
      .keyring;
}

TEST(RelayMark, HoldsForOneRequestToOneLifeForAWhile) {
  const RelayMark mark(*ring("a"), "shop");
  const RelayMark::Time now{std::chrono::hours(500'000)};
  const RelayedRequest request{
      .method = "POST", .target = "/count", .request_id = "0123", .failover = "refused", .to = 7};
  const std::string text = mark.write(request, 3, now);
  EXPECT_TRUE(mark.holds(text, request, now));
  EXPECT_TRUE(mark.holds(text, request, now + RelayMark::kAgeMax));
  EXPECT_TRUE(mark.holds(text, request, now - RelayMark::kAgeMax));
  using std::chrono::milliseconds;
  EXPECT_FALSE(mark.holds(text, request, now + RelayMark::kAgeMax + milliseconds(1)));
  EXPECT_FALSE(mark.holds(text, request, now - RelayMark::kAgeMax - milliseconds(1)));

  for (const auto change : std::vector<void (*)(RelayedRequest&)>{
           [](RelayedRequest& r) { r.method = "GET"; }, [](RelayedRequest& r) { r.target = "/"; },
           [](RelayedRequest& r) { r.request_id = "0124"; },
           [](RelayedRequest& r) { r.failover = ""; }, [](RelayedRequest& r) { r.to = 8; }}) {
    RelayedRequest other = request;
    change(other);
    EXPECT_FALSE(mark.holds(text, other, now));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(mark.holds(changed, request, now)) << i;
    EXPECT_FALSE(mark.holds(text.substr(0, i), request, now)) << i;
  }
  EXPECT_FALSE(RelayMark(*ring("b"), "shop").holds(text, request, now));
  EXPECT_FALSE(RelayMark(*ring("a"), "stop").holds(text, request, now));
}

TEST(RelayRequest, LeavesOutWhatIsOfOneHopOrOfTheContract) {
  const std::vector<HeaderView> headers = {{"Host", "shop"},
                                           {"Connection", "keep-alive, X-Own"},
                                           {"X-Own", "1"},
                                           {"Transfer-Encoding", "chunked"},
                                           {"content-length", "9"},
                                           {"understudy_failover", "drain"},
                                           {"Understudy-Relayed", "x"},
                                           {"Cookie", "SID=a"}};
  const auto request = RelayRequest::of(
      {.method = "POST", .target = "/a?b", .headers = headers, .tls = true}, "xyz", false);
  EXPECT_FALSE(request.asks_for_upgrade);
  EXPECT_FALSE(request.is_idempotent());
  const std::vector<Header> more = {{"Understudy-Relayed", "mark"}};
  EXPECT_EQ(request.text(more, "10.0.0.1:80"),
            "POST /a?b HTTP/1.1\r\nHost: shop\r\nCookie: SID=a\r\nX-Forwarded-Proto: https\r\n"
            "Understudy-Relayed: mark\r\nContent-Length: 3\r\n\r\nxyz");
  const std::vector<HeaderView> upgrade = {{"connection", "Upgrade"}, {"Upgrade", "websocket"}};
  EXPECT_TRUE(RelayRequest::of({.method = "GET", .target = "/", .headers = upgrade}, "", false)
                  .asks_for_upgrade);
}

// --- real members ------------------------------------------------------------------------------

constexpr std::size_t kPieceBytes = 64u << 10;
constexpr int kPieces = 256;  // 16 MiB

class ThirdServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string seed;
    for (std::size_t i = 0; i < kMembers; ++i) {
      servers_[i] = std::make_unique<TestServer>(
          std::string(1, static_cast<char>('a' + i)), seed, i + 1,
          [this, i](Node&, EvhttpServer& server, event_base*) { add_handlers(i, server); });
      if (i == 0) seed = servers_[0]->node().cluster_address();
    }
    for (const auto& server : servers_) {
      EXPECT_FALSE(server->node().wait_ready(kPatience, Readiness::kProtected));
    }
  }

  void add_handlers(std::size_t member, EvhttpServer& server) {
    server.handle("/count", [member](Request&, Session& session, Response& response) {
      count(session);
      response.add_header("Member", std::to_string(member));
      response.set_body(std::string(*session.get("count")), "text/plain");
    });
    server.handle("/echo", [](Request& request, Session&, Response& response) {
      response.set_body(std::string(request.body()), "application/octet-stream");
    });
    server.handle("/large", [this](Request&, Session&, Response& response) {
      auto deferral = std::make_shared<Deferral>(response.defer());
      response.stream([this, &response, deferral] { send_piece(response, deferral, 0); });
    });
  }

  void send_piece(Response& response, const std::shared_ptr<Deferral>& deferral, int number) {
    if (number == kPieces) return deferral->done();
    sent_ = number + 1;
    response.write(
        std::string(kPieceBytes, static_cast<char>('a' + number % 26)),
        [this, &response, deferral, number] { send_piece(response, deferral, number + 1); });
  }

  // A session, and who serves it.
  std::size_t begin_session(std::vector<Header>& cookies) {
    HttpClient client(servers_[1]->port());
    client.keep_cookies();
    const auto answer = client.ask("POST", "/count");
    EXPECT_TRUE(answer && answer->status == 200);
    for (const Header& cookie : client.cookies()) {
      cookies.push_back({"Cookie", cookie.name + "=" + cookie.value});
    }
    return 1;
  }

  static constexpr std::size_t kMembers = 3;
  std::array<std::unique_ptr<TestServer>, kMembers> servers_;
  std::atomic<int> sent_{0};
};

TEST_F(ThirdServerTest, AnswersForTheMemberThatServesTheSession) {
  std::vector<Header> cookies;
  const std::size_t primary = begin_session(cookies);
  int expected = 1;
  for (int turn = 0; turn < 3; ++turn) {
    for (const auto& server : servers_) {
      HttpClient client(server->port());
      const auto answer = client.ask("POST", "/count", cookies);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, 200) << answer->body;
      EXPECT_EQ(answer->body, std::to_string(++expected));
      EXPECT_EQ(answer->header("Member"), std::to_string(primary));
      const auto head = client.ask("HEAD", "/echo", cookies);
      ASSERT_TRUE(head);
      EXPECT_EQ(head->status, 200);
      std::string body(3u << 20, 'x');
      const auto echo = client.ask("POST", "/echo", cookies, body);
      ASSERT_TRUE(echo);
      EXPECT_EQ(echo->body.size(), body.size());
    }
  }
}

TEST_F(ThirdServerTest, ServesOrRelaysWhenThePrimaryHasDied) {
  std::vector<Header> cookies;
  servers_[begin_session(cookies)]->kill();
  int expected = 1;
  for (const std::size_t member : {0, 2, 0, 2}) {
    HttpClient client(servers_[member]->port());
    const auto answer = client.ask("POST", "/count", cookies);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 200) << answer->body;
    EXPECT_EQ(answer->body, std::to_string(++expected));
  }
}

TEST_F(ThirdServerTest, ReadsNoFasterThanItsClient) {
  std::vector<Header> cookies;
  begin_session(cookies);
  HttpClient client(servers_[0]->port());
  ASSERT_TRUE(client.send("GET", "/large", cookies));
  // The client does not read: what the sockets and RelayBufferBytes hold is less than the whole.
  int seen = -1;
  for (int still = 0; still < 20;) {
    HttpClient other(servers_[0]->port());
    ASSERT_TRUE(other.ask("POST", "/count", cookies));
    const int now = sent_;
    still = now > 0 && now == seen ? still + 1 : 0;
    seen = now;
  }
  EXPECT_LT(seen, kPieces);
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.size(), kPieceBytes * kPieces);
  EXPECT_EQ(answer->body.back(), static_cast<char>('a' + (kPieces - 1) % 26));
}

TEST_F(ThirdServerTest, BreaksOffWhatItsMemberDoesNotFinish) {
  std::vector<Header> cookies;
  const std::size_t primary = begin_session(cookies);
  HttpClient client(servers_[0]->port());
  ASSERT_TRUE(client.send("GET", "/large", cookies));
  while (sent_ == 0) {
    HttpClient other(servers_[0]->port());
    ASSERT_TRUE(other.ask("POST", "/count", cookies));
  }
  servers_[primary]->kill();
  EXPECT_FALSE(client.receive()) << "a part was taken for the whole";
}

TEST_F(ThirdServerTest, SaysThatAnUpgradeIsNotRelayed) {
  std::vector<Header> cookies;
  begin_session(cookies);
  cookies.push_back({"Connection", "Upgrade"});
  cookies.push_back({"Upgrade", "websocket"});
  HttpClient client(servers_[0]->port());
  const auto answer = client.ask("GET", "/count", cookies);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 421);
  EXPECT_NE(answer->body.find("Upgrade"), std::string::npos);
}

TEST_F(ThirdServerTest, IsNotDeceivedByAClient) {
  std::vector<Header> cookies;
  const std::size_t primary = begin_session(cookies);
  cookies.push_back({"Understudy-Relayed", std::string(41, '0')});
  for (const std::size_t member : {primary, std::size_t{0}}) {
    HttpClient client(servers_[member]->port());
    const auto answer = client.ask("POST", "/count", cookies);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 421);
    EXPECT_EQ(answer->header(kHandledHeader), kHandledNo);
  }
}

TEST(ThirdServerOptions, PullIsRefusedAtOpen) {
  Options options = test_options("a", "");
  options.third_server = Options::ThirdServer::kPull;
  const auto node = Node::open(options);
  ASSERT_FALSE(node);
  EXPECT_NE(node.failure().text.find("ThirdServer pull"), std::string::npos);
}

}  // namespace
}  // namespace understudy
