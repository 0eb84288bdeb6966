// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/contract.h"

#include <gtest/gtest.h>

#include "backend_sdk/node/stored_reply.h"
#include "cookies/contract.h"
#include "tests/backend_sdk/node/contract_fixture.h"
#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {
namespace {

// The keys 'a' (as keys(1)) and 'b', in this order.
std::shared_ptr<const Keyring> ring(const std::string& ids) {
  const std::vector<std::uint8_t> a(kKeyBytesMin, 1), b(kKeyBytesMin, 2);
  std::vector<Keyring::NamedKey> named;
  for (const char id : ids) named.push_back({.id = id, .bytes = id == 'a' ? a : b});
  return Keyring::from_keys(named).keyring;
}

using Tokens = std::vector<SessionToken>;

// A changed Domain or Path leaves the old cookie in the browser, in front of the new one.
TEST_F(Contract, OfSeveralCookiesAllThatVerifyAreRead) {
  SessionToken other = token();
  other.primary += 1;
  const std::string first = "SID=" + value_of(cookie_line(token()));
  const std::string second = "SID=" + value_of(cookie_line(other));
  EXPECT_EQ(read({{"Cookie", "SID=abc; " + first + "; a=b; SID=; " + second}}).tokens,
            (Tokens{token(), other}));
  EXPECT_EQ(read({{"Cookie", first}, {"Cookie", second}}).tokens, (Tokens{token(), other}));
  std::string many;
  for (std::size_t i = 0; i < kTokensMax + 1; ++i) many += first + "; ";
  EXPECT_EQ(read({{"Cookie", many}}).tokens.size(), kTokensMax);
}

TEST_F(Contract, ACookieOfOursComesBackAsItsToken) {
  const std::string line = cookie_line(token());
  EXPECT_NE(line.find("HttpOnly"), std::string::npos);
  EXPECT_NE(line.find("SameSite=Lax"), std::string::npos);
  EXPECT_EQ(line.find("Secure"), std::string::npos);
  EXPECT_NE(cookie_line(token(), true).find("Secure"), std::string::npos);
  EXPECT_EQ(read({{"cookie", "a=b; SID=" + value_of(line)}}).tokens, Tokens{token()});
}

TEST_F(Contract, ASoloTokenNamesNoSecondary) {
  SessionToken solo = token();
  solo.secondary = kNobody;
  EXPECT_EQ(read({{"Cookie", "SID=" + value_of(cookie_line(solo))}}).tokens, Tokens{solo});
}

TEST_F(Contract, WhatIsNotSignedByThisClusterIsNoToken) {
  const std::string good = value_of(cookie_line(token()));
  std::string forged = good;
  forged[5] = forged[5] == 'A' ? 'B' : 'A';
  const HttpContract other_cluster({.keyring = keys(1), .cluster = "d", .cookie_name = "SID"},
                                   board_);
  const HttpContract other_key({.keyring = keys(2), .cluster = "c", .cookie_name = "SID"}, board_);
  EXPECT_TRUE(read({{"Cookie", "SID=" + forged}}).tokens.empty());
  EXPECT_TRUE(read({{"Cookie", "SID="}}).tokens.empty());
  EXPECT_TRUE(read({{"Cookie", "OTHER=" + good}}).tokens.empty());
  EXPECT_TRUE(read({{"Cookie", "SID=abc!123!456"}}).tokens.empty());
  const Asked asked{.headers = {{"Cookie", "SID=" + good}}};
  EXPECT_TRUE(other_cluster.read(AskedView(asked).view()).tokens.empty());
  EXPECT_TRUE(other_key.read(AskedView(asked).view()).tokens.empty());
}

TEST_F(Contract, AKeyIsInstalledUsedAndRemoved) {
  const std::string with_a = value_of(cookie_line(token()));
  const auto read_cookie = [&](const std::string& value) {
    return read({{"Cookie", "SID=" + value}}).tokens;
  };
  contract_.use_keys(ring("ab"));
  EXPECT_EQ(value_of(cookie_line(token())), with_a) << "installed is not used";
  EXPECT_EQ(read_cookie(with_a), Tokens{token()});

  contract_.use_keys(ring("ba"));
  const std::string with_b = value_of(cookie_line(token()));
  EXPECT_NE(with_b, with_a);
  EXPECT_EQ(read_cookie(with_b), Tokens{token()});
  SessionToken old = token();
  old.is_to_renew = true;
  EXPECT_EQ(read_cookie(with_a), Tokens{old});

  contract_.use_keys(ring("b"));
  EXPECT_EQ(read_cookie(with_b), Tokens{token()});
  EXPECT_TRUE(read_cookie(with_a).empty());
}

TEST_F(Contract, TheListIsSignedWithTheKeyOfNowAndItsHashStays) {
  const auto before = board_.current();
  board_.use_keys(*ring("ba"));
  const auto after = board_.current();
  EXPECT_EQ(after->hash, before->hash);
  EXPECT_EQ(after->members.size(), before->members.size());
  EXPECT_TRUE(ViewCodec(*ring("b"), "c").decode(after->text));
  EXPECT_FALSE(ViewCodec(*ring("b"), "c").decode(before->text));
  publish(Liveness::kAlive);
  EXPECT_FALSE(changed_) << "proxies have nothing new to see";
  publish(Liveness::kDead);
  EXPECT_TRUE(changed_);
  EXPECT_TRUE(ViewCodec(*ring("b"), "c").decode(board_.current()->text));
}

TEST_F(Contract, KeysMayChangeBeforeThereIsAList) {
  ViewBoard board(*ring("a"), "c", std::chrono::milliseconds(200));
  board.use_keys(*ring("b"));
  EXPECT_EQ(board.current(), nullptr);
}

TEST_F(Contract, TheProxysHeadersAreRead) {
  const ContractFacts facts = read({{"UNDERSTUDY-REQUEST-ID", "00000000000000ff"},
                                    {"Understudy-Failover", "reset"},
                                    {"Understudy-View-Seen", "0000000000000000"},
                                    {"X-Forwarded-Proto", "https"}});
  EXPECT_EQ(facts.request_id, 255u);
  EXPECT_TRUE(facts.failover);
  EXPECT_EQ(facts.view_seen, 0u);
  EXPECT_TRUE(facts.tls);
  const ContractFacts nothing = read({{"Understudy-Request-Id", "ff"}});
  EXPECT_EQ(nothing.request_id, 0u);
  EXPECT_FALSE(nothing.view_seen);
}

TEST_F(Contract, WhatAnOperatorWantsIsRead) {
  EXPECT_TRUE(read({{"Understudy-Draining", "move"}}).move);
  EXPECT_FALSE(read({{"Understudy-Draining", "keep"}}).move);
  EXPECT_FALSE(read({{"Understudy-Draining", ""}}).move);
  const ContractFacts moved = read({{"Understudy-Failover", "drain"}});
  EXPECT_TRUE(moved.failover);
  EXPECT_TRUE(moved.moved);
  EXPECT_FALSE(read({{"Understudy-Failover", "reset"}}).moved);
  const ContractFacts unreachable = read({{"Understudy-Failover", "unreachable"}});
  EXPECT_TRUE(unreachable.failover && unreachable.unreachable);
  EXPECT_FALSE(unreachable.moved);
  EXPECT_FALSE(read({{"Understudy-Failover", "timeout"}}).unreachable);
  EXPECT_TRUE(read({{"Understudy-Failover", "reset"}}).broken_off);
  EXPECT_FALSE(read({{"Understudy-Failover", "refused"}}).broken_off);
}

TEST_F(Contract, HowLongARequestHasWaitedIsReadAndDoubtCountsAsLong) {
  EXPECT_EQ(read({}).waited, std::chrono::milliseconds(0));
  EXPECT_EQ(read({{"understudy-waited", "1500"}}).waited, std::chrono::milliseconds(1500));
  for (const char* text : {"", "-1", "1.5", "1 ", "0x10", "99999999999"}) {
    EXPECT_GT(read({{"Understudy-Waited", text}}).waited, std::chrono::hours(1)) << text;
  }
}

TEST_F(Contract, WhichRequestsMayBeForgottenIsReadAndNothingOfABrokenList) {
  EXPECT_TRUE(read({}).answered.empty());
  EXPECT_EQ(read({{"understudy-answered", "00000000000000ff,0000000000000001"}}).answered,
            (std::vector<RequestId>{255, 1}));
  EXPECT_TRUE(read({{"Understudy-Answered", "00000000000000ff,1"}}).answered.empty());
}

TEST_F(Contract, TheListIsSentOnlyToWhoHasAnother) {
  const auto view = board_.current();
  ContractFacts facts;
  EXPECT_TRUE(contract_.view_headers(facts).empty()) << "nobody asked";
  facts.view_seen = 0;
  EXPECT_EQ(header_of(contract_.view_headers(facts), kViewHeader), view->text);
  facts.view_seen = view->hash;
  EXPECT_EQ(header_of(contract_.view_headers(facts), kViewHeader), view->hash_view());
}

TEST_F(Contract, TheListDecodesWithTheClustersKey) {
  const ViewCodec codec(*keys(1), "c");
  const DecodedView decoded = codec.decode(board_.current()->text);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded.view.entries.size(), 2u);
  EXPECT_EQ(decoded.view.beat, std::chrono::milliseconds(200));
}

