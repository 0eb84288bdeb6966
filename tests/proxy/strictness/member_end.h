// SPDX-License-Identifier: Apache-2.0
// A member's end of its connections in either protocol. What it is asked is told as text of
// HTTP/1.1, whatever it speaks; what it answers is said once for both.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/proxy/strictness/way.h"
#include "tests/proxy/support/http2_client.h"

namespace understudy::test {

class MemberEnd {
 public:
  MemberEnd(TestProxy& proxy, Speaks speaks, std::size_t index = 0);

  // Moves what has come. To be called at each turn of the proxy's loop.
  void pump();

  // The requests that came whole and were answered, each as text, in their order.
  const std::vector<std::string>& requests() const { return requests_; }
  // A 200 with this body for each whole request; an empty body: requests are kept, not answered.
  void answer_with(const std::string& body) { answer_ = body; }
  // The next request gets this text of HTTP/1.1, or the frames that say the same; and then the
  // connection is closed, if it is said so.
  void answer_once(const std::string& text, bool and_close = false);

  // Anything of a request.
  bool is_asked();
  // A whole request that was not answered.
  bool is_asked_whole();
  // The body of the last request so far, as it came (with the chunks of HTTP/1.1).
  std::string body_so_far();
  // Of what was not answered: it was broken off, and not by an end.
  bool was_broken_off();
  bool has_any_of(const std::string& text);

  Peer& peer() { return member_.connection(); }
  Member& member() { return member_; }
  Speaks speaks() const { return speaks_; }
  // The stream of the request that came last; 0 when there is none.
  uint32_t last_stream() const;

 private:
  struct Link {
    Peer* peer = nullptr;
    Http2Client reader;
    std::string before_greeting;
    bool has_greeted = false;
    uint32_t last_stream = 0;
    std::set<uint32_t> answered;
  };
  void pump(Link& link);
  void pump_text();
  std::string frames_for(const Http2Client::Response& request, uint32_t stream);
  Http2Client::Response* last_request();

  Member& member_;
  const Speaks speaks_;
  std::string answer_;
  std::string once_;
  bool closes_ = false;
  bool closes_now_ = false;
  std::vector<std::string> requests_;
  std::vector<std::unique_ptr<Link>> links_;
};

}  // namespace understudy::test
