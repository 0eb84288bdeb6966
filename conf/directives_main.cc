// SPDX-License-Identifier: Apache-2.0
// Prints directives.md, or with `--manual VERSION` the page understudy.conf(5).
#include <cstdio>
#include <string_view>

#include "conf/directives_manual.h"
#include "conf/directives_page.h"

int main(int argc, char** argv) {
  const bool is_manual = argc == 3 && std::string_view(argv[1]) == "--manual";
  const std::string page = is_manual ? understudy::conf::directives_manual(argv[2])
                                     : understudy::conf::directives_page();
  const bool is_written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size();
  return is_written && std::fflush(stdout) == 0 ? 0 : 1;
}
