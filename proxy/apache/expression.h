// SPDX-License-Identifier: Apache-2.0
// Expression: Apache's expression language (ap_expr) for what a proxy has: conditions of <If>,
// Require expr, RewriteCond expr, SetEnvIfExpr and expr=, and texts with variables. Parsed once,
// within limits; immutable, any thread. Patterns are RE2's, so that every one takes linear time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/apache/request.h"

namespace understudy::apache {

inline constexpr std::size_t kExpressionBytesMax = 8192;
inline constexpr int kExpressionDepthMax = 64;

class Expression final {
 public:
  // kInvalid: what is wrong, with its place.
  static Result<std::shared_ptr<const Expression>> condition(std::string_view text);
  // "on %{HTTP_HOST}": a text, as the value of a header field.
  static Result<std::shared_ptr<const Expression>> words(std::string_view text);
  ~Expression();
  Expression(const Expression&) = delete;

  // Of a condition. `groups` takes what the last =~ that held has caught; null: not wanted.
  bool holds(const Request& request, std::vector<std::string>* groups = nullptr) const;
  // Of a text.
  std::string text(const Request& request) const;

  struct Node;

 private:
  explicit Expression(std::unique_ptr<const Node> root);

  const std::unique_ptr<const Node> root_;
};

}  // namespace understudy::apache
