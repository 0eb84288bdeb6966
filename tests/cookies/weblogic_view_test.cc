// SPDX-License-Identifier: Apache-2.0
#include "cookies/weblogic_view.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy {
namespace {

constexpr std::string_view kList = "1104478448!name!12001!-1|1625602300!name2!12001!-1";

std::string only_address(std::string_view list, WeblogicPort port = WeblogicPort::kPlain) {
  const DecodedView decoded = decode_weblogic_list(list, port);
  if (!decoded) return std::string(to_text(decoded.refusal));
  return decoded.view.entries.size() == 1 ? decoded.view.entries[0].address : "not one";
}

TEST(WeblogicList, BecomesAView) {
  const DecodedView decoded = decode_weblogic_list(kList, WeblogicPort::kPlain);
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded.view.entries.size(), 2U);
  EXPECT_EQ(decoded.view.entries[0].mid, 1104478448U);
  EXPECT_EQ(decoded.view.entries[0].address, "name:12001");
  EXPECT_EQ(decoded.view.entries[1].address, "name2:12001");
  EXPECT_EQ(decoded.view.entries[1].alive, AliveState::kAlive);
  EXPECT_EQ(decoded.view.hash, 0U);
}

TEST(WeblogicList, NamesHostsInSeveralWays) {
  EXPECT_EQ(only_address("1!-1407317905!7001!-1"), "172.30.8.111:7001");
  EXPECT_EQ(only_address("1!2130706433!7001!-1"), "127.0.0.1:7001");
  EXPECT_EQ(only_address("1!10.0.0.1!7001!-1"), "10.0.0.1:7001");
  EXPECT_EQ(only_address("1!::1!7001!-1"), "[::1]:7001");
  EXPECT_EQ(only_address("1![::1]!7001!-1"), "[::1]:7001");
  EXPECT_EQ(only_address("-5!app-1.example.org!7001!7002!more!fields"), "app-1.example.org:7001");
}

TEST(WeblogicList, OffersThePortThatIsAskedFor) {
  EXPECT_EQ(only_address("1!h!7001!7002", WeblogicPort::kTls), "h:7002");
  EXPECT_EQ(only_address("1!h!-1!7002|2!g!7001!-1", WeblogicPort::kTls), "h:7002");
  EXPECT_EQ(only_address("1!h!-1!7002|2!g!7001!-1", WeblogicPort::kPlain), "g:7001");
}

TEST(WeblogicList, IsRefusedAsAWholeWhenAnEntryIsBroken) {
  for (const char* entry :
       {"", "1", "1!h!7001", "x!h!7001!-1", "1!!7001!-1", "1!h!0!-1", "1!h!65536!-1", "1!h!7001!-2",
        "1!h!!-1", "1!h h!7001!-1", "1!2887518319!7001!-1", "2147483648!h!7001!-1",
        "1!h!7001!-1!5!6!7!8!9!10!11!12!13", "1!h/../x!7001!-1", "1!h@g!7001!-1"}) {
    SCOPED_TRACE(entry);
    EXPECT_EQ(only_address("9!good!7001!-1|" + std::string(entry)), "malformed");
  }
  EXPECT_EQ(only_address("1!a!1!-1|1!b!2!-1"), "malformed");
  EXPECT_EQ(only_address(""), "no-list");
}

TEST(WeblogicList, HoldsItsLimitsAtTheMaximumAndRefusesOneMore) {
  std::string list = "0!h!7001!-1";
  for (std::size_t i = 1; i < kViewMembersMax; ++i) list += "|" + std::to_string(i) + "!h!7001!-1";
  EXPECT_EQ(decode_weblogic_list(list, WeblogicPort::kPlain).view.entries.size(), kViewMembersMax);
  EXPECT_EQ(only_address(list + "|9999!h!7001!-1"), "overlong");
  EXPECT_EQ(only_address(std::string(kViewTextBytesMax + 1, '1')), "overlong");
  EXPECT_EQ(only_address("1!" + std::string(254, 'h') + "!7001!-1"), "malformed");
  EXPECT_EQ(only_address("1!" + std::string(253, 'h') + "!7001!-1").size(), 253 + 5U);
}

TEST(WeblogicList, IsWrittenForTheMembersThatMayBeAsked) {
  ClusterView view = decode_weblogic_list(kList, WeblogicPort::kPlain).view;
  EXPECT_EQ(encode_weblogic_list(view, WeblogicPort::kPlain), kList);
  EXPECT_EQ(encode_weblogic_list(view, WeblogicPort::kTls),
            "1104478448!name!-1!12001|1625602300!name2!-1!12001");
  view.entries[0].alive = AliveState::kDead;
  EXPECT_EQ(encode_weblogic_list(view, WeblogicPort::kPlain), "1625602300!name2!12001!-1");
  view.entries[1].operator_state = OperatorState::kDisabled;
  EXPECT_EQ(encode_weblogic_list(view, WeblogicPort::kPlain), "");
}

TEST(WeblogicList, KeepsSignedIdsAndIpv6WhenWritten) {
  ClusterView view{.entries = {{.mid = 0xffffffff, .name = "a", .address = "[::1]:7001"}}};
  EXPECT_EQ(encode_weblogic_list(view, WeblogicPort::kPlain), "-1![::1]!7001!-1");
  for (const char* address : {"host", "host:", "host:0", "h!:1", "host:-1"}) {
    view.entries[0].address = address;
    EXPECT_FALSE(encode_weblogic_list(view, WeblogicPort::kPlain)) << address;
  }
}

// Computed with Python: base64 of the first 20 bytes of SHA-256.
TEST(WeblogicHash, IsTwentyBytesInBase64) {
  EXPECT_EQ(weblogic_hash(kList), "TvV2x3N4oHP0rV06r1Z0pJv6dNo");
  EXPECT_EQ(weblogic_hash("").size(), kWeblogicHashBytes);
  EXPECT_TRUE(is_weblogic_hash(weblogic_hash(kList)));
}

TEST(WeblogicHash, OfOthersIsSentBackOnlyIfItIsFitForAHeader) {
  EXPECT_TRUE(is_weblogic_hash(std::string(kWeblogicHashBytesMax, 'a')));
  EXPECT_FALSE(is_weblogic_hash(std::string(kWeblogicHashBytesMax + 1, 'a')));
  for (const char* text : {"", "a b", "a\r\nb", "a;b", "a,b", "\xff"}) {
    EXPECT_FALSE(is_weblogic_hash(text)) << text;
  }
}

}  // namespace
}  // namespace understudy
