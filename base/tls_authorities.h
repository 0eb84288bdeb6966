// SPDX-License-Identifier: Apache-2.0
// The certificates of authorities, as a text of PEM, and the contexts that trust them. Internal to
// the TLS files of base/; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace understudy {

// kInvalid: the text holds no certificate, or one that cannot be read.
Result<void> check_authorities(const std::string& pem);

// Whether the peer hears whom we trust, so that it can choose what to show.
enum class ToldToPeer : uint8_t { kNo, kYes };
Result<void> trust_authorities(ssl_ctx_st* context, const std::string& pem, ToldToPeer told);

}  // namespace understudy
