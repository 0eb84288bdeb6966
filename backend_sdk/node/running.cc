// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/running.h"

#include <utility>

#include "backend_sdk/cookie_options.h"
#include "backend_sdk/node/application_call.h"
#include "backend_sdk/node/core_options.h"
#include "backend_sdk/node/lives_transport.h"
#include "backend_sdk/node/log_text.h"
#include "backend_sdk/node/start_up.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {
namespace {

// How long LEAVE may take to get out when a node goes down, and how often one looks.
constexpr Duration kLeaveFlushMax = std::chrono::milliseconds(250);
constexpr Duration kLeaveFlushLook = std::chrono::milliseconds(4);
constexpr std::string_view kGone = "it is going down";

}  // namespace

Node::Running::Running(const Options& options, Hooks hooks, std::shared_ptr<const Keyring> keyring,
                       std::unique_ptr<EventLoop> loop)
    : options_(options),
      hooks_(std::move(hooks)),
      board_(*keyring, options_.cluster_name, options_.heartbeat_interval),
      contract_({.keyring = keyring,
                 .cluster = options_.cluster_name,
                 .cookie_name = options_.session_cookie,
                 .attributes = cookie_attributes(options_),
                 .dialect = cookie_dialect(options_),
                 .parameter = options_.session_parameter,
                 .form_field = options_.session_form_field},
                board_),
      loop_(std::move(loop)),
      door_(std::make_shared<NodeDoor>(
          *loop_,
          [this](const NodeDoor::Work& work) {
            if (!core_) return;  // too late; what the work holds is answered when it is dropped
            work(*core_);
            schedule_advance();
          })),
      readiness_(options_.member_name,
                 options_.solo == Options::Solo::kDeny ? Readiness::kProtected : Readiness::kJoined,
                 hooks_.on_readiness),
      keys_(options_, std::move(keyring)),
      alarm_(Timer::of<&Running::on_alarm>(loop_->timers(), *this)),
      leave_timer_(Timer::of<&Running::on_leave_time>(loop_->timers(), *this)),
      drain_(options_.member_name) {}

Node::Running::~Running() {
  stop(true);
}

Outcome<std::unique_ptr<Node::Running>> Node::Running::open(const Options& options, Hooks hooks) {
  if (const std::vector<std::string> problems = options.validate(); !problems.empty()) {
    std::string text;
    for (const std::string& problem : problems) text += problem + ".\n";
    return Failure{FailureCode::kConfiguration, text};
  }
  if (const auto failure = open_error_log(options)) return *failure;
  Outcome<std::shared_ptr<const Keyring>> keyring = load_keyring(options);
  if (!keyring) return keyring.failure();
  Result<std::unique_ptr<EventLoop>> loop = EventLoop::open();
  if (!loop) return Failure{FailureCode::kSystem, loop.error().detail};

  std::unique_ptr<Running> running(
      new Running(options, std::move(hooks), *std::move(keyring), *std::move(loop)));
  std::promise<Started> promise;
  std::future<Started> started = promise.get_future();
  running->thread_ = std::thread(&Running::run_thread, running.get(), std::move(promise));
  if (const Started failure = started.get()) return *failure;
  return running;
}

void Node::Running::run_thread(std::promise<Started> started) {
  loop_->run_once(Duration::zero());  // from here on this is the loop's thread
  const Started failure = start();
  started.set_value(failure);
  if (!failure) loop_->run();
  // What belongs to the loop dies on its thread; requests that the core still holds are answered.
  clear();
  // Work that was posted too late is dropped, so that what waits for it is answered.
  loop_->run_once(Duration::zero());
}

