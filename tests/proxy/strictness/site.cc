// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/strictness/site.h"

#include <algorithm>
#include <cctype>

#include "tests/proxy/strictness/http2_text.h"
#include "tests/proxy/support/http2_client.h"

namespace understudy::test {
namespace {

constexpr std::string_view kBehindIt = "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr uint32_t kStream = 1;
constexpr uint32_t kStreamBehindIt = 3;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::size_t fields_named(const std::string& request, std::string_view name) {
  const std::string head = lower(request.substr(0, request.find("\r\n\r\n") + 2));
  return count_of(head, "\r\n" + std::string(name) + ":");
}

Rules with(OverHttp2 over_http2, const char* why, Rules rules) {
  for (Rule& rule : rules) {
    rule.over_http2 = over_http2;
    rule.why = why;
  }
  return rules;
}

}  // namespace

Rules text_only(const char* why, Rules rules) {
  return with(OverHttp2::kNothing, why, std::move(rules));
}

Rules refused_over_http2(const char* why, Rules rules) {
  return with(OverHttp2::kRefused, why, std::move(rules));
}

Site::Site(const Way& way)
    : way_(way),
      proxy_(options_for(way)),
      member_(proxy_, way.member),
      client_(connect(proxy_, way)) {
  member_.answer_with("answered");
  member_.pump();
}

bool Site::run_until(const std::function<bool()>& done) {
  return proxy_.run_until([&] {
    member_.pump();
    return done();
  });
}

void Site::check(const Rule& rule) {
  SCOPED_TRACE(rule.rule);
  SCOPED_TRACE(rule.request);
  if (way_.client == Speaks::kHttp1) return check_text(rule);
  EXPECT_EQ(rule.over_http2 == OverHttp2::kTheSame, *rule.why == '\0') << "a row needs its reason";
  if (rule.over_http2 == OverHttp2::kNothing) return;
  check_frames(rule, rule.status != 0 || rule.over_http2 == OverHttp2::kRefused);
}

void Site::check_text(const Rule& rule) {
  client_.send(rule.request + std::string(kBehindIt));
  ASSERT_TRUE(run_until([&] {
    return client_.is_closed() || count_of(client_.received(), "\r\n\r\nanswered") == 2;
  }));
  const std::string answer = client_.take();
  if (rule.status != 0) return check_refused(rule, answer);
  ASSERT_EQ(member_.requests().size(), 2u) << answer;
  check_forwarded(rule);
}

// RFC 9112 2.2 and 6.3: 400 and close. Of a body that turned out to be invalid the member may have
// a part, but never an end.
void Site::check_refused(const Rule& rule, const std::string& answer) {
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 " + std::to_string(rule.status) + " ") << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(client_.is_closed());
  EXPECT_EQ(count_of(answer, "HTTP/1.1 "), 1u) << answer;
  // What had been sent on is there after a turn or two: loopback does not tarry.
  run_until([turns = 0]() mutable { return ++turns > 3; });
  EXPECT_TRUE(member_.requests().empty()) << member_.requests().front();
  EXPECT_FALSE(member_.has_any_of("/behind"));
  EXPECT_FALSE(member_.is_asked_whole());
}

// RFC 9113 8.1.1: its stream is reset, or answered with the status that a text would get; the
// connection stays in step.
void Site::check_frames(const Rule& rule, bool is_refused) {
  Http2Client client;
  const auto until = [&](const std::function<bool()>& done) {
    return run_until([&] {
      const std::string reply = client.read(client_.take());
      if (!reply.empty() && !client_.is_closed()) client_.send_some(reply);
      return done() || client_.is_closed();
    });
  };
  const auto& answer = client.response(kStream);
  client_.send(Http2Client::greeting() + frames_of(rule.request, kStream));
  ASSERT_TRUE(until([&] { return answer.ended || answer.reset >= 0; }));
  if (is_refused) {
    const bool is_status = answer.status == std::to_string(rule.status == 0 ? 400 : rule.status);
    EXPECT_TRUE(is_status || (answer.status.empty() && answer.reset >= 0)) << answer.status;
  } else {
    EXPECT_EQ(answer.status, "200");
    EXPECT_EQ(answer.body, "answered");
  }
  ASSERT_EQ(client.goaway_error(), -1);
  client_.send(frames_of(kBehindIt, kStreamBehindIt));
  ASSERT_TRUE(until([&] { return client.response(kStreamBehindIt).ended; }));
  EXPECT_EQ(client.response(kStreamBehindIt).status, "200");
  ASSERT_EQ(member_.requests().size(), is_refused ? 1u : 2u);
  if (!is_refused) return check_forwarded(rule);
  EXPECT_FALSE(member_.is_asked_whole());
  EXPECT_TRUE(member_.requests()[0].starts_with("GET /behind HTTP/1.1\r\n"));
  expect_unambiguous(member_.requests()[0]);
}

void Site::check_forwarded(const Rule& rule) {
  const std::string& first = member_.requests()[0];
  const std::string& behind = member_.requests()[1];
  expect_unambiguous(first);
  EXPECT_TRUE(behind.starts_with("GET /behind HTTP/1.1\r\n")) << behind;
  expect_unambiguous(behind);
  expect_seen(first, rule.sees, rule.sees_not);
}

void expect_seen(const std::string& request, const std::string& sees, const std::string& sees_not) {
  EXPECT_NE(with_lower_names(request).find(with_lower_names(sees)), std::string::npos) << request;
  if (!sees_not.empty()) {
    EXPECT_EQ(lower(request).find(lower(sees_not)), std::string::npos) << request;
  }
}

void expect_unambiguous(const std::string& request) {
  SCOPED_TRACE(request);
  EXPECT_EQ(message_bytes(request), request.size());
  const std::string line = request.substr(0, request.find("\r\n"));
  EXPECT_EQ(std::count(line.begin(), line.end(), ' '), 2);
  EXPECT_TRUE(line.ends_with(" HTTP/1.1"));
  EXPECT_EQ(fields_named(request, "host"), 1u);
  EXPECT_LE(fields_named(request, "content-length") + fields_named(request, "transfer-encoding"),
            1u);
  for (const char* name : {"keep-alive", "proxy-connection", "http2-settings"}) {
    EXPECT_EQ(fields_named(request, name), 0u) << name;
  }
  // Neither a bare CR nor a bare LF in the head, no NUL, no folded line.
  const std::string head = request.substr(0, request.find("\r\n\r\n") + 4);
  EXPECT_EQ(std::count(head.begin(), head.end(), '\r'), count_of(head, "\r\n"));
  EXPECT_EQ(std::count(head.begin(), head.end(), '\n'), count_of(head, "\r\n"));
  EXPECT_EQ(head.find('\0'), std::string::npos);
  EXPECT_EQ(head.find("\r\n "), std::string::npos);
  EXPECT_EQ(head.find("\r\n\t"), std::string::npos);
}

}  // namespace understudy::test