TEST_F(Contract, ASuspicionIsNoNewsButADeathIs) {
  const std::uint64_t before = board_.current()->hash;
  publish(Liveness::kSuspect);
  EXPECT_EQ(board_.current()->hash, before);
  publish(Liveness::kDead);
  EXPECT_TRUE(changed_);
  EXPECT_NE(board_.current()->hash, before);
}

TEST_F(Contract, AStoredAnswerIsRepeatedWithTodaysCookie) {
  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kAnswer;
  outcome.response = std::make_shared<const std::string>(
      *encode_reply({.status = 201, .headers = {{"A", "b"}}, .body = "again"}));
  outcome.cookie = token();
  const Reply reply = contract_.reply_to({}, outcome);
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "again");
  EXPECT_EQ(header_of(reply.headers, "A"), "b");
  EXPECT_FALSE(header_of(reply.headers, "Set-Cookie").empty());
}

TEST_F(Contract, WhatTheSessionWentThroughIsSaid) {
  const struct {
    bool lost, recovered, solo;
    const char* expected;
  } kCases[] = {{false, false, false, ""},
                {false, false, true, "solo"},
                {false, true, true, "recovered"},
                {true, false, true, "lost"}};
  for (const auto& one : kCases) {
    CommitOutcome outcome;
    outcome.kind = CommitOutcome::Kind::kReleased;
    outcome.lost = one.lost;
    outcome.recovered = one.recovered;
    outcome.solo = one.solo;
    const Release release = contract_.release({}, outcome);
    EXPECT_EQ(header_of(release.headers, kSessionHeader), one.expected);
    EXPECT_EQ(to_text(release.note), one.expected);
  }
}

