// SPDX-License-Identifier: Apache-2.0
// What the strictness tables are asked over: who speaks which protocol, and over what. Every table
// runs in all ways; a row that has no meaning in one says so itself, with its reason.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {

enum class Transport { kTcp, kMemory };
enum class Speaks { kHttp1, kHttp2 };

struct Way {
  Transport transport = Transport::kTcp;  // of the client
  Speaks client = Speaks::kHttp1;
  Speaks member = Speaks::kHttp1;
};
std::vector<Way> all_ways();
std::vector<Way> ways_of(Speaks client);
std::string name_of(const ::testing::TestParamInfo<Way>& way);

// A proxy's options for this way.
TestProxy::Options options_for(const Way& way, TestProxy::Options options = {});
Peer& connect(TestProxy& proxy, const Way& way);

}  // namespace understudy::test
