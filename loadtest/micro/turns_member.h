// SPDX-License-Identifier: Apache-2.0
// TurnsMember: a member of the production node core in this process, with a loop, a thread and
// sealed links on loopback of its own, that notes how long its turns are; for loop_turns.
#pragma once

#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "backend_sdk/node/lives_transport.h"
#include "backend_sdk/node_core.h"
#include "base/check.h"
#include "base/event_loop.h"
#include "base/random.h"

namespace understudy {

inline std::shared_ptr<const Keyring> cluster_keys() {
  static const std::array<uint8_t, 32> bytes = {7};
  const Keyring::NamedKey key{.id = '1', .bytes = bytes};
  return Keyring::from_keys({&key, 1}).keyring;
}

// Of the calling thread.
inline Duration processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

struct Turns {
  Duration longest{};          // processor time
  Duration longest_passing{};  // by the clock
  size_t count = 0;
  size_t over_the_limit = 0;  // by processor time
};

// A member: what Node::Running is, without HTTP. What a turn takes by the clock counts from the
// first look at it in that turn, when the wait for something to happen is over.
class TurnsMember final : public Transport::Receiver, public NodeCore::Host {
  static constexpr Duration kLong = std::chrono::milliseconds(20);
  static constexpr Duration kWaitMax = std::chrono::milliseconds(50);
  static constexpr size_t kAtOnce = 256;  // requests under way while it is given sessions

 public:
  TurnsMember(std::string name, Address seed, Duration beat)
      : name_(std::move(name)),
        beat_(beat),
        seed_(std::move(seed)),
        loop_(*EventLoop::open()),
        alarm_(Timer::of<&TurnsMember::schedule>(loop_->timers(), *this)) {
    std::promise<void> started;
    std::future<void> is_started = started.get_future();
    thread_ = std::thread([this, &started] { run(started); });
    is_started.get();
  }
  ~TurnsMember() override { stop(); }

  const std::string& name() const { return name_; }
  const Address& address() const { return address_; }
  bool is_running() const { return thread_.joinable(); }

  // As if its process had died: nothing is said, the sockets are closed.
  void stop() {
    if (!thread_.joinable()) return;
    is_over_ = true;
    thread_.join();
  }
  void serve(size_t sessions, std::optional<TimePoint> end) {
    post([this, sessions, end] {
      to_serve_ = sessions;
      for (size_t i = 0; i < std::min(sessions, kAtOnce); ++i) begin(end);
    });
  }
  void sleep(Duration time) {
    post([time] { std::this_thread::sleep_for(time); });
  }
  void drain() {
    post([this] { core_->drain([this] { is_drained_ = true; }); });
  }
  bool is_drained() const { return is_drained_; }

  NodeCoreStatistics statistics() {
    std::promise<NodeCoreStatistics> promise;
    post([&] { promise.set_value(core_->statistics()); });
    return promise.get_future().get();
  }
  size_t members() {
    std::promise<size_t> promise;
    post([&] {
      const auto& all = core_->view().members;
      promise.set_value(
          static_cast<size_t>(std::count_if(all.begin(), all.end(), [](const auto& it) {
            return it.is_usable() && it.is_confirmed;
          })));
    });
    return promise.get_future().get();
  }
  // Since the last call.
  Turns take_turns() {
    std::promise<Turns> promise;
    post([&] { promise.set_value(std::exchange(turns_, {})); });
    return promise.get_future().get();
  }

  void on_frame(const Peer& from, Frame frame) override {
    core_->on_frame(from, std::move(frame));
    schedule();
  }
  void on_link_down(const Peer& peer, LinkDown why) override {
    core_->on_link_down(peer, why);
    schedule();
  }
  void on_datagram(MemberId from, const Datagram& datagram) override {
    core_->on_datagram(from, datagram);
    schedule();
  }
  void on_probe_failed(const Peer& peer, LinkDown why) override {
    core_->on_probe_failed(peer, why);
    schedule();
  }
  void on_probe_answered(const Peer& peer) override {
    core_->on_probe_answered(peer);
    schedule();
  }
  void on_new_life(MemberId mid) override { transport_->begin_life(mid); }
  void on_view(const MemberView&) override {}
  void on_session_lost(const SessionId&, Position) override {}
  void on_conflict(const SessionId&, Position, Position) override {}

 private:
  void post(std::function<void()> work) {
    loop_->post([this, work = std::move(work)] {
      work();
      schedule();
    });
  }

