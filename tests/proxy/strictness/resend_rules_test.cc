// SPDX-License-Identifier: Apache-2.0
// The re-send table over every pair of protocols: the same answers, whatever the client and its
// member speak, and a body of which a part had reached a member that failed.
#include "tests/proxy/strictness/client_end.h"
#include "tests/proxy/strictness/http2_text.h"
#include "tests/proxy/strictness/member_end.h"
#include "tests/proxy/strictness/site.h"
#include "tests/proxy/support/http2_member_site.h"

namespace understudy::test {
namespace {

using config::Resend;

enum class Moment {
  kRefuses,          // the connection
  kResets,           // the connection, with the whole request read
  kCloses,           // it, in order
  kResetsInTheHead,  // of the answer
  kNonsense,         // for an answer
  kSilent,
  kAnswers503,
  kResetsStream,
  kRefusesStream,
  kLeavesStreamOut,  // by a GOAWAY
};

bool needs_http2(Moment moment) {
  return moment == Moment::kResetsStream || moment == Moment::kRefusesStream ||
         moment == Moment::kLeavesStreamOut;
}
constexpr const char* kNoStreams = "a member of HTTP/1.1 has no streams";

struct Policy {
  bool idempotent = true;
  Resend knobs = Resend::kIdempotent;
  bool session_replay = false;
};
constexpr Policy kDefault{};
constexpr Policy kOff{.idempotent = false};
constexpr Policy kAll{.knobs = Resend::kAll};
constexpr Policy kNone{.knobs = Resend::kNone};
constexpr Policy kNever{.idempotent = false, .knobs = Resend::kNone};
constexpr Policy kReplay{.session_replay = true};

struct Row {
  const char* rule;
  Moment moment;
  const char* method;
  Policy policy;
  const char* status;          // 200: the other member has answered
  const char* not_http1 = "";  // why a member of HTTP/1.1 cannot do it
};

const Row kTable[] = {
    {"nothing sent: GET", Moment::kRefuses, "GET", kDefault, "200"},
    {"nothing sent: any method", Moment::kRefuses, "POST", kDefault, "200"},
    {"nothing sent: Idempotent Off", Moment::kRefuses, "POST", kOff, "200"},
    {"nothing sent: NONE", Moment::kRefuses, "POST", kNone, "200"},
    {"nothing sent: whatever the policy", Moment::kRefuses, "POST", kNever, "200"},
    {"reset: GET", Moment::kResets, "GET", kDefault, "200"},
    {"reset: GET, Idempotent Off", Moment::kResets, "GET", kOff, "502"},
    {"reset: GET, NONE", Moment::kResets, "GET", kNone, "502"},
    {"reset: idempotent", Moment::kResets, "PUT", kDefault, "200"},
    {"reset: not idempotent", Moment::kResets, "POST", kDefault, "502"},
    {"reset: PATCH", Moment::kResets, "PATCH", kDefault, "502"},
    {"reset: ALL", Moment::kResets, "POST", kAll, "200"},
    {"reset: SessionReplay", Moment::kResets, "POST", kReplay, "200"},
    {"reset: NONE", Moment::kResets, "PUT", kNone, "502"},
    {"reset: Idempotent Off", Moment::kResets, "PUT", kOff, "502"},
    {"closed: GET", Moment::kCloses, "GET", kDefault, "200"},
    {"closed: not idempotent", Moment::kCloses, "POST", kDefault, "502"},
    {"closed: SessionReplay", Moment::kCloses, "POST", kReplay, "200"},
    {"within the head: GET", Moment::kResetsInTheHead, "GET", kDefault, "200"},
    {"within the head: idempotent", Moment::kResetsInTheHead, "PUT", kDefault, "200"},
    {"within the head: not idempotent", Moment::kResetsInTheHead, "POST", kDefault, "502"},
    {"within the head: SessionReplay", Moment::kResetsInTheHead, "POST", kReplay, "200"},
    {"nonsense: GET", Moment::kNonsense, "GET", kDefault, "502"},
    {"nonsense: idempotent", Moment::kNonsense, "PUT", kDefault, "502"},
    {"nonsense: whatever the policy", Moment::kNonsense, "GET", kReplay, "502"},
    {"nonsense: not idempotent", Moment::kNonsense, "POST", kDefault, "502"},
    {"timeout: GET", Moment::kSilent, "GET", kDefault, "200"},
    {"timeout: GET, Idempotent Off", Moment::kSilent, "GET", kOff, "504"},
    {"timeout: idempotent", Moment::kSilent, "PUT", kDefault, "200"},
    {"timeout: not idempotent", Moment::kSilent, "POST", kDefault, "504"},
    {"timeout: SessionReplay", Moment::kSilent, "POST", kReplay, "200"},
    {"503: GET", Moment::kAnswers503, "GET", kDefault, "200"},
    {"503: GET, NONE", Moment::kAnswers503, "GET", kNone, "503"},
    {"503: idempotent", Moment::kAnswers503, "PUT", kDefault, "200"},
    {"503: not idempotent", Moment::kAnswers503, "POST", kDefault, "503"},
    {"503: ALL", Moment::kAnswers503, "POST", kAll, "200"},
    {"503: SessionReplay", Moment::kAnswers503, "POST", kReplay, "200"},
    {"503: NONE", Moment::kAnswers503, "PUT", kNone, "503"},
    {"9113 8.7: a refused stream, any method", Moment::kRefusesStream, "POST", kDefault, "200",
     kNoStreams},
    {"9113 8.7: whatever the policy", Moment::kRefusesStream, "POST", kNever, "200", kNoStreams},
    {"9113 6.8: a GOAWAY that leaves it out, any method", Moment::kLeavesStreamOut, "POST",
     kDefault, "200", kNoStreams},
    {"9113 6.8: whatever the policy", Moment::kLeavesStreamOut, "POST", kNever, "200", kNoStreams},
    {"a reset stream: GET", Moment::kResetsStream, "GET", kDefault, "200", kNoStreams},
    {"a reset stream: idempotent", Moment::kResetsStream, "PUT", kDefault, "200", kNoStreams},
    {"a reset stream: not idempotent", Moment::kResetsStream, "POST", kDefault, "502", kNoStreams},
    {"a reset stream: SessionReplay", Moment::kResetsStream, "POST", kReplay, "200", kNoStreams},
    {"a reset stream: Idempotent Off", Moment::kResetsStream, "PUT", kOff, "502", kNoStreams},
};

TestProxy::Options options_of(const Way& way, const Row& row) {
  TestProxy::Options options{.members = 2};
  options.failover.idempotent = row.policy.idempotent;
  options.failover.on_timeout = options.failover.on_dropped = options.failover.on_503 =
      row.policy.knobs;
  options.failover.session_replay = row.policy.session_replay;
  if (row.moment == Moment::kSilent) options.failover.io_timeout = std::chrono::milliseconds(30);
  return options_for(way, options);
}

std::string request(const std::string& method) {
  const std::string head = method + " /r HTTP/1.1\r\nHost: a\r\n";
  return method == "GET" ? head + "\r\n" : head + "Content-Length: 4\r\n\r\nbody";
}

class ResendRules : public ::testing::TestWithParam<Way> {
 protected:
  // A client and two members, the first of which fails.
  struct Stage {
    Stage(const Way& way, const TestProxy::Options& options)
        : proxy(options),
          first(proxy, way.member, 0),
          second(proxy, way.member, 1),
          client(proxy, way) {}
    bool run_until(const std::function<bool()>& done) {
      return proxy.run_until([&] {
        first.pump();
        second.pump();
        client.pump();
        return done();
      });
    }
    TestProxy proxy;
    MemberEnd first;
    MemberEnd second;
    ClientEnd client;
  };

