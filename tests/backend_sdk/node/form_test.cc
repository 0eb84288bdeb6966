// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/form.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(Form, FieldsAreDecodedInTheirOrder) {
  const struct {
    const char* text;
    std::vector<FormEntry> expected;
  } kCases[] = {
      {"", {}},
      {"&&", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1&b=2&a=3", {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
      {"a", {{"a", ""}}},
      {"=1", {{"", "1"}}},
      {"a=x+y%20z", {{"a", "x y z"}}},
      {"a=1=2", {{"a", "1=2"}}},
      {"%61=%C3%A9", {{"a", "é"}}},
      {"a=%", {{"a", "%"}}},
      {"a=%4", {{"a", "%4"}}},
      {"a=%zz", {{"a", "%zz"}}},
      {"a=%00b", {{"a", std::string("\0b", 2)}}},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(decode_form(one.text), one.expected);
  }
}

TEST(Form, NoMoreThanTheMaximumIsRead) {
  std::string text;
  for (std::size_t i = 0; i < kFormFieldsMax; ++i) text += "a=1&";
  EXPECT_EQ(decode_form(text).size(), kFormFieldsMax);
  EXPECT_EQ(decode_form(text + "b=2").size(), kFormFieldsMax);
}

}  // namespace
}  // namespace understudy
