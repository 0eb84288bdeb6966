// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/relay.h"

#include <algorithm>

namespace understudy {
namespace {

// How long a late pong is still passed on after the nack.
constexpr Duration kLatePong = std::chrono::seconds(1);

}  // namespace

std::optional<uint64_t> Relay::accept(const Answer& errand, TimePoint nack_at) {
  if (errands_.size() >= kErrandsMax) return std::nullopt;
  const uint64_t nonce = random_.next();
  errands_[nonce] = {.answer = errand, .due = nack_at};
  return nonce;
}

std::optional<Relay::Answer> Relay::on_pong(uint64_t nonce) {
  const auto found = errands_.find(nonce);
  if (found == errands_.end()) return std::nullopt;
  const Answer answer = found->second.answer;
  errands_.erase(found);
  return answer;
}

std::vector<Relay::Answer> Relay::advance(TimePoint now) {
  std::vector<Answer> nacks;
  for (auto it = errands_.begin(); it != errands_.end();) {
    Errand& errand = it->second;
    if (now < errand.due) {
      ++it;
    } else if (errand.is_nacked) {
      it = errands_.erase(it);
    } else {
      nacks.push_back(errand.answer);
      errand.is_nacked = true;
      errand.due = now + kLatePong;
      ++it;
    }
  }
  return nacks;
}

TimePoint Relay::due() const {
  TimePoint due = TimePoint::max();
  for (const auto& [nonce, errand] : errands_) due = std::min(due, errand.due);
  return due;
}

}  // namespace understudy
