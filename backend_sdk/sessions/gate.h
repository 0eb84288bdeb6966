// SPDX-License-Identifier: Apache-2.0
// Gate: the response gate (R4). A response waits here as a ticket until the secondary holds all
// that it shows, until another member owns the session, or until its time is over. R1 and R4 are
// decided in one place, Gate::judge. Owned by Sessions, loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "backend_sdk/sessions/layer.h"

namespace understudy {

class Gate final {
 public:
  // How a ticket left.
  struct Passage {
    enum class Kind : uint8_t { kReleased, kFenced, kUnavailable } kind = Kind::kReleased;
    SessionToken token;  // kReleased: where the session stands
    bool solo = false;
    bool ended = false;
    MemberId route = kNobody;                      // kFenced
    Unavailable reason = Unavailable::kWaitedOut;  // kUnavailable
  };
  struct Ticket {
    uint64_t needed = 0;      // the version that the secondary must hold
    bool reads_only = false;  // nothing was written that the secondary could have refused
    std::function<void(const Passage&)> done;
  };
  static Passage fenced(MemberId route);

  explicit Gate(SessionLayer& layer) : layer_(layer) {}

  // Calls ticket.done now or later, once.
  void wait(Stay& stay, Ticket ticket);
  // Something may have changed for the tickets of this session.
  void open(Stay& stay);
  // All of them leave so.
  void settle(Stay& stay, const Passage& passage);
  // The channel's lease is back, or there is a successor: tickets that wait for that look again.
  void on_lease(ChannelId channel);
  void on_adopted(ChannelId from, ChannelId to);
  void forget_channel(ChannelId channel) { leases_.erase(channel); }

  // Sessions of this channel for which responses wait.
  std::vector<Stay*> waiting_in(ChannelId channel) const;
  std::vector<Stay*> waiting() const;  // in any
  void pass_deadlines(TimePoint now);
  TimePoint wake_at() const { return until_.empty() ? TimePoint::max() : until_.front().first; }
  bool is_empty() const { return tickets_.empty(); }
  void clear();  // between lives: no ticket is left

 private:
  struct Entry {
    Ticket ticket;
    StayId stay = 0;
  };
  std::optional<Passage> judge(const Stay& stay, const Ticket& ticket) const;
  bool wants_lease(const Stay& stay, const Ticket& ticket) const;
  SessionToken token_of(const Stay& stay, uint64_t version) const;
  static void conclude(Stay& stay, const Ticket& ticket, const Passage& passage);

  SessionLayer& layer_;
  std::unordered_map<TicketId, Entry> tickets_;
  std::deque<std::pair<TimePoint, TicketId>> until_;  // all wait equally long
  std::unordered_map<ChannelId, std::vector<TicketId>> leases_;
  TicketId last_ = 0;
};

}  // namespace understudy
