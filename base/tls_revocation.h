// SPDX-License-Identifier: Apache-2.0
// Revocation lists: certificates that their authorities have taken back before their time. Lists
// are texts of PEM that the caller reads from disk; nothing is fetched. Used by TlsHost (about
// clients) and TlsDialer (about servers). Values; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace understudy {

enum class RevocationCheck : uint8_t {
  kNone,
  kLeaf,   // the peer's own certificate
  kChain,  // and those of the authorities above it
};

struct TlsRevocation {
  RevocationCheck check = RevocationCheck::kNone;
  std::string lists = {};  // PEM, any number; needed unless kNone
  // A certificate whose authority has no list here passes; else it is refused.
  bool accepts_unlisted = false;

  bool is_on() const { return check != RevocationCheck::kNone; }
};

// When the first of the lists is due to be replaced, in seconds since 1970: from then on all
// certificates of its authority are refused. The largest number when none says so. kInvalid: the
// text holds no list, or one that cannot be read.
Result<int64_t> check_revocation_lists(const std::string& pem);

// For a context that trusts its authorities already; `verify_mode` is what SSL_CTX_set_verify gets.
Result<void> use_revocation_lists(ssl_ctx_st* context, const TlsRevocation& revocation,
                                  int verify_mode);

// Differs where the lists or the rules do; for what a session ticket is bound to.
std::string identity_of(const TlsRevocation& revocation);

}  // namespace understudy
