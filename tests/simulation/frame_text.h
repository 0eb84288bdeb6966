// SPDX-License-Identifier: Apache-2.0
// One line about a frame for a run's history: who sends it, what it is and which session or vote it
// is about. Beats of a channel (RENEW, an ACK without a refusal) and membership's frames say
// nothing. Pure.
#pragma once

#include <string>

#include "backend_sdk/wire/frame.h"

namespace understudy::sim {

std::string to_text(MemberId from, MemberId to, const Frame& frame);

}  // namespace understudy::sim
