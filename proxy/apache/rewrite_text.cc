// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/rewrite_text.h"

#include <algorithm>
#include <random>
#include <utility>

#include "proxy/apache/request.h"
#include "proxy/apache/variables.h"
#include "proxy/http/char_class.h"

namespace understudy::apache {
namespace {

// Where the bracket that is open at `from` closes; npos: nowhere.
std::size_t end_of_brackets(std::string_view text, std::size_t from) {
  int depth = 1;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

// One of "a|b|c" at random, each equally often.
std::string one_of(const std::string& choices) {
  static thread_local std::minstd_rand generator{std::random_device{}()};
  const auto count = static_cast<std::size_t>(std::count(choices.begin(), choices.end(), '|')) + 1;
  std::size_t left = std::uniform_int_distribution<std::size_t>(0, count - 1)(generator);
  std::size_t begin = 0;
  for (; left > 0; --left) begin = choices.find('|', begin) + 1;
  return choices.substr(begin, choices.find('|', begin) - begin);
}

Error unknown(std::string text) {
  return Error{.code = ErrorCode::kInvalid, .detail = std::move(text)};
}

// As Apache's [B]: all but letters, digits and '_', a blank as '+'.
std::string escaped_group(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const char lower = static_cast<char>(c | 0x20);
    const auto byte = static_cast<unsigned char>(c);
    if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace

void RewriteText::add(char c) {
  if (parts_.empty() || parts_.back().kind != Part::Kind::kText) parts_.emplace_back();
  parts_.back().text += c;
}

Result<RewriteText> RewriteText::parse(std::string_view text, const RewriteMaps& maps) {
  RewriteText out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '\\' && next != '\0') {
      out.add(text[++i]);
    } else if ((c == '$' || c == '%') && http::is_digit(next)) {
      out.parts_.push_back({.kind = c == '$' ? Part::Kind::kGroup : Part::Kind::kCondition,
                            .group = static_cast<std::size_t>(next - '0')});
      ++i;
    } else if ((c == '$' || c == '%') && next == '{') {
      const std::size_t close = end_of_brackets(text, i + 2);
      if (close == std::string_view::npos) return unknown("a '{' is not closed");
      const std::string_view inside = text.substr(i + 2, close - i - 2);
      if (c == '$') {
        auto part = parse_map(inside, maps);
        if (!part) return std::move(part).error();
        out.parts_.push_back(*std::move(part));
      } else if (is_variable(inside)) {
        out.parts_.push_back({.kind = Part::Kind::kVariable, .text = std::string(inside)});
      } else {
        return unknown("there is no variable %{" + std::string(inside) + "} in a proxy");
      }
      i = close;
    } else {
      out.add(c);
    }
  }
  return out;
}

Result<RewriteText::Part> RewriteText::parse_map(std::string_view inside, const RewriteMaps& maps) {
  const std::size_t colon = inside.find(':');
  const std::string_view name = inside.substr(0, colon);
  const auto map = maps.find(name);
  if (colon == std::string_view::npos || map == maps.end()) {
    return unknown("there is no RewriteMap " + std::string(name));
  }
  // The bar that stands outside of inner brackets.
  std::string_view rest = inside.substr(colon + 1);
  std::size_t bar = std::string_view::npos;
  int depth = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    depth += rest[i] == '{' ? 1 : rest[i] == '}' ? -1 : 0;
    if (rest[i] == '|' && depth == 0) {
      bar = i;
      break;
    }
  }
  Part part{.kind = Part::Kind::kMap, .map = map->second};
  const std::string_view otherwise =
      bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  for (const std::string_view one : {rest.substr(0, bar), otherwise}) {
    auto text = parse(one, maps);
    if (!text) return std::move(text).error();
    part.of_map.push_back(*std::move(text));
  }
  return part;
}

unsigned RewriteText::highest_group() const {
  std::size_t highest = 0;
  for (const Part& part : parts_) {
    if (part.kind == Part::Kind::kGroup) highest = std::max(highest, part.group);
    for (const RewriteText& inner : part.of_map) {
      highest = std::max<std::size_t>(highest, inner.highest_group());
    }
  }
  return static_cast<unsigned>(highest);
}

std::string RewriteText::look_up(const RewriteMap& map, const std::string& key, bool& is_found) {
  is_found = true;
  std::string out = key;
  switch (map.kind) {
    case RewriteMap::Kind::kText:
    case RewriteMap::Kind::kRandom: {
      const auto found = map.entries.find(key);
      is_found = found != map.entries.end();
      if (!is_found) return {};
      return map.kind == RewriteMap::Kind::kText ? found->second : one_of(found->second);
    }
    case RewriteMap::Kind::kToLower:
      for (char& c : out) c = http::to_lower(c);
      return out;
    case RewriteMap::Kind::kToUpper:
      for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      }
      return out;
    case RewriteMap::Kind::kEscape:
      return encoded(key);
    case RewriteMap::Kind::kUnescape:
      return decoded(key);
  }
  return out;
}

std::string RewriteText::expand(const Request& request, const Captures& captures,
                                bool escapes_groups) const {
  std::string out;
  const auto caught = [escapes_groups](const std::vector<std::string>& groups, std::size_t at) {
    if (at >= groups.size()) return std::string();
    return escapes_groups ? escaped_group(groups[at]) : groups[at];
  };
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::kText:
        out += part.text;
        break;
      case Part::Kind::kGroup:
        out += caught(captures.rule, part.group);
        break;
      case Part::Kind::kCondition:
        out += caught(captures.condition, part.group);
        break;
      case Part::Kind::kVariable:
        out += variable(part.text, request);
        break;
      case Part::Kind::kMap: {
        bool is_found = false;
        const std::string key = part.of_map[0].expand(request, captures);
        const std::string value = look_up(*part.map, key, is_found);
        out += is_found ? value : part.of_map[1].expand(request, captures);
        break;
      }
    }
    if (out.size() > kVariableBytesMax) break;
  }
  return out;
}

}  // namespace understudy::apache
