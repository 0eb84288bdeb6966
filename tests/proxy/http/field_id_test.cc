// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/field_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "cookies/contract.h"
#include "proxy/http/char_class.h"

namespace understudy::http {
namespace {

// The first three ids have no name of their own.
constexpr unsigned kFirstNamed = 3;

std::string mapped(std::string_view name, char (*change)(char)) {
  std::string text(name);
  std::transform(text.begin(), text.end(), text.begin(), change);
  return text;
}

TEST(FieldId, EveryNameIsFoundInAnyLetterCase) {
  for (unsigned i = kFirstNamed; i < kFieldIdCount; ++i) {
    const auto id = static_cast<FieldId>(i);
    SCOPED_TRACE(field_name(id));
    EXPECT_EQ(field_id(field_name(id)), id);
    EXPECT_EQ(field_id(mapped(field_name(id), to_lower)), id);
    const auto to_upper = [](char c) { return c >= 'a' && c <= 'z' ? char(c ^ 0x20) : c; };
    EXPECT_EQ(field_id(mapped(field_name(id), to_upper)), id);
  }
}

TEST(FieldId, NoNameThatDiffersInOneByteIsFound) {
  for (unsigned i = kFirstNamed; i < kFieldIdCount; ++i) {
    const std::string_view name = field_name(static_cast<FieldId>(i));
    for (size_t at = 0; at < name.size(); ++at) {
      for (char byte : std::string_view("aZ~^.+!|1_")) {
        std::string other(name);
        other[at] = byte;
        if (equals_ignoring_case(other, name)) continue;
        SCOPED_TRACE(other);
        EXPECT_NE(field_id(other), static_cast<FieldId>(i));
      }
    }
  }
}

TEST(FieldId, ShorterAndLongerNamesAreOthers) {
  for (unsigned i = kFirstNamed; i < kFieldIdCount; ++i) {
    const std::string name(field_name(static_cast<FieldId>(i)));
    SCOPED_TRACE(name);
    EXPECT_NE(field_id(name + "x"), static_cast<FieldId>(i));
    EXPECT_NE(field_id(name.substr(0, name.size() - 1)), static_cast<FieldId>(i));
  }
  EXPECT_EQ(field_id("x"), FieldId::kOther);
  EXPECT_EQ(field_id(std::string(65'600, 'x')), FieldId::kOther);
}

TEST(FieldId, UnderscoreTwinsOfNamesWeActUponAreSeen) {
  for (const char* twin : {"X_Forwarded_For", "x-forwarded_proto", "Content_Length", "X_Real-IP",
                           "Transfer_Encoding", "Set_Cookie"}) {
    EXPECT_EQ(field_id(twin), FieldId::kTwin) << twin;
  }
  EXPECT_EQ(field_id("user_id"), FieldId::kOther);
  EXPECT_EQ(field_id("_"), FieldId::kOther);
}

TEST(FieldId, EveryNameOfTheContractBelongsToIt) {
  for (const char* name : {"Understudy-View", "UNDERSTUDY-SESSION", "understudy_view",
                           "Understudy-Later", "X-WebLogic-KeepAliveSecs", "x_weblogic_force_jvmid",
                           "WL-Proxy-SSL", "wl_proxy_client-ip", "X-WebLogic-Cluster-List"}) {
    EXPECT_TRUE(kContractFields.has(field_id(name))) << name;
  }
}

TEST(FieldId, TheContractsOwnIdsAreThoseOfItsHeader) {
  for (unsigned i = kFirstNamed; i < kFieldIdCount; ++i) {
    const auto id = static_cast<FieldId>(i);
    EXPECT_EQ(kContractFields.has(id), is_contract_header(field_name(id))) << field_name(id);
  }
}

}  // namespace
}  // namespace understudy::http
