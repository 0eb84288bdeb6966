// SPDX-License-Identifier: Apache-2.0
// SessionCookieFormat insert: the rules of its cookie's life, and what clients and members see.
#include "proxy/exchange/inserted_cookie.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/cookies/test_keys.h"
#include "tests/proxy/downstream/http2_site.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using std::chrono::seconds;

constexpr uint32_t kNow = 1'800'000'000;

routing::Member member_of(uint64_t serial) {
  routing::Member member;
  member.serial = serial;
  member.tags = {100 + serial, 200 + serial, 0};
  return member;
}

TEST(InsertedCookie, IsGivenToWhoHasNoneAndKeptWhileItIsRight) {
  const InsertedCookie cookie("S", {});
  const routing::Member member = member_of(1);
  const auto given = cookie.next({}, member, kNow);
  EXPECT_EQ(given.tag, 101u);
  EXPECT_EQ(given.issued_s, kNow);
  EXPECT_EQ(given.seen_s, kNow);
  const InsertedCookie::Shown shown{.serial = 1, .tag = 101, .issued_s = 5, .seen_s = 5};
  EXPECT_EQ(cookie.next(shown, member, kNow).tag, 0u) << "no limit, no other member";
}

TEST(InsertedCookie, BeginsAnewWithAnotherMember) {
  const InsertedCookie cookie("S", {});
  const InsertedCookie::Shown shown{.serial = 1, .tag = 101, .issued_s = 5, .seen_s = 5};
  const auto given = cookie.next(shown, member_of(2), kNow);
  EXPECT_EQ(given.tag, 102u);
  EXPECT_EQ(given.issued_s, kNow);
}

TEST(InsertedCookie, IsSignedAnewAfterAChangeOfKeysButGetsNoOlder) {
  const InsertedCookie cookie("S", {});
  const InsertedCookie::Shown shown{.serial = 1, .tag = 201, .issued_s = 5, .seen_s = 5};
  const auto given = cookie.next(shown, member_of(1), kNow);
  EXPECT_EQ(given.tag, 101u);
  EXPECT_EQ(given.issued_s, 5u) << "its life goes on";
}

TEST(InsertedCookie, IsGivenAnewWhenAnEighthOfItsTimeIsOver) {
  const struct {
    const char* name;
    config::InsertedCookie options;
  } kinds[] = {{"idle", {.idle_max = seconds(800)}},
               {"Max-Age", {.attributes = {.max_age = seconds(800)}}},
               {"both", {.attributes = {.max_age = seconds(9000)}, .idle_max = seconds(800)}}};
  for (const auto& kind : kinds) {
    SCOPED_TRACE(kind.name);
    const InsertedCookie cookie("S", kind.options);
    const routing::Member member = member_of(1);
    InsertedCookie::Shown shown{.serial = 1, .tag = 101, .issued_s = 5, .seen_s = kNow};
    EXPECT_EQ(cookie.next(shown, member, kNow + 99).tag, 0u);
    const auto given = cookie.next(shown, member, kNow + 100);
    EXPECT_EQ(given.tag, 101u);
    EXPECT_EQ(given.issued_s, 5u);
    EXPECT_EQ(given.seen_s, kNow + 100);
  }
}

TEST(InsertedCookie, ExpiresByItsIdleTimeAndByItsLife) {
  const struct {
    const char* name;
    int idle_max, life_max;
    uint32_t issued_s, seen_s;
    AffinityRefusal refusal;
  } rows[] = {
      {"no limits", 0, 0, 1, 1, AffinityRefusal::kNone},
      {"idle, at the limit", 60, 0, 1, kNow - 60, AffinityRefusal::kNone},
      {"idle, beyond it", 60, 0, 1, kNow - 61, AffinityRefusal::kExpired},
      {"life, at the limit", 0, 60, kNow - 60, kNow - 60, AffinityRefusal::kNone},
      {"life, beyond it", 0, 60, kNow - 61, kNow, AffinityRefusal::kExpired},
      {"another proxy's clock is ahead", 60, 60, kNow + 3600, kNow + 3600, AffinityRefusal::kNone},
      {"seen in a far future", 60, 0, kNow, kNow + 3601, AffinityRefusal::kExpired},
      {"issued in a far future", 0, 60, kNow + 3601, kNow, AffinityRefusal::kExpired},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const InsertedCookie cookie(
        "S", {.idle_max = seconds(row.idle_max), .life_max = seconds(row.life_max)});
    EXPECT_EQ(cookie.judge({.issued_s = row.issued_s, .seen_s = row.seen_s}, kNow), row.refusal);
  }
}

// ---- Through the proxy.

TestProxy::Options options() {
  TestProxy::Options options{.members = 3};
  options.dialect = Dialect::kInsert;
  options.keyring = ring();
  options.session_cookie = "STICK";
  return options;
}

std::string plain_get(const std::string& lines = {}) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

