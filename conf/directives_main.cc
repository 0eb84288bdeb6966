// SPDX-License-Identifier: Apache-2.0
// Prints conf/directives.md, with `--apache` docs/apache_directives.md, and with `--manual VERSION`
// the page understudy.conf(5).
#include <cstdio>
#include <string_view>

#include "conf/directives_manual.h"
#include "conf/directives_page.h"

int main(int argc, char** argv) {
  using namespace understudy::conf;
  const std::string_view which = argc > 1 ? argv[1] : "";
  const bool is_apache = argc == 2 && which == "--apache";
  const bool is_manual = argc == 3 && which == "--manual";
  if (argc > 1 && !is_apache && !is_manual) {
    std::fprintf(stderr, "usage: understudy_directives [--apache | --manual VERSION]\n");
    return 2;
  }
  const std::string page = is_manual   ? directives_manual(argv[2])
                           : is_apache ? apache_directives_page()
                                       : directives_page();
  const bool is_written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size();
  return is_written && std::fflush(stdout) == 0 ? 0 : 1;
}
