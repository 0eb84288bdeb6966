// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/running.h"

#include <utility>

#include "backend_sdk/cookie_options.h"
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
constexpr Duration kRetryAfter = std::chrono::seconds(1);
constexpr std::string_view kGone = "it is going down";
constexpr std::string_view kOverloaded = "too many requests are under way";

Decision to_decision(Reply reply) {
  Decision decision;
  decision.reply = std::move(reply);
  return decision;
}

Decision gone_decision() {
  return to_decision(HttpContract::unavailable(kGone, kRetryAfter));
}

Release gone_release() {
  return {.reply = HttpContract::unavailable(kGone, kRetryAfter), .headers = {}};
}

Reply method_not_allowed() {
  return {.status = 405, .headers = {{"Allow", "GET, HEAD"}}, .body = {}};
}

// Only a proxy asks for the view, and only a proxy knows what operators want.
ProxyOrder order_in(const ContractFacts& facts) {
  if (facts.move) return ProxyOrder::kMove;
  return facts.view_seen ? ProxyOrder::kServe : ProxyOrder::kNone;
}

}  // namespace

Node::Running::Running(const Options& options, Hooks hooks, std::shared_ptr<const Keyring> keyring,
                       std::unique_ptr<EventLoop> loop)
    : options_(options),
      hooks_(std::move(hooks)),
      board_(*keyring, options_.cluster_name, options_.heartbeat_interval),
      contract_({.keyring = keyring,
                 .cluster = options_.cluster_name,
                 .cookie_name = options_.session_cookie,
                 .attributes = cookie_attributes(options_)},
                board_),
      loop_(std::move(loop)),
      door_(std::make_shared<NodeDoor>(
          *loop_,
          [this](const NodeDoor::Work& work) {
            if (!core_) return;  // too late; what the work holds is answered when it is dropped
            work(*core_);
            schedule_advance();
          })),
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
  cluster_address_ = listen->to_string();
  core_->start();
  if (!transport_->failure().empty()) {
    return Failure{FailureCode::kAddress, "ClusterListen: " + transport_->failure()};
  }
  schedule_advance();
  return std::nullopt;
}

std::optional<Failure> Node::Running::reload_keys() {
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
  waiters_ = nullptr;
  drain_.clear();
  core_ = nullptr;
  transport_ = nullptr;
  leave_timer_.stop();
  alarm_.stop();
}

