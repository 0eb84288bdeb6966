// SPDX-License-Identifier: Apache-2.0
// SendWindow: the frames of one channel that are sent and not acknowledged yet, and the refusals
// (NACK) that the secondary repeats until it has seen an answer. It numbers and counts; it sends
// nothing and knows no states. Pure. Owned by PrimaryChannel.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>

#include "backend_sdk/replication/options.h"
#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/wire/frame.h"
#include "base/clock.h"

namespace understudy {

class SendWindow final {
 public:
  struct Sent {
    uint64_t seq = 0;
    FrameType type{};
    SidPayload about;
    size_t bytes = 0;
    bool is_bulk = false;
    TimePoint at;
  };

  explicit SendWindow(const ReplicationOptions& options) : options_(options) {}

  // One frame always fits into an empty window.
  bool has_room(size_t bytes) const;
  // Bulk copies leave half of the window free and respect the secondary's credit.
  bool has_bulk_room(size_t bytes) const;
  // Numbers a frame and enters it; `frame.seq` does not count.
  uint64_t add(Sent frame);

  // False: the acknowledgement is older than one that was seen, or of frames that were never sent.
  bool accept(const AckPayload& ack);
  // False: a repetition, which is answered already or will be.
  bool note_refusal(const Nack& nack);
  // The next frame answers the refusal of `sid`, if there is one.
  void answer_refusal(const SessionId& sid);
  // Takes out the oldest frame that `ack` covers and does not refuse; nothing: there is none left.
  std::optional<Sent> take_acked(const AckPayload& ack);

  // Null: everything that was sent is acknowledged.
  const Sent* oldest() const { return sent_.empty() ? nullptr : &sent_.front(); }
  bool is_empty() const { return sent_.empty(); }
  bool has_refusals() const { return !refused_.empty(); }
  uint64_t last_seq() const { return last_seq_; }
  TimePoint last_sent_at() const { return last_sent_at_; }

 private:
  const ReplicationOptions& options_;
  uint64_t last_seq_ = 0;
  std::deque<Sent> sent_;
  size_t bytes_ = 0;
  size_t bulk_bytes_ = 0;
  uint32_t credit_ = 0;      // for bulk copies, of the last acknowledgement
  uint64_t last_stamp_ = 0;  // of the last acknowledgement
  // Session -> number of the frame that answers the refusal; 0: none is sent yet.
  std::unordered_map<SessionId, uint64_t> refused_;
  TimePoint last_sent_at_{};
};

}  // namespace understudy
