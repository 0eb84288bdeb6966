// SPDX-License-Identifier: Apache-2.0
// The header lines that a member understands and no client may say: cookies/contract.h in the
// dialect of the cluster. Pure; called by exchange.cc for each request that is sent.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "proxy/config/forwarding.h"
#include "proxy/exchange/downstream.h"
#include "proxy/http/line_arena.h"

namespace understudy {

class AnsweredRequests;
class WorkerCluster;
namespace routing {
struct Member;
}

struct ContractFacts {
  const routing::Member& member;  // that is asked
  const Client& client;           // our peer
  const config::Forwarding& forwarding;
  std::string_view peer_address;    // its address
  std::string_view client_address;  // of whom it speaks for, or its own
  bool is_tls = false;              // as the client sees it
  // Of a peer whose word about its client is believed where WLProxyPassThrough and its like ask for
  // it: a trusted proxy, or any where the host names none. Else null.
  const http::FieldList* believed = nullptr;
  uint64_t request_id = 0;  // native dialect; never 0 there
  // By this member; those that are told are taken out.
  AnsweredRequests& answered;
  std::string_view failover = {};  // empty: the cookie's primary is asked, or there is none
  Duration waited{};               // since the request's head was here
};

// Lines that no client may say, of both dialects and of neither: the client's certificate. A
// request that is not sent after all takes its answered ids with it.
void add_contract_lines(const WorkerCluster& cluster, const ContractFacts& facts,
                        http::LineArena& lines);

}  // namespace understudy