  void open() {
    ClusterTransportOptions transport{
        .name = name_, .cluster = "turns", .listen = Address::loopback(0), .keys = cluster_keys()};
    transport.probe_timeout = beat_;
    transport.listen = free_address();
    address_ = transport.listen;
    transport_ = std::make_unique<LivesTransport>(*loop_, random_, transport, *this);
    NodeCoreOptions options;
    options.membership.self.name = name_;
    options.membership.self.machine = "machine of " + name_;
    options.membership.self.http_address = "127.0.0.1:80";
    options.membership.self.cluster_address = address_;
    if (seed_.is_set()) options.membership.seeds = {seed_};
    options.membership.interval = beat_;
    options.replication.beat = beat_;
    core_ = std::make_unique<NodeCore>(options, *loop_, random_, *transport_, *this);
    core_->start();
    CHECK(transport_->failure().empty(), transport_->failure().c_str());
    schedule();
  }

  // Bound once, so that it is known before the first life says so.
  Address free_address() {
    ClusterTransportOptions probe{.mid = 1,
                                  .name = name_,
                                  .cluster = "turns",
                                  .listen = Address::loopback(0),
                                  .keys = cluster_keys()};
    auto opened = ClusterTransport::open(*loop_, random_, probe);
    CHECK(static_cast<bool>(opened));
    return (*opened)->address();
  }

  void run(std::promise<void>& started) {
    loop_->run_once(Duration::zero());
    open();
    started.set_value();
    while (!is_over_) turn();
    transport_ = nullptr;
    // What its process held goes with the process, not piece by piece.
    static_cast<void>(core_.release());
  }

  void turn() {
    const Duration before = processor_time();
    turn_began_ = TimePoint::max();
    loop_->run_once(kWaitMax);
    const Duration spent = processor_time() - before;
    ++turns_.count;
    turns_.longest = std::max(turns_.longest, spent);
    if (turn_began_ != TimePoint::max()) {
      turns_.longest_passing = std::max(turns_.longest_passing, loop_->read() - turn_began_);
    }
    if (spent > kLong) ++turns_.over_the_limit;
  }

  void schedule() {
    if (is_scheduled_) return;
    is_scheduled_ = true;
    loop_->at_turn_end([this] { advance(); });
  }
  void advance() {
    is_scheduled_ = false;
    turn_began_ = loop_->now();
    core_->advance();
    const TimePoint wake_at = core_->wake_at();
    if (wake_at == TimePoint::max()) return alarm_.stop();
    alarm_.start_at(wake_at);
  }

  // One session after the other, each by a request that a proxy sent, until all are there.
  void begin(std::optional<TimePoint> end) {
    core_->begin({.request_id = ++request_id_, .order = ProxyOrder::kServe},
                 [this, end](BeginOutcome outcome) {
                   CHECK(outcome.kind == BeginOutcome::Kind::kProceed);
                   Change change;
                   change.attributes.push_back({"count", make_value()});
                   if (end) change.ttl = *end - loop_->now();
                   core_->commit(outcome.handle, std::move(change),
                                 [this, end](CommitOutcome done) { on_committed(done, end); });
                 });
  }
  void on_committed(const CommitOutcome& outcome, std::optional<TimePoint> end) {
    CHECK(outcome.kind == CommitOutcome::Kind::kReleased,
          (outcome.text + to_string(outcome.reason)).c_str());
    CHECK(to_serve_ > 0);
    // A request of its own, in a turn of its own.
    if (to_serve_-- > kAtOnce) post([this, end] { begin(end); });
  }
  static Bytes make_value() { return std::make_shared<const std::string>(64, 'v'); }

  // Constant after construction.
  const std::string name_;
  const Duration beat_;
  const Address seed_;
  const std::unique_ptr<EventLoop> loop_;
  Address address_;  // constant once started

  // State of the loop's thread.
  SystemRandom random_;
  std::unique_ptr<LivesTransport> transport_;
  std::unique_ptr<NodeCore> core_;
  Timer alarm_;
  bool is_scheduled_ = false;
  size_t to_serve_ = 0;
  RequestId request_id_ = 0;
  Turns turns_;
  TimePoint turn_began_ = TimePoint::max();  // no work yet

  std::atomic<bool> is_over_ = false;
  std::atomic<bool> is_drained_ = false;
  std::thread thread_;
};

}  // namespace understudy
