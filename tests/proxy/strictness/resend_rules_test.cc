// SPDX-License-Identifier: Apache-2.0
// The re-send table (tests/proxy/exchange/resend_test.cc has it in full for HTTP/1.1) over HTTP/2:
// the same answers, whatever the client speaks, and a body of which a part had reached a member
// that failed.
#include "tests/proxy/downstream/http2_site.h"
#include "tests/proxy/strictness/site.h"

namespace understudy::test {
namespace {

using config::Resend;

enum class Moment { kRefuses, kResets, kResetsInTheHead, kNonsense, kSilent, kAnswers503 };

struct Row {
  const char* rule;
  Moment moment;
  const char* method;
  bool idempotent;
  Resend knobs;
  bool replay;
  const char* status;  // 200: the other member has answered
};

const Row kTable[] = {
    {"nothing sent: any method", Moment::kRefuses, "POST", true, Resend::kIdempotent, false, "200"},
    {"nothing sent: whatever the policy", Moment::kRefuses, "POST", false, Resend::kNone, false,
     "200"},
    {"reset: idempotent", Moment::kResets, "PUT", true, Resend::kIdempotent, false, "200"},
    {"reset: not idempotent", Moment::kResets, "POST", true, Resend::kIdempotent, false, "502"},
    {"reset: ALL", Moment::kResets, "POST", true, Resend::kAll, false, "200"},
    {"reset: SessionReplay", Moment::kResets, "POST", true, Resend::kIdempotent, true, "200"},
    {"reset: NONE", Moment::kResets, "PUT", true, Resend::kNone, false, "502"},
    {"reset: Idempotent Off", Moment::kResets, "PUT", false, Resend::kIdempotent, false, "502"},
    {"within the head: idempotent", Moment::kResetsInTheHead, "PUT", true, Resend::kIdempotent,
     false, "200"},
    {"within the head: not idempotent", Moment::kResetsInTheHead, "POST", true, Resend::kIdempotent,
     false, "502"},
    {"nonsense: idempotent", Moment::kNonsense, "PUT", true, Resend::kIdempotent, false, "200"},
    {"nonsense: not idempotent", Moment::kNonsense, "POST", true, Resend::kIdempotent, false,
     "502"},
    {"timeout: idempotent", Moment::kSilent, "PUT", true, Resend::kIdempotent, false, "200"},
    {"timeout: not idempotent", Moment::kSilent, "POST", true, Resend::kIdempotent, false, "504"},
    {"503: idempotent", Moment::kAnswers503, "PUT", true, Resend::kIdempotent, false, "200"},
    {"503: not idempotent", Moment::kAnswers503, "POST", true, Resend::kIdempotent, false, "503"},
    {"503: ALL", Moment::kAnswers503, "POST", true, Resend::kAll, false, "200"},
    {"503: NONE", Moment::kAnswers503, "PUT", true, Resend::kNone, false, "503"},
};

void fail_at(Http2Site& site, Moment moment) {
  if (moment == Moment::kRefuses) return;
  Member& first = site.proxy.member(0);
  ASSERT_TRUE(site.run_until([&] { return message_bytes(first.received()) != 0; }));
  Peer& peer = first.connection();
  switch (moment) {
    case Moment::kRefuses:
    case Moment::kSilent:
      return;
    case Moment::kResets:
      return peer.reset();
    case Moment::kResetsInTheHead:
      peer.send("HTTP/1.1 200 OK\r\nContent-");
      site.run_a_little();
      return peer.reset();
    case Moment::kNonsense:
      return peer.send("HTTP/1.1 200 OK\nbare: line feed\r\n\r\n");
    case Moment::kAnswers503:
      return peer.send("HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nbad");
  }
}

Fields asking(const std::string& method, const Fields& more) {
  Fields fields = post("/r", more);
  fields[0].second = method;
  return fields;
}

class ResendRules : public ::testing::TestWithParam<Way> {
 protected:
  bool in_memory() const { return GetParam().transport == Transport::kMemory; }
};
INSTANTIATE_TEST_SUITE_P(Ways, ResendRules, ::testing::ValuesIn(all_ways()), name_of);

TEST_P(ResendRules, GoByTheTable) {
  for (const Row& row : kTable) {
    SCOPED_TRACE(row.rule);
    TestProxy::Options options{.members = 2};
    options.failover.idempotent = row.idempotent;
    options.failover.on_timeout = options.failover.on_dropped = options.failover.on_503 = row.knobs;
    options.failover.session_replay = row.replay;
    if (row.moment == Moment::kSilent) options.failover.io_timeout = std::chrono::milliseconds(30);
    Http2Site site(options, {}, in_memory());
    std::string second;
    site.proxy.member(1).answer = [&](std::string_view request) {
      second = request;
      return ok("second");
    };
    if (row.moment == Moment::kRefuses) site.proxy.member(0).kill();
    site.send(headers(1, asking(row.method, {{"content-length", "4"}}), 0) +
              data(1, "body", kEndStream));
    fail_at(site, row.moment);
    ASSERT_TRUE(site.run_until_ended(1));
    EXPECT_EQ(site.response(1).status, row.status);
    EXPECT_EQ(second.empty(), row.status != std::string_view("200"));
    if (!second.empty()) {
      expect_unambiguous(second);
      EXPECT_TRUE(second.ends_with("\r\n\r\nbody")) << second;
    }
    ASSERT_EQ(site.proxy.log().lines.size(), 1u);
    EXPECT_EQ(std::to_string(site.proxy.log().lines[0].status), row.status);
  }
}

// A part has reached a member that then fails: the other one gets the body from its first byte on,
// and what comes later behind it.
TEST_P(ResendRules, ABodyIsSentAgainFromItsFirstByteWhileItStillComes) {
  for (const bool has_length : {true, false}) {
    SCOPED_TRACE(has_length);
    TestProxy::Options options{.members = 2};
    Http2Site site(options, {}, in_memory());
    const Fields length = {{"content-length", "12000"}};
    const std::string part(6000, 'p');
    site.send(headers(1, asking("PUT", has_length ? length : Fields{}), 0) + data(1, part));
    ASSERT_TRUE(site.run_until([&] { return site.proxy.member(0).received().size() > 6000; }));
    site.proxy.member(0).kill();
    ASSERT_TRUE(site.run_until([&] { return site.proxy.member(1).received().size() > 6000; }));
    const std::string rest(6000, 'r');
    site.send(data(1, rest, kEndStream));
    std::string seen;
    ASSERT_TRUE(site.run_until([&] {
      seen = site.proxy.member(1).received();
      return message_bytes(seen) != 0;
    }));
    expect_unambiguous(seen);
    EXPECT_EQ(count_of(seen, part), 1u);
    EXPECT_EQ(count_of(seen, rest), 1u);
    EXPECT_LT(seen.find(part), seen.find(rest));
    site.proxy.member(1).connection().send(ok("done"));
    ASSERT_TRUE(site.run_until_ended(1));
    EXPECT_EQ(site.response(1).body, "done");
  }
}

// More has been taken than is kept: nobody may get the body's rest as if it were a body.
TEST_P(ResendRules, ABodyOfWhichAPartIsNoLongerHereIsNotSentAgain) {
  TestProxy::Options options{.members = 2};
  options.failover.replay_buffer_bytes_max = 1000;
  Http2Site site(options, {}, in_memory());
  site.send(headers(1, asking("PUT", {{"content-length", "12000"}}), 0) +
            data(1, std::string(6000, 'p')));
  ASSERT_TRUE(site.run_until([&] { return site.proxy.member(0).received().size() > 6000; }));
  site.proxy.member(0).kill();
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).status, "502");
  EXPECT_EQ(site.proxy.member(1).accepted(), 0u);
  EXPECT_EQ(site.proxy.log().lines.back().failure, "request body above ReplayBufferSize");
}

}  // namespace
}  // namespace understudy::test
