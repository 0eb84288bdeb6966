// SPDX-License-Identifier: Apache-2.0
// What an exchange changes in the heads that it forwards. All of it is composed in the worker's
// scratch: a mask of the received lines that are dropped, and the lines that are added. Called by
// Exchange for each request that is sent and each response; worker thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/exchange/inserted_cookie.h"
#include "proxy/http/head_rewrite.h"
#include "proxy/http/message.h"
#include "proxy/http/remote_client.h"

namespace understudy::apache {
struct Passage;
struct Request;
}  // namespace understudy::apache

namespace understudy::config {
struct Location;
struct VirtualHost;
}  // namespace understudy::config

namespace understudy {

class Try;
class WorkerCluster;
struct Client;
struct HeadScratch;

// Of the exchange whose heads they are.
struct HeadFacts {
  HeadScratch& scratch;
  const config::VirtualHost& host;
  const config::Location* location;  // null: it is not known, and there are only pages
  const Client& peer;
  const http::RemoteClient& client;          // of whom a trusted peer speaks
  const apache::Passage* passage = nullptr;  // null: no rule of Apache's is about the request
  Duration waited{};                         // since the request's head was here
  uint64_t request_id = 0;
  bool is_tls = false;  // the client's side, a trusted proxy's word included
};

// What the member is asked for, in the scratch; empty: what the client sent. `goes_as_is` as in
// MappedPath.
std::string_view member_target(const HeadFacts& facts, const http::RequestHead& head,
                               bool goes_as_is);

// How the request goes to the member of a try.
struct RequestFor {
  Try& attempt;
  const WorkerCluster& cluster;
  bool upgrades = false;
  bool keeps_expect = false;
  bool has_broken_off = false;  // an earlier try of it did
  bool sends_path_as_is = true;
  bool& keeps_request_id;  // set: whether a trusted proxy's id was kept
};

// False: there is no room for our lines.
bool compose_request(const HeadFacts& facts, const RequestFor& to, const http::RequestHead& head,
                     http::RequestRewrite& rewrite);

struct ResponseFor {
  const WorkerCluster& cluster;
  std::string_view authority;     // of the request
  std::string_view member;        // that answers: its name
  bool takes_chunks = false;      // the client does
  bool upgrades = false;          // a 101 that begins a tunnel
  InsertedCookie::Given given{};  // tag 0: the client gets no cookie of ours
};
void compose_response(const HeadFacts& facts, const ResponseFor& to,
                      const http::ResponseHead& head);

// What an access log wants of a response, as the client gets it: what compose_response did not
// drop, and what was added.
void note_fields(const std::vector<std::string>& wanted, const http::FieldList& fields,
                 const HeadScratch& scratch, std::string& noted);

// The lines of an answer of our own; what comes back is in the scratch, or `lines` itself.
std::string_view edit_page_lines(const HeadFacts& facts, std::string_view lines);

}  // namespace understudy
