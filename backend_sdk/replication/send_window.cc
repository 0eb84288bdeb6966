// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/send_window.h"

#include <algorithm>
#include <utility>

namespace understudy {

bool SendWindow::has_room(size_t bytes) const {
  return sent_.size() < options_.window_frames &&
         (sent_.empty() || bytes_ + bytes <= options_.window_bytes);
}

bool SendWindow::has_bulk_room(size_t bytes) const {
  if (sent_.size() >= options_.window_frames / 2) return false;
  if (bulk_bytes_ == 0) return has_room(bytes);  // one at a time asks for credit
  return bulk_bytes_ + bytes <= std::min<size_t>(credit_, options_.window_bytes / 2);
}

uint64_t SendWindow::add(Sent frame) {
  frame.seq = ++last_seq_;
  bytes_ += frame.bytes;
  if (frame.is_bulk) bulk_bytes_ += frame.bytes;
  last_sent_at_ = frame.at;
  sent_.push_back(std::move(frame));
  return last_seq_;
}

bool SendWindow::accept(const AckPayload& ack) {
  if (ack.grant_stamp < last_stamp_ || ack.cum_seq > last_seq_) return false;
  last_stamp_ = ack.grant_stamp;
  credit_ = ack.credit;
  return true;
}

bool SendWindow::note_refusal(const Nack& nack) {
  const auto [known, is_new] = refused_.emplace(nack.sid, 0);
  if (!is_new && (known->second == 0 || nack.seq < known->second)) return false;
  known->second = 0;
  return true;
}

void SendWindow::answer_refusal(const SessionId& sid) {
  const auto refused = refused_.find(sid);
  if (refused != refused_.end()) refused->second = last_seq_ + 1;
}

std::optional<SendWindow::Sent> SendWindow::take_acked(const AckPayload& ack) {
  while (!sent_.empty() && sent_.front().seq <= ack.cum_seq) {
    const Sent frame = std::move(sent_.front());
    sent_.pop_front();
    bytes_ -= frame.bytes;
    if (frame.is_bulk) bulk_bytes_ -= frame.bytes;
    const bool is_refused =
        std::any_of(ack.nacks.begin(), ack.nacks.end(), [&frame](const Nack& nack) {
          return nack.sid == frame.about.sid && nack.seq <= frame.seq;
        });
    if (is_refused) continue;
    const auto answered = refused_.find(frame.about.sid);
    if (answered != refused_.end() && answered->second == frame.seq) refused_.erase(answered);
    return frame;
  }
  return std::nullopt;
}

}  // namespace understudy
