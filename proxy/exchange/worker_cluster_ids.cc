// SPDX-License-Identifier: Apache-2.0
// How a worker learns the ids of members in the weblogic dialect. With each answer, and from the
// lists; but a cookie may name members of which this worker has not heard yet: after a start, or
// when one was started again. Then all that may be meant are asked, and the request waits.
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/http1/field_section.h"

namespace understudy {
namespace {

constexpr Duration kIdsAgain = std::chrono::seconds(1);
// Of members whose ids are known: one may have been started again, with another id.
constexpr Duration kKnownIdsAgain = std::chrono::seconds(10);

bool can_be_asked(const routing::Member& member, TimePoint now) {
  return member.address.is_set() && !routing::is_gone(member.liveness) &&
         member.operator_state != OperatorState::kDisabled && !member.back_off.is_blocked(now);
}

}  // namespace

bool WorkerCluster::wait_for_ids(Waiter& waiter) {
  if (!speaks_weblogic() || options_.proxy_header != config::ProxyHeader::kNone) return false;
  const TimePoint now = worker_.io.loop.now();
  if (!id_probes_.is_open() && !ask_for_ids(now)) return false;
  learners_.join(waiter, now);
  return true;
}

bool WorkerCluster::ask_for_ids(TimePoint now) {
  if (ids_asked_at_ && now < *ids_asked_at_ + kIdsAgain) return false;
  const auto members = routing_.table().members();
  bool lacks_any = false;
  for (const auto& member : members) lacks_any |= !member->mid && can_be_asked(*member, now);
  // A list says who is there, and comes anew when that changes.
  const bool is_told = routing_.options().is_dynamic;
  const bool is_soon = ids_asked_at_ && now < *ids_asked_at_ + kKnownIdsAgain;
  if (!lacks_any && (is_told || is_soon)) return false;
  ids_asked_at_ = now;
  for (const auto& member : members) {
    if (!can_be_asked(*member, now) || (lacks_any && member->mid)) continue;
    id_probes_.ask(member->serial, reach(*member), options_.connections.connect_timeout);
  }
  return id_probes_.is_open();
}

void WorkerCluster::on_id_answer(uint64_t serial, const http::FieldList& fields) {
  routing::Member* const member = routing_.table().by_serial(serial);
  if (member != nullptr) hear(*member, fields);
  learners_.dismiss_all();
}

void WorkerCluster::on_id_silence(uint64_t serial) {
  routing::Member* const member = routing_.table().by_serial(serial);
  if (member != nullptr) {
    routing_.table().on_failure(*member, routing::Failure::kTimeout, worker_.io.loop.now());
  }
  learners_.dismiss_all();
}

}  // namespace understudy
