// SPDX-License-Identifier: Apache-2.0
#include "understudy/relayed.h"

#include <utility>

#include "backend_sdk/node/pending.h"
#include "backend_sdk/node/relayed_state.h"

namespace understudy {

Relayed::State::~State() {
  if (!exchange) return;
  static_cast<void>(under_way->door().post(
      [exchange = std::move(exchange), held = under_way](NodeCore&) { exchange->close(); }));
}

Relayed::Relayed() = default;
Relayed::Relayed(std::unique_ptr<State> state) : state_(std::move(state)) {}
Relayed::~Relayed() = default;
Relayed::Relayed(Relayed&&) noexcept = default;
Relayed& Relayed::operator=(Relayed&&) noexcept = default;

int Relayed::status() const {
  return state_ ? state_->status : 0;
}

const std::vector<Header>& Relayed::headers() const {
  static const std::vector<Header> kNone;
  return state_ ? state_->headers : kNone;
}

void Relayed::read(std::function<void(RelayedChunk)> callback) {
  if (!state_) return callback({});
  auto pending = std::make_shared<Pending<RelayedChunk>>(std::move(callback), state_->executor,
                                                         [] { return RelayedChunk(); });
  static_cast<void>(
      state_->under_way->door().post([exchange = state_->exchange, pending](NodeCore&) {
        exchange->read([pending](RelayedChunk chunk) { pending->answer(std::move(chunk)); });
      }));
}

}  // namespace understudy
