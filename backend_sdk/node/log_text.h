// SPDX-License-Identifier: Apache-2.0
// How a node writes session ids and member lists: for the application, and for the log.
#pragma once

#include <string>

#include "backend_sdk/membership/view.h"
#include "backend_sdk/wire/ids.h"

namespace understudy {

std::string to_text(const SessionId& id);
// Enough to find a session's lines in the log, too little to steal it.
std::string short_text(const SessionId& id);
// "a, b draining, c dead"
std::string summary(const MemberView& view);

}  // namespace understudy
