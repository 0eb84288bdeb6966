// SPDX-License-Identifier: Apache-2.0
#include "tests/backend_sdk/sim/checker.h"

#include <fmt/core.h>

#include <algorithm>

namespace understudy::sim {

std::string to_text(const SessionId& sid) {
  return fmt::format("{:02x}{:02x}{:02x}{:02x}", sid.bytes[0], sid.bytes[1], sid.bytes[2],
                     sid.bytes[3]);
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
  for (const auto& [slot, value] : floor.slots) {
    const auto found = shown.slots.find(slot);
    if (found == shown.slots.end() || found->second < value) {
      return fmt::format("S2/S5: slot {} went back behind {}", slot, value);
    }
  }
  floor_.log_size = std::max(floor_.log_size, shown.log.size());
  for (const auto& [slot, value] : shown.slots) {
    floor_.slots[slot] = std::max(floor_.slots[slot], value);
  }
  return {};
}

// A secondary may withdraw its own vote for the primary's as long as it has not won; nobody else
// may change one (PROTOCOL 2.3).
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
    return fmt::format("S8: {:x} votes in a channel of others, or of an earlier life", from);
  }
  MemberId& vote = from == parties.primary ? channel.primary_vote : channel.witness_vote;
  if (vote != kNobody && vote != winner) return fmt::format("S8: {:x} has voted for both", from);
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
    return fmt::format("S7: {:x} acknowledges after its vote", from);
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

void Checker::on_sent(TimePoint now, MemberId from, const Frame& frame) {
  const std::string wrong = votes_.on_sent(from, frame);
  if (!wrong.empty()) violation(now, fmt::format("channel {:x}: {}", frame.channel, wrong));
}

void Checker::violation(TimePoint now, const std::string& text) {
  if (violations_.size() >= kKept) return;
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  violations_.push_back(fmt::format("at {} ms: {}", ms, text));
}

void Checker::compare_beliefs(TimePoint now,
                              const std::vector<std::unique_ptr<SimMember>>& members) {
  std::map<SessionId, std::pair<MemberId, Position>> serving;
  for (const auto& member : members) {
    if (!member->is_up()) continue;
    const NodeCoreFacts facts = member->core().facts();
    for (const auto& served : facts.served) {
      if (!served.may_answer) continue;
      const auto [other, is_first] =
          serving.emplace(served.sid, std::pair(member->mid(), served.position));
      if (is_first) continue;
      violation(now,
                fmt::format("S9: session {} may be answered at {:x} ({}, {}) and {:x} ({}, {})",
                            to_text(served.sid), other->second.first, other->second.second.epoch,
                            other->second.second.version, member->mid(), served.position.epoch,
                            served.position.version));
    }
    for (const auto& channel : facts.channels) {
      if (!channel.is_sealed_by_us) continue;
      const auto [owner, is_first] = sealed_by_.emplace(channel.id, member->mid());
      if (!is_first && owner->second != member->mid()) {
        violation(now, fmt::format("S1: channel {:x} is sealed by {:x} and by {:x}", channel.id,
                                   owner->second, member->mid()));
      }
    }
  }
}

}  // namespace understudy::sim
