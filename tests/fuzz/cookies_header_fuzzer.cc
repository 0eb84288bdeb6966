// SPDX-License-Identifier: Apache-2.0

// Any bytes as Cookie line and request target. A found value lies inside its line, a removed cookie
// is no longer found, and the others still are.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cookies/contract.h"
#include "cookies/cookie_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto is_inside = [line](std::string_view part) {
    return part.data() >= line.data() && part.data() + part.size() <= line.data() + line.size();
  };
  const auto value = understudy::find_cookie(line, "id");
  if (value && !is_inside(*value)) std::abort();
  std::array<char, 64> room;
  const auto parameter = understudy::find_path_parameter(line, "id", room);
  const bool is_decoded = parameter && parameter->data() == room.data();
  if (parameter && !is_decoded && !is_inside(*parameter)) std::abort();
  if (is_decoded && parameter->size() > room.size()) std::abort();

  const auto other = understudy::find_cookie(line, "other");
  const std::string kept = understudy::remove_cookie(line, "id");
  if (understudy::find_cookie(kept, "id")) std::abort();
  if (understudy::find_cookie(kept, "other") != other) std::abort();

  const auto set_cookie = understudy::build_set_cookie({.name = "id", .value = line});
  if (set_cookie && set_cookie->find_first_of("\r\n") != std::string::npos) std::abort();
  (void)understudy::is_contract_header(line);
  return 0;
}
