// SPDX-License-Identifier: Apache-2.0
// What the strictness tables are asked against: a proxy with one member that answers every request
// and keeps it, over each Way. A rule says either that a request is refused, and then nothing that
// stands behind it may reach the member, or that it is forwarded, and then as exactly one message
// that nobody can read in two ways.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/proxy/strictness/member_end.h"
#include "tests/proxy/strictness/way.h"

namespace understudy::test {

// What a rule for a request of HTTP/1.1 text means for a client of HTTP/2, which says the same in
// frames (http2_text.h).
enum class OverHttp2 {
  kTheSame,
  kRefused,  // HTTP/2 refuses what HTTP/1.1 bears with
  kNothing,  // it cannot be said in frames, and the row is left out
};

struct Rule {
  const char* rule;           // RFC section and what it says
  std::string request;        // whole, with its body
  unsigned status = 0;        // of the refusal; 0: the request is forwarded
  std::string sees = {};      // a line, or the body, that the member gets
  std::string sees_not = {};  // what it does not get
  OverHttp2 over_http2 = OverHttp2::kTheSame;
  const char* why = "";  // unless it is the same
};
using Rules = std::vector<Rule>;
// The rules with their last two columns filled in.
Rules text_only(const char* why, Rules rules);
Rules refused_over_http2(const char* why, Rules rules);

class Site {
 public:
  explicit Site(const Way& way);

  // Sends the rule's request with another one right behind it, and checks what became of both.
  void check(const Rule& rule);

 private:
  void check_text(const Rule& rule);
  void check_frames(const Rule& rule, bool is_refused);
  void check_refused(const Rule& rule, const std::string& answer);
  void check_forwarded(const Rule& rule);
  bool run_until(const std::function<bool()>& done);

  const Way way_;
  TestProxy proxy_;
  MemberEnd member_;
  Peer& client_;
};

// One message, whole, framed in one way only, with one Host, and with nothing that concerns one
// connection only.
void expect_unambiguous(const std::string& request);
// `request` has `sees` and has not `sees_not`, whatever the letters of the names of fields.
void expect_seen(const std::string& request, const std::string& sees, const std::string& sees_not);

}  // namespace understudy::test
