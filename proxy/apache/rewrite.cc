// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/rewrite.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "proxy/apache/expression.h"
#include "proxy/http/char_class.h"

namespace understudy::apache {
namespace {

constexpr std::size_t kUrlBytesMax = 8190;

bool is_absolute(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme != std::string_view::npos && scheme != 0 &&
         url.substr(0, scheme).find_first_of("/?#") == std::string_view::npos;
}

bool has_blank_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
}

// As Apache writes paths and queries into Location: small hex digits.
std::string escaped_for_redirect(std::string_view text, std::string_view plain) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const char lower = static_cast<char>(c | 0x20);
    const bool is_word = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    if (is_word || plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

constexpr std::string_view kPlainInPath = "$-_.+!*'(),:;@&=/~";

// The part of an absolute URL in front of its path.
std::size_t authority_end(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return std::min(url.find('/', scheme + 3), url.size());
}

class Run final {
 public:
  Run(const Rewriting& rules, std::string_view path, Request& request)
      : rules_(rules), request_(request), uri_(path) {}

  Rewritten run() {
    std::size_t at = 0;
    unsigned rounds = 0;
    while (at < rules_.size()) {
      const RewriteRule& rule = rules_[at];
      if (!applies(rule)) {
        // A chain that is broken is skipped to its end.
        while (at < rules_.size() && rules_[at].is_chained) ++at;
        ++at;
        continue;
      }
      set_variables(rule);
      if (!rule.is_unchanged || rule.status) {
        if (auto out = change(rule)) return *std::move(out);
      }
      if (rule.is_end) out_.is_end = true;
      if (rule.is_last || rule.is_end) break;
      if (rule.is_next_round) {
        if (++rounds > rule.rounds_max) {
          return answer({.status = 500, .sentence = "The rules of this site lead in a circle."});
        }
        at = 0;
        continue;
      }
      at += 1 + rule.skips;
    }
    return finish();
  }

 private:
  using Kind = RewriteCondition::Kind;

  bool applies(const RewriteRule& rule) {
    std::array<std::string_view, Pattern::kGroupsMax> groups;
    const bool fits = rule.pattern->find(uri_, 0, groups);
    if (fits == rule.is_negated) return false;
    captures_.rule.clear();
    if (fits) {
      const std::size_t count = std::min(rule.pattern->group_count() + 1, groups.size());
      captures_.rule.assign(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(count));
    }
    captures_.condition.clear();
    for (std::size_t i = 0; i < rule.conditions.size(); ++i) {
      // One that holds answers for those that are joined with it by OR.
      const bool holds = this->holds(rule.conditions[i]);
      if (!holds) {
        if (!rule.conditions[i].is_or) return false;
        continue;
      }
      while (i < rule.conditions.size() && rule.conditions[i].is_or) ++i;
    }
    return true;
  }

  bool holds(const RewriteCondition& condition) {
    const std::string subject = condition.subject.expand(request_, captures_);
    return test(condition, subject) != condition.is_negated;
  }

  bool test(const RewriteCondition& condition, const std::string& subject) {
    switch (condition.kind) {
      case Kind::kPattern: {
        std::array<std::string_view, Pattern::kGroupsMax> groups;
        if (!condition.pattern->find(subject, 0, groups)) return false;
        if (condition.is_negated) return true;
        const std::size_t count = std::min(condition.pattern->group_count() + 1, groups.size());
        captures_.condition.assign(groups.begin(),
                                   groups.begin() + static_cast<std::ptrdiff_t>(count));
        return true;
      }
      case Kind::kLess:
        return order(condition, subject) < 0;
      case Kind::kLessOrEqual:
        return order(condition, subject) <= 0;
      case Kind::kEqual:
        return order(condition, subject) == 0;
      case Kind::kMoreOrEqual:
        return order(condition, subject) >= 0;
      case Kind::kMore:
        return order(condition, subject) > 0;
      case Kind::kExpression:
        return test_expression(condition);
      case Kind::kFile:
      case Kind::kDirectory:
      case Kind::kNotEmpty:
      case Kind::kLink:
      case Kind::kExecutable:
        return test_file(condition.kind, subject);
      default:
        return test_number(condition, subject);
    }
  }

  static int order(const RewriteCondition& condition, std::string_view subject) {
    if (!condition.ignores_case) {
      // Apache: a longer text is the greater one.
      if (condition.kind != Kind::kEqual && subject.size() != condition.text.size()) {
        return subject.size() < condition.text.size() ? -1 : 1;
      }
      return subject.compare(condition.text);
    }
    std::string a(subject);
    std::string b = condition.text;
    for (std::string* text : {&a, &b}) {
      for (char& c : *text) c = http::to_lower(c);
    }
    return a.compare(b);
  }

  static bool test_number(const RewriteCondition& condition, const std::string& subject) {
    const long long a = std::strtoll(subject.c_str(), nullptr, 10);
    const long long b = std::strtoll(condition.text.c_str(), nullptr, 10);
    switch (condition.kind) {
      case Kind::kNumberEqual:
        return a == b;
      case Kind::kNumberUnequal:
        return a != b;
      case Kind::kNumberLess:
        return a < b;
      case Kind::kNumberLessOrEqual:
        return a <= b;
      case Kind::kNumberMore:
        return a > b;
      default:
        return a >= b;
    }
  }

  static bool test_file(Kind kind, const std::string& path) {
    if (path.find('\0') != std::string::npos) return false;
    struct stat status {};
    if (kind == Kind::kLink) return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
    if (::stat(path.c_str(), &status) != 0) return false;
    if (kind == Kind::kDirectory) return S_ISDIR(status.st_mode);
    if (kind == Kind::kExecutable) return ::access(path.c_str(), X_OK) == 0;
    return S_ISREG(status.st_mode) && (kind == Kind::kFile || status.st_size > 0);
  }

  bool test_expression(const RewriteCondition& condition) {
    std::vector<std::string> caught;
    if (!condition.expression->holds(request_, &caught)) return false;
    if (!caught.empty()) captures_.condition = std::move(caught);
    return true;
  }

  void set_variables(const RewriteRule& rule) {
    for (const RewriteRule::Variable& variable : rule.variables) {
      const std::string name = variable.name.expand(request_, captures_);
      if (variable.is_unset) {
        request_.environment->unset(name);
      } else {
        request_.environment->set(name, variable.value.expand(request_, captures_));
      }
    }
  }

  Rewritten answer(Verdict verdict) {
    out_.kind = Rewritten::Kind::kAnswer;
    out_.verdict = std::move(verdict);
    return std::move(out_);
  }

  // Nothing: the next rule goes on with what has become of the URI.
  std::optional<Rewritten> change(const RewriteRule& rule) {
    if (rule.status && !is_redirect(*rule.status)) {
      constexpr std::string_view kForbidden = "You may not have what is at this address.";
      constexpr std::string_view kGone = "What was at this address is not there any more.";
      return answer({.status = *rule.status, .sentence = *rule.status == 403 ? kForbidden : kGone});
    }
    if (rule.is_unchanged) return {};
    std::string next = rule.to.expand(request_, captures_, rule.escapes_groups);
    if (next.size() > kUrlBytesMax) {
      return answer({.status = 414, .sentence = "The rules of this site make too long a URL."});
    }
    split_query(rule, next);
    if (rule.is_proxied) return proxied(rule, std::move(next));
    if (!rule.status) reduce(next);
    const bool is_url = is_absolute(next);
    if (rule.status || is_url) return redirected(rule, std::move(next));
    uri_ = std::move(next);
    is_changed_ = true;
    passes_through_ |= rule.passes_through;
    is_encoded_ = rule.keeps_unescaped;
    return {};
  }

  // What stands behind '?' becomes the query.
  void split_query(const RewriteRule& rule, std::string& uri) {
    const std::size_t mark = rule.has_query ? uri.find('?') : std::string::npos;
    if (mark == std::string::npos) {
      if (rule.discards_query) set_query("", false);
      return;
    }
    std::string query = uri.substr(mark + 1);
    uri.resize(mark);
    const std::string_view old = rule.discards_query ? std::string_view() : this->query();
    if (rule.appends_query && !old.empty()) query += (query.empty() ? "" : "&") + std::string(old);
    set_query(std::move(query), true);
  }

  std::string_view query() const {
    return out_.query ? std::string_view(*out_.query) : request_.query;
  }

  void set_query(std::string query, bool is_ours) {
    out_.query = std::move(query);
    is_query_ours_ = is_ours;
  }

  Rewritten proxied(const RewriteRule& rule, std::string path) {
    const bool is_bare = rule.keeps_unescaped && has_blank_or_control(path);
    if (is_bare || has_blank_or_control(query())) return answer(blank());
    out_.kind = Rewritten::Kind::kProxied;
    out_.target = rule.target;
    out_.path = std::move(path);
    out_.is_encoded = rule.keeps_unescaped;
    if (!out_.path.starts_with('/')) out_.path.insert(0, "/");
    return std::move(out_);
  }

  static Verdict blank() {
    return {.status = 403, .sentence = "The rules of this site make a URL with blanks."};
  }

  // A URL of this very server is a path again.
  void reduce(std::string& url) const {
    const std::string_view scheme = request_.is_tls ? "https://" : "http://";
    if (!http::equals_ignoring_case(std::string_view(url).substr(0, scheme.size()), scheme)) {
      return;
    }
    const std::size_t end = authority_end(url);
    const std::string_view authority =
        std::string_view(url).substr(scheme.size(), end - scheme.size());
    const std::size_t colon = authority.rfind(':');
    const std::string_view host = authority.substr(0, colon);
    const std::string port = colon == std::string_view::npos
                                 ? (request_.is_tls ? "443" : "80")
                                 : std::string(authority.substr(colon + 1));
    const bool is_here = http::equals_ignoring_case(host, request_.local_name) &&
                         port == std::to_string(request_.local_port);
    if (!is_here) return;
    url.erase(0, end);
    if (url.empty()) url = "/";
  }

  Rewritten redirected(const RewriteRule& rule, std::string url) {
    if (!is_absolute(url)) {
      if (!url.starts_with('/')) url.insert(0, "/");
      url = whole_url(url, request_);
    }
    if (!rule.keeps_unescaped) {
      const std::size_t end = authority_end(url);
      url = url.substr(0, end) +
            escaped_for_redirect(std::string_view(url).substr(end), kPlainInPath);
    }
    std::string query(this->query());
    if (is_query_ours_ && !rule.keeps_unescaped) {
      query = escaped_for_redirect(query, kPlainInPath);
    } else if (has_blank_or_control(query)) {
      return answer(blank());
    }
    if (!query.empty()) url += "?" + query;
    return answer(redirect_to(url, rule.status.value_or(302)));
  }

  Rewritten finish() {
    if (!is_changed_) return std::move(out_);
    const bool is_bare = is_encoded_ && has_blank_or_control(uri_);
    if (is_bare || has_blank_or_control(query())) return answer(blank());
    out_.kind = passes_through_ ? Rewritten::Kind::kPassed : Rewritten::Kind::kPath;
    out_.path = std::move(uri_);
    out_.is_encoded = is_encoded_;
    return std::move(out_);
  }

  const Rewriting& rules_;
  Request& request_;
  std::string uri_;
  Captures captures_;
  Rewritten out_;
  bool is_changed_ = false;
  bool passes_through_ = false;
  bool is_encoded_ = false;
  bool is_query_ours_ = false;
};

}  // namespace

Rewritten rewrite(const Rewriting& rules, std::string_view path, Request& request) {
  return Run(rules, path, request).run();
}

}  // namespace understudy::apache
