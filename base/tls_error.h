// SPDX-License-Identifier: Apache-2.0
// The one place that empties OpenSSL's error queue. Between two calls of ours the queue of a thread
// is empty: who makes a call of OpenSSL fail takes the error from here, and the queue is never
// cleared ahead of a call. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

// The reason of the first error in the queue, `otherwise` when there is none; the queue is empty
// then.
std::string take_tls_error(std::string_view otherwise);

// kTls with `what` and the reason.
Error tls_error(std::string_view what);

}  // namespace understudy
