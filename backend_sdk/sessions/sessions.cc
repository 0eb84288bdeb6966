// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/sessions.h"

#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "base/check.h"

namespace understudy {

const char* to_string(Unavailable reason) {
  switch (reason) {
    case Unavailable::kNotJoined:
      return "not joined";
    case Unavailable::kDraining:
      return "draining";
    case Unavailable::kWaitedOut:
      return "waited out";
    case Unavailable::kSuspect:
      return "suspect";
    case Unavailable::kQueueFull:
      return "queue full";
    case Unavailable::kBusy:
      return "busy";
    case Unavailable::kUnprotected:
      return "unprotected";
    case Unavailable::kTooMany:
      return "too many sessions";
    case Unavailable::kMinority:
      return "minority";
    case Unavailable::kOutdated:
      return "outdated";
  }
  return "unknown";
}

Sessions::Sessions(const SessionOptions& options, const ReplicationOptions& replication,
                   const Clock& clock, Random& random, Host& host)
    : options_(options),
      replication_(replication),
      clock_(clock),
      random_(random),
      host_(host),
      lookups_(*this),
      history_(options) {}

Sessions::~Sessions() = default;

template <typename Outcome>
void Sessions::call(std::function<void(Outcome)> callback, Outcome outcome) {
  ready_.push_back([callback = std::move(callback), outcome = std::move(outcome)]() mutable {
    callback(std::move(outcome));
  });
}
template void Sessions::call(std::function<void(BeginOutcome)>, BeginOutcome);
template void Sessions::call(std::function<void(CommitOutcome)>, CommitOutcome);

Duration Sessions::tombstone_min() const {
  return 2 * grace_of(lease_of(replication_.beat));
}

void Sessions::schedule(TimePoint at) {
  wake_at_ = std::min(wake_at_, at);
}

// --- lives -------------------------------------------------------------------------------------

void Sessions::begin_life(Replicator& replicator, MemberId self) {
  CHECK(replicator_ == nullptr && store_.size() == 0);
  replicator_ = &replicator;
  self_ = self;
  bulk_after_ = bulk_filled_ = clock_.now();
}

// Whatever we held belongs to those who hold the copies; some of it may live on there.
void Sessions::end_life() {
  if (replicator_ == nullptr) return;
  for (Session* session : store_.all()) {
    MemberId route = kNobody;
    if (session->channel != 0) {
      route = replicator_->primary(session->channel)->parties().secondary;
    }
    fence(*session, route);
  }
  for (const Lookups::Finished& finished : lookups_.take_all()) (void)finished;
  replicator_ = nullptr;
  self_ = kNobody;
  dirty_.clear();
  yielding_.clear();
  yielded_.clear();
  waiting_for_lease_.clear();
  parked_by_channel_.clear();
  parked_until_.clear();
  std::vector<PendingId> waiting;
  for (const auto& [id, pending] : parked_) waiting.push_back(id);
  std::sort(waiting.begin(), waiting.end());
  for (const PendingId id : waiting) readmit(id);  // answers that there is no member here
  CHECK(tickets_.empty() && parked_.empty());
  tickets_until_.clear();
}

std::vector<ServedSession> Sessions::served() const {
  std::vector<ServedSession> result;
  for (const Session* session : store_.all()) {
    ServedSession served{session->sid, session->image.position, session->channel, true};
    if (session->channel != 0) {
      served.may_answer = replicator_->primary(session->channel)->may_serve(clock_.read());
    }
    result.push_back(served);
  }
  return result;
}

// --- time --------------------------------------------------------------------------------------

void Sessions::on_view() {
  bulk_after_ = clock_.now() + options_.quiet_before_bulk;
  schedule(clock_.now());
}

void Sessions::pass_deadlines() {
  const TimePoint now = clock_.now();
  while (!tickets_until_.empty() && tickets_until_.front().first <= now) {
    const TicketId id = tickets_until_.front().second;
    tickets_until_.pop_front();
    const auto found = tickets_.find(id);
    if (found == tickets_.end()) continue;
    Ticket ticket = std::move(found->second);
    tickets_.erase(found);
    Session& session = *store_.find(ticket.sid);
    std::erase(session.tickets, id);
    Verdict verdict;
    verdict.kind = Verdict::Kind::kUnavailable;
    verdict.reason = session.channel == 0 ? Unavailable::kUnprotected : Unavailable::kWaitedOut;
    conclude(std::move(ticket), verdict);
  }
  while (!parked_until_.empty() && parked_until_.begin()->first <= now) {
    const PendingId id = parked_until_.begin()->second;
    parked_until_.erase(parked_until_.begin());
    const auto found = parked_.find(id);
    if (found == parked_.end() || found->second->deadline > now) continue;
    PendingPtr pending = std::move(found->second);
    parked_.erase(found);
    if (pending->hand_over == Pending::HandOver::kAwaited) {
      pending->hand_over = Pending::HandOver::kOverdue;
      admit(std::move(pending));
      continue;
    }
    const Unavailable reason = pending->reason;
    refuse(std::move(pending), reason);
  }
}

void Sessions::expire_due() {
  const TimePoint now = clock_.now();
  while (Session* session = store_.next_expiring(now)) {
    if (session->expires() > now) {
      store_.watch_expiry(*session, session->expires());
    } else if (!session->is_idle() || session->is_ended) {
      store_.watch_expiry(*session, now + std::chrono::seconds(1));
    } else {
      expire_session(*session);
    }
  }
  history_.expire(now);
}

void Sessions::advance() {
  const TimePoint now = clock_.now();
  if (now < wake_at_) return;
  wake_at_ = TimePoint::max();
  if (replicator_ != nullptr) {
    finish_lookups();
    pass_deadlines();
    expire_due();
    // Requests that wait for a grace period look again when it is over.
    std::vector<ChannelId> waiting;
    for (const auto& [id, pending] : parked_by_channel_) waiting.push_back(id);
    std::sort(waiting.begin(), waiting.end());
    for (const ChannelId id : waiting) {
      SecondaryChannel* channel = replicator_->secondary(id);
      if (channel == nullptr || channel->state() != SecondaryChannel::State::kOpen) continue;
      channel->want(now);
      if (channel->state() == SecondaryChannel::State::kOpen) {
        schedule(std::max(channel->grace_over(), now + replication_.claim_retry));
      }
    }
    protect_in_background();
    recover_in_background();
    advance_drain();
    advance_move();
    advance_yield();
  }
  if (!tickets_until_.empty()) schedule(tickets_until_.front().first);
  if (!parked_until_.empty()) schedule(parked_until_.begin()->first);
  schedule(lookups_.wake_at());
  schedule(store_.expiry_wake_at());
  schedule(history_.wake_at());
}

TimePoint Sessions::wake_at() const {
  return wake_at_;
}

}  // namespace understudy
