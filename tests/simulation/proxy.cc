// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/proxy.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "backend_sdk/wire/id_text.h"

namespace understudy::sim {

namespace {

using std::chrono::milliseconds;

constexpr Duration kConnectTimeout = milliseconds(500);
constexpr size_t kHopsMax = 8;
constexpr size_t kAnsweredMax = 4;  // told with one request
constexpr size_t kAnsweredKept = 1024;

}  // namespace

Duration Proxy::wire_delay() {
  return std::chrono::microseconds(100 + random_.below(400));
}

std::optional<size_t> Proxy::member_of(MemberId mid) const {
  const auto found = lives_.find(mid);
  if (found == lives_.end()) return std::nullopt;
  const SimMember& member = *members_[found->second];
  // The proxy keeps asking a dead member until its port refuses; another life is another member.
  if (member.is_up() && member.mid() != mid) return std::nullopt;
  return found->second;
}

// The answers of a member carry its view.
void Proxy::learn(const SimMember& from) {
  if (!views_age_ || !from.is_up()) return;
  for (const Member& member : from.view().members) {
    if (!member.is_usable()) continue;
    for (const auto& other : members_) {
      if (other->address() == member.cluster_address) lives_[member.mid] = other->index();
    }
  }
}

std::vector<RequestId> Proxy::take_answered(size_t member) {
  std::vector<RequestId> taken;
  auto& waiting = answered_[member];
  while (!waiting.empty() && taken.size() < kAnsweredMax) {
    taken.push_back(waiting.front());
    waiting.pop_front();
  }
  return taken;
}

void Proxy::send(const ExchangePtr& exchange) {
  exchange->refusals = 0;
  exchange->failover = exchange->moved = exchange->unreachable = exchange->broken_off = false;
  next(exchange);
}

uint64_t Proxy::part_of(size_t member) const {
  const auto found = parts_.find(member);
  return found == parts_.end() ? 0 : found->second;
}

// Where a life of the session's is; the most members otherwise: a machine that has started again
// may be apart from those that its earlier life was with.
uint64_t Proxy::home_of(const SessionToken& cookie) const {
  for (const MemberId mid : {cookie.primary, cookie.secondary}) {
    const auto member = mid == kNobody ? std::nullopt : member_of(mid);
    if (member && members_[*member]->is_up()) return part_of(*member);
  }
  std::map<uint64_t, size_t> sizes;
  for (size_t member = 0; member < members_.size(); ++member) ++sizes[part_of(member)];
  return std::ranges::max_element(sizes, {}, [](const auto& part) { return part.second; })->first;
}

size_t Proxy::any_member(const Exchange& exchange) {
  for (size_t tries = 0; tries < members_.size() && exchange.cookie; ++tries) {
    const size_t member = round_robin_++ % members_.size();
    if (part_of(member) == home_of(*exchange.cookie)) return member;
  }
  return round_robin_++ % members_.size();
}

// Primary, secondary, then all in turn.
void Proxy::next(const ExchangePtr& exchange) {
  if (network_.now() >= exchange->give_up) {
    exchange->is_over = true;
    listener_.on_given_up(exchange);
    return;
  }
  if (exchange->refusals > kHopsMax) {
    unavailable(exchange, milliseconds(300));
    return;
  }
  const size_t turn = exchange->refusals++;
  if (exchange->cookie && turn < 2) {
    const MemberId mid = turn == 0 ? exchange->cookie->primary : exchange->cookie->secondary;
    const auto member = member_of(mid);
    const bool is_moved =
        turn == 0 && member && moved_.contains(*member) && exchange->cookie->secondary != kNobody;
    exchange->moved = exchange->moved || is_moved;
    if (!member || is_moved) {
      exchange->failover = true;
      next(exchange);
      return;
    }
    ask(exchange, *member, exchange->failover || turn > 0);
    return;
  }
  ask(exchange, any_member(*exchange), exchange->cookie && exchange->failover);
}

void Proxy::ask(const ExchangePtr& exchange, size_t index, bool failover) {
  const uint64_t attempt = ++exchange->attempt;
  exchange->member = index;
  SimMember& member = *members_[index];
  exchange->failover = failover;
  exchange->waited = std::chrono::duration_cast<milliseconds>(network_.now() - exchange->started);
  listener_.trace(*exchange, fmt::format("asks {}{}", index, failover ? " (failover)" : ""));
  if (cut_.contains(index) || member.is_silent()) {
    network_.at(network_.now() + kConnectTimeout, [this, exchange, attempt, mid = member.mid()] {
      if (exchange->attempt == attempt && exchange->cookie) {
        exchange->unreachable |= exchange->cookie->primary == mid;
      }
      failed(exchange, attempt, "connect timeout");
    });
    return;
  }
  if (!member.is_up()) {
    network_.at(network_.now() + wire_delay(),
                [this, exchange, attempt] { failed(exchange, attempt, "refused"); });
    return;
  }
  under_way_[exchange->request] = exchange;
  network_.at(network_.now() + wire_delay(),
              [this, exchange, attempt, &member, answered = take_answered(index)] {
                if (!member.is_up()) return failed(exchange, attempt, "reset");
                member.run([this, exchange, attempt, &member, answered](NodeCore&) {
                  deliver(exchange, attempt, member, answered);
                });
              });
  // Silence: what the view of another member would tell the real proxy. The member does not hear
  // that the connection is closed: what waits there may run long after the same request ran
  // elsewhere.
  const Duration patience = milliseconds(300 + random_.below(3000));
  network_.at(network_.now() + patience,
              [this, exchange, attempt] { failed(exchange, attempt, "silence"); });
}

void Proxy::on_crash(size_t index) {
  std::vector<ExchangePtr> broken;
  for (const auto& [request, weak] : under_way_) {
    const ExchangePtr exchange = weak.lock();
    if (exchange && !exchange->is_over && exchange->member == index) broken.push_back(exchange);
  }
  std::erase_if(under_way_, [](const auto& entry) { return entry.second.expired(); });
  for (const ExchangePtr& exchange : broken) {
    network_.at(network_.now() + wire_delay(), [this, exchange, attempt = exchange->attempt] {
      failed(exchange, attempt, "reset");
    });
  }
}

void Proxy::failed(const ExchangePtr& exchange, uint64_t attempt, const char* why) {
  if (exchange->is_over || exchange->attempt != attempt) return;
  ++exchange->attempt;
  listener_.trace(*exchange, fmt::format("{} at {}", why, exchange->member));
  const std::string_view how = why;
  exchange->is_unsure |= how == "silence" || how == "reset";
  exchange->broken_off |= how == "reset";
  exchange->failover = true;
  next(exchange);
}

// --- in the member -----------------------------------------------------------------------------

void Proxy::deliver(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
                    const std::vector<RequestId>& answered) {
  exchange->delivered = network_.now();
  BeginRequest request;
  request.token = exchange->cookie;
  request.request_id = exchange->request;
  request.failover = exchange->failover;
  request.moved = exchange->failover && exchange->moved;
  request.unreachable = exchange->failover && exchange->unreachable;
  request.broken_off = exchange->failover && exchange->broken_off;
  request.order = moved_.contains(member.index()) ? ProxyOrder::kMove : ProxyOrder::kServe;
  request.waited = exchange->waited;
  request.exclusive = exchange->is_exclusive();
  request.answered = answered;
  member.core().begin(request, [this, exchange, attempt, &member](BeginOutcome outcome) {
    on_begin(exchange, attempt, member, outcome);
  });
}

void Proxy::on_begin(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
                     const BeginOutcome& outcome) {
  listener_.on_begun(member, *exchange, outcome);
  switch (outcome.kind) {
    case BeginOutcome::Kind::kProceed: {
      // Most handlers are quick; some are not.
      const uint64_t ms = random_.below(20) == 0 ? random_.below(700) : random_.below(8);
      member.run_after(milliseconds(ms), [this, exchange, attempt, &member, outcome](NodeCore&) {
        work(exchange, attempt, member, outcome);
      });
      return;
    }
    case BeginOutcome::Kind::kAnswer: {
      Answer answer;
      answer.replayed = true;
      answer.solo = outcome.solo;
      answer.recovered = outcome.recovered;
      answer.cookie = outcome.cookie;
      answer.shown = decode_shown(*outcome.response);
      this->answer(exchange, attempt, member, answer);
      return;
    }
    case BeginOutcome::Kind::kRedirect:
      reply(exchange, attempt, member,
            [this, exchange, route = outcome.route] { redirected(exchange, route); });
      return;
    case BeginOutcome::Kind::kUnavailable:
      reply(exchange, attempt, member,
            [this, exchange, wait = outcome.retry_after, reason = outcome.reason] {
              listener_.trace(*exchange, fmt::format("503 {}", to_string(reason)));
              if (reason == Unavailable::kOutdated) {
                exchange->is_over = true;
                listener_.on_sent_back(exchange);
              } else {
                unavailable(exchange, wait);
              }
            });
      return;
  }
}

void Proxy::work(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
                 const BeginOutcome& outcome) {
  Shown shown;
  Change change = handle(*exchange, outcome, random_, shown);
  member.core().commit(outcome.handle, std::move(change),
                       [this, exchange, attempt, &member, outcome, shown](CommitOutcome committed) {
                         on_commit(exchange, attempt, member, outcome, shown, committed);
                       });
}

void Proxy::on_commit(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
                      const BeginOutcome& begun, const Shown& shown, const CommitOutcome& outcome) {
  switch (outcome.kind) {
    case CommitOutcome::Kind::kReleased: {
      listener_.on_released(member, *exchange, begun, outcome);
      Answer answer;
      answer.is_apart = outcome.is_apart;
      answer.is_new = begun.is_new || outcome.is_apart;
      answer.lost = outcome.lost;
      answer.solo = outcome.solo;
      answer.recovered = outcome.recovered;
      answer.replayed = outcome.replayed;
      answer.clear_cookie = outcome.clear_cookie;
      answer.cookie = outcome.cookie;
      // A repeated request shows what there is, not what it meant to do.
      answer.shown = outcome.replayed ? shown_from(*begun.attributes) : shown;
      this->answer(exchange, attempt, member, answer);
      return;
    }
    case CommitOutcome::Kind::kTooLarge:
      reply(exchange, attempt, member, [this, exchange] {
        exchange->is_over = true;
        listener_.on_too_large(exchange);
      });
      return;
    case CommitOutcome::Kind::kFenced:
      reply(exchange, attempt, member,
            [this, exchange, route = outcome.route] { redirected(exchange, route); });
      return;
    default:
      reply(exchange, attempt, member, [this, exchange, reason = outcome.reason] {
        listener_.trace(*exchange, fmt::format("503 {} after the handler", to_string(reason)));
        unavailable(exchange, milliseconds(300));
      });
      return;
  }
}

// --- back --------------------------------------------------------------------------------------

void Proxy::answer(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
                   const Answer& answer) {
  reply(exchange, attempt, member, [this, exchange, answer, &member] {
    exchange->is_over = true;
    auto& told = answered_[member.index()];
    if (!exchange->is_unsure) told.push_back(exchange->request);
    if (told.size() > kAnsweredKept) told.pop_front();
    listener_.on_answer(exchange, answer);
  });
}

void Proxy::reply(const ExchangePtr& exchange, uint64_t attempt, SimMember& member,
                  std::function<void()> what) {
  if (cut_.contains(member.index())) return;
  network_.at(network_.now() + wire_delay(),
              [this, exchange, attempt, &member, what = std::move(what)] {
                if (exchange->is_over || exchange->attempt != attempt) return;
                ++exchange->attempt;
                // Now and then the answer is lost with its connection.
                if (random_.below(200) == 0) {
                  exchange->failover = true;
                  next(exchange);
                  return;
                }
                learn(member);
                what();
              });
}

void Proxy::redirected(const ExchangePtr& exchange, MemberId route) {
  const auto member = member_of(route);
  listener_.trace(*exchange, fmt::format("421 to {}", mid_text(route)));
  if (!member || exchange->refusals++ > kHopsMax) {
    unavailable(exchange, milliseconds(200));
    return;
  }
  ask(exchange, *member, true);
}

void Proxy::unavailable(const ExchangePtr& exchange, Duration retry_after) {
  ++exchange->attempt;
  const Duration wait = retry_after / 4 + milliseconds(random_.below(100));
  network_.at(network_.now() + wait, [this, exchange] {
    if (!exchange->is_over) send(exchange);
  });
}

}  // namespace understudy::sim
