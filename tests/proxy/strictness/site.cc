// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/strictness/site.h"

#include <algorithm>
#include <cctype>

namespace understudy::test {
namespace {

constexpr std::string_view kBehindIt = "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n";

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

Peer& connect(TestProxy& proxy, Transport transport) {
  return transport == Transport::kTcp ? proxy.connect() : proxy.connect_in_memory();
}

}  // namespace

std::vector<Way> all_ways() {
  return {{.transport = Transport::kTcp}, {.transport = Transport::kMemory}};
}

std::string name_of(const ::testing::TestParamInfo<Way>& way) {
  return way.param.transport == Transport::kTcp ? "Tcp" : "Memory";
}

Site::Site(const Way& way) : client_(connect(proxy_, way.transport)) {
  proxy_.member().answer = [this](std::string_view request) {
    requests_.emplace_back(request);
    return ok("answered");
  };
}

void Site::check(const Rule& rule) {
  SCOPED_TRACE(rule.rule);
  SCOPED_TRACE(rule.request);
  client_.send(rule.request + std::string(kBehindIt));
  ASSERT_TRUE(proxy_.run_until([&] {
    return client_.is_closed() || count_of(client_.received(), "\r\n\r\nanswered") == 2;
  }));
  const std::string answer = client_.take();
  if (rule.status == 0) {
    check_forwarded(rule, answer);
  } else {
    check_refused(rule, answer);
  }
}

// RFC 9112 2.2 and 6.3: 400 and close. Of a body that turned out to be invalid the member may have
// a part, but never an end.
void Site::check_refused(const Rule& rule, const std::string& answer) {
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 " + std::to_string(rule.status) + " ") << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(client_.is_closed());
  EXPECT_EQ(count_of(answer, "HTTP/1.1 "), 1u) << answer;
  proxy_.run_a_little();
  EXPECT_TRUE(requests_.empty()) << requests_.front();
  EXPECT_EQ(proxy_.member().received().find("/behind"), std::string::npos);
  EXPECT_EQ(message_bytes(proxy_.member().received()), 0u) << proxy_.member().received();
}

void Site::check_forwarded(const Rule& rule, const std::string& answer) {
  ASSERT_EQ(requests_.size(), 2u) << answer;
  expect_unambiguous(requests_[0]);
  EXPECT_TRUE(requests_[1].starts_with("GET /behind HTTP/1.1\r\n")) << requests_[1];
  expect_unambiguous(requests_[1]);
  EXPECT_NE(requests_[0].find(rule.sees), std::string::npos) << requests_[0];
  if (!rule.sees_not.empty()) {
    EXPECT_EQ(requests_[0].find(rule.sees_not), std::string::npos) << requests_[0];
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
