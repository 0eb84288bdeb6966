// SPDX-License-Identifier: Apache-2.0
// Site: a whole installation on loopback for one test: members (`counter`) and one proxy as real
// processes, their configurations and logs in a directory of its own, and a client. Ports are
// picked free; nothing is shared between tests.
#pragma once

#include <json/value.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "cookies/keyring.h"
#include "cookies/view_header.h"
#include "loadtest/http_client.h"
#include "tests/integration/support/process.h"

namespace understudy::testing {

struct MemberOptions {
  std::string heartbeat = "200ms";
  std::string machine;  // empty: one per member
  std::string extra;    // more lines of configuration
};

struct ProxyOptions {
  std::vector<std::string> seeds;  // member names of BackendCluster; empty: all
  std::string location;            // more lines inside <Location "/">
  std::string global;              // more lines outside
  bool dynamic = true;
};

class Site final {
 public:
  Site();
  ~Site();
  Site(const Site&) = delete;

  // Ports and configuration only; start() makes it live.
  void add_member(const std::string& name, const MemberOptions& options = {});
  void start(const std::string& name);
  void start_proxy(const ProxyOptions& options = {});
  // Three members a, b, c, in one view, and a proxy that knows them.
  void open(const MemberOptions& members = {}, const ProxyOptions& proxy = {});

  Process& member(const std::string& name) { return *members_.at(name).process; }
  Process& proxy() { return *proxy_; }
  void kill(const std::string& name);  // SIGKILL, and reaped
  Address proxy_address() const { return proxy_address_; }
  Address member_address(const std::string& name) const { return members_.at(name).http; }
  Address cluster_address(const std::string& name) const { return members_.at(name).cluster; }
  const std::string& directory() const { return directory_; }
  std::string cookie_name() const { return "UNDERSTUDY"; }

  // One request, waited for.
  loadtest::ClientResponse fetch(const Address& server, const std::string& request);
  loadtest::ClientResponse get(const std::string& target, const std::string& cookie = "");
  loadtest::ClientResponse post(const std::string& target, const std::string& cookie = "");
  Json::Value status();
  // What a member itself says of the cluster.
  std::optional<ClusterView> view_of(const std::string& name);
  // The members of the proxy's view that are alive, by name.
  std::vector<std::string> alive_in_view();
  // Exchanges that wait for a member now.
  size_t in_flight();
  // All of `names` are alive in every one of their views and in the proxy's.
  bool wait_for_view(const std::vector<std::string>& names);

  // Turns the loop until `done`, asking again whenever something happened; false at the deadline.
  bool wait_until(const std::function<bool()>& done, Duration timeout = std::chrono::seconds(20));
  EventLoop& loop() { return *loop_; }

 private:
  struct MemberSlot {
    Address http;
    Address cluster;
    std::string config_path;
    std::unique_ptr<Process> process;
    int starts = 0;
  };
  bool member_sees(const std::string& name, const std::vector<std::string>& names);
  uint16_t free_port();

  std::string directory_;
  std::shared_ptr<const Keyring> keyring_;
  std::unique_ptr<ViewCodec> view_codec_;
  std::unique_ptr<EventLoop> loop_;
  std::map<std::string, MemberSlot> members_;
  std::unique_ptr<Process> proxy_;
  Address proxy_address_;
  Address admin_address_;
};

Json::Value parse_json(const std::string& text);
// A program of this build.
std::string program(const std::string& name);

}  // namespace understudy::testing
