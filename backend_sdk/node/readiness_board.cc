// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/readiness_board.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backend_sdk/node/application_call.h"
#include "base/log.h"
#include "base/service_manager.h"

namespace understudy {
namespace {

bool is_reached(Readiness now, Readiness least) {
  return now != Readiness::kLeaving && now >= least;
}

std::string_view status_text(Readiness readiness) {
  switch (readiness) {
    case Readiness::kJoining:
      return "joining the cluster";
    case Readiness::kJoined:
      return "joined; no other member can hold copies";
    case Readiness::kProtected:
      return "joined; sessions have copies";
    case Readiness::kLeaving:
      return "leaving";
  }
  return "";
}

}  // namespace

std::string_view to_text(Readiness readiness) {
  static constexpr std::array kWords = {"joining", "joined", "protected", "leaving"};
  const auto index = static_cast<std::size_t>(readiness);
  return index < kWords.size() ? kWords[index] : "";
}

Readiness readiness_of(const MemberView& view, MemberId self, bool is_admitted) {
  if (!is_admitted) return Readiness::kJoining;
  const bool has_other = std::any_of(view.members.begin(), view.members.end(), [self](auto& it) {
    return it.mid != self && it.is_usable() && it.is_confirmed &&
           it.operator_state == OperatorState::kReady;
  });
  return has_other ? Readiness::kProtected : Readiness::kJoined;
}

ReadinessBoard::ReadinessBoard(std::string member_name, Readiness least,
                               std::function<void(Readiness)> on_change)
    : member_name_(std::move(member_name)), least_(least), on_change_(std::move(on_change)) {}

void ReadinessBoard::set(Readiness now) {
  {
    const std::lock_guard lock(mutex_);
    if (current_ == now || current_ == Readiness::kLeaving) return;
    current_ = now;
    obstacle_.clear();
  }
  changed_.notify_all();
  LOG(kNotice, "member {}: {}", member_name_, status_text(now));
  tell_manager(now, std::string(status_text(now)));
  if (on_change_) call_application("the hook on_readiness", [&] { on_change_(now); });
}

// The log has it already.
void ReadinessBoard::set_obstacle(const std::string& why) {
  std::string said;
  {
    const std::lock_guard lock(mutex_);
    if (current_ != Readiness::kJoining || obstacle_ == why) return;
    obstacle_ = why;
    said = status();
  }
  tell_manager(Readiness::kJoining, said);
}

// Under the mutex.
std::string ReadinessBoard::status() const {
  const std::string text(status_text(current_));
  return obstacle_.empty() ? text : text + ": " + obstacle_;
}

void ReadinessBoard::tell_manager(Readiness now, const std::string& status) {
  std::string said = "STATUS=" + status;
  if (now == Readiness::kLeaving) said += "\nSTOPPING=1";
  if (!is_manager_told_ && is_reached(now, least_)) {
    is_manager_told_ = true;
    said += "\nREADY=1";
  }
  tell_service_manager(said);
}

Readiness ReadinessBoard::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::optional<Failure> ReadinessBoard::wait(std::chrono::milliseconds at_most,
                                            Readiness least) const {
  std::unique_lock lock(mutex_);
  constexpr std::chrono::hours kLongest{24 * 365};  // what a clock can add to now
  changed_.wait_for(lock, std::min<std::chrono::milliseconds>(at_most, kLongest), [this, least] {
    return is_reached(current_, least) || current_ == Readiness::kLeaving;
  });
  if (is_reached(current_, least)) return std::nullopt;
  std::string text = "member " + member_name_ + " is not " + std::string(to_text(least));
  if (current_ != Readiness::kLeaving) {
    text += " after " + std::to_string(at_most.count()) + " ms";
  }
  return Failure{FailureCode::kSystem, text + ": " + status()};
}

}  // namespace understudy
