// SPDX-License-Identifier: Apache-2.0
// A TestProxy whose members are spoken to in HTTP/2, and the members' ends of the connections: the
// test writes frames as it likes, and gets told what the proxy sent.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/preface/http2_preface.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {

class Http2MemberSite {
 public:
  using Entries = std::vector<std::pair<uint16_t, uint32_t>>;

  explicit Http2MemberSite(TestProxy::Options options = {}, Entries settings = {})
      : proxy((options.protocol = config::MemberProtocol::kHttp2, options)),
        settings_(std::move(settings)) {}

  // One connection of a member, by the order in which they were accepted.
  struct Link {
    Peer* peer = nullptr;
    Http2Client reader;
    std::string preface;
    bool greets = true;
  };
  Link& link(std::size_t index = 0) { return *links_[index]; }
  std::size_t links() const { return links_.size(); }
  // What the proxy asked on a stream.
  Http2Client::Response& asked(uint32_t stream, std::size_t index = 0) {
    return link(index).reader.response(stream);
  }
  void send(std::string_view bytes, std::size_t index = 0) { link(index).peer->send(bytes); }
  // However much the socket takes at once.
  void send_all(std::string bytes, std::size_t index = 0) {
    EXPECT_TRUE(run_until([&] {
      bytes.erase(0, link(index).peer->send_some(bytes));
      return bytes.empty() || link(index).peer->is_closed();
    }));
  }

  void pump() {
    auto& connections = proxy.member().connections();
    while (links_.size() < connections.size()) {
      links_.push_back(std::make_unique<Link>());
      links_.back()->peer = connections[links_.size() - 1].get();
      links_.back()->reader.opens_windows = opens_windows;
    }
    for (auto& link : links_) {
      if (!link->peer->is_open()) continue;
      std::string bytes = link->preface + link->peer->take();
      if (link->greets) {
        link->preface = bytes;
        if (bytes.size() < http::kHttp2Preface.size()) continue;
        EXPECT_TRUE(bytes.starts_with(http::kHttp2Preface));
        bytes.erase(0, http::kHttp2Preface.size());
        link->preface.clear();
        link->greets = false;
        link->peer->send(test::settings(settings_));
      }
      const std::string answer = link->reader.read(bytes);
      if (!answer.empty()) link->peer->send_some(answer);
    }
  }
  bool run_until(const std::function<bool()>& done) {
    return proxy.run_until([&] {
      pump();
      return done();
    });
  }
  void run_a_little() {
    proxy.run_a_little();
    pump();
    proxy.run_a_little();
    pump();
  }
  bool run_until_asked(uint32_t stream, std::size_t index = 0) {
    return run_until([&] { return links() > index && !asked(stream, index).request.empty(); });
  }
  bool run_until_reset(uint32_t stream, std::size_t index = 0) {
    return run_until([&] { return links() > index && asked(stream, index).reset >= 0; });
  }
  // One client's GET, and what came back.
  Peer& get(std::string_view path = "/", std::string_view lines = {}) {
    Peer& client = proxy.connect();
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(lines) +
                "\r\n");
    return client;
  }
  bool run_until_answered(Peer& client) {
    return run_until([&] { return message_bytes(client.received()) > 0 || client.is_closed(); });
  }

  TestProxy proxy;
  bool opens_windows = true;

 private:
  const Entries settings_;
  std::vector<std::unique_ptr<Link>> links_;
};

inline Fields answer(std::string_view status, const Fields& more = {}) {
  Fields fields = {{":status", std::string(status)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

inline std::string goaway(uint32_t last_stream, uint32_t error = 0) {
  std::string payload;
  for (const uint32_t value : {last_stream, error}) {
    for (int shift = 24; shift >= 0; shift -= 8)
      payload += static_cast<char>(value >> shift & 0xff);
  }
  return frame(7, 0, 0, payload);
}

}  // namespace understudy::test
