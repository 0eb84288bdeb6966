// SPDX-License-Identifier: Apache-2.0
// An expression or a text with variables, or rules of rewriting, and a request, split at NUL bytes:
// they are refused, or evaluated within their limits, and no answer of theirs can end a line.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/apache/expression.h"
#include "proxy/apache/host_rules.h"
#include "proxy/config/config.h"
#include "proxy/config/load.h"

namespace {

using namespace understudy;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view one = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return one;
}

void try_expression(std::string_view text, const apache::Request& request) {
  std::vector<std::string> groups;
  if (const auto condition = apache::Expression::condition(text)) {
    static_cast<void>((*condition)->holds(request, &groups));
  }
  if (const auto words = apache::Expression::words(text)) {
    require((*words)->text(request).size() <= 4 * apache::kVariableBytesMax + text.size());
  }
}

void try_rules(std::string_view text, apache::Request& request) {
  conf::MemoryFiles files;
  files.add("a", "Listen 80\nProxyPass / http://a:1/\nRewriteEngine On\n" + std::string(text));
  config::LoadOptions options;
  options.files = &files;
  options.parse.environment = nullptr;
  const config::Loaded loaded = config::load("a", options);
  if (!loaded || !loaded.config->hosts.all().front().rules) return;
  const apache::HostRules& rules = *loaded.config->hosts.all().front().rules;
  const apache::Rewritten made = apache::rewrite(rules.rewriting, request.path, request);
  const std::string& lines = made.verdict.lines;
  require(lines.empty() || lines.find("\r\n") == lines.size() - 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  const std::string_view rules = take(rest);
  const std::string path(take(rest));
  const std::string value(take(rest));
  const http::Field field{.name = "X-Field", .value = value};
  const http::FieldList fields({&field, 1}, {});
  apache::Environment environment;
  environment.set("NAME", value);
  apache::Request request{.method = "GET",
                          .target = path,
                          .path = path,
                          .query = rest,
                          .authority = "www.example.com",
                          .local_name = "www.example.com",
                          .protocol = "HTTP/1.1",
                          .fields = &fields,
                          .environment = &environment};
  try_expression(rules, request);
  try_rules(rules, request);
  return 0;
}
