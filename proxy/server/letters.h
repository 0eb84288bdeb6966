// SPDX-License-Identifier: Apache-2.0
// Letters: all that the Server's thread and its workers say to each other, through mailboxes.
// Values; a letter belongs to the thread that has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "proxy/routing/member.h"
#include "proxy/routing/operator_order.h"
#include "proxy/routing/view_keeper.h"
#include "proxy/server/status.h"

namespace understudy {

struct Snapshot;

// From the Server to a worker.
namespace to_worker {
struct Order {          // of an operator; nothing: as the configuration says
  std::string cluster;  // its label
  std::string address_text;
  std::optional<routing::OperatorOrder> order;
};
struct CheckResult {  // of a health check
  uint64_t generation;
  std::size_t cluster;
  std::string address_text;
  routing::Checked checked;
};
struct Adopt {  // a reload, with what still holds from before
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<Order> orders;
  std::vector<CheckResult> results;
};
struct Learn {  // a view that another worker has believed
  uint64_t generation;
  std::size_t cluster;
  routing::ViewKeeper::Shared view;
};
struct Resolve {  // a host's name has been looked up
  std::string address_text;
  std::vector<Address> addresses;
};
struct Report {
  uint64_t question;
};
struct Explain {
  uint64_t question;
  std::string cookie;
};
struct FlushLogs {};
struct Stop {  // accept no more; end when the last connection has gone, at the latest after `limit`
  Duration limit;
};
}  // namespace to_worker
using LetterToWorker = std::variant<to_worker::Adopt, to_worker::Order, to_worker::CheckResult,
                                    to_worker::Learn, to_worker::Resolve, to_worker::Report,
                                    to_worker::Explain, to_worker::FlushLogs, to_worker::Stop>;

// From a worker to the Server.
namespace to_server {
struct NewView {
  std::size_t worker;
  uint64_t generation;
  std::size_t cluster;
  routing::ViewKeeper::Shared view;
};
struct Status {
  uint64_t question;
  WorkerStatus status;
};
struct Explanation {
  uint64_t question;
  std::vector<CookieExplanation> clusters;
};
struct Stopped {  // the thread is about to end
  std::size_t worker;
  std::size_t abandoned;  // connections that were cut
};
}  // namespace to_server
using LetterToServer =
    std::variant<to_server::NewView, to_server::Status, to_server::Explanation, to_server::Stopped>;

}  // namespace understudy