class Insert : public testing::Test {
 protected:
  void open(const TestProxy::Options& options) {
    proxy = std::make_unique<TestProxy>(options);
    for (std::size_t i = 0; i < options.members; ++i) {
      proxy->member(i).answer = [this, i](std::string_view request) {
        seen.emplace_back(request);
        served = i;
        return ok("hello", response_lines);
      };
    }
    client = &proxy->connect();
  }
  std::string exchange(const std::string& request) {
    client->send(request);
    EXPECT_TRUE(proxy->run_until([&] { return message_bytes(client->received()) != 0; }));
    return client->take();
  }
  static std::string cookie_in(const std::string& response) {
    const std::size_t at = response.find("Set-Cookie: STICK=");
    if (at == std::string::npos) return {};
    return response.substr(at + 12, response.find(';', at) - at - 12);
  }
  std::string cookie_of_token(const AffinityToken& token) {
    return "STICK=" + std::string(proxy->cluster().routing().codec().encode(token)->view());
  }

  std::unique_ptr<TestProxy> proxy;
  Peer* client = nullptr;
  std::string response_lines;
  std::vector<std::string> seen;
  std::size_t served = 99;
};

TEST_F(Insert, BindsAClientToTheMemberThatServedItFirst) {
  open(options());
  const std::string first = exchange(plain_get());
  const std::string cookie = cookie_in(first);
  ASSERT_NE(cookie, "") << first;
  EXPECT_NE(first.find("; Path=/; HttpOnly; SameSite=Lax\r\n"), std::string::npos) << first;
  EXPECT_NE(first.find("Cache-Control: private\r\n"), std::string::npos) << first;
  const std::size_t bound = served;
  for (int i = 0; i < 7; ++i) {
    const std::string next = exchange(plain_get("Cookie: " + cookie + "\r\n"));
    EXPECT_EQ(served, bound);
    EXPECT_EQ(next.find("Set-Cookie"), std::string::npos) << next;
    EXPECT_EQ(next.find("Cache-Control"), std::string::npos) << "such a response may be kept";
    EXPECT_EQ(proxy->log().lines.back().why, "cookie-route");
  }
}

TEST_F(Insert, TellsClientsNoAddresses) {
  open(options());
  const std::string cookie = cookie_in(exchange(plain_get()));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cookie.find(std::to_string(proxy->member(i).port())), std::string::npos);
  }
}

TEST_F(Insert, TakesItsCookieOutOfTheRequest) {
  open(options());
  const std::string cookie = cookie_in(exchange(plain_get()));
  const struct {
    std::string sent;
    std::string arrives;  // every Cookie line
  } rows[] = {
      {"Cookie: " + cookie + "\r\n", ""},
      {"Cookie: a=1; " + cookie + "; b=2\r\n", "Cookie: a=1; b=2\r\n"},
      {"Cookie: a=1;" + cookie + "\r\nCookie: c=3\r\n", "Cookie: c=3\r\nCookie: a=1\r\n"},
      {"Cookie: STICK=forged; a=1\r\n", "Cookie: a=1\r\n"},
      {"Cookie: a=1; STICKY=2\r\n", "Cookie: a=1; STICKY=2\r\n"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.sent);
    exchange(plain_get(row.sent));
    std::string arrived;
    const std::string& head = seen.back();
    for (std::size_t at = head.find("Cookie: "); at != std::string::npos;
         at = head.find("Cookie: ", at + 1)) {
      arrived += head.substr(at, head.find("\r\n", at) + 2 - at);
    }
    EXPECT_EQ(arrived, row.arrives) << head;
  }
}

TEST_F(Insert, IsNotLedByACookieThatItDidNotSign) {
  open(options());
  const std::string cookie = cookie_in(exchange(plain_get()));
  std::string forged = cookie;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  const std::string answer = exchange(plain_get("Cookie: " + forged + "\r\n"));
  EXPECT_EQ(proxy->log().lines.back().why, "invalid-cookie");
  EXPECT_NE(cookie_in(answer), "") << "the client gets a good one";
}

TEST_F(Insert, GivesANewCookieWhenTheMemberChanges) {
  open(options());
  const std::string cookie = cookie_in(exchange(plain_get()));
  const std::size_t bound = served;
  proxy->member(bound).kill();
  const std::string moved = exchange(plain_get("Cookie: " + cookie + "\r\n"));
  EXPECT_NE(served, bound);
  const std::string next = cookie_in(moved);
  ASSERT_NE(next, "");
  EXPECT_NE(next, cookie);
  const std::size_t now_bound = served;
  proxy->member(bound).restart();
  exchange(plain_get("Cookie: " + next + "\r\n"));
  EXPECT_EQ(served, now_bound) << "the member that came back has no session of this client";
}

