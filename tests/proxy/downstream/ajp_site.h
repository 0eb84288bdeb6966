// SPDX-License-Identifier: Apache-2.0
// A proxy whose members speak AJP, for tests that play the members.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/proxy/support/ajp.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {

inline constexpr std::size_t kPacketPayload = 8186;

inline std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

// The payload of a packet of a request's body; empty of the packet that ends it.
inline std::string payload_of(const std::string& packet) {
  if (packet.empty()) return {};
  EXPECT_EQ(packet.substr(0, 2), ajp::number(packet.size() - 2));
  return packet.substr(2);
}

class AjpSite {
 public:
  explicit AjpSite(TestProxy::Options options = {}) : proxy(with_ajp(std::move(options))) {}

  Peer& send(std::string_view request) {
    Peer& client = proxy.connect();
    client.send(request);
    return client;
  }
  Peer& get(std::string_view more = {}) {
    return send("GET /x?y=1 HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n");
  }
  void say(std::string_view text, std::size_t member = 0) {
    proxy.member(member).connection().send(text);
  }
  // The next packet that the member has got on its newest connection.
  bool next(std::string& packet, std::size_t member = 0) {
    const bool came = proxy.run_until([&] {
      if (proxy.member(member).connections().empty()) return false;
      bytes_ += proxy.member(member).connection().take();
      EXPECT_TRUE(ajp::take_packets(bytes_, packets_)) << testing::PrintToString(bytes_);
      return !packets_.empty();
    });
    if (!came) return false;
    packet = packets_.front();
    packets_.erase(packets_.begin());
    return true;
  }
  bool has_packet() {
    proxy.run_a_little();
    for (auto& connection : proxy.member().connections()) bytes_ += connection->take();
    EXPECT_TRUE(ajp::take_packets(bytes_, packets_));
    return !packets_.empty();
  }
  ajp::Request next_request(std::size_t member = 0) {
    std::string packet;
    EXPECT_TRUE(next(packet, member)) << "no request has come";
    ajp::Request request = ajp::RequestReader(packet).read();
    EXPECT_TRUE(request.is_whole);
    return request;
  }
  bool run_until_answered(Peer& client) {
    return proxy.run_until([&] { return message_bytes(client.received()) != 0; });
  }

  TestProxy proxy;

 private:
  static TestProxy::Options with_ajp(TestProxy::Options options) {
    options.protocol = config::MemberProtocol::kAjp;
    options.adjust = [before = options.adjust](auto& host, auto& location) {
      location.forwarding.x_forwarded = false;
      if (before) before(host, location);
    };
    return options;
  }

  std::string bytes_;
  std::vector<std::string> packets_;
};

}  // namespace understudy::test
