// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/reception.h"

#include "base/log.h"

namespace understudy {
namespace {

// In T; see MembershipOptions.
constexpr int kFoundAfter = 2;
constexpr int kSilencePatience = 10;
constexpr int kSilencePatienceOfWhoMetOthers = 30;

std::string_view text_of(LinkDown foreign) {
  switch (foreign) {
    case LinkDown::kOtherKey:
      return " refuses our cluster key (ClusterKeyFile)";
    case LinkDown::kOtherCluster:
      return " belongs to another cluster (ClusterName)";
    default:
      return " does not speak the protocol of members (another version, or the port of something "
             "else: ClusterMembers)";
  }
}

// It goes into lines of the log and of the service manager.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

Joining::Options joining_options(const MembershipOptions& options) {
  const auto given_or = [&](Duration given, int intervals) {
    return given > Duration::zero() ? given : intervals * options.interval;
  };
  const int patience = options.has_met_others ? kSilencePatienceOfWhoMetOthers : kSilencePatience;
  return {.self = options.self.cluster_address,
          .seeds = options.seeds,
          .retry = options.interval / 2,
          .found_after = given_or(options.found_after, kFoundAfter),
          .silence_patience = given_or(options.silence_patience, patience),
          .found_alone = options.found_alone};
}

}  // namespace

void Reception::start() {
  joining_.emplace(joining_options(standing_.options()), standing_.now());
}

void Reception::end() {
  if (!joining_) return;
  joining_.reset();
  obstacle_.clear();
  for (const Address& seed : standing_.options().seeds) {
    standing_.transport().forget({kNobody, seed});
  }
}

void Reception::advance(OperatorState state) {
  Member self = standing_.options().self;
  self.operator_state = state;
  for (const Peer& peer : joining_->due_requests(standing_.now())) {
    standing_.tell(peer, FrameType::kJoin, encode(JoinMessage{self}));
  }
  obstacle_ = find_obstacle();
  if (!obstacle_.empty()) say_obstacle();
}

std::string Reception::find_obstacle() const {
  if (joining_->is_refused(standing_.now())) return refusal_;
  std::string text;
  for (const Joining::Foreign& foreign : joining_->foreign(standing_.now())) {
    text += (text.empty() ? "" : "; ") + foreign.address.to_string();
    text += text_of(foreign.why);
  }
  if (text.empty()) return text;
  return text + ". Repair that, or set FoundAlone On where this member is to start a cluster";
}

void Reception::say_obstacle() {
  if (!quiet_log_.may_write({}, standing_.now())) return;
  LOG(kError, "membership: {} is in no cluster, and asks on: {}", standing_.options().self.name,
      obstacle_);
}

// Who lives at the joiner's address must be gone, for two processes cannot listen there. But which
// of the two came later? A JOIN of the earlier life may have been under way for long. So who is
// known to live there is asked; false while the answer is out.
bool Reception::is_address_free_for(const Member& joiner) {
  bool is_free = true;
  for (const Member& member : standing_.view().members) {
    if (member.mid == joiner.mid || standing_.is_me(member.mid) || member.is_proven) continue;
    if (member.cluster_address != joiner.cluster_address) continue;
    standing_.transport().probe(member.peer());
    is_free = is_free && !member.is_usable();
  }
  return is_free;
}

void Reception::on_join(const Peer& from, const JoinMessage& message) {
  if (message.self.mid != from.mid || message.self.cluster_address != from.address) return;
  if (!group_.is_admitted()) {
    standing_.tell(from, FrameType::kRedirect, encode(RedirectMessage{}));
    return;
  }
  const bool is_free = is_address_free_for(message.self);
  ViewWriter* writer = standing_.writer();
  if (!writer) {
    // The leader that has let it in is gone, perhaps before it said so; its vote may be needed.
    const Member* joiner = standing_.view().find(from.mid);
    const bool is_let_in = joiner && joiner->is_usable();
    if (is_let_in && group_.outlook().is_leader_lost()) {
      return group_.send_view(from, FrameType::kWelcome);
    }
    if (const Member* leader = standing_.other_leader()) {
      standing_.tell(from, FrameType::kRedirect, encode(RedirectMessage{leader->peer()}));
    }
    return;
  }
  // It asks again soon; by then this group may have gone over to another.
  if (!is_free || standing_.view().is_yielding()) return;
  const auto admission = writer->admit(message.self, standing_.now());
  if (const auto* refusal = std::get_if<JoinNoMessage>(&admission)) {
    const std::string address = from.address.to_string();
    if (quiet_log_.may_write(address, standing_.now())) {
      LOG(kWarn, "membership: {} at {} may not join: {}", message.self.name, address,
          refusal->reason);
    }
    standing_.tell(from, FrameType::kJoinNo, encode(*refusal));
    return;
  }
  const bool is_known = std::get<ViewWriter::Admission>(admission) == ViewWriter::Admission::kKnown;
  if (is_known && standing_.view().find(from.mid)) group_.send_view(from, FrameType::kWelcome);
}

void Reception::on_redirect(const Peer& from, const RedirectMessage& message) {
  if (!joining_) return;
  if (message.leader.mid == kNobody) {
    joining_->on_fresh(from.address, standing_.now());
  } else if (message.leader.address != standing_.options().self.cluster_address) {
    joining_->on_redirected(message.leader, standing_.now());
  } else {
    // They still wait for our own earlier life; the JOIN has told them better.
    refusal_.clear();
    joining_->on_refused(standing_.now());
  }
}

void Reception::on_join_no(const Peer& from, const JoinNoMessage& message) {
  if (!joining_) return;
  joining_->on_refused(standing_.now());
  refusal_ = one_line(from.address.to_string() + " does not let it in: " + message.reason);
  obstacle_ = refusal_;
  say_obstacle();
  if (message.why == JoinNoMessage::Why::kMidTaken) group_.expel("the member id is taken");
}

}  // namespace understudy
