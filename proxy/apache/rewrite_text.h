// SPDX-License-Identifier: Apache-2.0
// RewriteText: the text of a RewriteRule or RewriteCond in which $1, %1, %{NAME} and
// ${map:key|else} stand for what a request brings. Parsed once; a value of the immutable Config;
// any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::apache {

struct Request;

// RewriteMap txt:FILE as it was when the configuration was loaded, or int:FUNCTION.
struct RewriteMap {
  enum class Kind : std::uint8_t { kText, kRandom, kToLower, kToUpper, kEscape, kUnescape };
  Kind kind = Kind::kText;
  std::map<std::string, std::string, std::less<>> entries = {};  // kRandom: "one|another"
};
using RewriteMaps = std::map<std::string, std::shared_ptr<const RewriteMap>, std::less<>>;

// What a match has caught: $0 to $9, and %0 to %9 of the last condition.
struct Captures {
  std::vector<std::string> rule = {};
  std::vector<std::string> condition = {};
};

class RewriteText final {
 public:
  RewriteText() = default;
  // kInvalid: what is not known in it.
  static Result<RewriteText> parse(std::string_view text, const RewriteMaps& maps);

  bool empty() const { return parts_.empty(); }
  unsigned highest_group() const;  // of $
  // `escapes_groups`: [B].
  std::string expand(const Request& request, const Captures& captures,
                     bool escapes_groups = false) const;

 private:
  struct Part {
    enum class Kind : std::uint8_t { kText, kGroup, kCondition, kVariable, kMap };
    Kind kind = Kind::kText;
    std::string text = {};  // or the variable's name
    std::size_t group = 0;
    std::shared_ptr<const RewriteMap> map = {};
    std::vector<RewriteText> of_map = {};  // the key, and what stands for an unknown one
  };
  static std::string look_up(const RewriteMap& map, const std::string& key, bool& is_found);
  static Result<Part> parse_map(std::string_view inside, const RewriteMaps& maps);
  void add(char c);

  std::vector<Part> parts_;
};

}  // namespace understudy::apache
