// SPDX-License-Identifier: Apache-2.0
#include "understudy/session.h"

#include "backend_sdk/node/log_text.h"
#include "backend_sdk/node/session_state.h"
#include "backend_sdk/node/stored_reply.h"
#include "backend_sdk/node_core.h"
#include "base/check.h"
#include "base/random.h"
#include "cookies/contract.h"

namespace understudy {
namespace {

constexpr std::string_view kChangedEmpty = "this request runs without a session";

SessionNote note_at_begin(const BeginOutcome& outcome) {
  if (outcome.lost) return SessionNote::kLost;
  if (outcome.recovered) return SessionNote::kRecovered;
  if (!outcome.is_new && outcome.secondary == kNobody) return SessionNote::kSolo;
  return SessionNote::kNone;
}

SessionId fresh_id() {
  SessionId id;
  SystemRandom().fill(id.bytes);
  return id;
}

}  // namespace

std::string_view to_text(SessionNote note) {
  switch (note) {
    case SessionNote::kNone:
      return "";
    case SessionNote::kSolo:
      return kSessionSolo;
    case SessionNote::kLost:
      return kSessionLost;
    case SessionNote::kRecovered:
      return kSessionRecovered;
  }
  return "";
}

Session::State::State(const BeginOutcome& outcome, ContractFacts facts_of_request,
                      std::shared_ptr<UnderWay> counted)
    : handle(outcome.handle),
      facts(std::move(facts_of_request)),
      snapshot(outcome.attributes ? outcome.attributes : std::make_shared<const Attributes>()),
      position(outcome.position),
      is_new(outcome.is_new),
      replayed(outcome.replayed),
      note(note_at_begin(outcome)),
      under_way(std::move(counted)),
      sid(outcome.sid) {}

Session::State::~State() {
  if (is_spent) return;
  // A node that is gone has nothing to let go of: false is fine.
  static_cast<void>(
      under_way->door().post([handle = handle](NodeCore& core) { core.abandon(handle); }));
}

const std::string* Session::State::find(std::string_view name) const {
  if (is_invalidated) return nullptr;
  if (const auto changed = changes.find(name); changed != changes.end()) {
    return changed->second.get();
  }
  const auto kept = snapshot->find(name);
  return kept == snapshot->end() ? nullptr : kept->second.get();
}

void Session::State::refuse(std::string_view why) {
  if (refusal.empty()) refusal = why;
}

bool Session::State::may_change() {
  if (is_spent) {
    refuse("the session was changed after its commit");
    return false;
  }
  return !replayed && !is_invalidated;
}

void Session::State::change(std::string_view name, Bytes value) {
  if (!may_change()) return;
  if (name.empty() || name.size() > kAttributeNameBytesMax) {
    return refuse("an attribute's name is empty or too long");
  }
  // Removing what the snapshot does not have is said all the same: another request may add it.
  changes.insert_or_assign(std::string(name), std::move(value));
}

Change Session::State::spend() {
  CHECK(!is_spent);
  is_spent = true;
  Change change;
  if (is_invalidated) {
    change.invalidate = true;
    return change;
  }
  for (const auto& [name, value] : changes) change.attributes.push_back({name, value});
  change.response = response;
  change.new_id = new_id;
  return change;
}

Session::Session() = default;
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}

bool Session::is_empty() const {
  return !state_;
}

std::string Session::id() const {
  if (!state_) return {};
  return to_text(state_->new_id ? *state_->new_id : state_->sid);
}

bool Session::is_new() const {
  return state_ && state_->is_new;
}

SessionNote Session::note() const {
  return state_ ? state_->note : SessionNote::kNone;
}

std::uint32_t Session::epoch() const {
  return state_ ? state_->position.epoch : 0;
}

std::uint64_t Session::version() const {
  return state_ ? state_->position.version : 0;
}

bool Session::replayed() const {
  return state_ && state_->replayed;
}

std::string_view Session::secondary() const {
  return state_ ? std::string_view(state_->secondary) : std::string_view();
}

std::optional<std::string_view> Session::get(std::string_view name) const {
  const std::string* value = state_ ? state_->find(name) : nullptr;
  if (!value) return std::nullopt;
  return *value;
}

bool Session::contains(std::string_view name) const {
  return state_ && state_->find(name);
}

std::vector<std::string_view> Session::names() const {
  std::vector<std::string_view> names;
  if (!state_ || state_->is_invalidated) return names;
  // Both maps are sorted by name; a change stands for the attribute of the same name.
  auto kept = state_->snapshot->begin();
  const auto kept_end = state_->snapshot->end();
  for (const auto& [name, value] : state_->changes) {
    for (; kept != kept_end && kept->first < name; ++kept) names.push_back(kept->first);
    if (kept != kept_end && kept->first == name) ++kept;
    if (value) names.push_back(name);
  }
  for (; kept != kept_end; ++kept) names.push_back(kept->first);
  return names;
}

void Session::set(std::string_view name, std::string_view value) {
  if (!state_) {
    was_changed_empty_ = true;
    return;
  }
  state_->change(name, std::make_shared<const std::string>(value));
}

void Session::remove(std::string_view name) {
  if (!state_) {
    was_changed_empty_ = true;
    return;
  }
  state_->change(name, nullptr);
}

void Session::invalidate() {
  if (state_ && state_->may_change()) state_->is_invalidated = true;
}

void Session::rotate_id() {
  if (state_ && state_->may_change()) state_->new_id = fresh_id();
}

void Session::store_response(Reply reply) {
  if (!state_ || !state_->may_change()) return;
  std::optional<std::string> bytes = encode_reply(reply);
  if (!bytes || bytes->size() > state_->stored_response_max) return;
  state_->response = std::make_shared<const std::string>(std::move(*bytes));
}

std::string_view Session::refusal() const {
  if (!state_) return was_changed_empty_ ? kChangedEmpty : std::string_view();
  return state_->refusal;
}

bool Session::is_changed() const {
  return state_ && !state_->is_spent &&
         (!state_->changes.empty() || state_->new_id || state_->is_invalidated || state_->response);
}

}  // namespace understudy
