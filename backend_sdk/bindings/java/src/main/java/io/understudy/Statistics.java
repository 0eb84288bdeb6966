// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/** Counters since the node was opened; from {@code sessionsPrimary} on, what is now. */
public record Statistics(
    long requests,
    long commits,
    long replays,
    long sessionsCreated,
    long sessionsPromoted,
    long sessionsLost,
    long sessionsRecovered,
    long sessionsExpired,
    long soloResponses,
    long rerouted,
    long unavailable,
    long fenced,
    long conflicts,
    long lives,
    long sessionsPrimary,
    long sessionsSolo,
    long sessionsSecondary,
    long replicaBytes,
    long requestsUnderWay,
    long membersAlive) {

  static Statistics of(Packet its) {
    return new Statistics(
        its.u64(), its.u64(), its.u64(), its.u64(), its.u64(), its.u64(), its.u64(), its.u64(),
        its.u64(), its.u64(), its.u64(), its.u64(), its.u64(), its.u64(), its.u64(), its.u64(),
        its.u64(), its.u64(), its.u64(), its.u64());
  }
}
