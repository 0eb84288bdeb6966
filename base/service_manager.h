// SPDX-License-Identifier: Apache-2.0
// Tells the service manager that started us (systemd, Type=notify) how far we are, by a datagram to
// the socket that NOTIFY_SOCKET names; without one nothing happens. Any thread.
#pragma once

#include <string_view>

namespace understudy {

// "READY=1", "STOPPING=1" ... A failure is logged and changes nothing.
void tell_service_manager(std::string_view state);

}  // namespace understudy
