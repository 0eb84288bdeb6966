// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

TEST(Slice, AGetTravelsThroughAndBack) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("hello"); };
  Peer& client = proxy.connect();
  client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.take(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  client.send("GET /y HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(proxy.member().accepted(), 1u);
  EXPECT_EQ(proxy.member().requests, 2u);
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
}

}  // namespace
}  // namespace understudy::test
