// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/remote_client.h"

#include <gtest/gtest.h>

#include "tests/proxy/http/composed.h"

namespace understudy::http {
namespace {

TrustedHops hops(std::initializer_list<const char*> internal,
                 std::initializer_list<const char*> external = {}) {
  TrustedHops out;
  for (const char* range : internal) out.internal.push_back(*AddressRange::parse(range));
  for (const char* range : external) out.external.push_back(*AddressRange::parse(range));
  return out;
}

// "address/hops", or "no" when the peer is nobody to believe.
std::string found(const TrustedHops& trusted, std::string_view lines, std::string_view peer) {
  const ParsedRequest request(get_with(lines));
  EXPECT_TRUE(request.complete()) << lines;
  const RemoteClient client =
      find_remote_client(trusted, request.head.fields, IpAddress::parse(peer));
  if (!client.peer_is_trusted) {
    EXPECT_EQ(client.address, IpAddress::parse(peer));
    return "no";
  }
  Address::HostText room;
  return std::string(client.address.text(room)) + "/" + std::to_string(client.hops);
}

TEST(RemoteClient, IsFoundFromTheRightAsFarAsHopsAreTrusted) {
  const TrustedHops trusted = hops({"10.0.0.0/8"});
  const struct {
    std::string_view lines, peer, expected;
  } kCases[] = {
      {"X-Forwarded-For: 203.0.113.9\r\n", "192.0.2.1", "no"},
      {"", "10.0.0.1", "10.0.0.1/0"},
      {"X-Forwarded-For:\r\n", "10.0.0.1", "10.0.0.1/0"},
      {"X-Forwarded-For: 203.0.113.9\r\n", "10.0.0.1", "203.0.113.9/1"},
      {"X-Forwarded-For: 1.1.1.1, 203.0.113.9\r\n", "10.0.0.1", "203.0.113.9/1"},
      {"X-Forwarded-For: 1.1.1.1, 203.0.113.9, 10.0.0.2\r\n", "10.0.0.1", "203.0.113.9/2"},
      {"X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 10.0.0.2\r\n", "10.0.0.1",
       "203.0.113.9/2"},
      {"X-Forwarded-For: 203.0.113.9, unknown, 10.0.0.2\r\n", "10.0.0.1", "10.0.0.2/1"},
      {"X-Forwarded-For: 192.168.1.1\r\n", "10.0.0.1", "192.168.1.1/1"},
      {"X-Forwarded-For: [2001:db8::9]:4711\r\n", "10.0.0.1", "2001:db8::9/1"},
      {"X-Forwarded-For: 203.0.113.9 ,, \r\n", "10.0.0.1", "203.0.113.9/1"},
      {"X-Real-IP: 203.0.113.9\r\n", "10.0.0.1", "10.0.0.1/0"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(std::string(test.lines) + " from " + std::string(test.peer));
    EXPECT_EQ(found(trusted, test.lines, test.peer), test.expected);
  }
}

// mod_remoteip: what an external proxy says of the operator's own networks may be made up.
TEST(RemoteClient, AnExternalHopIsNotBelievedAboutPrivateAddresses) {
  const TrustedHops trusted = hops({"10.0.0.0/8"}, {"198.51.100.0/24"});
  EXPECT_EQ(found(trusted, "X-Forwarded-For: 192.168.1.1\r\n", "198.51.100.7"), "198.51.100.7/0");
  EXPECT_EQ(found(trusted, "X-Forwarded-For: 203.0.113.9\r\n", "198.51.100.7"), "203.0.113.9/1");
  EXPECT_EQ(found(trusted, "X-Forwarded-For: 192.168.1.1, 198.51.100.7\r\n", "10.0.0.1"),
            "198.51.100.7/1");
}

TEST(RemoteClient, MayBeNamedByAnotherHeader) {
  TrustedHops trusted = hops({"10.0.0.0/8"});
  trusted.header = "CF-Connecting-IP";
  trusted.id = field_id(trusted.header);
  EXPECT_EQ(
      found(trusted, "X-Forwarded-For: 1.1.1.1\r\ncf-connecting-ip: 203.0.113.9\r\n", "10.0.0.1"),
      "203.0.113.9/1");
}

TEST(RemoteClient, TheElementsThatWereBelievedAreThoseAtTheEnd) {
  const TrustedHops trusted = hops({"10.0.0.0/8"});
  const ParsedRequest request(
      get_with("X-Forwarded-For: a, b\r\nX-Other: z\r\nX-Forwarded-For: c ,d\r\n"));
  std::array<char, 64> block;
  LineArena lines(block);
  append_last_elements(request.head.fields, trusted, 3, lines);
  EXPECT_EQ(lines.text(), "b, c, d, ");
}

}  // namespace
}  // namespace understudy::http
