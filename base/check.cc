// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace understudy {

void check_failed(const char* condition, const char* file, int line, const char* note) {
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed%s%s\n", file, line, condition, *note ? ": " : "",
               note);
  std::abort();
}

}  // namespace understudy
