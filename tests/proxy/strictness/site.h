// SPDX-License-Identifier: Apache-2.0
// What the strictness tables are asked against: a proxy with one member that answers every request
// and keeps it. Each rule is asked over TCP and over a pair of sockets (Way). A rule says either
// that a request is refused, and then nothing that stands behind it may reach the member, or that
// it is forwarded, and then as exactly one message that nobody can read in two ways.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {

enum class Transport { kTcp, kMemory };
// What the member speaks. A protocol that the proxy learns to speak to members is added here and
// in every table's INSTANTIATE.
enum class Behind { kHttp1 };

struct Way {
  Transport transport = Transport::kTcp;
  Behind behind = Behind::kHttp1;
};
std::vector<Way> all_ways();
std::string name_of(const ::testing::TestParamInfo<Way>& way);

// A rule for a request of HTTP/1.1 text.
struct Rule {
  const char* rule;           // RFC section and what it says
  std::string request;        // whole, with its body
  unsigned status = 0;        // of the refusal; 0: the request is forwarded
  std::string sees = {};      // a line, or the body, that the member gets
  std::string sees_not = {};  // what it does not get
};

class Site {
 public:
  explicit Site(const Way& way);

  // Sends the rule's request with another one right behind it, and checks what became of both.
  void check(const Rule& rule);
  // Each request that the member has got, whole.
  const std::vector<std::string>& requests() const { return requests_; }

 private:
  void check_refused(const Rule& rule, const std::string& answer);
  void check_forwarded(const Rule& rule, const std::string& answer);

  TestProxy proxy_;
  Peer& client_;
  std::vector<std::string> requests_;
};

// One message, whole, framed in one way only, with one Host, and with nothing that concerns one
// connection only.
void expect_unambiguous(const std::string& request);

}  // namespace understudy::test
