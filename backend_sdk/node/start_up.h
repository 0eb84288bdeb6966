// SPDX-License-Identifier: Apache-2.0
// What a node needs of its machine before it starts: a log and an address. Blocking; called once,
// by Node::open().
#pragma once

#include <optional>

#include "base/socket.h"
#include "understudy/options.h"

namespace understudy {

std::optional<Failure> open_error_log(const Options& options);
// Where ClusterListen is to be bound. Port 0 asks for any that is free, for links and for datagrams
// alike: each life of the member needs the same one, so it is chosen here and bound like a
// configured one.
Outcome<Address> cluster_address(const Options& options);

}  // namespace understudy
