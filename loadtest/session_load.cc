// SPDX-License-Identifier: Apache-2.0
#include "loadtest/session_load.h"

#include <fmt/core.h>
#include <json/value.h>

#include <algorithm>

#include "base/timer_wheel.h"
#include "loadtest/cookie_jar.h"
#include "loadtest/installation.h"

namespace understudy::loadtest {
namespace {

constexpr Duration kTurn = std::chrono::milliseconds(50);
constexpr size_t kErrorBytesKept = 300;

bool is_success(int status) {
  return status >= 200 && status < 400;
}

}  // namespace

// One client between two requests of its visit.
struct SessionLoad::Thinking {
  Thinking(SessionLoad& owner, size_t own_session)
      : load(owner),
        session(own_session),
        timer(Timer::of<&Thinking::on_time>(owner.loop_.timers(), *this)) {}
  void on_time() { load.send(session, std::exchange(left, 0), load.elapsed()); }

  SessionLoad& load;
  const size_t session;
  size_t left = 0;  // requests; 0: it does not wait
  Timer timer;
};

SessionLoad::SessionLoad(EventLoop& loop, const Address& server, const SessionLoadOptions& options)
    : loop_(loop),
      server_(server),
      options_(options),
      schedule_(loop, options.schedule, [this](Duration intended) { start_visit(intended); }),
      timeline_(options.interval),
      checker_(options.sessions),
      cookies_(options.sessions),
      thinking_(options.sessions) {
  clients_.push_back(make_client(loop_, server_, options_.client));
  for (const Address& other : options_.others) {
    clients_.push_back(make_client(loop_, other, options_.client));
  }
}

SessionLoad::~SessionLoad() = default;

// Not in turn: the sessions come in turn, and each is to meet every address.
LoadClient& SessionLoad::client_of(size_t session) {
  if (are_bound_) return *clients_[session % clients_.size()];
  const double place = static_cast<double>(turns_++) * 0.754877666246693;
  const double part = place - static_cast<double>(static_cast<uint64_t>(place));
  return *clients_[static_cast<size_t>(part * static_cast<double>(clients_.size()))];
}

Duration SessionLoad::elapsed() const {
  return SystemClock().now() - schedule_.begin();
}

void SessionLoad::mark(std::string text) {
  timeline_.on_event(elapsed(), std::move(text));
}

ClientRequest SessionLoad::request(size_t session, bool post, const std::string& target) const {
  ClientRequest request{.method = post ? "POST" : "GET", .target = target};
  if (!cookies_[session].empty()) request.headers.emplace_back("Cookie", cookies_[session]);
  if (post) request.body.assign(options_.body_bytes, 'x');
  return request;
}

// Sends one request for every client, at most kPreparationWidth at once, and waits for all.
Result<void> SessionLoad::for_all(
    bool post, const std::string& target,
    const std::function<void(size_t, const ClientResponse&)>& on_answer) {
  size_t next = 0;
  size_t open = 0;
  std::string failure;
  while (next < options_.sessions || open > 0) {
    while (next < options_.sessions && open < kPreparationWidth) {
      const size_t session = next++;
      ++open;
      client_of(session).request(
          request(session, post, target), [&, session](const ClientResponse& response) {
            --open;
            if (response.status == 200) return on_answer(session, response);
            if (!failure.empty()) return;
            failure = fmt::format("{}: status {}: {}{}", target, response.status, response.error,
                                  response.body.substr(0, kErrorBytesKept));
          });
    }
    loop_.run_once(kTurn);
  }
  if (!failure.empty()) return Error{.code = ErrorCode::kUnavailable, .detail = failure};
  return {};
}

Result<void> SessionLoad::open_sessions() {
  if (!is_checked()) return {};
  return for_all(true, options_.target, [this](size_t session, const ClientResponse& response) {
    keep_cookies(cookies_[session], response);
    count(checker_.on_sent(session), response);
  });
}

Result<void> SessionLoad::read_ends() {
  if (!is_checked()) return {};
  return for_all(
      false, options_.value_target, [this](size_t session, const ClientResponse& response) {
        keep_cookies(cookies_[session], response);
        const Json::Value answer = parse_json(response.body);
        checker_.on_final(session, answer["session"].asString(), answer["count"].asUInt64());
      });
}

void SessionLoad::count(const SessionChecker::Ticket& ticket, const ClientResponse& response) {
  const Json::Value answer = parse_json(response.body);
  checker_.on_answer(ticket, answer["session"].asString(), answer["count"].asUInt64());
}

void SessionLoad::run(const std::function<void()>& turn) {
  schedule_.run();
  while (!schedule_.all_started() || under_way_ > 0) {
    loop_.run_once(kTurn);
    turn();
  }
}

void SessionLoad::start_visit(Duration intended) {
  const size_t session = next_session_++ % options_.sessions;
  ++under_way_;
  send(session, options_.requests_per_visit, intended);
}

void SessionLoad::send(size_t session, size_t left_in_visit, Duration intended) {
  // Golden-ratio steps: both methods everywhere, in the same order in every run.
  const double place = static_cast<double>(sent_++) * 0.618033988749895;
  const bool post = place - static_cast<double>(static_cast<uint64_t>(place)) < options_.post_share;
  const SessionChecker::Ticket ticket = checker_.on_sent(session);
  timeline_.on_started(intended);
  client_of(session).request(
      request(session, post, options_.target),
      [this, ticket, post, intended, left_in_visit](const ClientResponse& response) {
        on_answer(ticket, post, intended, response);
        if (left_in_visit <= 1) {
          --under_way_;
          return;
        }
        auto& thinking = thinking_[ticket.session];
        if (!thinking) thinking = std::make_unique<Thinking>(*this, ticket.session);
        if (thinking->left > 0) {  // the client's next visit has begun meanwhile
          --under_way_;
          return;
        }
        thinking->left = left_in_visit - 1;
        thinking->timer.start_at(loop_.now() + options_.think_time);
      });
}

void SessionLoad::on_answer(const SessionChecker::Ticket& ticket, bool post, Duration intended,
                            const ClientResponse& response) {
  note_status(response.status);
  if (is_success(response.status)) {
    timeline_.on_succeeded(intended, elapsed() - intended);
    keep_cookies(cookies_[ticket.session], response);
    if (is_checked()) count(ticket, response);
    return;
  }
  timeline_.on_failed(intended);
  checker_.on_unknown(ticket);
  if (failures_.size() >= kFailuresKept) return;
  failures_.push_back({.is_post = post,
                       .status = response.status,
                       .error = response.error + response.body.substr(0, kErrorBytesKept),
                       .at = intended});
}

void SessionLoad::note_status(int status) {
  for (auto& [known, count] : statuses_) {
    if (known == status) {
      ++count;
      return;
    }
  }
  statuses_.emplace_back(status, 1);
}

}  // namespace understudy::loadtest
