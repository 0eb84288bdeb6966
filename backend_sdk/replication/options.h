// SPDX-License-Identifier: Apache-2.0
// ReplicationOptions: the named limits and policies of channels (PROTOCOL 2.2-2.4). A value;
// validated where it is filled (Options::validate), CHECKed where a zero would break a promise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace understudy {

// A session for which no member can hold a copy: answer, flagged solo, or 503.
enum class SoloPolicy : uint8_t { kAllow, kDeny };
// A channel without a witness whose other end is dead, but not provably: go on, or 503.
enum class NoWitnessPolicy : uint8_t { kAvailable, kRefuse };

struct ReplicationOptions {
  Duration beat = std::chrono::seconds(1);                // T: an idle channel renews its lease
  Duration ack_timeout = std::chrono::milliseconds(250);  // then the primary claims (W in 2.4)
  Duration open_timeout = std::chrono::seconds(1);        // the same for OPEN: a link may be made
  Duration ack_deadline = std::chrono::seconds(2);        // a response waits this long for any copy
  Duration claim_retry = std::chrono::milliseconds(100);  // CLAIM and GRANT are said again
  Duration claim_held = std::chrono::seconds(1);          // a witness looks for a proof of its own
  Duration lazy_promotion = std::chrono::seconds(5);      // after grace, without any request
  Duration outcome_kept = std::chrono::hours(1);          // votes and results of finished channels
  Duration avoid_after_failure = std::chrono::seconds(2);  // a secondary that failed comes last
  Duration flap_window = std::chrono::minutes(5);
  // A copy of a channel that the primary has sealed, counted from the last grant. Less than
  // SessionOptions::tombstone_kept, so that nothing that ended meanwhile is ever recovered (S6).
  Duration passed_over_kept = std::chrono::seconds(270);

  // A question in place of a member that is dead by hearsay waits for our own proof.
  Duration lookup_held = std::chrono::seconds(2);
  size_t lookups_held_max = 1024;

  size_t window_bytes = 4u << 20;
  size_t window_frames = 1024;
  size_t channels_max = 8;    // outgoing, serving; to the best-ranked secondaries
  size_t incoming_max = 512;  // channels that others may have open to this member
  size_t votes_max = 65'536;
  size_t claims_held_max = 1024;
  size_t flaps_max = 3;         // more within flap_window: no secondary for as long
  size_t bulk_senders_max = 2;  // that one secondary lets copy in bulk at a time
  size_t nacks_max = 256;       // unresolved in one channel; beyond, it stops acknowledging
  uint64_t replica_bytes_max = 1ull << 30;

  SoloPolicy solo = SoloPolicy::kAllow;
  NoWitnessPolicy no_witness = NoWitnessPolicy::kAvailable;

  // Faults for the simulator to find; never set outside tests/. Each breaks one rule on purpose.
  struct Faults {
    bool no_fence = false;          // R3: a secondary applies and acknowledges after its vote
    bool dirty_reads = false;       // R4: a response shows what the secondary may not hold
    bool no_grace = false;          // 2.2: a secondary claims without waiting for the lease
    bool amnesiac_witness = false;  // S8: a witness forgets its votes
  } faults;
};

}  // namespace understudy
