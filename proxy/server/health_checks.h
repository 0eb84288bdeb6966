// SPDX-License-Identifier: Apache-2.0
// HealthChecks: the active checks of the process, each address once for each kind of check, however
// many workers and clusters want to know. On the main thread's loop, so that a check waits for no
// request and no request for a check; results travel to the workers by mailbox, and only when they
// change. The checks of many members are spread over their interval. Owned by the Server.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/event_loop.h"
#include "base/random.h"
#include "proxy/config/balancing.h"
#include "proxy/routing/check_record.h"
#include "proxy/upstream/health_probe.h"

namespace understudy {

// The first checks are spread over this much at most: until then a new member is not believed in.
inline constexpr Duration kFirstCheckMax = std::chrono::milliseconds(200);

class HealthChecks final {
 public:
  struct Target {
    std::size_t cluster = 0;
    std::string address_text = {};
    Address address = {};  // unset: its name is being resolved, and it is not asked meanwhile
    config::MemberProtocol protocol = config::MemberProtocol::kHttp1;
    config::Ajp ajp = {};
    std::shared_ptr<const TlsDialer> tls = {};  // null: plain
    std::string tls_name = {};                  // whom its certificate must name
    config::HealthCheck check = {};
  };
  struct CheckResult {
    std::size_t cluster = 0;
    std::string address_text = {};
    routing::Checked checked = routing::Checked::kNot;
  };
  using Listener = std::function<void(const CheckResult&)>;

  HealthChecks(EventLoop& loop, Random& random, Listener listener);
  ~HealthChecks();
  HealthChecks(const HealthChecks&) = delete;

  // From now on these and no others. What is known of one that stays is kept.
  void watch(const std::vector<Target>& targets);
  void set_address(const std::string& address_text, const Address& address);
  // What is known now, for workers that begin anew.
  std::vector<CheckResult> results() const;
  std::size_t size() const { return watches_.size(); }
  void stop();

 private:
  class Watch;
  void report(const Watch& watch) const;

  EventLoop& loop_;
  Random& random_;
  const Listener listener_;

  BlockPool blocks_;
  std::unique_ptr<HeadScratch> scratch_;
  ClosedList closed_;
  // By the check's text and the address: two clusters that ask the same of a member ask once.
  std::map<std::string, std::unique_ptr<Watch>> watches_;
};

}  // namespace understudy
