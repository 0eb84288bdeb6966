// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/hedge.h"

#include "base/check.h"

namespace understudy {

void Hedge::on_connected(Upstream& connection) {
  if (state_ == State::kPassing) return exchange_.on_connected(connection);
  try_.upstream = &connection;
  owner_.on_hedge_connected();
}

// What a member says meanwhile is worth nothing before it is known whose answer the client gets.
void Hedge::on_interim_response(const http::ResponseHead& head) {
  if (state_ == State::kPassing) exchange_.on_interim_response(head);
}

void Hedge::on_response_head(const http::ResponseHead& head) {
  if (state_ == State::kPassing) return exchange_.on_response_head(head);
  owner_.on_hedge_answer(head);
}

void Hedge::on_response_body() {
  DCHECK(state_ == State::kPassing);
  exchange_.on_response_body();
}

// There is no body to send.
void Hedge::on_upstream_writable() {
  if (state_ == State::kPassing) exchange_.on_upstream_writable();
}

void Hedge::on_upstream_failed(ErrorCode code, std::string_view detail) {
  if (state_ == State::kPassing) return exchange_.on_upstream_failed(code, detail);
  owner_.on_hedge_failed(code);
}

void Hedge::on_member_gone() {
  owner_.on_hedge_member_gone();
}

void Hedge::on_room(uint64_t) {
  CHECK(false, "a hedge never queues");
}

}  // namespace understudy
