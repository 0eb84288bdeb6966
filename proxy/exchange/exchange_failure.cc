// SPDX-License-Identifier: Apache-2.0
// What an Exchange does when a phase does not go well: asks again, elsewhere or later, or answers
// for the member.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/log.h"
#include "base/log_throttle.h"
#include "cookies/contract.h"
#include "proxy/exchange/error_response.h"
#include "proxy/exchange/exchange_rules.h"
#include "proxy/exchange/form_search.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/char_class.h"

namespace understudy {
namespace {

// We closed the connection, and not the member.
bool is_silence(TryFailure failure) {
  return failure == TryFailure::kTimeout || failure == TryFailure::kUnreachable ||
         failure == TryFailure::kMemberGone;
}

// Understudy-Handled: no.
bool says_not_handled(const http::FieldList& fields) {
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::kContract) continue;
    if (http::equals_ignoring_case(field.name, kHandledHeader)) return field.value == kHandledNo;
  }
  return false;
}

// One line a second of a kind and a cluster is written; the others are counted.
template <typename Line>
void warn(LogThrottle& throttle, TimePoint now, const std::string& log, Line line) {
  if (const auto held = throttle.admit(now)) LOG_TO(log, kWarn, "{}{}", line(), repeated(*held));
}

// "GET /path HTTP/1.1 (its id)".
std::string named(std::string_view head, uint64_t request_id) {
  const std::string_view line = head.substr(0, head.find('\r'));
  if (request_id == 0) return std::string(line);
  const Hex64 id = format_hex64(request_id);
  return fmt::format("{} ({})", line, std::string_view(id.data(), id.size()));
}

}  // namespace

// ---- A member did not answer.

void Exchange::on_failed(Try& which, TryFailure failure, std::string_view detail) {
  if (&which == second_) {
    which.blame(failure, attempt_);
    return drop(second_);
  }
  const FailedTry failed = describe(failure);
  account_.may_be_unread |= failed.sent && is_silence(failure);
  const RetryDecision decision = decide(failed, location_->failover);
  const bool same_member = decision.step == NextStep::kSameMember;
  if (!same_member) which.blame(failure, attempt_);
  if (second_) {
    // Another member has been asked already.
    account_.has_failed_over = true;
    return promote_second();
  }
  const routing::Choice choice = which.choice();
  if (is_break(failed) && account_.breaks++ == 0) account_.broke_at = which.serial();
  drop(try_);
  if (decision.step == NextStep::kGiveUp) return give_up_after(failure, decision.reason, detail);
  account_.has_failed_over |= !same_member;
  begin_resend(failed, !same_member && failed.adds_load);
  const http::RequestHead& head = downstream_.request_head();
  if (same_member && ask(choice, head, true)) return;
  choose(head);
}

FailedTry Exchange::describe(TryFailure failure, bool not_handled) const {
  FailedTry failed = try_->describe(failure);
  failed.not_handled = not_handled;
  failed.is_idempotent = account_.is_idempotent;
  failed.replayable = downstream_.can_rewind();
  failed.breaks = account_.breaks;
  failed.broke_elsewhere = account_.breaks != 0 && account_.broke_at != try_->serial();
  failed.adds_load = !account_.is_resend && adds_load(failed, account_.has_failed_over);
  failed.over_budget = failed.adds_load && !cluster_->load().allows_resend(location_->failover);
  return failed;
}

void Exchange::begin_resend(const FailedTry& failed, bool adds_load) {
  if (adds_load) {
    account_.is_resend = true;
    ++cluster_->load().resends;
  }
  if (const auto held = cluster_->complaints().asked_again.admit(worker_.io.loop.now())) {
    LOG_TO(host_->error_log, kInfo, "{}: member {}: {}, asking again (try {}){}",
           named(downstream_.head_text(), account_.request_id), asked_->label(),
           to_text(failed.failure), attempt_.tries() + 1, repeated(*held));
  }
  ++worker_.counters.resends;
  downstream_.rewind_request_body();
  account_.body_bytes_received = 0;
}

