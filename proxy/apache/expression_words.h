// SPDX-License-Identifier: Apache-2.0
// The names of ap_expr's functions and operators. Internal to expression_parser.cc.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/apache/expression_node.h"
#include "proxy/http/char_class.h"

namespace understudy::apache {

struct NamedFunction {
  std::string_view name;
  Function function;
  std::size_t arguments;
};
inline constexpr NamedFunction kFunctions[] = {
    {"req", Function::kRequestField, 1},
    {"http", Function::kRequestField, 1},
    {"req_novary", Function::kRequestField, 1},
    {"resp", Function::kResponseField, 1},
    {"reqenv", Function::kEnvironment, 1},
    {"env", Function::kEnvironment, 1},
    {"tolower", Function::kToLower, 1},
    {"toupper", Function::kToUpper, 1},
    {"escape", Function::kEscape, 1},
    {"unescape", Function::kUnescape, 1},
    {"base64", Function::kBase64, 1},
    {"unbase64", Function::kUnbase64, 1},
    {"md5", Function::kMd5, 1},
    {"sha1", Function::kSha1, 1},
    {"replace", Function::kReplace, 3},
};

inline const NamedFunction* find_function(std::string_view name) {
  for (const NamedFunction& known : kFunctions) {
    if (http::equals_ignoring_case(known.name, name)) return &known;
  }
  return nullptr;
}

struct NamedOperator {
  std::string_view text;
  Op op;
};
// The longer first.
inline constexpr NamedOperator kBinary[] = {
    {"==", Op::kTextEqual},       {"!=", Op::kTextUnequal}, {"<=", Op::kTextLessOrEqual},
    {">=", Op::kTextMoreOrEqual}, {"=~", Op::kMatches},     {"!~", Op::kMatchesNot},
    {"<", Op::kTextLess},         {">", Op::kTextMore},     {"=", Op::kTextEqual},
};
inline constexpr NamedOperator kNamedBinary[] = {
    {"eq", Op::kNumberEqual},
    {"ne", Op::kNumberUnequal},
    {"lt", Op::kNumberLess},
    {"le", Op::kNumberLessOrEqual},
    {"gt", Op::kNumberMore},
    {"ge", Op::kNumberMoreOrEqual},
    {"ipmatch", Op::kInNetwork},
    {"strmatch", Op::kGlob},
    {"strcmatch", Op::kGlob},
    {"fnmatch", Op::kGlob},
    {"in", Op::kIn},
};
inline constexpr NamedOperator kUnary[] = {
    {"d", Op::kDirectory}, {"e", Op::kExists},    {"f", Op::kFile},    {"s", Op::kNotEmptyFile},
    {"L", Op::kLink},      {"h", Op::kLink},      {"z", Op::kIsEmpty}, {"n", Op::kIsSet},
    {"T", Op::kIsTrue},    {"R", Op::kInNetwork},
};

}  // namespace understudy::apache
