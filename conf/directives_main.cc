// SPDX-License-Identifier: Apache-2.0
// Prints directives.md.
#include <cstdio>

#include "conf/directives_page.h"

int main() {
  const std::string page = understudy::conf::directives_page();
  const bool is_written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size();
  return is_written && std::fflush(stdout) == 0 ? 0 : 1;
}
