// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/recovery.h"

#include <utility>

namespace understudy {

namespace {

// More epochs than a primary may have given a session between its seal and its death.
constexpr uint32_t kRecoveryEpochs = 4096;
constexpr size_t kRecoveriesMax = 64;  // questions under way for sessions that no client asks for
constexpr Duration kRecoverNext = std::chrono::milliseconds(5);
constexpr Duration kRecoverAgain = std::chrono::seconds(1);
constexpr Duration kGroupsAgain = std::chrono::milliseconds(10);  // is the search for groups over?
// How long a request may be between proxy and session layer, and by what two clocks differ (2.2).
constexpr Duration kUnderWay = std::chrono::milliseconds(20);
constexpr int kClockRatio = 50;

}  // namespace

// --- asking ------------------------------------------------------------------------------------

Lookups::View Recovery::view() const {
  const MemberView& view = layer_.replicator->view();
  return {.group = view.group, .version = view.version()};
}

// A member that is only believed dead may still have something newer than what was passed over.
std::vector<MemberId> Recovery::members_to_ask(MemberId instead_of) const {
  std::vector<MemberId> asked;
  for (const Member& member : layer_.replicator->view().members) {
    const bool is_wanted = instead_of == kNobody
                               ? member.is_usable()
                               : layer_.replicator->fate(member.mid) != Fate::kProven;
    if (member.mid != layer_.self && is_wanted) asked.push_back(member.mid);
  }
  return asked;
}

bool Recovery::ask(const SessionId& sid, WaitingId waiting, MemberId primary) {
  const bool is_of_stranger = primary != kNobody && primary != layer_.self &&
                              layer_.replicator->view().find(primary) == nullptr;
  if (is_of_stranger) layer_.host.search_groups();
  if (lookups_.join(sid, waiting, is_of_stranger)) return true;
  if (lookups_.size() >= layer_.options.lookups_max) return false;
  ++layer_.statistics.lookups;
  const MemberId instead_of = claimable_from(sid);
  Lookups::Question question{.nonce = layer_.random.next(),
                             .sid = sid,
                             .waiting = waiting,
                             .asked = members_to_ask(instead_of),
                             .view = view(),
                             .deadline = layer_.now() + layer_.options.lookup_timeout,
                             .is_of_stranger = is_of_stranger};
  question.claim.instead_of = instead_of;
  if (instead_of != kNobody) {
    question.claim.position = layer_.replicator->copies().find_passed_over(sid)->image->position;
  }
  lookups_.start(question);
  const LookupPayload lookup{.nonce = question.nonce, .sid = sid, .instead_of = instead_of};
  for (const MemberId member : question.asked) layer_.replicator->send_lookup(member, lookup);
  layer_.schedule(question.asked.empty() ? layer_.now() : question.deadline);
  return true;
}

void Recovery::on_found(MemberId from, const FoundPayload& found) {
  lookups_.on_found(from, found);
  layer_.schedule(layer_.now());
}

FoundPayload Recovery::on_lookup(const LookupPayload& lookup) {
  FoundPayload found;
  found.nonce = lookup.nonce;
  found.sid = lookup.sid;
  found.group = view().group;
  found.view_version = view().version;
  const Replicator& replicator = *layer_.replicator;
  const SessionId sid = layer_.resolve(lookup.sid);
  // Also one whose end is under way: it is here that its requests wait for that (I2).
  if (const Stay* stay = turnover_.find(sid); stay != nullptr) {
    const bool is_outvoted =
        stay->placement.channel() != 0 && layer_.channel_of(*stay).is_outvoted();
    found.role = is_outvoted ? FoundRole::kPointer : FoundRole::kOwner;
    found.owner = is_outvoted ? layer_.channel_of(*stay).parties().secondary : layer_.self;
    found.position = stay->image.position;
    return found;
  }
  if (const ReplicaStore::Replica* copy = replicator.copies().find(sid)) {
    found.role = FoundRole::kCopy;
    found.owner = primary_of(copy->channel);
    found.position = copy->image.position;
  } else if (layer_.history.is_ended(sid)) {
    found.role = FoundRole::kEnded;
  } else if (const auto passed_over = replicator.copies().find_passed_over(sid);
             passed_over && replicator.fate(passed_over->owner) != Fate::kUsable) {
    found.role = FoundRole::kPassedOver;
    found.owner = passed_over->owner;
    found.position = passed_over->image->position;
  } else if (const MemberId owner = layer_.history.owner(sid); owner != kNobody) {
    found.role = FoundRole::kPointer;
    found.owner = owner;
  }
  return found;
}

void Recovery::finish() {
  for (Lookups::Finished& finished : lookups_.take_finished(layer_.now())) {
    if (finished.result.kind == Lookups::Result::Kind::kStale) {
      layer_.host.ask_for_view(finished.result.route);
    }
    // Members that came while it was asked have not been asked.
    finished.is_current = finished.view == view();
    settle_passed_over(finished);
    disputes_.settle(finished);
    for (const WaitingId waiting : finished.waiting) owner_->on_looked_up(waiting, finished);
  }
}

void Recovery::advance() {
  finish();
  if (lookups_.waits_for_groups()) layer_.schedule(layer_.now() + kGroupsAgain);
  recover_in_background();
  ask_about_disputes();
}

void Recovery::ask_about_disputes() {
  if (!layer_.replicator->is_admitted()) return;
  for (const SessionId& sid : disputes_.due()) {
    // It may have come back here, as a copy of the other one or as a session.
    if (const Stay* stay = turnover_.find(sid); stay != nullptr) {
      Lookups::Finished here{.sid = sid, .result = {}, .waiting = {}};
      here.result.route = layer_.self;
      here.result.lives_at = stay->image.position;
      disputes_.settle(here);
    } else {
      ask(sid, 0);
    }
  }
}

// --- what was passed over ----------------------------------------------------------------------

// Whose death is all that keeps this member from serving the session; kNobody: there is more.
MemberId Recovery::claimable_from(const SessionId& sid) const {
  const auto passed_over = layer_.replicator->copies().find_passed_over(sid);
  if (!passed_over) return kNobody;
  const bool is_proven = layer_.replicator->fate(passed_over->owner) == Fate::kProven;
  return is_proven ? passed_over->owner : kNobody;
}

void Recovery::settle_passed_over(const Lookups::Finished& finished) {
  if (finished.instead_of == kNobody || claimable_from(finished.sid) != finished.instead_of) return;
  switch (finished.result.kind) {
    case Lookups::Result::Kind::kEnded:
      layer_.replicator->take_passed_over(finished.sid);
      return;
    case Lookups::Result::Kind::kRoute:
      if (finished.result.is_held) {
        layer_.replicator->take_passed_over(finished.sid);
        return;
      }
      break;
    case Lookups::Result::Kind::kNowhere:
    case Lookups::Result::Kind::kUnknown:
      if (finished.is_certain && finished.is_current) {
        recover(finished.sid);
        return;
      }
      break;
    case Lookups::Result::Kind::kStale:
      break;
  }
  const bool has_moved_on =
      !finished.is_current || finished.result.kind == Lookups::Result::Kind::kStale;
  recover_after_ = layer_.now() + (has_moved_on ? kRecoverNext : kRecoverAgain);
  layer_.schedule(recover_after_);
}

void Recovery::recover(const SessionId& sid) {
  const ChannelId channel = layer_.replicator->copies().find_passed_over(sid)->channel;
  std::optional<SessionImage> image = layer_.replicator->take_passed_over(sid);
  const bool is_wanted = turnover_.find(sid) == nullptr &&
                         layer_.replicator->copies().find(sid) == nullptr &&
                         !layer_.history.is_ended(sid);
  if (!is_wanted) return;
  const Position from = image->position;
  image->position.epoch += kRecoveryEpochs;
  image->recovery = Recovered{
      .epoch = image->position.epoch, .from = from, .sure_since = layer_.replicator->last_proof()};
  image->requests.set_since(layer_.now());
  layer_.history.forget_move(sid);
  Stay& stay = layer_.store.create(sid, *std::move(image), layer_.now());
  stay.placement.show();
  ++layer_.statistics.recovered;
  parking_.wake(channel);
  layer_.schedule(layer_.now());
}

void Recovery::recover_in_background() {
  const TimePoint now = layer_.now();
  const ReplicaStore& copies = layer_.replicator->copies();
  if (copies.passed_over_count() == 0) return;
  if (now < recover_after_) return layer_.schedule(recover_after_);
  size_t asked = 0;
  for (const ChannelId channel : copies.passed_over_channels()) {
    const MemberId owner = copies.passed_over_owner(channel);
    if (layer_.replicator->fate(owner) != Fate::kProven) continue;
    std::vector<SessionId> sids;
    copies.visit_passed_over(channel, [&](const SessionId& sid) {
      if (!lookups_.is_asked(sid)) sids.push_back(sid);
      return asked + sids.size() < kRecoveriesMax;
    });
    for (const SessionId& sid : sids) {
      if (ask(sid, 0)) ++asked;
    }
    if (asked >= kRecoveriesMax) break;
  }
  if (asked == 0) return;
  recover_after_ = now + kRecoverNext;
  layer_.schedule(recover_after_);
}

// --- its clients -------------------------------------------------------------------------------

bool Recovery::has_seen_more(const SessionToken& token, const Stay& stay) {
  return is_recovered(token, stay) && token.sid == stay.sid &&
         token.floor > stay.image.recovery->from;
}

bool Recovery::is_recovered(const SessionToken& token, const Stay& stay) {
  return stay.image.recovery && token.floor.epoch < stay.image.recovery->epoch;
}

// The cookie says what its client had been shown when it sent the request. What came to the client
// later came from a member that is dead now: a request that began after the last proof of that
// brings it along. Of any other it cannot be told; answered, it would take the client back.
bool Recovery::is_outdated(const Waiting& waiting, const Stay& stay) {
  return is_recovered(*waiting.request.token, stay) &&
         waiting.began < stay.image.recovery->sure_since;
}

TimePoint Recovery::began(const BeginRequest& request, TimePoint arrived) {
  return arrived - request.waited - request.waited / kClockRatio - kUnderWay;
}

TimePoint Recovery::came(const BeginRequest& request, TimePoint arrived) {
  return arrived - request.waited + request.waited / kClockRatio;
}

}  // namespace understudy
