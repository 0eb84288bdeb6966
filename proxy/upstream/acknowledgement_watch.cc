// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/acknowledgement_watch.h"

namespace understudy {

Duration AcknowledgementWatch::owed_for(const Acknowledgements& seen, TimePoint now) {
  // What was owed at the last look has come since, and something else may be owed.
  if (!seen.is_waited_for || now - seen.since_ack > since_) is_owed_ = false;
  if (!seen.is_waited_for) return {};
  if (!is_owed_) {
    is_owed_ = true;
    // What was sent last may have been sent again already: it is owed for at least so long. Of a
    // probe all that is known is that it is on its way now.
    since_ = seen.since_sent < seen.since_ack ? now - seen.since_sent : now;
  }
  return now - since_;
}

}  // namespace understudy
