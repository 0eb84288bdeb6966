// SPDX-License-Identifier: Apache-2.0
// FileCaching: a body that does not fit into ReplayBufferSize is sent a second time from a file,
// whatever protocol the client speaks, and only where the request may be sent a second time at all.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/proxy/downstream/http2_site.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr std::size_t kBodyBytes = 600 * 1024;

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

TestProxy::Options options() {
  TestProxy::Options options{.members = 2};
  options.failover.replay_buffer_bytes_max = 64 * 1024;
  options.failover.replay_file_bytes_max = 1024 * 1024;
  options.failover.temp_directory = testing::TempDir();
  return options;
}

// Sends the request to the first member, which takes it all and dies; returns the client's status.
struct Outcome {
  std::string response;
  std::string second;  // what the second member got
};
Outcome send_while_the_first_dies(const TestProxy::Options& options, std::string request) {
  TestProxy proxy(options);
  Outcome outcome;
  proxy.member(1).answer = [&](std::string_view text) {
    outcome.second = text;
    return ok("from the second");
  };
  Peer& client = proxy.connect();
  Member& first = proxy.member(0);
  EXPECT_TRUE(proxy.run_until([&] {
    if (!request.empty()) request.erase(0, client.send_some(request));
    return message_bytes(first.received()) != 0 || message_bytes(client.received()) != 0;
  }));
  if (first.accepted() != 0) first.connection().reset();
  EXPECT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  outcome.response = client.take();
  EXPECT_EQ(proxy.worker().replay_file_bytes, 0u) << "the file is gone with the request";
  return outcome;
}

std::string put(const std::string& body, const std::string& method = "PUT") {
  return method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string put_chunked(const std::string& body) {
  std::string request = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += 4096) {
    const std::string chunk = body.substr(at, 4096);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    request += size + chunk + "\r\n";
  }
  return request + "0\r\n\r\n";
}

// Of a message with Content-Length or in chunks.
std::string payload_of(std::string_view message) {
  const std::size_t end = message.find("\r\n\r\n");
  std::string_view rest = message.substr(end + 4);
  if (message.substr(0, end).find("hunked") == std::string_view::npos) return std::string(rest);
  std::string payload;
  for (;;) {
    const std::size_t line = rest.find("\r\n");
    const std::size_t size = std::stoul(std::string(rest.substr(0, line)), nullptr, 16);
    if (size == 0) return payload;
    payload += rest.substr(line + 2, size);
    rest.remove_prefix(line + 2 + size + 2);
  }
}

TEST(FileCaching, SendsALargeBodyASecondTime) {
  const std::string body = pattern(kBodyBytes);
  const Outcome by_length = send_while_the_first_dies(options(), put(body));
  EXPECT_TRUE(by_length.response.starts_with("HTTP/1.1 200")) << by_length.response;
  EXPECT_TRUE(by_length.second.ends_with("\r\n\r\n" + body));
  const Outcome by_chunks = send_while_the_first_dies(options(), put_chunked(body));
  EXPECT_TRUE(by_chunks.response.starts_with("HTTP/1.1 200")) << by_chunks.response;
  const std::string chunks = put_chunked(body);
  EXPECT_TRUE(by_chunks.second.ends_with(chunks.substr(chunks.find("\r\n\r\n"))));
}

TEST(FileCaching, IsForRequestsThatMayBeSentTwice) {
  const std::string body = pattern(kBodyBytes);
  const struct {
    const char* name;
    const char* method;
    void (*change)(config::Failover&);
    bool is_sent_again;
  } rows[] = {
      {"off", "PUT", [](config::Failover& f) { f.replay_file_bytes_max = 0; }, false},
      {"POST", "POST", [](config::Failover&) {}, false},
      {"POST under SessionReplay", "POST", [](config::Failover& f) { f.session_replay = true; },
       true},
      {"POST under ALL", "POST", [](config::Failover& f) { f.on_dropped = config::Resend::kAll; },
       true},
      {"Idempotent Off", "PUT", [](config::Failover& f) { f.idempotent = false; }, false},
      {"at the limit", "PUT", [](config::Failover& f) { f.replay_file_bytes_max = kBodyBytes; },
       true},
      {"beyond the limit", "PUT",
       [](config::Failover& f) { f.replay_file_bytes_max = kBodyBytes - 1; }, false},
      {"no such directory", "PUT",
       [](config::Failover& f) { f.temp_directory += "/no/such/place"; }, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto chosen = options();
    row.change(chosen.failover);
    const Outcome outcome = send_while_the_first_dies(chosen, put(body, row.method));
    const std::string status = row.is_sent_again ? "HTTP/1.1 200" : "HTTP/1.1 502";
    EXPECT_TRUE(outcome.response.starts_with(status)) << outcome.response;
  }
}

TEST(FileCaching, StopsWhenAllFilesTogetherAreTooLarge) {
  auto poor = options();
  poor.replay_file_bytes_max = 64 * 1024;
  const Outcome outcome = send_while_the_first_dies(poor, put(pattern(kBodyBytes)));
  EXPECT_TRUE(outcome.response.starts_with("HTTP/1.1 502")) << outcome.response;
}

TEST(FileCachingOverHttp2, SendsALargeBodyASecondTime) {
  for (const bool has_length : {true, false}) {
    SCOPED_TRACE(has_length);
    Http2Site site(options());
    const std::string body = pattern(300 * 1024);
    std::string second;
    site.proxy.member(1).answer = [&](std::string_view text) {
      second = text;
      return ok("from the second");
    };
    Fields more;
    if (has_length) more.push_back({"content-length", std::to_string(body.size())});
    Fields fields = post("/", more);
    for (auto& [name, value] : fields) {
      if (name == ":method") value = "PUT";
    }
    site.send(headers(1, fields, 0));
    Member& first = site.proxy.member(0);
    std::size_t sent = 0;
    // As the client's windows allow: 65535 bytes at first, and what the proxy opens.
    ASSERT_TRUE(site.run_until([&] {
      const std::size_t window = 65535 + site.client.stream_window_bytes(1);
      const std::size_t connection = 65535 + site.client.stream_window_bytes(0);
      while (sent < body.size() && sent + 8192 <= std::min(window, connection)) {
        const std::size_t bytes = std::min<std::size_t>(8192, body.size() - sent);
        const bool is_last = sent + bytes == body.size();
        site.send_all(data(1, body.substr(sent, bytes), is_last ? kEndStream : 0));
        sent += bytes;
      }
      return message_bytes(first.received()) != 0;
    }));
    first.connection().reset();
    ASSERT_TRUE(site.run_until_ended(1));
    EXPECT_EQ(site.response(1).status, "200");
    EXPECT_EQ(payload_of(second), body);
    EXPECT_EQ(site.proxy.worker().replay_file_bytes, 0u);
  }
}

}  // namespace
}  // namespace understudy::test