Node::Running::Started Node::Running::start() {
  const Outcome<Address> listen = understudy::cluster_address(options_);
  if (!listen) return listen.failure();
  Outcome<NodeCoreOptions> core = core_options(options_, *listen);
  if (!core) return core.failure();

  ClusterTransportOptions transport;
  transport.name = options_.member_name;
  transport.cluster = options_.cluster_name;
  transport.listen = *listen;
  transport.keys = options_.cluster_insecure ? nullptr : keys_.in_force();
  transport.is_insecure = options_.cluster_insecure;
  // As long as membership goes on doubting, from its first probe round to its verdict.
  transport.probe_timeout = core->membership.interval;
  transport.queue_bytes_max = link_queue_bytes(options_, transport.queue_bytes_max);
  transport_ = std::make_unique<LivesTransport>(*loop_, random_, transport, *this);
  waiters_ = std::make_unique<ViewWaiters>(*loop_, contract_);
  core_ = std::make_unique<NodeCore>(*core, *loop_, random_, *transport_, *this);
  const RelayLimits limits{.connections_max = options_.relay_connections,
                           .buffer_bytes_max = options_.relay_buffer_bytes,
                           .connect_timeout = options_.relay_connect_timeout,
                           .timeout = options_.relay_timeout};
  third_server_ = std::make_unique<ThirdServer>(*this, *loop_, random_, *core_, contract_, limits);
  cluster_address_ = listen->to_string();
  core_->start();
  if (!transport_->failure().empty()) {
    return Failure{FailureCode::kAddress, "ClusterListen: " + transport_->failure()};
  }
  schedule_advance();
  return std::nullopt;
}

std::optional<Failure> Node::Running::reload_keys() {
  if (is_in_child()) return Failure{FailureCode::kSystem, kForked};
  const Outcome<ClusterKeys::Read> read = keys_.read();
  if (!read) return read.failure();
  if (loop_->in_thread()) return use_keys(*read);  // a hook asks
  std::promise<std::optional<Failure>> promise;
  std::future<std::optional<Failure>> done = promise.get_future();
  {
    const auto pending = std::make_shared<Pending<std::optional<Failure>>>(
        [&promise](std::optional<Failure> failure) { promise.set_value(std::move(failure)); },
        nullptr,
        [] {
          return std::optional<Failure>(
              Failure{FailureCode::kSystem, "the keys are not changed: " + std::string(kGone)});
        });
    static_cast<void>(
        door_->post([this, read = *read, pending](NodeCore&) { pending->answer(use_keys(read)); }));
  }
  return done.get();
}

// All that hold keys, in one turn. First the links: they alone can fail.
std::optional<Failure> Node::Running::use_keys(const ClusterKeys::Read& read) {
  if (keys_.is_outrun(read)) return std::nullopt;
  if (auto failure = keys_.why_not(read)) return failure;
  if (!transport_) return Failure{FailureCode::kSystem, std::string(kGone)};
  if (auto used = transport_->use_keys(options_.cluster_insecure ? nullptr : read.keyring); !used) {
    return Failure{FailureCode::kKeyFile, used.error().detail};
  }
  contract_.use_keys(read.keyring);
  board_.use_keys(*read.keyring);
  keys_.on_used(read);
  return std::nullopt;
}

void Node::Running::clear() {
  door_->close();
  if (core_) readiness_.set(Readiness::kLeaving);
  waiters_ = nullptr;
  drain_.clear();
  third_server_ = nullptr;
  core_ = nullptr;
  transport_ = nullptr;
  leave_timer_.stop();
  alarm_.stop();
}

void Node::Running::stop(bool with_leave) {
  if (is_in_child() || !thread_.joinable()) return;
  if (with_leave) {
    // After this letter no other one matters; the loop stops when it has flushed.
    static_cast<void>(door_->post([this](NodeCore&) { leave_on_loop(); }));
    door_->close();
  } else {
    door_->close();
    loop_->stop();
  }
  thread_.join();
}

void Node::Running::leave_on_loop() {
  if (!drain_.is_done()) core_->leave();
  flush_until_ = loop_->now() + kLeaveFlushMax;
  leave_timer_.start_at(loop_->now() + kLeaveFlushLook);
}

void Node::Running::on_leave_time() {
  if (transport_->is_flushed() || loop_->now() >= flush_until_) return loop_->stop();
  leave_timer_.start_at(loop_->now() + kLeaveFlushLook);
}

