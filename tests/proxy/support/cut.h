// SPDX-License-Identifier: Apache-2.0
// A cut in the network for tests on loopback, which needs no rights: the test's end of a connection
// takes no segment any more, so that nothing is acknowledged, as if nothing came.
#pragma once

#include <chrono>
#include <cstdint>

namespace understudy::test {

// For good. Of a listener: no connection can be made.
void cut_off(int fd);
// How many segments have come so far, probes among them.
std::uint32_t segments_received(int fd);
// How long ago the last bytes came; a question for room brings none.
std::chrono::milliseconds since_data(int fd);

}  // namespace understudy::test
