// SPDX-License-Identifier: Apache-2.0
// The grammar of ap_expr, read by recursive descent.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "proxy/apache/expression_words.h"
#include "proxy/apache/variables.h"
#include "proxy/http/char_class.h"

namespace understudy::apache {
namespace {

using Node = Expression::Node;
using NodePointer = std::unique_ptr<Node>;

NodePointer make(Op op) {
  auto node = std::make_unique<Node>();
  node->op = op;
  return node;
}

bool is_letter(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z';
}

bool is_name_byte(char c) {
  return is_letter(c) || http::is_digit(c) || c == '_';
}

class Parser final {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  NodePointer condition() {
    NodePointer root = disjunction();
    skip_blanks();
    if (root && at_ < text_.size()) return fail("the end");
    return root;
  }

  // A whole text, up to the end or to `quote`.
  NodePointer words(char quote) {
    NodePointer joined = make(Op::kJoined);
    while (at_ < text_.size() && (quote == '\0' || text_[at_] != quote)) {
      const bool is_variable = text_.substr(at_).starts_with("%{");
      const bool is_group = text_[at_] == '$' && http::is_digit(peek(1));
      if (is_variable || is_group) {
        NodePointer part = is_variable ? this->variable() : group();
        if (!part) return nullptr;
        joined->parts.push_back(std::move(part));
        continue;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      add(*joined, text_[at_++]);
    }
    return joined;
  }

  const std::string& error() const { return error_; }

 private:
  NodePointer fail(std::string_view expected) {
    if (error_.empty()) {
      const std::string_view rest = text_.substr(std::min(at_, text_.size()), 20);
      error_ = "expected " + std::string(expected) +
               (rest.empty() ? " before its end" : " before '" + std::string(rest) + "'");
    }
    return nullptr;
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void skip_blanks() {
    while (http::is_blank(peek()) || peek() == '\n') ++at_;
  }

  bool take(std::string_view sign) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }

  std::string_view name_here() const {
    std::size_t end = at_;
    while (end < text_.size() && is_name_byte(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }

  static void add(Node& joined, char c) {
    if (joined.parts.empty() || joined.parts.back()->op != Op::kText) {
      joined.parts.push_back(make(Op::kText));
    }
    const_cast<Node&>(*joined.parts.back()).text += c;
  }

  NodePointer join(Op op, NodePointer a, NodePointer b) {
    if (!a || !b) return nullptr;
    NodePointer node = make(op);
    node->parts.push_back(std::move(a));
    node->parts.push_back(std::move(b));
    return node;
  }

  // && binds more than ||.
  NodePointer disjunction() {
    if (++depth_ > kExpressionDepthMax) return fail("fewer brackets");
    NodePointer left = conjunction();
    while (left && take("||")) left = join(Op::kOr, std::move(left), conjunction());
    --depth_;
    return left;
  }

  NodePointer conjunction() {
    NodePointer left = negation();
    while (left && take("&&")) left = join(Op::kAnd, std::move(left), negation());
    return left;
  }

  NodePointer negation() {
    skip_blanks();
    if (peek() == '!' && peek(1) != '=' && peek(1) != '~') {
      ++at_;
      if (++depth_ > kExpressionDepthMax) return fail("fewer negations");
      NodePointer node = make(Op::kNot);
      NodePointer inner = negation();
      --depth_;
      if (!inner) return nullptr;
      node->parts.push_back(std::move(inner));
      return node;
    }
    if (peek() == '(') {
      ++at_;
      NodePointer inner = disjunction();
      if (inner && !take(")")) return fail("')'");
      return inner;
    }
    const std::string_view name = name_here();
    for (const auto& [word, op] : {NamedOperator{"true", Op::kTrue}, {"false", Op::kFalse}}) {
      if (!http::equals_ignoring_case(name, word)) continue;
      at_ += name.size();
      return make(op);
    }
    return comparison();
  }

  NodePointer comparison() {
    if (peek() == '-' && is_letter(peek(1)) && !is_name_byte(peek(2))) return unary();
    NodePointer left = word();
    if (!left) return nullptr;
    skip_blanks();
    for (const NamedOperator& binary : kBinary) {
      if (!text_.substr(at_).starts_with(binary.text)) continue;
      at_ += binary.text.size();
      const bool is_match = binary.op == Op::kMatches || binary.op == Op::kMatchesNot;
      return is_match ? match(binary.op, std::move(left))
                      : join(binary.op, std::move(left), word());
    }
    if (peek() == '-') ++at_;
    const std::string_view name = name_here();
    for (const NamedOperator& binary : kNamedBinary) {
      if (name != binary.text) continue;
      at_ += name.size();
      return named(binary, std::move(left));
    }
    return fail("a comparison");
  }

  NodePointer unary() {
    const std::string_view name = text_.substr(at_ + 1, 1);
    for (const NamedOperator& known : kUnary) {
      if (name != known.text) continue;
      at_ += 2;
      if (known.op == Op::kInNetwork) {
        NodePointer client = make(Op::kVariable);
        client->text = "REMOTE_ADDR";
        return network(std::move(client));
      }
      NodePointer node = make(known.op);
      NodePointer inner = word();
      if (!inner) return nullptr;
      node->parts.push_back(std::move(inner));
      return node;
    }
    return fail("one of -d -e -f -s -L -h -z -n -T -R");
  }

  NodePointer named(const NamedOperator& binary, NodePointer left) {
    if (binary.op == Op::kInNetwork) return network(std::move(left));
    if (binary.op == Op::kIn) return list(std::move(left));
    if (binary.op != Op::kGlob) return join(binary.op, std::move(left), word());
    const auto pattern = plain_word();
    if (!pattern) return fail("a pattern without variables");
    NodePointer node = make(Op::kGlob);
    node->text = *pattern;
    node->ignores_case = binary.text == "strcmatch";
    node->parts.push_back(std::move(left));
    return node;
  }

  // A word that does not depend on the request.
  std::optional<std::string> plain_word() {
    NodePointer right = word();
    if (!right) return {};
    if (right->op == Op::kText) return right->text;
    if (right->op != Op::kJoined || right->parts.size() > 1) return {};
    if (right->parts.empty()) return std::string();
    if (right->parts[0]->op != Op::kText) return {};
    return right->parts[0]->text;
  }

  NodePointer network(NodePointer left) {
    const auto text = plain_word();
    if (!text) return fail("a network such as '10.0.0.0/8'");
    const auto range = AddressRange::parse(*text);
    if (!range) return fail("a network such as '10.0.0.0/8'");
    NodePointer node = make(Op::kInNetwork);
    node->ranges.push_back(*range);
    node->parts.push_back(std::move(left));
    return node;
  }

  NodePointer list(NodePointer left) {
    if (!take("{")) return fail("'{'");
    NodePointer node = make(Op::kIn);
    node->parts.push_back(std::move(left));
    do {
      NodePointer element = word();
      if (!element) return nullptr;
      node->parts.push_back(std::move(element));
    } while (take(","));
    return take("}") ? std::move(node) : fail("'}'");
  }

  // /pattern/flags or m#pattern#flags.
  NodePointer match(Op op, NodePointer left) {
    skip_blanks();
    if (peek() == 'm') ++at_;
    const char separator = peek();
    if (separator == '\0' || is_name_byte(separator) || http::is_blank(separator)) {
      return fail("a regular expression such as m#^/shop#");
    }
    ++at_;
    std::string pattern;
    while (at_ < text_.size() && text_[at_] != separator) {
      if (text_[at_] == '\\' && peek(1) == separator)
        ++at_;
      else if (text_[at_] == '\\' && peek(1) != '\0')
        pattern += text_[at_++];
      pattern += text_[at_++];
    }
    if (peek() != separator) return fail("the end of the regular expression");
    ++at_;
    std::string flags;
    for (; is_letter(peek()); ++at_) {
      if (std::string_view("ims").find(peek()) == std::string_view::npos) return fail("a flag");
      flags += peek();
    }
    auto compiled = Pattern::compile(flags.empty() ? pattern : "(?" + flags + ")" + pattern);
    if (!compiled) {
      if (error_.empty()) error_ = "no regular expression for RE2: " + compiled.error().detail;
      return nullptr;
    }
    NodePointer node = make(op);
    node->pattern = *std::move(compiled);
    node->parts.push_back(std::move(left));
    return node;
  }

  // "a" . %{B}
  NodePointer word() {
    NodePointer left = single_word();
    for (;;) {
      skip_blanks();
      if (!left || peek() != '.') return left;
      ++at_;
      left = join(Op::kJoined, std::move(left), single_word());
    }
  }

  NodePointer single_word() {
    skip_blanks();
    const char c = peek();
    if (c == '"' || c == '\'') {
      ++at_;
      NodePointer text = words(c);
      if (text && peek() != c) return fail("a closing quote");
      ++at_;
      return text;
    }
    if (text_.substr(at_).starts_with("%{")) return variable();
    if (c == '$' && http::is_digit(peek(1))) return group();
    if (http::is_digit(c) || (c == '-' && http::is_digit(peek(1)))) {
      NodePointer number = make(Op::kText);
      do number->text += text_[at_++];
      while (http::is_digit(peek()));
      return number;
    }
    return call();
  }

  NodePointer group() {
    NodePointer node = make(Op::kGroup);
    node->group = static_cast<std::size_t>(peek(1) - '0');
    at_ += 2;
    return node;
  }

  // "%{NAME}" or "%{function:text}".
  NodePointer variable() {
    const std::size_t close = text_.find('}', at_);
    if (close == std::string_view::npos) return fail("'}'");
    const std::string_view inside = text_.substr(at_ + 2, close - at_ - 2);
    const std::size_t colon = inside.find(':');
    const NamedFunction* function =
        colon == std::string_view::npos ? nullptr : find_function(inside.substr(0, colon));
    if (is_variable(inside)) {
      at_ = close + 1;
      NodePointer node = make(Op::kVariable);
      node->text = inside;
      return node;
    }
    if (function == nullptr || function->arguments != 1) {
      return fail("a variable that a proxy has");
    }
    at_ = close + 1;
    NodePointer node = make(Op::kFunction);
    node->function = function->function;
    NodePointer argument = make(Op::kText);
    argument->text = inside.substr(colon + 1);
    node->parts.push_back(std::move(argument));
    return node;
  }

  NodePointer call() {
    const std::string_view name = name_here();
    const NamedFunction* function = find_function(name);
    if (function == nullptr) return fail("a word, a variable or a function");
    at_ += name.size();
    if (!take("(")) return fail("'('");
    if (++depth_ > kExpressionDepthMax) return fail("fewer brackets");
    NodePointer node = make(Op::kFunction);
    node->function = function->function;
    do {
      NodePointer argument = word();
      if (!argument) return nullptr;
      node->parts.push_back(std::move(argument));
    } while (take(","));
    --depth_;
    if (node->parts.size() != function->arguments) {
      return fail("another number of arguments for " + std::string(name));
    }
    return take(")") ? std::move(node) : fail("')'");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string error_;
};

}  // namespace

Result<std::shared_ptr<const Expression>> Expression::condition(std::string_view text) {
  if (text.size() > kExpressionBytesMax) {
    return Error{.code = ErrorCode::kTooLarge, .detail = "it is too long"};
  }
  Parser parser(text);
  NodePointer root = parser.condition();
  if (!root) return Error{.code = ErrorCode::kInvalid, .detail = parser.error()};
  return std::shared_ptr<const Expression>(new Expression(std::move(root)));
}

Result<std::shared_ptr<const Expression>> Expression::words(std::string_view text) {
  if (text.size() > kExpressionBytesMax) {
    return Error{.code = ErrorCode::kTooLarge, .detail = "it is too long"};
  }
  Parser parser(text);
  NodePointer root = parser.words('\0');
  if (!root) return Error{.code = ErrorCode::kInvalid, .detail = parser.error()};
  return std::shared_ptr<const Expression>(new Expression(std::move(root)));
}

}  // namespace understudy::apache