  static void fail_at(Stage& stage, Moment moment) {
    if (moment == Moment::kRefuses) return;
    ASSERT_TRUE(stage.run_until([&] { return stage.first.is_asked_whole(); }));
    if (moment == Moment::kSilent) return;
    if (moment == Moment::kRefusesStream || moment == Moment::kLeavesStreamOut) {
      // Nobody has looked at it: the member is asked again, over another connection, but once.
      fail_in_frames(stage, stage.first.peer(), moment);
      ASSERT_TRUE(stage.run_until(
          [&] { return stage.first.member().accepted() == 2 && stage.first.is_asked_whole(); }));
    }
    Peer& peer = stage.first.peer();
    if (moment == Moment::kResets) return peer.reset();
    if (moment == Moment::kCloses) return peer.close();
    stage.first.speaks() == Speaks::kHttp1 ? fail_in_text(stage, peer, moment)
                                           : fail_in_frames(stage, peer, moment);
  }
  static void fail_in_text(Stage& stage, Peer& peer, Moment moment) {
    if (moment == Moment::kNonsense) {
      peer.send("HTTP/1.1 200 OK\nbare: line feed\r\n\r\n");
    } else if (moment == Moment::kAnswers503) {
      peer.send("HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nbad");
    } else {
      peer.send("HTTP/1.1 200 OK\r\nContent-");
      stage.proxy.run_a_little();
      peer.reset();
    }
  }
  static void fail_in_frames(Stage& stage, Peer& peer, Moment moment) {
    constexpr uint32_t kInternalError = 2;
    constexpr uint32_t kRefusedStream = 7;
    const uint32_t stream = stage.first.last_stream();
    switch (moment) {
      case Moment::kNonsense:
        return peer.send("HTTP/1.1 200 OK\r\n\r\n");
      case Moment::kAnswers503:
        return peer.send(headers(stream, answer("503", {{"content-length", "3"}}), 0) +
                         data(stream, "bad", kEndStream));
      case Moment::kResetsStream:
        return peer.send(reset(stream, kInternalError));
      case Moment::kRefusesStream:
        return peer.send(reset(stream, kRefusedStream));
      case Moment::kLeavesStreamOut:
        return peer.send(goaway(0));
      default:
        peer.send(frame(1, 0, stream, header_block(answer("200"))));
        stage.proxy.run_a_little();
        return peer.reset();
    }
  }
  // PUT with a body of 12,000 bytes; the first half is sent.
  static std::string begin(Stage& stage, bool has_length) {
    const std::string part(6000, 'p');
    stage.client.begin(std::string("PUT /r HTTP/1.1\r\nHost: a\r\n") +
                       (has_length ? "Content-Length: 12000" : "Transfer-Encoding: chunked") +
                       "\r\n\r\n");
    stage.client.send_body(part, false);
    EXPECT_TRUE(stage.run_until([&] { return count_of(stage.first.body_so_far(), part) == 1; }));
    return part;
  }
};
INSTANTIATE_TEST_SUITE_P(Ways, ResendRules, ::testing::ValuesIn(all_ways()), name_of);

TEST_P(ResendRules, GoByTheTable) {
  for (const Row& row : kTable) {
    SCOPED_TRACE(row.rule);
    EXPECT_EQ(needs_http2(row.moment), *row.not_http1 != '\0') << "a row needs its reason";
    if (GetParam().member == Speaks::kHttp1 && *row.not_http1 != '\0') continue;
    Stage stage(GetParam(), options_of(GetParam(), row));
    stage.second.answer_with("second");
    if (row.moment == Moment::kRefuses) stage.proxy.member(0).kill();
    stage.client.ask(request(row.method));
    fail_at(stage, row.moment);
    ASSERT_TRUE(stage.run_until([&] { return stage.client.is_answered(); }));
    const bool is_sent_again = row.status == std::string_view("200");
    EXPECT_EQ(stage.client.status(), row.status);
    ASSERT_EQ(stage.second.requests().size(), is_sent_again ? 1u : 0u);
    if (is_sent_again) {
      const std::string& seen = stage.second.requests()[0];
      expect_unambiguous(seen);
      EXPECT_TRUE(seen.starts_with(std::string(row.method) + " /r HTTP/1.1\r\n")) << seen;
      EXPECT_EQ(seen.ends_with("\r\n\r\nbody"), row.method != std::string_view("GET")) << seen;
      EXPECT_EQ(stage.client.body(), "second");
    }
    ASSERT_EQ(stage.proxy.log().lines.size(), 1u);
    EXPECT_EQ(std::to_string(stage.proxy.log().lines[0].status), row.status);
    EXPECT_EQ(stage.proxy.log().lines[0].failure.empty(), is_sent_again);
  }
}

// A part has reached a member that then fails: the other one gets the body from its first byte on,
// and what comes later behind it.
TEST_P(ResendRules, ABodyIsSentAgainFromItsFirstByteWhileItStillComes) {
  for (const bool has_length : {true, false}) {
    SCOPED_TRACE(has_length);
    Stage stage(GetParam(), options_for(GetParam(), {.members = 2}));
    const std::string part = begin(stage, has_length);
    stage.proxy.member(0).kill();
    ASSERT_TRUE(stage.run_until([&] { return count_of(stage.second.body_so_far(), part) == 1; }));
    const std::string rest(6000, 'r');
    stage.second.answer_with("done");
    stage.client.send_body(rest, true);
    ASSERT_TRUE(stage.run_until([&] { return stage.client.is_answered(); }));
    EXPECT_EQ(stage.client.body(), "done");
    ASSERT_EQ(stage.second.requests().size(), 1u);
    const std::string& seen = stage.second.requests()[0];
    expect_unambiguous(seen);
    EXPECT_EQ(count_of(seen, part), 1u);
    EXPECT_EQ(count_of(seen, rest), 1u);
    EXPECT_LT(seen.find(part), seen.find(rest));
  }
}

// More has been taken than is kept: nobody may get the body's rest as if it were a body.
TEST_P(ResendRules, ABodyOfWhichAPartIsNoLongerHereIsNotSentAgain) {
  TestProxy::Options options{.members = 2};
  options.failover.replay_buffer_bytes_max = 1000;
  Stage stage(GetParam(), options_for(GetParam(), options));
  begin(stage, true);
  stage.proxy.member(0).kill();
  ASSERT_TRUE(stage.run_until([&] { return stage.client.is_answered(); }));
  EXPECT_EQ(stage.client.status(), "502");
  EXPECT_EQ(stage.proxy.member(1).accepted(), 0u);
  EXPECT_EQ(stage.proxy.log().lines.back().failure, "request body above ReplayBufferSize");
}

}  // namespace
}  // namespace understudy::test
