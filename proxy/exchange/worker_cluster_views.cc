// SPDX-License-Identifier: Apache-2.0
// How a worker hears of views, asks for one, and makes a new one act at once.
#include <utility>

#include "base/log.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {
namespace {

// How long a member may keep our question open before it answers that nothing has changed.
constexpr int kProbeWaitBeats = 10;

}  // namespace

// A request may have waited for too long: a silent member shows in no response, so the view is
// asked for.
void WorkerCluster::on_watch() {
  const TimePoint now = worker_.io.loop.now();
  bool anybody_waits = false;
  for (const Slot& slot : slots_) {
    if (!slot.connections || slot.connections->waiting().is_empty()) continue;
    anybody_waits = true;
    const routing::Member* member = routing_.table().by_serial(slot.serial);
    if (!member || probe_.is_open()) continue;
    const TimePoint since = slot.connections->waiting().oldest()->waiting_since();
    const routing::Member* other = routing_.whom_to_ask(*member, since, now);
    if (!other || !other->address.is_set()) continue;
    ++worker_.counters.views_asked;
    probe_.ask({.serial = other->serial,
                .member = reach(*other),
                .seen = routing_.views().hash(),
                .wait = routing_.views().beat() * kProbeWaitBeats});
  }
  if (anybody_waits) watch_.start_at(now + routing_.views().beat());
}

// Whether the others speak for that group too is not left to chance: without a request to them
// nothing would be heard of them.
void WorkerCluster::hear_others() {
  if (probe_.is_open()) return;
  const routing::Member* other = routing_.whom_to_hear(worker_.io.loop.now());
  if (other == nullptr || !other->address.is_set()) return;
  ++worker_.counters.views_asked;
  probe_.ask({.serial = other->serial,
              .member = reach(*other),
              .seen = routing_.views().hash(),
              .wait = Duration::zero()});
}

void WorkerCluster::on_view_text(uint64_t serial, std::string_view text) {
  const routing::Member* from = routing_.table().by_serial(serial);
  if (from) on_view(*from, text);
}

void WorkerCluster::on_view(const routing::Member& from, std::string_view header) {
  apply(routing_.on_view(from, header, worker_.io.loop.now()));
}

void WorkerCluster::hear(routing::Member& from, const http::FieldList& fields) {
  if (const http::Field* view = fields.find(http::FieldId::kUnderstudyView)) {
    on_view(from, view->value);
  }
  const http::Field* const id = fields.find(http::FieldId::kXWeblogicJvmid);
  // Auto: what a member says decides. Its lists are not believed, for none of them is signed.
  if (id && options_.routing.dialect == Dialect::kAuto) speaks_weblogic_ = true;
  if (!speaks_weblogic()) return;
  if (id) {
    if (const auto mid = parse_jvmid(id->value)) routing_.table().learn_mid(from, *mid);
  }
  if (const http::Field* hash = fields.find(http::FieldId::kXWeblogicClusterHash)) {
    apply(routing_.on_weblogic_view(
        {.hash = hash->value, .list = fields.value(http::FieldId::kXWeblogicClusterList)},
        worker_.io.loop.now()));
  }
}

void WorkerCluster::on_shared_view(const routing::ViewKeeper::Shared& shared) {
  routing::ViewOutcome outcome = routing_.on_shared_view(shared, worker_.io.loop.now());
  rename_members();
  drop_gone(std::move(outcome.change));
}

void WorkerCluster::apply(routing::ViewOutcome outcome) {
  switch (outcome.verdict) {
    case routing::ViewVerdict::kHeld:
      return;
    case routing::ViewVerdict::kNew:
      break;
    case routing::ViewVerdict::kRefused:
      if (const auto held = complaints_.view.admit(worker_.io.loop.now())) {
        LOG(kWarn, "cluster {}: a view is refused: {}{}", routing_.options().name,
            to_text(routing_.views().last_refusal()), repeated(*held));
      }
      return;
    case routing::ViewVerdict::kRival:
      LOG(kDebug, "cluster {}: a view of another group is not taken", routing_.options().name);
      return hear_others();
    default:
      LOG(kDebug, "cluster {}: a view is not taken: {}", routing_.options().name,
          routing::to_text(outcome.verdict));
      return;
  }
  LOG(kInfo, "cluster {}: new view of {} members", routing_.options().name,
      routing_.views().view()->entries.size());
  // It was armed by the beat of the view before, or by the one assumed without a view.
  if (watch_.is_running()) watch_.start_at(routing_.views().ask_due(worker_.io.loop.now()));
  rename_members();
  // The other workers first: what is freed below may take its time.
  if (options_.listener) options_.listener->on_new_view(*this, routing_.views().shared());
  drop_gone(std::move(outcome.change));
}

// A seed is called by its address until a view names it.
void WorkerCluster::rename_members() {
  for (Slot& slot : slots_) {
    const routing::Member* member =
        slot.connections ? routing_.table().by_serial(slot.serial) : nullptr;
    if (member) slot.connections->rename(member->name, member->label());
  }
}

// A view acts at once (PROTOCOL 1), which is when this turn's callbacks are done: then no exchange
// is in the middle of something, and answers that came in the same turn have been taken.
void WorkerCluster::drop_gone(routing::ViewChange change) {
  if (change.is_empty()) return;
  if (gone_.empty()) worker_.io.loop.at_turn_end([this] { drop_all_gone(); });
  gone_.push_back(std::move(change));
}

void WorkerCluster::drop_all_gone() {
  // What is freed may hear of the next view.
  const auto changes = std::exchange(gone_, {});
  for (const routing::ViewChange& change : changes) {
    for (const auto& member : change.vanished) drop(member->serial, true);
    for (const routing::Member* member : change.dead) drop(member->serial, false);
  }
  discard_unused();
}

}  // namespace understudy
