// SPDX-License-Identifier: Apache-2.0
// Fields of a query string or of a body in application/x-www-form-urlencoded, decoded. No files,
// no multipart. Pure functions; any thread. Used by the evhttp adapter's Request::field().
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

// What stands behind this many fields is not looked at.
inline constexpr std::size_t kFormFieldsMax = 256;

struct FormEntry {
  std::string name;
  std::string value;

  bool operator==(const FormEntry&) const = default;
};

// "a=1&b=x%20y+z" in its order. A part without '=' is a name with an empty value; an escape that is
// none ("%zz", "%4") stays as it is (WHATWG URL, percent-decode).
std::vector<FormEntry> decode_form(std::string_view text);

}  // namespace understudy
