// SPDX-License-Identifier: Apache-2.0
// RelayMark: what shows that a request was relayed by a member and not sent by a client
// (Understudy-Relayed; PROTOCOL 1.4, T2): signed with the cluster's key, for one request to one
// life of a member, and for a few minutes. Immutable; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "backend_sdk/wire/ids.h"
#include "cookies/signature.h"

namespace understudy {

// What the signature covers beside the mark's own fields.
struct RelayedRequest {
  std::string_view method;
  std::string_view target;
  std::string_view request_id;  // as the headers say them; empty when absent
  std::string_view failover;
  MemberId to = kNobody;
};

class RelayMark final {
 public:
  using Time = std::chrono::sys_time<std::chrono::milliseconds>;
  static constexpr std::chrono::minutes kAgeMax{5};

  RelayMark(const Keyring& keyring, std::string_view cluster)
      : signer_(keyring, KeyPurpose::kRelay, cluster) {}

  std::string write(const RelayedRequest& request, MemberId from, Time now) const;
  bool holds(std::string_view mark, const RelayedRequest& request, Time now) const;

 private:
  const TextSigner signer_;
};

}  // namespace understudy
