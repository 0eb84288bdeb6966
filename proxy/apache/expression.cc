// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/expression.h"

#include <fnmatch.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "proxy/apache/expression_node.h"
#include "proxy/apache/password.h"
#include "proxy/apache/variables.h"
#include "proxy/http/char_class.h"

namespace understudy::apache {
namespace {

using Node = Expression::Node;

std::string hex_digest(const EVP_MD* kind, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), bytes.data(), &size, kind, nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

std::string to_base64(std::string_view text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string in_case(std::string text, bool upper) {
  for (char& c : text) {
    if (!upper) c = http::to_lower(c);
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
    if (text.size() > kVariableBytesMax) break;
  }
  return text;
}

class Evaluator final {
 public:
  explicit Evaluator(const Request& request) : request_(request) {}

  bool holds(const Node& node) {
    switch (node.op) {
      case Op::kTrue:
        return true;
      case Op::kFalse:
        return false;
      case Op::kNot:
        return !holds(*node.parts[0]);
      case Op::kAnd:
        return holds(*node.parts[0]) && holds(*node.parts[1]);
      case Op::kOr:
        return holds(*node.parts[0]) || holds(*node.parts[1]);
      case Op::kMatches:
        return matches(node);
      case Op::kMatchesNot:
        return !node.pattern->matches(text(*node.parts[0]));
      case Op::kIn:
        return is_in(node);
      case Op::kInNetwork:
        return contains(node.ranges, IpAddress::parse(text(*node.parts[0])));
      case Op::kGlob:
        return ::fnmatch(node.text.c_str(), text(*node.parts[0]).c_str(),
                         node.ignores_case ? FNM_CASEFOLD : 0) == 0;
      case Op::kIsEmpty:
        return text(*node.parts[0]).empty();
      case Op::kIsSet:
        return !text(*node.parts[0]).empty();
      case Op::kIsTrue:
        return is_true(text(*node.parts[0]));
      case Op::kFile:
      case Op::kDirectory:
      case Op::kExists:
      case Op::kNotEmptyFile:
      case Op::kLink:
        return test_file(node.op, text(*node.parts[0]));
      default:
        return compares(node);
    }
  }

  std::string text(const Node& node) {
    switch (node.op) {
      case Op::kText:
        return node.text;
      case Op::kVariable:
        return variable(node.text, request_);
      case Op::kGroup:
        return node.group < groups_.size() ? groups_[node.group] : std::string();
      case Op::kJoined: {
        std::string out;
        for (const auto& part : node.parts) {
          out += text(*part);
          if (out.size() > kVariableBytesMax) break;
        }
        return out;
      }
      default:
        return call(node);
    }
  }

  std::vector<std::string>& groups() { return groups_; }

 private:
  bool matches(const Node& node) {
    const std::string subject = text(*node.parts[0]);
    std::array<std::string_view, Pattern::kGroupsMax> found;
    if (!node.pattern->find(subject, 0, found)) return false;
    const std::size_t count = std::min(node.pattern->group_count() + 1, found.size());
    groups_.assign(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count));
    return true;
  }

  bool is_in(const Node& node) {
    const std::string wanted = text(*node.parts[0]);
    return std::any_of(node.parts.begin() + 1, node.parts.end(),
                       [&](const auto& part) { return text(*part) == wanted; });
  }

  static bool is_true(std::string_view text) {
    if (text.empty()) return false;
    for (const std::string_view no : {"0", "off", "false", "no"}) {
      if (http::equals_ignoring_case(text, no)) return false;
    }
    return true;
  }

  static bool test_file(Op op, const std::string& path) {
    struct stat status {};
    if (path.find('\0') != std::string::npos) return false;
    if (op == Op::kLink) return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
    if (::stat(path.c_str(), &status) != 0) return false;
    if (op == Op::kDirectory) return S_ISDIR(status.st_mode);
    if (op == Op::kFile) return S_ISREG(status.st_mode);
    return op == Op::kExists || status.st_size > 0;
  }

  bool compares(const Node& node) {
    const std::string a = text(*node.parts[0]);
    const std::string b = text(*node.parts[1]);
    if (node.op >= Op::kTextEqual && node.op <= Op::kTextMoreOrEqual) {
      return is_ordered(node.op, Op::kTextEqual, a.compare(b));
    }
    const long long x = std::strtoll(a.c_str(), nullptr, 10);
    const long long y = std::strtoll(b.c_str(), nullptr, 10);
    return is_ordered(node.op, Op::kNumberEqual, x < y ? -1 : x > y ? 1 : 0);
  }

  // `first` is the operator of equality of its kind; the others follow it in one order.
  static bool is_ordered(Op op, Op first, int order) {
    switch (static_cast<int>(op) - static_cast<int>(first)) {
      case 0:
        return order == 0;
      case 1:
        return order != 0;
      case 2:
        return order < 0;
      case 3:
        return order <= 0;
      case 4:
        return order > 0;
      default:
        return order >= 0;
    }
  }

  std::string call(const Node& node) {
    const std::string argument = text(*node.parts[0]);
    switch (node.function) {
      case Function::kRequestField:
        return field_value(*request_.fields, argument);
      case Function::kResponseField:
        return request_.response == nullptr ? std::string()
                                            : field_value(*request_.response, argument);
      case Function::kEnvironment: {
        const std::string* value = request_.environment->find(argument);
        return value != nullptr ? *value : std::string();
      }
      case Function::kToLower:
        return in_case(argument, false);
      case Function::kToUpper:
        return in_case(argument, true);
      case Function::kEscape:
        return encoded(argument);
      case Function::kUnescape:
        return decoded(argument);
      case Function::kBase64:
        return to_base64(argument);
      case Function::kUnbase64:
        return from_base64(argument);
      case Function::kMd5:
        return hex_digest(EVP_md5(), argument);
      case Function::kSha1:
        return hex_digest(EVP_sha1(), argument);
      case Function::kReplace:
        return replaced(argument, text(*node.parts[1]), text(*node.parts[2]));
    }
    return {};
  }

  const Request& request_;
  std::vector<std::string> groups_;
};

}  // namespace

Expression::Expression(std::unique_ptr<const Node> root) : root_(std::move(root)) {}

Expression::~Expression() = default;

bool Expression::holds(const Request& request, std::vector<std::string>* groups) const {
  Evaluator evaluator(request);
  const bool does = evaluator.holds(*root_);
  if (does && groups != nullptr && !evaluator.groups().empty()) {
    *groups = std::move(evaluator.groups());
  }
  return does;
}

std::string Expression::text(const Request& request) const {
  return Evaluator(request).text(*root_);
}

}  // namespace understudy::apache
