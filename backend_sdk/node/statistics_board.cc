// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/statistics_board.h"

namespace understudy {

void StatisticsBoard::publish(const NodeCoreStatistics& core) {
  const SessionStatistics& sessions = core.sessions;
  const std::lock_guard lock(mutex_);
  statistics_ = {.requests = sessions.requests,
                 .commits = sessions.commits,
                 .replays = sessions.replays,
                 .sessions_created = sessions.created,
                 .sessions_promoted = sessions.promoted,
                 .sessions_lost = sessions.lost,
                 .sessions_recovered = sessions.recovered,
                 .sessions_expired = sessions.expired,
                 .solo_responses = sessions.solo_responses,
                 .rerouted = sessions.rerouted,
                 .unavailable = sessions.unavailable,
                 .fenced = core.channels.fences + sessions.fenced,
                 .conflicts = sessions.conflicts,
                 .lives = core.lives,
                 .sessions_primary = core.sessions_primary,
                 .sessions_solo = core.sessions_solo,
                 .sessions_secondary = core.sessions_secondary,
                 .replica_bytes = core.replica_bytes,
                 .requests_under_way = core.requests_under_way,
                 .members_alive = statistics_.members_alive};
}

void StatisticsBoard::set_members_alive(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  statistics_.members_alive = count;
}

void StatisticsBoard::set_mid(MemberId mid) {
  const std::lock_guard lock(mutex_);
  mid_ = mid;
}

NodeStatistics StatisticsBoard::current() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

MemberId StatisticsBoard::mid() const {
  const std::lock_guard lock(mutex_);
  return mid_;
}

}  // namespace understudy
