// SPDX-License-Identifier: Apache-2.0
// The way in of a request that was committed before: it is answered with what was kept, or refused
// where that may have been forgotten (S11).
#include <utility>

#include "backend_sdk/sessions/admission.h"

namespace understudy {

// Executed before it came to us, as our copy told then; or older than what a session remembers, so
// that it may have been executed and forgotten (S11).
bool Admission::may_be_forgotten(const Waiting& waiting) const {
  if (waiting.has_run) return true;
  return waiting.request.request_id != 0 &&
         waiting.began + layer_.options.request_memory <= layer_.now();
}

void Admission::answer_again(WaitingPtr waiting, Stay& stay, const CommittedRequest& committed) {
  const bool is_login = stay.image.named_by == committed.id;
  Gate::Ticket ticket;
  ticket.needed = committed.version;
  ticket.reads_only = true;
  ticket.done = [this, callback = std::move(waiting->callback), response = committed.response,
                 token = waiting->request.token,
                 named = is_login ? stay.sid : waiting->request.token->sid,
                 is_recovered = Recovery::is_recovered(*waiting->request.token, stay)](
                    const Gate::Passage& passage) {
    BeginOutcome outcome;
    bool is_named = false;
    switch (passage.kind) {
      case Gate::Passage::Kind::kReleased:
        outcome.kind = BeginOutcome::Kind::kAnswer;
        outcome.response = response;
        outcome.solo = passage.solo;
        outcome.recovered = is_recovered;
        if (passage.solo) ++layer_.statistics.solo_responses;
        is_named = passage.token.sid == token->sid || passage.token.sid == named;
        if (!passage.ended && is_named && passage.token != *token) outcome.cookie = passage.token;
        break;
      case Gate::Passage::Kind::kFenced:
        outcome.kind = BeginOutcome::Kind::kRedirect;
        outcome.route = passage.route;
        ++layer_.statistics.rerouted;
        break;
      case Gate::Passage::Kind::kUnavailable:
        outcome.kind = BeginOutcome::Kind::kUnavailable;
        outcome.reason = passage.reason;
        outcome.retry_after = layer_.options.retry_after;
        ++layer_.statistics.unavailable;
        break;
    }
    layer_.call(callback, std::move(outcome));
  };
  if (stay.placement.state() == Placement::State::kSolo) parts_.protection.protect(stay, false);
  parts_.gate.wait(stay, std::move(ticket));
}

}  // namespace understudy
