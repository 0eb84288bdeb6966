// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/worker_cluster.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {
namespace {

// How old the time of day may be that an inserted cookie is judged by.
constexpr Duration kWallClockEvery = std::chrono::milliseconds(500);

bool has_native_contract(const routing::ClusterOptions& options) {
  if (options.keyring == nullptr) return false;
  // Members that send views understand the rest of the contract too.
  if (options.dialect == Dialect::kInsert) return options.is_dynamic;
  return options.dialect == Dialect::kNative || options.dialect == Dialect::kAuto;
}

std::optional<InsertedCookie> inserted_cookie(const WorkerCluster::Options& options) {
  if (options.routing.dialect != Dialect::kInsert) return std::nullopt;
  return InsertedCookie(options.session_cookie, options.inserted);
}

}  // namespace

std::string WorkerCluster::host_of(std::string_view address_text) {
  std::string_view host = address_text.substr(0, address_text.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

WorkerCluster::WorkerCluster(WorkerContext& worker, const Options& options)
    : worker_(worker),
      options_(options),
      has_special_members_(!options.ways.empty() ||
                           options.protocol == config::MemberProtocol::kAjp),
      speaks_native_(has_native_contract(options.routing)),
      inserted_(inserted_cookie(options)),
      speaks_weblogic_(options.routing.dialect == Dialect::kWeblogic),
      routing_(options.routing),
      probe_(worker.io, *this),
      id_probes_(worker.io, *this),
      watch_(Timer::of<&WorkerCluster::on_watch>(worker.io.loop.timers(), *this)) {}

WorkerCluster::~WorkerCluster() = default;

// Of the first and the last bytes: a native value ends in its mac, the others begin with their id.
size_t WorkerCluster::memo_of(std::string_view value) {
  uint32_t head = 0;
  uint32_t tail = 0;
  std::memcpy(&head, value.data(), sizeof head);
  std::memcpy(&tail, value.data() + value.size() - sizeof tail, sizeof tail);
  return ((head ^ tail) * 0x9E3779B1u >> 16) % kMemos;
}

DecodedAffinity WorkerCluster::decode(std::string_view value) {
  // Taking a route apart is cheaper than to remember it.
  const bool is_cheap = routing_.codec().dialect() == Dialect::kRoute;
  if (is_cheap || value.size() < sizeof(uint32_t)) return routing_.codec().decode(value);
  if (memos_.empty()) memos_.resize(kMemos);
  DecodedAffinity decoded = memos_[memo_of(value)].decode(routing_.codec(), value);
  if (inserted_ && decoded) decoded.refusal = inserted_->judge(decoded.token, wall_seconds());
  return decoded;
}

uint32_t WorkerCluster::wall_seconds() {
  const TimePoint now = worker_.io.loop.now();
  if (wall_seconds_ == 0 || now - wall_read_at_ >= kWallClockEvery) {
    wall_seconds_ = static_cast<uint32_t>(wall_clock_us() / 1'000'000);
    wall_read_at_ = now;
  }
  return wall_seconds_;
}

MemberConnections& WorkerCluster::connections(const routing::Member& member) {
  if (member.slot >= slots_.size()) slots_.resize(member.slot + 1);
  Slot& slot = slots_[member.slot];
  if (slot.serial != member.serial || slot.connections->address() != member.address) {
    if (slot.connections) {
      slot.connections->retire();
      retired_.push_back(std::exchange(slot, {}));
      discard_unused();
      if (queued_ > 0) worker_.io.loop.at_turn_end([this] { dismiss_retired(); });
    }
    slot.serial = member.serial;
    MemberConnections::Options options = reach(member);
    options.serial = member.serial;
    options.owner = this;
    options.queued = &queued_;
    slot.connections = std::make_unique<MemberConnections>(worker_.io, std::move(options));
  }
  return *slot.connections;
}

const config::MemberWay* WorkerCluster::way_of(const routing::Member& member) const {
  if (options_.ways.empty()) return nullptr;
  const auto found = options_.ways.find(member.address_text);
  return found == options_.ways.end() ? nullptr : &found->second;
}

MemberConnections::Options WorkerCluster::reach(const routing::Member& member) const {
  const config::MemberWay* const way = way_of(member);
  return {.name = member.name,
          .label = member.label(),
          .address = member.address,
          .more_addresses = member.more_addresses,
          .local = options_.connections.local_ip.empty()
                       ? Address()
                       : Address::parse(options_.connections.local_ip).value_or(Address()),
          .protocol = way != nullptr ? way->protocol : options_.protocol,
          .ajp = way != nullptr ? way->ajp : options_.ajp,
          .proxy_header = options_.proxy_header,
          .tls = way != nullptr && way->is_plain ? nullptr : options_.tls,
          .tls_name = options_.tls_name.empty() ? host_of(member.address_text) : options_.tls_name,
          .connect_timeout = options_.connections.connect_timeout,
          .unreachable_timeout = options_.connections.unreachable_timeout,
          .keep_alive = options_.connections.keep_alive,
          .idle_max = options_.connections.idle_max,
          .open_max = options_.connections.per_member_max,
          .idle_count_max = options_.connections.idle_per_member_max,
          .limits = {.first_line_bytes_max = http::kHeadBytesMax,
                     .field_bytes_max = static_cast<uint32_t>(options_.connections.field_bytes_max),
                     .fields_max = static_cast<uint32_t>(options_.connections.fields_max)}};
}

// ---- Queues.

bool WorkerCluster::must_queue(const routing::Member& member, MemberConnections& connections) {
  if (queued_ == 0) return !connections.has_room();
  const bool others_wait =
      !connections.queue().is_empty() ||
      (!queue_.is_empty() && routing_.table().is_good(member, worker_.io.loop.now()));
  if (others_wait && connections.has_room()) on_room(connections);
  return others_wait || !connections.has_room();
}

bool WorkerCluster::join_queue(Waiter& waiter, MemberConnections* connections) {
  if (queued_ >= options_.connections.waiting_requests_max) return false;
  WaitingList& queue = connections ? connections->queue() : queue_;
  queue.join(waiter, worker_.io.loop.now());
  return true;
}

// A waiter that is served asks a member at once, and that is not for the middle of something.
void WorkerCluster::on_room(MemberConnections& connections) {
  if (queued_ == 0) return;
  if (roomy_.empty()) worker_.io.loop.at_turn_end([this] { serve_queues(); });
  roomy_.push_back(connections.serial());
}

void WorkerCluster::serve_queues() {
  // Who is served may end at once, and give room to the next one at the end of the next turn.
  for (const uint64_t serial : std::exchange(roomy_, {})) serve_queue(serial);
}

// One for each connection that is free, the one that came first: known clients, who can ask only
// this member, and new ones, who can ask any, wait equally long.
void WorkerCluster::serve_queue(uint64_t serial) {
  for (std::size_t served = queued_; served > 0; --served) {
    MemberConnections* connections = find(serial);
    if (!connections || !connections->has_room()) return;
    const routing::Member* member = routing_.table().by_serial(serial);
    Waiter* first = connections->queue().oldest();
    if (member && routing_.table().is_good(*member, worker_.io.loop.now())) {
      Waiter* anybodys = queue_.oldest();
      const bool came_first =
          anybodys && (!first || anybodys->waiting_since() < first->waiting_since());
      if (came_first) first = anybodys;
    }
    if (!first) return;
    first->leave();
    first->on_room(serial);
  }
}

// Their member has another address now; they choose anew.
void WorkerCluster::dismiss_retired() {
  for (std::size_t i = 0; i < retired_.size(); ++i) {
    MemberConnections& connections = *retired_[i].connections;
    connections.hold();
    connections.queue().dismiss_all();
    connections.let_go();
  }
  discard_unused();
}

bool WorkerCluster::Load::allows_resend(const config::Failover& policy) const {
  const uint64_t share = uint64_t{exchanges} * policy.retry_percent / 100;
  return resends < std::max<uint64_t>(share, policy.retry_floor);
}

// Another address in use shows in connections(); whether it is still there does not.
void WorkerCluster::on_addresses(const std::string& address_text,
                                 const std::vector<Address>& addresses) {
  routing_.table().set_addresses(address_text, addresses);
  for (Slot& slot : slots_) {
    if (!slot.connections) continue;
    const routing::Member* member = routing_.table().by_serial(slot.serial);
    if (member == nullptr || member->address_text != address_text) continue;
    slot.connections->set_more_addresses(member->more_addresses);
  }
}

void WorkerCluster::begin_waiting(Waiter& waiter, MemberConnections& connections) {
  const TimePoint now = worker_.io.loop.now();
  connections.waiting().join(waiter, now);
  if (watch_.is_running()) return;
  const TimePoint due = routing_.views().ask_due(now);
  if (due != TimePoint::max()) watch_.start_at(due);
}

// Idle connections of a member that fails are worth nothing. Exchanges that wait for it go on: it
// may be slow only, and what they wait for may still come.
void WorkerCluster::on_checked(std::string_view address_text, routing::Checked checked) {
  routing::MemberTable& table = routing_.table();
  if (!table.set_checked(address_text, checked, worker_.io.loop.now())) return;
  if (checked != routing::Checked::kFailing) return;
  const routing::Member* member = table.by_address(address_text);
  MemberConnections* connections = member ? find(member->serial) : nullptr;
  if (connections) connections->close_idle();
}

MemberConnections* WorkerCluster::find(uint64_t serial) {
  const auto is_it = [&](const Slot& slot) { return slot.serial == serial && slot.connections; };
  auto found = std::find_if(slots_.begin(), slots_.end(), is_it);
  if (found != slots_.end()) return found->connections.get();
  found = std::find_if(retired_.begin(), retired_.end(), is_it);
  return found != retired_.end() ? found->connections.get() : nullptr;
}

void WorkerCluster::drop(uint64_t serial, bool for_good) {
  MemberConnections* connections = find(serial);
  if (!connections) return;
  if (for_good) {
    connections->retire();
  } else {
    connections->close_idle();
  }
  // What is freed may end exchanges and ask other members.
  connections->hold();
  worker_.counters.view_drops += connections->waiting().dismiss_all();
  connections->queue().dismiss_all();
  connections->let_go();
  if (for_good) retire_slot(serial);
}

void WorkerCluster::retire_slot(uint64_t serial) {
  for (Slot& slot : slots_) {
    if (slot.serial != serial || !slot.connections) continue;
    slot.connections->retire();
    retired_.push_back(std::exchange(slot, {}));
    return;
  }
}

void WorkerCluster::discard_unused() {
  std::erase_if(retired_, [](const Slot& slot) { return !slot.connections->is_in_use(); });
}

void WorkerCluster::retire() {
  watch_.stop();
  for (Slot& slot : slots_) {
    if (slot.connections) slot.connections->retire();
  }
}

bool WorkerCluster::is_in_use() const {
  const auto in_use = [](const Slot& slot) {
    return slot.connections && slot.connections->is_in_use();
  };
  return !gone_.empty() || std::any_of(retired_.begin(), retired_.end(), in_use) ||
         std::any_of(slots_.begin(), slots_.end(), in_use);
}

}  // namespace understudy
