// SPDX-License-Identifier: Apache-2.0
// The tree of an Expression. Internal to expression.cc and expression_parser.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_range.h"
#include "base/pattern.h"
#include "proxy/apache/expression.h"

namespace understudy::apache {

enum class Op : std::uint8_t {
  // Conditions.
  kTrue,
  kFalse,
  kNot,
  kAnd,
  kOr,
  kTextEqual,
  kTextUnequal,
  kTextLess,
  kTextLessOrEqual,
  kTextMore,
  kTextMoreOrEqual,
  kNumberEqual,
  kNumberUnequal,
  kNumberLess,
  kNumberLessOrEqual,
  kNumberMore,
  kNumberMoreOrEqual,
  kMatches,
  kMatchesNot,
  kIn,         // the first part among the others
  kInNetwork,  // -ipmatch, -R
  kGlob,       // -strmatch, -fnmatch, -strcmatch
  kFile,
  kDirectory,
  kExists,
  kNotEmptyFile,
  kLink,
  kIsEmpty,
  kIsSet,
  kIsTrue,  // -T
  // Words.
  kText,
  kVariable,
  kGroup,
  kJoined,
  kFunction,
};

enum class Function : std::uint8_t {
  kRequestField,
  kResponseField,
  kEnvironment,
  kToLower,
  kToUpper,
  kEscape,
  kUnescape,
  kBase64,
  kUnbase64,
  kMd5,
  kSha1,
  kReplace,
};

struct Expression::Node {
  Op op = Op::kTrue;
  std::string text = {};  // or the variable's name, or a glob
  std::size_t group = 0;
  Function function = Function::kToLower;
  bool ignores_case = false;
  std::shared_ptr<const Pattern> pattern = {};
  std::vector<AddressRange> ranges = {};
  std::vector<std::unique_ptr<const Node>> parts = {};
};

}  // namespace understudy::apache