void Node::Running::stop(bool with_leave) {
  if (!thread_.joinable()) return;
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

// Requests.

void Node::Running::begin(const RequestView& request, const BeginOptions& options,
                          std::function<void(Decision)> callback) {
  auto pending =
      std::make_shared<Pending<Decision>>(std::move(callback), options.executor, &gone_decision);
  if (HttpContract::is_view_path(request)) {
    if (request.method != "GET" && request.method != "HEAD") {
      return answer_later(pending, to_decision(method_not_allowed()));
    }
    const ViewQuestion question = HttpContract::read_view_question(request);
    static_cast<void>(door_->post([this, question, pending](NodeCore&) {
      const auto view = board_.current();
      waiters_->add(question, view ? view->hash : 0, pending);
    }));
    return;
  }
  auto under_way = std::make_shared<UnderWay>(door_);
  if (door_->under_way() > kRequestsUnderWayMax) {
    return answer_later(pending, to_decision(HttpContract::unavailable(kOverloaded, kRetryAfter)));
  }
  // The signature is checked here, on the application's thread, of which there are more.
  static_cast<void>(
      door_->post([this, facts = contract_.read(request), exclusive = options.exclusive, pending,
                   under_way](NodeCore&) { begin_session(facts, exclusive, pending, under_way); }));
}

void Node::Running::begin_session(const ContractFacts& facts, bool exclusive,
                                  const std::shared_ptr<Pending<Decision>>& pending,
                                  const std::shared_ptr<UnderWay>& under_way) {
  const BeginRequest asked{.token = core_->choose(facts.tokens),
                           .request_id = facts.request_id,
                           .failover = facts.failover,
                           .moved = facts.moved,
                           .unreachable = facts.unreachable,
                           .broken_off = facts.broken_off,
                           .exclusive = exclusive,
                           .order = order_in(facts),
                           .waited = facts.waited,
                           .answered = answered_.take_with(facts.answered)};
  core_->begin(asked, [this, facts, pending, under_way](const BeginOutcome& outcome) {
    pending->answer(decide(facts, outcome, under_way, pending->executor()));
  });
}

Decision Node::Running::decide(const ContractFacts& facts, const BeginOutcome& outcome,
                               const std::shared_ptr<UnderWay>& under_way,
                               const std::shared_ptr<Executor>& executor) const {
  if (outcome.kind != BeginOutcome::Kind::kProceed) {
    return to_decision(contract_.reply_to(facts, outcome));
  }
  auto state = std::make_unique<Session::State>(outcome, facts, under_way);
  if (const Member* secondary = core_->view().find(outcome.secondary)) {
    state->secondary = secondary->name;
  }
  state->stored_response_max = options_.stored_response_max;
  state->executor = executor;
  Decision decision;
  decision.session = Session(std::move(state));
  return decision;
}

void Node::Running::finish(Session session, std::function<void(Release)> callback) {
  CHECK(!session.is_empty(), "finish() takes the session that begin() gave, once");
  commit(session, std::move(callback));
}

void Node::Running::commit(Session& session, std::function<void(Release)> callback) {
  CHECK(!session.is_empty() && !session.state()->is_spent, "a session is committed once");
  Session::State& state = *session.state();
  auto pending =
      std::make_shared<Pending<Release>>(std::move(callback), state.executor, &gone_release);
  if (!state.refusal.empty()) {
    LOG(kError, "session {}: {}; the request is answered 500 and changes nothing",
        short_text(state.sid), state.refusal);
    Release release{.reply = contract_.refused_change(state.facts, state.refusal), .headers = {}};
    session = Session();
    return answer_later(pending, std::move(release));
  }
  static_cast<void>(door_->post([this, handle = state.handle, change = state.spend(),
                                 facts = state.facts, under_way = state.under_way,
                                 pending](NodeCore& core) {
    core.commit(handle, change, [this, facts, under_way, pending](const CommitOutcome& outcome) {
      pending->answer(contract_.release(facts, outcome));
    });
  }));
}

// Never inside the application's call, even where there is no executor to wait in.
template <typename T>
void Node::Running::answer_later(const std::shared_ptr<Pending<T>>& pending, T value) {
  if (pending->executor()) return pending->answer(std::move(value));
  auto box = std::make_shared<T>(std::move(value));
  static_cast<void>(door_->post([pending, box](NodeCore&) { pending->answer(std::move(*box)); }));
}

std::vector<Header> Node::Running::headers_for(const RequestView& request) {
  const ContractFacts facts = contract_.read(request);
  answered_.add(facts.answered);
  return contract_.view_headers(facts);
}

void Node::Running::drain(std::function<void()> callback, std::shared_ptr<Executor> executor) {
  auto pending = std::make_shared<Pending<Drain::Done>>(
      [callback = std::move(callback)](Drain::Done) { callback(); }, std::move(executor),
      [] { return Drain::Done{}; });
  static_cast<void>(door_->post([this, pending](NodeCore& core) { drain_.begin(core, pending); }));
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
}

void Node::Running::on_view(const MemberView& view) {
  const bool is_new = board_.publish(view, core_->mid());
  const auto published = board_.current();
  std::uint64_t alive = 0;
  for (const MemberStatus& member : published->members) alive += member.is_alive ? 1 : 0;
  statistics_.set_members_alive(alive);
  statistics_.publish(core_->statistics());  // the hook may read them
  if (!is_new) return;
  LOG(kNotice, "member {}: view {}.{}: {}", options_.member_name, view.term, view.seq,
      summary(view));
  waiters_->on_published(published->hash);
  if (hooks_.on_view) hooks_.on_view(published->members);
}

void Node::Running::on_session_lost(const SessionId& sid, Position floor) {
  LOG(kWarn, "session {} is lost: no member holds it any more (it had {}.{})", short_text(sid),
      floor.epoch, floor.version);
  if (hooks_.on_session_lost) hooks_.on_session_lost(to_text(sid), floor.epoch, floor.version);
}

void Node::Running::on_conflict(const SessionId& sid, Position kept, Position dropped) {
  LOG(kWarn, "session {} had two owners during a partition: {}.{} lives on, {}.{} is dropped",
      short_text(sid), kept.epoch, kept.version, dropped.epoch, dropped.version);
  if (hooks_.on_conflict) hooks_.on_conflict(to_text(sid));
}

std::vector<MemberStatus> Node::Running::members() const {
  const auto view = board_.current();
  return view ? view->members : std::vector<MemberStatus>();
}

}  // namespace understudy
