// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /metrics: the status as Prometheus text (exposition format 0.0.4). A pure function.

#include <string>

#include "proxy/server/status.h"

namespace understudy {

std::string metrics_text(const ServerStatus& status);

}  // namespace understudy