TEST_F(Insert, LetsGoOfWhoWasAwayForTooLong) {
  auto with_idle = options();
  with_idle.inserted.idle_max = seconds(60);
  open(with_idle);
  const uint32_t now = proxy->cluster().wall_seconds();
  const MemberTag tag = proxy->cluster().routing().table().members()[1]->tags[0];
  const auto shown = [&](uint32_t seen) {
    const AffinityToken token{
        .dialect = Dialect::kInsert, .member_tag = tag, .issued_s = now - 1000, .seen_s = seen};
    return "Cookie: " + cookie_of_token(token) + "\r\n";
  };
  EXPECT_EQ(cookie_in(exchange(plain_get(shown(now)))), "");
  EXPECT_EQ(served, 1u);
  EXPECT_NE(cookie_in(exchange(plain_get(shown(now - 30)))), "") << "an active client is kept";
  EXPECT_EQ(served, 1u);
  exchange(plain_get(shown(now - 100)));
  EXPECT_EQ(proxy->log().lines.back().why, "invalid-cookie");
}

TEST_F(Insert, LeavesStricterCacheControlAlone) {
  open(options());
  for (const char* value : {"private", "max-age=5, PRIVATE", "no-store"}) {
    response_lines = std::string("Cache-Control: ") + value + "\r\n";
    const std::string answer = exchange(plain_get());
    EXPECT_EQ(count_of(answer, "Cache-Control"), 1u) << answer;
  }
  for (const char* value : {"public, max-age=600", "private=\"x\""}) {
    response_lines = std::string("Cache-Control: ") + value + "\r\n";
    const std::string answer = exchange(plain_get());
    EXPECT_NE(answer.find("\r\nCache-Control: private\r\n"), std::string::npos) << answer;
  }
}

TEST_F(Insert, BindsNobodyToAMemberThatAnswers503) {
  auto one = options();
  one.members = 1;
  open(one);
  proxy->member(0).answer = [](std::string_view) {
    return std::string("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  };
  EXPECT_EQ(exchange(plain_get()).find("Set-Cookie"), std::string::npos);
}

TEST_F(Insert, WritesTheAttributesThatTheOperatorWants) {
  auto chosen = options();
  chosen.inserted.attributes = {.path = "/shop",
                                .domain = "example.com",
                                .secure = SecureWhen::kAlways,
                                .http_only = false,
                                .same_site = SameSite::kNone,
                                .max_age = seconds(3600)};
  open(chosen);
  const std::string answer = exchange(plain_get());
  EXPECT_NE(
      answer.find("; Max-Age=3600; Domain=example.com; Path=/shop; Secure; SameSite=None\r\n"),
      std::string::npos)
      << answer;
}

TEST_F(Insert, KnowsTheCookiesOfAnOlderKey) {
  auto both = options();
  both.keyring = ring("21");
  open(both);
  const AffinityCodec old_codec({.dialect = Dialect::kInsert,
                                 .keyring = ring("1"),
                                 .cluster = std::string(kDefaultClusterName)});
  const std::string name = "m2";  // the route of the third member
  const auto old_cookie = old_codec.encode({.dialect = Dialect::kInsert,
                                            .member_tag = old_codec.member_tags(name)[0],
                                            .issued_s = kNow,
                                            .seen_s = kNow});
  const std::string answer =
      exchange(plain_get("Cookie: STICK=" + std::string(old_cookie->view()) + "\r\n"));
  EXPECT_EQ(served, 2u);
  EXPECT_NE(cookie_in(answer), "") << "signed by the new key, so that the old one can go";
}

TEST(InsertOverHttp2, BindsAClientToo) {
  Http2Site site(options());
  std::size_t served = 99;
  std::string request;
  for (std::size_t i = 0; i < 3; ++i) {
    site.proxy.member(i).answer = [&, i](std::string_view text) {
      served = i;
      request = text;
      return ok("hello");
    };
  }
  site.send(headers(1, test::get("/")));
  ASSERT_TRUE(site.run_until_ended(1));
  const std::string line = site.response(1).field("set-cookie");
  ASSERT_TRUE(line.starts_with("STICK=")) << line;
  EXPECT_EQ(site.response(1).field("cache-control"), "private");
  const std::size_t bound = served;
  for (uint32_t stream = 3; stream < 15; stream += 2) {
    const std::string cookie = line.substr(0, line.find(';'));
    site.send(headers(stream,
                      test::get("/", {{"cookie", "a=1"}, {"cookie", cookie}, {"cookie", "b=2"}})));
    ASSERT_TRUE(site.run_until_ended(stream));
    EXPECT_EQ(served, bound);
    EXPECT_EQ(site.response(stream).field("set-cookie"), "(none)");
    EXPECT_NE(request.find("Cookie: a=1; b=2\r\n"), std::string::npos) << request;
    EXPECT_EQ(request.find("STICK"), std::string::npos) << request;
  }
}

}  // namespace
}  // namespace understudy::test
