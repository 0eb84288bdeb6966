// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/checker.h"
#include "backend_sdk/wire/id_text.h"

#include <fmt/core.h>

#include <algorithm>

namespace understudy::sim {

std::string to_text(const SessionId& sid) {
  return fmt::format("{:02x}{:02x}{:02x}{:02x}", sid.bytes[0], sid.bytes[1], sid.bytes[2],
                     sid.bytes[3]);
}

void ClientHistory::go_back() {
  floor_ = {};
  longest_.clear();
  seen_.clear();
}

std::string ClientHistory::on_response(const Shown& shown, const Floor& floor) {
  if (shown.log.size() < floor.log_size) {
    return fmt::format("S2/S4/S5: shows {} entries, {} had been shown before it started",
                       shown.log.size(), floor.log_size);
  }
  const size_t common = std::min(shown.log.size(), longest_.size());
  if (!std::equal(shown.log.begin(), shown.log.begin() + static_cast<ptrdiff_t>(common),
                  longest_.begin())) {
    return "S1/S5: shows another history than an earlier response";
  }
  for (size_t index = longest_.size(); index < shown.log.size(); ++index) {
    if (!seen_.insert(shown.log[index]).second) {
      return fmt::format("S11: request {:x} changed the session twice", shown.log[index]);
    }
    longest_.push_back(shown.log[index]);
  }
  for (size_t number = 0; number < shown.counters.size(); ++number) {
    if (shown.counters[number] <= started_[number]) continue;
    return fmt::format("S11: counter {} was raised to {} by {} requests", number,
                       shown.counters[number], started_[number]);
  }
  for (size_t number = 0; number < floor.counters.size(); ++number) {
    if (shown.counters[number] >= floor.counters[number]) continue;
    return fmt::format("S2/S5: counter {} went back from {} to {}", number, floor.counters[number],
                       shown.counters[number]);
  }
  floor_.log_size = std::max(floor_.log_size, shown.log.size());
  for (size_t number = 0; number < shown.counters.size(); ++number) {
    floor_.counters.set(number, std::max(floor_.counters[number], shown.counters[number]));
  }
  return {};
}

// A secondary may withdraw its own vote for the primary's as long as it has not won; no other
// member may change one (PROTOCOL 2.3).
std::string VoteWatch::on_vote(Channel& channel, MemberId from, MemberId winner) {
  const ChannelParties& parties = channel.parties;
  if (winner != parties.primary && winner != parties.secondary) return "S8: a vote for a stranger";
  if (from == parties.secondary) {
    const bool gives_way = winner == parties.primary && !channel.secondary_has_won;
    const bool fits = channel.secondary_vote == kNobody || channel.secondary_vote == winner;
    channel.secondary_vote = winner;
    if (!fits && !gives_way) return "S8: the secondary has voted for both";
    return {};
  }
  if (from != parties.primary && from != parties.witness) {
    return fmt::format("S8: {} votes in a channel of others, or of an earlier life",
                       mid_text(from));
  }
  MemberId& vote = from == parties.primary ? channel.primary_vote : channel.witness_vote;
  if (vote != kNobody && vote != winner)
    return fmt::format("S8: {} has voted for both", mid_text(from));
  vote = winner;
  return {};
}

std::string VoteWatch::on_sent(MemberId from, const Frame& frame) {
  std::optional<ChannelParties> parties;
  std::optional<MemberId> winner;
  switch (frame.type) {
    case FrameType::kOpen:
      if (const auto open = decode_open(frame.channel, frame.payload)) parties = open->parties;
      break;
    case FrameType::kClaim:
      if (const auto claim = decode_claim(frame.channel, frame.payload)) {
        parties = claim->parties;
        winner = claim->claimant;
      }
      break;
    case FrameType::kVote:
    case FrameType::kStale:
      winner = decode_member(frame.payload);
      break;
    default:
      break;
  }
  if (parties) {
    Channel& channel = channels_[frame.channel];
    if (channel.parties.id == 0) channel.parties = *parties;
    if (channel.parties != *parties) return "S8: a channel has changed its parties";
  }
  const auto found = channels_.find(frame.channel);
  if (found == channels_.end()) return {};
  Channel& channel = found->second;
  const bool is_ack = frame.type == FrameType::kAck || frame.type == FrameType::kOpenOk;
  if (is_ack && from == channel.parties.secondary && channel.secondary_vote != kNobody) {
    return fmt::format("S7: {} acknowledges after its vote", mid_text(from));
  }
  // With a witness it is leave to claim, which the primary may do too when the secondary is silent.
  if (frame.type == FrameType::kGrant) {
    if (channel.primary_vote == channel.parties.primary) return "S8: a grant after the own claim";
    if (channel.parties.witness == kNobody) winner = channel.parties.secondary;
  }
  std::string wrong = winner ? on_vote(channel, from, *winner) : std::string();
  if (frame.type == FrameType::kStale) channel.secondary_has_won = true;
  return wrong;
}

void Checker::on_sent(TimePoint now, MemberId from, MemberId to, const Frame& frame) {
  if (frame.type == FrameType::kInvalidate) {
    if (const auto end = decode_invalidate(frame.payload)) {
      told_of_end_[end->sid] = to;
      for (const SessionId& former : end->former_ids) told_of_end_[former] = to;
    }
  }
  on_passed_on(from, to, frame);
  const std::string wrong = votes_.on_sent(from, frame);
  if (!wrong.empty())
    violation(now, fmt::format("channel {}: {}", channel_text(frame.channel), wrong));
}

void Checker::violation(TimePoint now, const std::string& text) {
  if (violations_.size() >= kKept) return;
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  violations_.push_back(fmt::format("at {} ms: {}", ms, text));
}

// ---- who answers for a session

std::string Owners::on_answered(const SessionId& sid, MemberId owner, Position position) {
  Last& last = last_[sid];
  const bool is_other = last.owner != kNobody && last.owner != owner;
  const bool rises = is_other ? position.epoch > last.position.epoch : position >= last.position;
  if (last.owner != kNobody && !rises) {
    return fmt::format("S10: {} answers for session {} at ({}, {}), {} had answered at ({}, {})",
                       mid_text(owner), to_text(sid), position.epoch, position.version,
                       mid_text(last.owner), last.position.epoch, last.position.version);
  }
  last = {owner, position};
  return {};
}

void Owners::on_renamed(const SessionId& old_id, const SessionId& new_id) {
  const auto found = last_.find(old_id);
  if (found == last_.end()) return;
  const Last last = found->second;
  last_.erase(found);
  Last& renamed = last_[new_id];
  if (renamed.position < last.position) renamed = last;
}

MemberId Owners::owner(const SessionId& sid) const {
  const auto found = last_.find(sid);
  return found == last_.end() ? kNobody : found->second.owner;
}

// One that has left in good order is asked no more.
bool Checker::lives(const Members& members, MemberId mid) {
  return std::ranges::any_of(members, [mid](const auto& member) {
    return member->is_up() && member->mid() == mid && !member->is_drained();
  });
}

bool Checker::is_end_forgotten(const SessionId& sid, const Members& members) const {
  const auto enders = enders_.find(sid);
  if (enders == enders_.end()) return false;
  return std::ranges::all_of(
      std::initializer_list<MemberId>{enders->second.first, enders->second.second},
      [&](MemberId mid) {
        return !lives(members, mid) && (!one_fault_at_a_time_ || taken_by_split_.contains(mid));
      });
}

void Checker::two_serve(TimePoint now, const SessionId& sid, const std::string& text) {
  if (doubled_.contains(sid) || may_double_()) {
    doubled_.try_emplace(sid, Doubled{.since = now});
  } else {
    violation(now, text);
  }
}

void Checker::check_owner(TimePoint now, const SessionId& sid, MemberId member, Position position,
                          const Members& members) {
  // Two failures may take the youngest history with them; then it is said, or was never shown.
  const bool may_go_back = !one_fault_at_a_time_ && !lives(members, owners_.owner(sid));
  if (doubled_.contains(sid) || may_go_back) owners_.forget(sid);
  const std::string wrong = owners_.on_answered(sid, member, position);
  if (!wrong.empty()) two_serve(now, sid, wrong);
}

void Checker::expect_alone(TimePoint now, SimMember& member, const BeginOutcome& begun,
                           const char* what, const Members& members) {
  for (const auto& other : members) {
    if (other.get() == &member || !other->is_up()) continue;
    for (const auto& served : other->core().facts().served) {
      if (served.sid != begun.sid || !served.may_answer) continue;
      two_serve(
          now, begun.sid,
          fmt::format("S9: session {} {} at {} ({}, {}), {} ({}, {}) serves it", to_text(begun.sid),
                      what, mid_text(member.mid()), begun.position.epoch, begun.position.version,
                      mid_text(other->mid()), served.position.epoch, served.position.version));
    }
  }
}

void Checker::on_read(TimePoint now, SimMember& member, const BeginOutcome& begun,
                      const Members& members) {
  expect_alone(now, member, begun, "is shown", members);
}

void Checker::on_begun(TimePoint now, SimMember& member, const BeginOutcome& begun,
                       const Members& members) {
  if (ended_.contains(begun.sid) && !is_end_forgotten(begun.sid, members)) {
    two_serve(now, begun.sid,
              fmt::format("S6: session {} is served after its end", to_text(begun.sid)));
  }
  expect_alone(now, member, begun, "begins", members);
  check_owner(now, begun.sid, member.mid(), begun.position, members);
}

// Of a login that was committed unseen, whose request was answered again, this is the first word.
void Checker::on_renamed(const SessionId& old_id, const SessionId& new_id) {
  on_committed(old_id, new_id);
  owners_.on_renamed(old_id, new_id);
  const auto doubled = doubled_.find(old_id);
  if (doubled != doubled_.end()) doubled_.emplace(new_id, doubled->second);
}

void Checker::on_conflict(TimePoint now, const SimMember& member, const SessionId& sid) {
  conflicts_.insert(sid);
  // After several failures an older copy may live on, and what was answered solo is gone: to be
  // told.
  const bool is_told_of_solo = !one_fault_at_a_time_ && solo_.contains(first_id(sid));
  if (doubled_.contains(sid) || is_told_of_solo) return;
  two_serve(now, sid,
            fmt::format("S1: member {} met another owner of {}", member.index(), to_text(sid)));
}

// Acknowledged elsewhere, a session that was doubled once and lives on may be written by one owner
// after the other.
void Checker::on_written_alone(MemberId member, const SessionId& sid, Position begun,
                               Position written) {
  solo_.insert(first_id(sid));
  if (!may_double_()) return;
  written_alone_.insert(first_id(sid));
  const auto doubled = doubled_.find(sid);
  if (doubled == doubled_.end()) return;
  // What another one wrote lives on in what this one has taken over from it.
  auto& wrote = doubled->second.wrote;
  std::erase_if(wrote, [&](const auto& entry) {
    const auto& [position, passed_on] = entry.second;
    return passed_on.contains(member) && begun.epoch > position.epoch &&
           begun.version >= position.version;
  });
  wrote[member] = {.position = written, .passed_on = {member}};
  if (wrote.size() > 1) doubled->second.is_conflict = true;
}

void Checker::on_passed_on(MemberId from, MemberId to, const Frame& frame) {
  constexpr size_t kSidBytes = 28;  // both begin as TOUCH does
  const bool is_copy = frame.type == FrameType::kFull || frame.type == FrameType::kRepl;
  if (!is_copy || doubled_.empty()) return;
  const auto about = decode_sid(std::string_view(frame.payload).substr(0, kSidBytes));
  const auto doubled = about ? doubled_.find(about->sid) : doubled_.end();
  if (doubled == doubled_.end()) return;
  for (auto& [writer, written] : doubled->second.wrote) {
    const bool is_all = about->position.epoch >= written.position.epoch &&
                        about->position.version >= written.position.version;
    if (is_all && written.passed_on.contains(from)) written.passed_on.insert(to);
  }
}

void Checker::on_met() {
  for (auto& [sid, doubled] : doubled_) doubled.wrote.clear();
}

void Checker::on_committed(const SessionId& sid, const SessionId& new_id) {
  if (new_id != sid) former_.try_emplace(new_id, sid);
}

SessionId Checker::first_id(SessionId sid) const {
  for (auto at = former_.find(sid); at != former_.end(); at = former_.find(sid)) sid = at->second;
  return sid;
}

// Of one session, which may have been told, or have ended, by any of its ids.
bool Checker::is_any_of(const std::set<SessionId>& ids, const SessionId& sid) const {
  return std::ranges::any_of(ids, [this, first = first_id(sid)](const SessionId& other) {
    return first_id(other) == first;
  });
}

void Checker::expect_conflicts_told(TimePoint now, TimePoint last_death) {
  for (const auto& [sid, doubled] : doubled_) {
    if (doubled.since <= last_death || !doubled.is_conflict) continue;
    // What ends at one of the two lives on nowhere, whether its client hears of it or not.
    if (is_any_of(conflicts_, sid) || is_any_of(logging_out_, sid)) continue;
    violation(now, fmt::format("session {} was written at two members, and this was not said",
                               to_text(sid)));
  }
}

// ---- what a secondary holds

MissingCopy missing_copy(const Checker::Members& members, MemberId shown_by,
                         const SessionToken& cookie, uint64_t version) {
  const auto secondary = std::ranges::find_if(members, [&](const auto& member) {
    return member->is_up() && member->mid() == cookie.secondary;
  });
  if (secondary == members.end()) return {};
  const NodeCoreFacts facts = (*secondary)->core().facts();
  // Sealed, the session may have gone on to other members.
  const bool is_open = std::ranges::any_of(facts.channels, [&](const auto& channel) {
    return channel.primary == shown_by && channel.secondary == cookie.secondary &&
           std::string_view(channel.state) == "open";
  });
  // It has taken over what it holds; another channel between the two may be open.
  bool is_known = std::ranges::any_of(facts.served, [&](const ServedSession& served) {
    return served.sid == cookie.sid && served.position.epoch > cookie.floor.epoch;
  });
  std::optional<uint64_t> held;
  for (const auto* copies : {&facts.copies, &facts.passed_over}) {
    for (const NodeCoreFacts::Copy& copy : *copies) {
      if (copy.sid != cookie.sid) continue;
      is_known = true;
      const bool is_its =
          copy.position.epoch == cookie.floor.epoch && primary_of(copy.channel) == shown_by;
      if (is_its) held = std::max(held.value_or(0), copy.position.version);
    }
  }
  if (held && *held < version) {
    return {.text = fmt::format("S3: shows version {}, the secondary holds {}", version, *held)};
  }
  if (is_known || !is_open) return {};
  return {.text = fmt::format("S3: shows version {}, the secondary holds nothing", version),
          .is_all = true};
}

// ---- what members believe

void Checker::compare_beliefs(TimePoint now, const Members& members) {
  std::map<SessionId, std::pair<MemberId, Position>> serving;
  for (const auto& member : members) {
    if (!member->is_up()) continue;
    const NodeCoreFacts facts = member->core().facts();
    for (const auto& served : facts.served) {
      if (!served.may_answer) continue;
      if (ended_.contains(served.sid) && !is_end_forgotten(served.sid, members)) {
        two_serve(now, served.sid,
                  fmt::format("S6: session {} is live at {} after its end", to_text(served.sid),
                              mid_text(member->mid())));
      }
      const auto [other, is_first] =
          serving.emplace(served.sid, std::pair(member->mid(), served.position));
      if (is_first) continue;
      two_serve(
          now, served.sid,
          fmt::format("S9: session {} may be answered at {} ({}, {}) and {} ({}, {})",
                      to_text(served.sid), mid_text(other->second.first),
                      other->second.second.epoch, other->second.second.version,
                      mid_text(member->mid()), served.position.epoch, served.position.version));
    }
    for (const auto& channel : facts.channels) {
      if (!channel.is_sealed_by_us) continue;
      const auto [owner, is_first] = sealed_by_.emplace(channel.id, member->mid());
      if (is_first || owner->second == member->mid()) continue;
      // Without a witness the survivor goes on: of a member that had gone on alone and died, too.
      const bool is_heir =
          channel.witness == kNobody && !one_fault_at_a_time_ && !lives(members, owner->second);
      if (is_heir) {
        owner->second = member->mid();
        continue;
      }
      if (channel.witness == kNobody && may_double_()) doubled_channels_.insert(channel.id);
      if (doubled_channels_.contains(channel.id)) continue;
      violation(now,
                fmt::format("S1: channel {} is sealed by {} and by {}", channel_text(channel.id),
                            mid_text(owner->second), mid_text(member->mid())));
    }
  }
}

}  // namespace understudy::sim
