// SPDX-License-Identifier: Apache-2.0
// Node::Running: a request's way from the application's thread to the core and back.
#include <algorithm>
#include <utility>

#include "backend_sdk/node/log_text.h"
#include "backend_sdk/node/running.h"
#include "base/log.h"

namespace understudy {
namespace {

constexpr int kMisused = 500;
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

// The application's mistake: it is told, and nothing happens.
Reply misused(std::string_view text) {
  return {.status = kMisused,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::string(text) + ".\n"};
}

Reply method_not_allowed() {
  return {.status = 405, .headers = {{"Allow", "GET, HEAD"}}, .body = {}};
}

std::string_view log_path(std::string_view target) {
  constexpr std::size_t kShownMax = 128;
  return target.substr(0, std::min(target.find_first_of("?;"), kShownMax));
}

// Only a proxy asks for the view, and only a proxy knows what operators want.
ProxyOrder order_in(const ContractFacts& facts) {
  if (facts.move) return ProxyOrder::kMove;
  return facts.view_seen ? ProxyOrder::kServe : ProxyOrder::kNone;
}

}  // namespace

void Node::Running::begin(const RequestView& request, const BeginOptions& options,
                          std::function<void(Decision)> callback) {
  auto pending =
      std::make_shared<Pending<Decision>>(std::move(callback), options.executor, &gone_decision);
  if (is_in_child()) return pending->answer(to_decision(misused(kForked)));
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
  auto asked =
      std::make_shared<BeginCall>(BeginCall{.facts = {},
                                            .exclusive = options.exclusive,
                                            .pending = pending,
                                            .under_way = std::make_shared<UnderWay>(door_)});
  if (door_->under_way() > kRequestsUnderWayMax) {
    return answer_later(pending, to_decision(HttpContract::unavailable(kOverloaded, kRetryAfter)));
  }
  // The signature is checked here, on the application's thread, of which there are more.
  asked->facts = contract_.read(request, options.relay ? options.relay->bytes : std::string_view());
  if (asked->facts.is_relayed && !contract_.holds_mark(request, statistics_.mid())) {
    LOG(kWarn,
        "member {}: a request for {} says that a member relayed it, and it did not: a client "
        "that names itself so, another key, or clocks more than 5 minutes apart",
        options_.member_name, log_path(request.target));
    return answer_later(pending, to_decision(contract_.refused_mark(asked->facts)));
  }
  if (may_relay(asked->facts, options)) {
    asked->relay = std::make_shared<const RelayRequest>(
        RelayRequest::of(request, options.relay->bytes, options.relay->streams));
  }
  static_cast<void>(door_->post([this, asked](NodeCore&) {
    asked->arrived = loop_->now();
    begin_again(asked);
  }));
}

// Only what names a session can be another member's.
bool Node::Running::may_relay(const ContractFacts& facts, const BeginOptions& options) const {
  return options.relay && options_.third_server == Options::ThirdServer::kRelay &&
         !facts.from_proxy && !facts.is_relayed && !facts.tokens.empty();
}

void Node::Running::begin_again(const std::shared_ptr<BeginCall>& asked) {
  const ContractFacts& facts = asked->facts;
  const BeginRequest request{.token = core_->choose(facts.tokens),
                             .request_id = facts.request_id,
                             .failover = facts.failover,
                             .moved = facts.moved,
                             .unreachable = facts.unreachable,
                             .broken_off = facts.broken_off,
                             .exclusive = asked->exclusive,
                             .order = order_in(facts),
                             .waited = facts.waited + (loop_->now() - asked->arrived),
                             .answered = answered_.take_with(facts.answered)};
  core_->begin(request, [this, asked](const BeginOutcome& outcome) {
    if (third_server_ && third_server_->takes(asked, outcome)) return;
    asked->pending->answer(decide(*asked, outcome));
  });
}

Decision Node::Running::decide(const BeginCall& asked, const BeginOutcome& outcome) const {
  if (outcome.kind != BeginOutcome::Kind::kProceed) {
    return to_decision(contract_.reply_to(asked.facts, outcome));
  }
  auto state = std::make_unique<Session::State>(outcome, asked.facts, asked.under_way);
  if (const Member* secondary = core_->view().find(outcome.secondary)) {
    state->secondary = secondary->name;
  }
  state->stored_response_max = options_.stored_response_max;
  state->executor = asked.pending->executor();
  Decision decision;
  decision.session = Session(std::move(state));
  return decision;
}

void Node::Running::finish(Session session, std::function<void(Release)> callback) {
  commit(session, std::move(callback));
}

void Node::Running::commit(Session& session, std::function<void(Release)> callback) {
  const bool is_open = !session.is_empty() && !session.state()->is_spent;
  auto pending = std::make_shared<Pending<Release>>(
      std::move(callback), session.is_empty() ? nullptr : session.state()->executor, &gone_release);
  if (is_in_child()) return pending->answer({.reply = misused(kForked), .headers = {}});
  if (!is_open) {
    constexpr std::string_view kTwice =
        "a session was finished that had been finished before, or was never begun";
    LOG(kError, "member {}: {}; the request is answered 500", options_.member_name, kTwice);
    return answer_later(pending, Release{.reply = misused(kTwice), .headers = {}});
  }
  Session::State& state = *session.state();
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

std::vector<Header> Node::Running::headers_for(const RequestView& request) const {
  if (is_in_child()) return {};
  const ContractFacts facts = contract_.read(request);
  answered_.add(facts.answered);
  return contract_.view_headers(facts);
}

}  // namespace understudy