// A 503 or a 421. The candidate is chosen before the answer is let go: with no member left to ask,
// a 503 of a member says more than one of ours.
bool Exchange::ask_elsewhere(TryFailure failure, const http::ResponseHead& head) {
  if (second_) {
    try_->blame(failure, attempt_);
    account_.has_failed_over = true;
    promote_second();
    return true;
  }
  FailedTry failed = describe(failure, says_not_handled(head.fields));
  const auto route = parse_mid(head.fields.value(http::FieldId::kUnderstudyRoute));
  failed.names_route = route.has_value();
  const RetryDecision decision = decide(failed, location_->failover);
  try_->blame(failure, attempt_);
  if (decision.step == NextStep::kPassOn) {
    account_.failure = to_text(decision.reason);
    if (decision.reason == Reason::kOverBudget) {
      ++worker_.counters.resends_over_budget;
      warn(cluster_->complaints().not_sent_again, worker_.io.loop.now(), host_->error_log, [&] {
        return fmt::format("{}: member {}: {}, not sent again: {}",
                           named(downstream_.head_text(), account_.request_id), asked_->label(),
                           to_text(failure), to_text(decision.reason));
      });
    }
    return false;
  }
  if (decision.step == NextStep::kGiveUp) {
    give_up_after(failure, decision.reason, {});
    return true;
  }
  auto& routing = cluster_->routing();
  // A plain session is nowhere else: another member's answer would be that of a stranger.
  const bool is_only_there = try_->choice().is_bound() && !routing.has_copy(attempt_);
  if (failure == TryFailure::kUnavailable && is_only_there && !cluster_->speaks_native() &&
      !location_->failover.on_503_is_said) {
    return false;
  }
  if (decision.step == NextStep::kFollowRoute) routing.follow_route(attempt_, *route);
  const routing::Choice choice = routing.choose(attempt_, worker_.io.loop.now());
  if (!choice && failure == TryFailure::kUnavailable) {
    const bool has_page =
        location_->errors.no_member != nullptr || host_->errors.no_member != nullptr;
    if (!has_page) return false;
    give_up(503, "No server is available for this site. Please try again in a moment.");
    return true;
  }
  account_.has_failed_over = true;
  drop(try_);
  begin_resend(failed, failed.adds_load);
  if (!choice) {
    end_pass();
    return true;
  }
  phase_ = Phase::kChoosing;
  const http::RequestHead& request = downstream_.request_head();
  if (!approach(choice, request)) choose(request);
  return true;
}

// ---- No member could be asked.

void Exchange::end_pass() {
  const config::Failover& failover = location_->failover;
  const TimePoint now = worker_.io.loop.now();
  if (!attempt_.has_tried_any() && cluster_->routing().table().waits_for_orders()) {
    account_.failure = "all members are taken out";
    return give_up(503, "This site is being worked on. Please try again in a moment.");
  }
  // A member that is being started or hands its sessions over is there in a moment: the others of
  // a rolling restart are not worth the whole first pause. These looks are no rounds.
  const TimePoint look = now + kFirstLook * (1 << account_.quick_looks);
  const bool is_quick = look < account_.started + failover.connect_retry;
  const std::size_t rounds = attempt_.passes() - account_.quick_looks;
  const TimePoint deadline = account_.started + failover.connect_timeout;
  // A first try may have taken longer than that: it is not the only one.
  const bool was_last = rounds >= failover.rounds_max() || (now >= deadline && rounds > 1);
  if (is_quick || !was_last) {
    phase_ = Phase::kPausing;
    account_.quick_looks += is_quick ? 1 : 0;
    const TimePoint next = is_quick ? look : now + failover.connect_retry;
    timer_.start_at(now < deadline ? std::min(next, deadline) : next);
    return;
  }
  account_.failure = "timed out";
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - account_.started);
  warn(cluster_->complaints().no_member, now, host_->error_log, [&] {
    return fmt::format(
        "{}: no member of {} could be reached: timed out after {} ms, {} tries in {} rounds",
        named(downstream_.head_text(), account_.request_id), cluster_->routing().options().name,
        waited.count(), attempt_.tries(), attempt_.passes());
  });
  give_up(503,
          "No server is available for this site: timed out while looking for one. "
          "Please try again in a moment.");
}

void Exchange::give_up_after(TryFailure failure, Reason reason, std::string_view detail) {
  ++worker_.counters.resends_refused;
  if (reason == Reason::kOverBudget) ++worker_.counters.resends_over_budget;
  account_.failure = reason != Reason::kNone ? to_text(reason) : to_text(failure);
  if (reason == Reason::kSuspect) {
    LOG_TO(host_->error_log, kError, "{}: member {}: {}: a suspect request, not sent again: {}",
           named(downstream_.head_text(), account_.request_id), asked_->label(), to_text(failure),
           to_text(reason));
  } else if (reason == Reason::kNotUnderstood) {
    LOG_TO(host_->error_log, kError, "{}: member {}: {}: {}",
           named(downstream_.head_text(), account_.request_id), asked_->label(), to_text(failure),
           detail);
  } else {
    warn(cluster_->complaints().not_sent_again, worker_.io.loop.now(), host_->error_log, [&] {
      return fmt::format("{}: member {}: {}, not sent again: {}",
                         named(downstream_.head_text(), account_.request_id), asked_->label(),
                         to_text(failure), to_text(reason));
    });
  }
  std::array<char, 256> sentence;
  const auto end = fmt::format_to_n(
      sentence.data(), sentence.size(),
      "The server that was asked did not answer ({}), and the request was not sent again: {}.",
      to_text(failure), to_text(reason));
  const bool is_members = reason == Reason::kSuspect || reason == Reason::kResendLimit;
  give_up(is_members ? 502 : status_of(failure),
          {sentence.data(), std::min(end.size, sentence.size())});
}

