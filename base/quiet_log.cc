// SPDX-License-Identifier: Apache-2.0
#include "base/quiet_log.h"

namespace understudy {

bool QuietLog::may_write(const std::string& peer, TimePoint now) {
  if (written_.size() >= kPeersMax && !written_.contains(peer)) written_.clear();
  const auto [found, is_new] = written_.try_emplace(peer, now);
  if (!is_new && now - found->second < kSilence) return false;
  found->second = now;
  return true;
}

}  // namespace understudy
