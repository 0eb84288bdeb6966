// SPDX-License-Identifier: Apache-2.0
#include "base/address_range.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy {
namespace {

TEST(AddressRange, ContainsWhatItsPrefixSays) {
  const struct {
    const char* range;
    const char* address;
    bool inside;
  } kCases[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.0.0.0/255.0.0.0", "10.9.9.9", true},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.8", false},
      {"192.0.2.0/31", "192.0.2.1", true},
      {"192.0.2.0/31", "192.0.2.2", false},
      {"0.0.0.0/0", "203.0.113.1", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::1", "::1", true},
      {"::1", "127.0.0.1", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"::/0", "2001:db8::1", true},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(std::string(test.range) + " and " + test.address);
    const auto range = AddressRange::parse(test.range);
    ASSERT_TRUE(range.has_value());
    EXPECT_EQ(range->contains(IpAddress::parse(test.address)), test.inside);
  }
}

TEST(AddressRange, RefusesEverythingElse) {
  for (const char* text :
       {"", "x", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129", "10.0.0.0/8x",
        "10.0.0.1:80", "[::1]", "10.0.0.0/255.0.255.0", "a.b/8"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(AddressRange::parse(text).has_value());
  }
}

TEST(IpAddress, ReadsAnAddressWithAndWithoutItsPort) {
  const struct {
    const char* text;
    const char* canonical;
  } kCases[] = {{"192.0.2.7", "192.0.2.7"},
                {"192.0.2.7:80", "192.0.2.7"},
                {"[2001:DB8::7]:80", "2001:db8::7"},
                {"[::1]", "::1"},
                {"2001:db8:0::7", "2001:db8::7"},
                {"::ffff:192.0.2.7", "192.0.2.7"},
                {"unknown", ""},
                {"_hidden", ""},
                {"192.0.2", ""},
                {"[::1", ""},
                {"[::1]x", ""},
                {"", ""},
                {"192.0.2.7\r\nX: y", ""},
                {"fe80::1%eth0", ""}};
  Address::HostText room;
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.text);
    EXPECT_EQ(IpAddress::parse(test.text).text(room), test.canonical);
  }
}

TEST(IpAddress, KnowsWhatThePublicInternetDoesNotHave) {
  for (const char* text : {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.0.0.1",
                           "169.254.1.1", "::1", "fe80::1", "fd00::1"}) {
    EXPECT_TRUE(IpAddress::parse(text).is_private()) << text;
  }
  for (const char* text : {"172.32.0.1", "192.0.2.1", "11.0.0.1", "2001:db8::1"}) {
    EXPECT_FALSE(IpAddress::parse(text).is_private()) << text;
  }
}

TEST(IpAddress, IsThatOfASocketsAddress) {
  Address::HostText room;
  EXPECT_EQ(IpAddress::of(*Address::parse("192.0.2.7:80")).text(room), "192.0.2.7");
  EXPECT_EQ(IpAddress::of(*Address::parse("[2001:db8::7]:80")).text(room), "2001:db8::7");
  EXPECT_FALSE(IpAddress::of(*Address::parse("unix:/x")).is_set());
  EXPECT_FALSE(IpAddress::of(Address()).is_set());
}

}  // namespace
}  // namespace understudy
