// SPDX-License-Identifier: Apache-2.0
// EvhttpExchange: the answer of the member that serves the session, passed on as it comes.
#include <event2/http.h>

#include <utility>

#include "backend_sdk/node/answer_reader.h"
#include "backend_sdk/node/evhttp_door.h"
#include "backend_sdk/node/evhttp_exchange.h"

namespace understudy {

void EvhttpExchange::send_relayed(Relayed relayed) {
  relayed_ = std::move(relayed);
  // The door closes before any exchange dies, so this callback finds it alive.
  relayed_.read([this](RelayedChunk chunk) { on_first_relayed(std::move(chunk)); });
}

// Most answers are whole by now, and leave in one piece.
void EvhttpExchange::on_first_relayed(RelayedChunk chunk) {
  using Kind = RelayedChunk::Kind;
  if (chunk.kind == Kind::kBroken && chunk.bytes.empty()) {
    relayed_ = Relayed();
    return fail(502, "The member that serves this session broke its answer off.\n");
  }
  if (chunk.kind == Kind::kLast && input_.method() != "HEAD") {
    Reply reply{.status = relayed_.status(), .headers = {}, .body = std::move(chunk.bytes)};
    for (const Header& header : relayed_.headers()) {
      if (!is_same_header(header.name, "Content-Length")) reply.headers.push_back(header);
    }
    relayed_ = Relayed();
    return send(reply, {});
  }
  add_headers(relayed_.headers());
  watch_connection(true);
  phase_ = Phase::kStreaming;
  evhttp_send_reply_start(raw_, relayed_.status(), nullptr);
  on_relayed(std::move(chunk));
}

void EvhttpExchange::on_relayed(RelayedChunk chunk) {
  using Kind = RelayedChunk::Kind;
  if (!watched_ || is_broken_) {  // the client has gone
    relayed_ = Relayed();
    return is_broken_ ? void() : end_stream();
  }
  if (chunk.kind == Kind::kBroken) {
    relayed_ = Relayed();
    return break_stream();
  }
  const auto go_on = [this, is_last = chunk.kind == Kind::kLast] {
    if (phase_ != Phase::kStreaming) return;
    if (is_last || !watched_) {
      relayed_ = Relayed();
      return end_stream();
    }
    relayed_.read([this](RelayedChunk next) { on_relayed(std::move(next)); });
  };
  if (chunk.bytes.empty()) return go_on();
  write(chunk.bytes, go_on);
}

}  // namespace understudy
