// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/strictness/way.h"

namespace understudy::test {

std::vector<Way> ways_of(Speaks client) {
  std::vector<Way> ways;
  for (const Speaks member : {Speaks::kHttp1, Speaks::kHttp2}) {
    for (const Transport transport : {Transport::kTcp, Transport::kMemory}) {
      ways.push_back({.transport = transport, .client = client, .member = member});
    }
  }
  return ways;
}

std::vector<Way> all_ways() {
  std::vector<Way> ways = ways_of(Speaks::kHttp1);
  for (const Way& way : ways_of(Speaks::kHttp2)) ways.push_back(way);
  return ways;
}

std::string name_of(const ::testing::TestParamInfo<Way>& way) {
  const auto name = [](Speaks speaks) { return speaks == Speaks::kHttp1 ? "Http1" : "Http2"; };
  return std::string(name(way.param.client)) + "To" + name(way.param.member) +
         (way.param.transport == Transport::kTcp ? "OverTcp" : "InMemory");
}

TestProxy::Options options_for(const Way& way, TestProxy::Options options) {
  options.http2 = way.client == Speaks::kHttp2;
  if (way.member == Speaks::kHttp2) options.protocol = config::MemberProtocol::kHttp2;
  return options;
}

Peer& connect(TestProxy& proxy, const Way& way) {
  return way.transport == Transport::kTcp ? proxy.connect() : proxy.connect_in_memory();
}

}  // namespace understudy::test
