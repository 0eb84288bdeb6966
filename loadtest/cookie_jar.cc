// SPDX-License-Identifier: Apache-2.0
#include "loadtest/cookie_jar.h"

#include <algorithm>
#include <string_view>

namespace understudy::loadtest {
namespace {

// "NAME=VALUE" of a Set-Cookie line.
std::string_view pair_of(std::string_view line) {
  return line.substr(0, line.find(';'));
}

}  // namespace

void keep_cookies(std::string& jar, const ClientResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (name != "set-cookie") continue;
    const std::string_view pair = pair_of(value);
    const std::string_view cookie = pair.substr(0, pair.find('=') + 1);
    size_t begin = 0;
    while (begin < jar.size() && jar.compare(begin, cookie.size(), cookie) != 0) {
      const size_t next = jar.find("; ", begin);
      begin = next == std::string::npos ? jar.size() : next + 2;
    }
    if (begin < jar.size()) {
      jar.replace(begin, std::min(jar.find(';', begin), jar.size()) - begin, pair);
    } else {
      jar.append(jar.empty() ? "" : "; ").append(pair);
    }
  }
}

}  // namespace understudy::loadtest
