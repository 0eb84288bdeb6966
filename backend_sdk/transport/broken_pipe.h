// SPDX-License-Identifier: Apache-2.0
// Writing to a connection whose other end is gone raises SIGPIPE, and OpenSSL writes without
// MSG_NOSIGNAL. A library may not change what its application does with signals, so the signal is
// blocked on the loop's thread only. Called by every link before its first write; cheap.
#pragma once

namespace understudy {

void silence_broken_pipes();

}  // namespace understudy
