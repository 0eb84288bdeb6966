// SPDX-License-Identifier: Apache-2.0
// What a series of health checks says of a member: the first one decides, after that so many in a
// row are needed to change the verdict. Pure. One for each address and kind of check.
#pragma once

#include "proxy/config/balancing.h"
#include "proxy/routing/member.h"

namespace understudy::routing {

class CheckRecord final {
 public:
  // True when the verdict has changed.
  bool add(bool success, const config::HealthCheck& check) {
    const Checked says = success ? Checked::kWorking : Checked::kFailing;
    if (verdict_ == says) {
      contrary_ = 0;
      return false;
    }
    const unsigned needed = verdict_ == Checked::kNot ? 1 : success ? check.rise : check.fall;
    if (++contrary_ < needed) return false;
    verdict_ = says;
    contrary_ = 0;
    return true;
  }
  Checked verdict() const { return verdict_; }

 private:
  Checked verdict_ = Checked::kNot;
  unsigned contrary_ = 0;  // in a row, against the verdict
};

}  // namespace understudy::routing