void Node::Running::drain(std::function<void()> callback, std::shared_ptr<Executor> executor) {
  auto pending = std::make_shared<Pending<Drain::Done>>(
      [callback = std::move(callback)](Drain::Done) { callback(); }, std::move(executor),
      [] { return Drain::Done{}; });
  if (is_in_child()) return pending->answer({});
  static_cast<void>(door_->post([this, pending](NodeCore& core) {
    readiness_.set(Readiness::kLeaving);
    drain_.begin(core, pending);
  }));
}

// The core's turn.

void Node::Running::schedule_advance() {
  if (advance_scheduled_) return;
  advance_scheduled_ = true;
  loop_->at_turn_end([this] { advance(); });
}

void Node::Running::advance() {
  advance_scheduled_ = false;
  core_->advance();
  if (!core_->is_admitted()) readiness_.set_obstacle(core_->obstacle());
  drain_.advance(*core_);
  statistics_.publish(core_->statistics());
  const TimePoint wake_at = core_->wake_at();
  if (wake_at == TimePoint::max()) return alarm_.stop();
  alarm_.start_at(wake_at);
}

void Node::Running::on_frame(const Peer& from, Frame frame) {
  core_->on_frame(from, std::move(frame));
  schedule_advance();
}

void Node::Running::on_link_down(const Peer& peer, LinkDown why) {
  core_->on_link_down(peer, why);
  schedule_advance();
}

void Node::Running::on_datagram(MemberId from, const Datagram& datagram) {
  core_->on_datagram(from, datagram);
  schedule_advance();
}

void Node::Running::on_probe_failed(const Peer& peer, LinkDown why) {
  core_->on_probe_failed(peer, why);
  schedule_advance();
}

void Node::Running::on_probe_answered(const Peer& peer) {
  core_->on_probe_answered(peer);
  schedule_advance();
}

// What the core tells.

void Node::Running::on_new_life(MemberId mid) {
  transport_->begin_life(mid);
  statistics_.set_mid(mid);
  readiness_.set(Readiness::kJoining);
}

void Node::Running::on_view(const MemberView& view) {
  const bool is_new = board_.publish(view, core_->mid());
  const auto published = board_.current();
  std::uint64_t alive = 0;
  for (const MemberStatus& member : published->members) alive += member.is_alive ? 1 : 0;
  statistics_.set_members_alive(alive);
  if (third_server_) third_server_->on_view(view);
  statistics_.publish(core_->statistics());  // the hooks may read them
  readiness_.set(readiness_of(view, core_->mid(), core_->is_admitted()));
  if (!is_new) return;
  LOG(kNotice, "member {}: view {}.{}: {}", options_.member_name, view.term, view.seq,
      summary(view));
  waiters_->on_published(published->hash);
  if (!hooks_.on_view) return;
  call_application("the hook on_view", [&] { hooks_.on_view(published->members); });
}

void Node::Running::on_session_lost(const SessionId& sid, Position floor) {
  LOG(kWarn, "session {} is lost: no member holds it any more (it had {}.{})", short_text(sid),
      floor.epoch, floor.version);
  if (!hooks_.on_session_lost) return;
  call_application("the hook on_session_lost",
                   [&] { hooks_.on_session_lost(to_text(sid), floor.epoch, floor.version); });
}

void Node::Running::on_conflict(const SessionId& sid, Position kept, Position dropped) {
  LOG(kWarn, "session {} had two owners during a partition: {}.{} lives on, {}.{} is dropped",
      short_text(sid), kept.epoch, kept.version, dropped.epoch, dropped.version);
  if (!hooks_.on_conflict) return;
  call_application("the hook on_conflict", [&] { hooks_.on_conflict(to_text(sid)); });
}

std::optional<Failure> Node::Running::wait_ready(std::chrono::milliseconds at_most,
                                                 Readiness least) const {
  if (is_in_child()) return Failure{FailureCode::kSystem, kForked};
  return readiness_.wait(at_most, least);
}

std::vector<MemberStatus> Node::Running::members() const {
  if (is_in_child()) return {};
  const auto view = board_.current();
  return view ? view->members : std::vector<MemberStatus>();
}

}  // namespace understudy
