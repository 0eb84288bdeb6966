// SPDX-License-Identifier: Apache-2.0
#include "loadtest/session_checker.h"

#include <fmt/core.h>

#include <algorithm>

namespace understudy::loadtest {

SessionChecker::SessionChecker(size_t sessions) : sessions_(sessions) {}

SessionChecker::Ticket SessionChecker::on_sent(size_t session) {
  return {.session = session, .floor = sessions_[session].shown};
}

void SessionChecker::found(size_t& kind, size_t session, std::string sentence) {
  ++kind;
  if (findings_.size() < kFindingsMax) {
    findings_.push_back(fmt::format("session {}: {}", session, sentence));
  }
}

bool SessionChecker::check_id(size_t session, std::string_view session_id) {
  Session& s = sessions_[session];
  if (s.id.empty()) s.id = session_id;
  if (s.id == session_id) return true;
  found(faults_.restarted, session, fmt::format("id {} became {}", s.id, session_id));
  s.id = session_id;
  return false;
}

void SessionChecker::on_answer(const Ticket& ticket, std::string_view session_id, uint64_t count) {
  Session& s = sessions_[ticket.session];
  ++acknowledged_;
  ++s.acknowledged;
  if (!check_id(ticket.session, session_id)) return;
  if (count <= ticket.floor) {
    found(faults_.went_back, ticket.session,
          fmt::format("counted {} after {} had been shown", count, ticket.floor));
  } else if (!s.counts.emplace(count, true).second) {
    found(faults_.twice, ticket.session, fmt::format("two requests were answered {}", count));
  }
  s.shown = std::max(s.shown, count);
}

void SessionChecker::on_unknown(const Ticket& ticket) {
  ++sessions_[ticket.session].unknown;
}

void SessionChecker::on_final(size_t session, std::string_view session_id, uint64_t count) {
  Session& s = sessions_[session];
  if (s.acknowledged == 0 || !check_id(session, session_id)) return;
  if (count < std::max(s.shown, s.acknowledged)) {
    found(faults_.lost, session,
          fmt::format("ends at {} with {} acknowledged, {} shown", count, s.acknowledged, s.shown));
  }
  if (count > s.acknowledged + s.unknown) {
    found(faults_.twice, session,
          fmt::format("ends at {} though {} were acknowledged and {} undecided", count,
                      s.acknowledged, s.unknown));
  }
}

}  // namespace understudy::loadtest
