// SPDX-License-Identifier: Apache-2.0
// Prints conf/directives.md, and with --apache docs/apache_directives.md.
#include <cstdio>
#include <string_view>

#include "conf/directives_page.h"

int main(int argc, char** argv) {
  const bool is_apache = argc == 2 && std::string_view(argv[1]) == "--apache";
  if (argc > 1 && !is_apache) {
    std::fprintf(stderr, "usage: understudy_directives [--apache]\n");
    return 2;
  }
  const std::string page =
      is_apache ? understudy::conf::apache_directives_page() : understudy::conf::directives_page();
  const bool is_written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size();
  return is_written && std::fflush(stdout) == 0 ? 0 : 1;
}
