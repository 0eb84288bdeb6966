// SPDX-License-Identifier: Apache-2.0
// The parts of a report that tell of processes, in its three forms, and what the forms share. Used
// by report.cc and report_html.cc only. Pure.
#pragma once

#include <json/value.h>

#include <string>

#include "loadtest/report.h"

namespace understudy::loadtest {

// Empty when no process was looked at.
std::string processes_text(const Report& report);
void add_processes(const Report& report, Json::Value& json);
std::string processes_html(const Report& report);

}  // namespace understudy::loadtest
