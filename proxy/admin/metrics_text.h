// SPDX-License-Identifier: Apache-2.0
// GET /metrics: the status as Prometheus text (exposition format 0.0.4). A pure function.
#pragma once

#include <string>

#include "proxy/server/status.h"

namespace understudy {

std::string metrics_text(const ServerStatus& status);

}  // namespace understudy
