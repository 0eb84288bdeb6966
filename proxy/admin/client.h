// SPDX-License-Identifier: Apache-2.0
// The command line's side of admin: one request, waited for. Blocks; for `understudy status` and
// its like only.
#pragma once

#include <string>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"

namespace understudy {

inline constexpr Duration kAdminAnswerMax = std::chrono::seconds(30);
inline constexpr std::size_t kAdminAnswerBytesMax = std::size_t{64} * 1024 * 1024;

struct AdminAnswer {
  int status = 0;
  std::string body = {};
};

struct AdminQuestion {
  std::string method = "GET";
  std::string target = "/status";
  Duration answer_max = kAdminAnswerMax;  // for all of it
};

// kConnectRefused when nothing listens there; kTimeout; kProtocol when what answers is no admin
// address.
Result<AdminAnswer> ask_admin(const Address& address, const AdminQuestion& question);

// For a value in a query: everything but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace understudy