void Exchange::give_up(unsigned status, std::string_view sentence) {
  if (has_response_begun()) return abort(sentence);
  answer(status, sentence, false);
}

void Exchange::answer(unsigned status, std::string_view sentence, bool close,
                      std::string_view lines) {
  const ErrorResponse response(
      {.status = status,
       .sentence = sentence,
       .request_id = account_.request_id,
       .close = close,
       .may_refresh = account_.method == http::Method::kGet,
       .page = config::find_error_page(location_ != nullptr ? &location_->errors : nullptr,
                                       host_->errors, status)});
  Page page = response.page();
  const std::string with_lines =
      lines.empty() ? std::string() : std::string(page.lines) + std::string(lines);
  if (!lines.empty()) page.lines = with_lines;
  account_.status = static_cast<uint16_t>(page.status);
  if (passage_) ExchangeRules(*this).show(downstream_.request_head());
  page.lines = edit_page_lines(head_facts(), page.lines);
  if (access_log_ != nullptr && !access_log_->response_fields().empty()) noted_ = page.lines;
  downstream_.send_page(page);
  if (account_.method != http::Method::kHead) account_.body_bytes_sent = page.body.size();
  end(false);
  downstream_.finish();
}

void Exchange::refuse(unsigned status, std::string_view sentence, std::size_t site) {
  receive(site);
  account_.failure = "request refused";
  answer(status, sentence, true);
}

// ---- All connections are in use.

void Exchange::queue(MemberConnections* connections) {
  account_.met_full_member = false;
  if (!cluster_->join_queue(*this, connections)) {
    ++worker_.counters.queue_refusals;
    return give_up_queueing("queue is full");
  }
  ++worker_.counters.queued;
  phase_ = Phase::kQueued;
  timer_.start_at(worker_.io.loop.now() + cluster_->connection_options().queue_timeout);
}

void Exchange::on_room(uint64_t serial) {
  const http::RequestHead& head = downstream_.request_head();
  phase_ = Phase::kChoosing;
  routing::Member* const member = cluster_->routing().table().by_serial(serial);
  if (!member) return choose(head);
  const bool was_bound = attempt_.last().is_bound() && attempt_.last().member == member;
  if (!was_bound) cluster_->routing().take(attempt_, *member, worker_.io.loop.now());
  asked_.reset(&cluster_->connections(*member));
  if (!ask(attempt_.last(), head)) choose(head);
}

// The member that it waits for is gone; or one has said its id, or has not.
void Exchange::on_member_gone() {
  const http::RequestHead& head = downstream_.request_head();
  if (phase_ == Phase::kLearning) {
    find_session(head);
    if (waits_for_ids()) return;
  }
  choose(head);
}

void Exchange::give_up_queueing(std::string_view why) {
  account_.failure = why;
  warn(cluster_->complaints().queue, worker_.io.loop.now(), host_->error_log, [&] {
    return fmt::format("{}: {}: no connection to a member of {} is free, {} requests wait",
                       named(downstream_.head_text(), account_.request_id), why,
                       cluster_->routing().options().name, cluster_->queued());
  });
  give_up(503, "The servers of this site are busy. Please try again in a moment.");
}

// ---- The client.

void Exchange::on_request_broken() {
  account_.failure = "request body broken";
  if (has_response_begun()) return abort("the request's body is broken");
  answer(400, "The request's body ended early or is not validly framed.", true);
}

void Exchange::on_request_timeout() {
  account_.failure = "request body timed out";
  if (has_response_begun()) return abort("the request's body did not come in time");
  answer(408, "The request's body did not arrive in time.", true);
}

void Exchange::on_downstream_gone() {
  if (!is_active()) return;
  account_.failure = "client gone";
  end(true);
}

// The client has had a part of the answer: all that is left is to break it off visibly.
void Exchange::abort(std::string_view why) {
  LOG_TO(host_->error_log, kInfo, "{}: member {}: response broken off: {}",
         named(downstream_.head_text(), account_.request_id), asked_->label(), why);
  if (account_.failure.empty()) account_.failure = "response broken off";
  end(true);
  downstream_.abort();
}

}  // namespace understudy
