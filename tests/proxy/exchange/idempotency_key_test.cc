// SPDX-License-Identifier: Apache-2.0
// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): where the application honours it, a
// POST that carries one is sent again like an idempotent request, and nowhere else.
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

struct Row {
  const char* name;
  bool is_on;
  std::string lines;
  bool is_sent_again;
  bool idempotent = true;  // the directive of that name
};

TEST(IdempotencyKey, MakesARequestThatMayBeSentAgain) {
  const std::string key = "Idempotency-Key: \"8e03978e-40d5-43dd-bc93-6894a57f9324\"\r\n";
  const Row rows[] = {
      {"off, without", false, "", false},
      {"off, with", false, key, false},
      {"on, without", true, "", false},
      {"on, with", true, key, true},
      {"on, in another letter case", true, "idempotency-KEY: k\r\n", true},
      {"on, empty", true, "Idempotency-Key: \r\n", false},
      {"on, twice", true, key + key, false},
      {"on, under a longer name", true, "X-Idempotency-Key: k\r\n", false},
      {"on, but Idempotent is Off", true, key, false, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    TestProxy::Options options{.members = 2};
    options.failover.idempotency_key = row.is_on;
    options.failover.idempotent = row.idempotent;
    TestProxy proxy(options);
    proxy.member(1).answer = [](std::string_view) { return ok("from the other"); };
    Peer& client = proxy.connect();
    client.send("POST /pay HTTP/1.1\r\nHost: a\r\n" + row.lines + "Content-Length: 4\r\n\r\nbody");
    Member& first = proxy.member(0);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(first.received()) != 0; }));
    first.connection().reset();
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    const std::string status = row.is_sent_again ? "HTTP/1.1 200" : "HTTP/1.1 502";
    EXPECT_TRUE(client.received().starts_with(status)) << client.received();
    EXPECT_EQ(proxy.member(1).requests, row.is_sent_again ? 1u : 0u);
  }
}

}  // namespace
}  // namespace understudy::test