TEST_F(Contract, AnEndedSessionsCookieIsDeleted) {
  CommitOutcome outcome;
  outcome.kind = CommitOutcome::Kind::kReleased;
  outcome.clear_cookie = true;
  const std::string line = header_of(contract_.release({}, outcome).headers, "Set-Cookie");
  EXPECT_TRUE(line.starts_with("SID=;")) << line;
  EXPECT_NE(line.find("Max-Age=0"), std::string::npos) << line;
}

TEST_F(Contract, TheCookieHasTheAttributesThatTheOptionsWant) {
  const HttpContract chosen({.keyring = keys(1),
                             .cluster = "c",
                             .cookie_name = "SID",
                             .attributes = {.path = "/shop",
                                            .domain = "example.com",
                                            .secure = SecureWhen::kAlways,
                                            .http_only = false,
                                            .same_site = SameSite::kStrict}},
                            board_);
  CommitOutcome outcome;
  outcome.kind = CommitOutcome::Kind::kReleased;
  outcome.cookie = token();
  const std::string line = header_of(chosen.release({}, outcome).headers, "Set-Cookie");
  const std::string attributes = "; Domain=example.com; Path=/shop; Secure; SameSite=Strict";
  EXPECT_EQ(line.substr(line.find(';')), attributes);
  outcome.cookie.reset();
  outcome.clear_cookie = true;
  EXPECT_EQ(header_of(chosen.release({}, outcome).headers, "Set-Cookie"),
            "SID=; Max-Age=0" + attributes)
      << "another path or domain would delete another cookie";
}

TEST_F(Contract, TheReservedPathAndItsQuestionAreUnderstood) {
  const struct {
    const char* target;
    bool is_view_path;
    long wait_ms;
  } kCases[] = {
      {"/.understudy/view", true, 0},
      {"/.understudy/view?wait=250", true, 250},
      {"/.understudy/view?a=b&wait=250&c", true, 250},
      {"/.understudy/view?wait=60000", true, 60'000},
      {"/.understudy/view?wait=60001", true, 60'000},
      {"/.understudy/view?wait=99999999999999", true, 60'000},
      {"/.understudy/view?wait=", true, 0},
      {"/.understudy/view?wait=-1", true, 0},
      {"/.understudy/view?wait=5s", true, 0},
      {"/.understudy/view?waiting=5", true, 0},
      {"/.understudy/views", false, 0},
      {"/.understudy", false, 0},
      {"/x?/.understudy/view", false, 0},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.target);
    const Asked asked{.target = one.target};
    EXPECT_EQ(HttpContract::is_view_path(AskedView(asked).view()), one.is_view_path);
    if (!one.is_view_path) continue;
    EXPECT_EQ(HttpContract::read_view_question(AskedView(asked).view()).wait.count(), one.wait_ms);
  }
}

TEST_F(Contract, WhoAsksForTheViewHeHasGetsItsHashAlone) {
  const auto view = board_.current();
  EXPECT_EQ(contract_.view_reply({.seen = {}, .wait = {}}).body, view->text);
  EXPECT_EQ(contract_.view_reply({.seen = view->hash, .wait = {}}).body, view->hash_view());
  const ViewBoard empty(*keys(1), "c", std::chrono::milliseconds(200));
  const HttpContract early({.keyring = keys(1), .cluster = "c", .cookie_name = "SID"}, empty);
  EXPECT_EQ(early.view_reply({.seen = {}, .wait = {}}).status, 503);
}

}  // namespace
}  // namespace understudy
