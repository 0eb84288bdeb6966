// SPDX-License-Identifier: Apache-2.0
// A TestProxy with one HTTP/2 client that has greeted it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {

class Http2Site {
 public:
  using Entries = std::vector<std::pair<uint16_t, uint32_t>>;

  Http2Site() : Http2Site(TestProxy::Options{}) {}
  explicit Http2Site(TestProxy::Options options, const Entries& settings = {},
                     bool in_memory = false)
      : proxy((options.http2 = true, options)),
        peer(in_memory ? proxy.connect_in_memory() : proxy.connect()) {
    peer.send(Http2Client::greeting(settings));
  }

  void send(std::string_view bytes) { peer.send(bytes); }
  // However much the socket takes at once.
  void send_all(std::string bytes) {
    for (;;) {
      bytes.erase(0, peer.send_some(bytes));
      if (bytes.empty() || peer.is_closed()) return;
      turn();
    }
  }
  // One turn of the loop, with no waiting.
  void turn() {
    proxy.loop().run_once(Duration::zero());
    peer.pump();
    pump();
  }
  // Reads what has come, and answers it as a client does.
  void pump() {
    const std::string answer = client.read(peer.take());
    if (!answer.empty() && !peer.is_closed()) peer.send_some(answer);
  }
  bool run_until(const std::function<bool()>& done) {
    return proxy.run_until([&] {
      pump();
      return done();
    });
  }
  bool run_until_ended(uint32_t stream) {
    return run_until([&] { return client.response(stream).ended; });
  }
  bool run_until_reset(uint32_t stream) {
    return run_until([&] { return client.response(stream).reset >= 0; });
  }
  bool run_until_sent_away() {
    return run_until([&] { return client.goaway_error() >= 0; });
  }
  void run_a_little(int times = 1) {
    for (int i = 0; i < times; ++i) {
      proxy.run_a_little();
      pump();
    }
  }
  Member& member() { return proxy.member(); }
  Http2Client::Response& response(uint32_t stream) { return client.response(stream); }

  TestProxy proxy;
  Peer& peer;
  Http2Client client;
};

}  // namespace understudy::test
