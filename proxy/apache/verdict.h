// SPDX-License-Identifier: Apache-2.0
// What a rule of Apache's configuration answers in a member's place. A value; any thread.
#pragma once

#include <string>
#include <string_view>

namespace understudy::apache {

// 0: it may pass.
struct Verdict {
  unsigned status = 0;
  std::string lines = {};  // header lines of the answer, each with CRLF
  std::string_view sentence = {};
};

}  // namespace understudy::apache
