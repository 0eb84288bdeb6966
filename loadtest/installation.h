// SPDX-License-Identifier: Apache-2.0
// Installation: members (`counter`) and a proxy (`understudy run`) as real processes on loopback,
// with their configurations and logs in a directory of their own. Ports are picked free; two
// installations share nothing. Waiting turns the loop, with a deadline. Loop thread only.
#pragma once

#include <json/value.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/fd.h"
#include "base/result.h"
#include "cookies/keyring.h"
#include "cookies/view_header.h"
#include "loadtest/http_client.h"
#include "loadtest/network.h"
#include "loadtest/process.h"

namespace understudy::loadtest {

struct MemberOptions {
  std::string heartbeat = "200ms";
  std::string machine;  // empty: one per member
  std::string extra;    // more lines of configuration
  std::string program = "counter";
  std::vector<std::string> arguments = {};  // of the program, behind its configuration
  std::vector<std::string> seeds = {};      // names, of ClusterMembers; empty: the first two
};

struct ProxyOptions {
  std::vector<std::string> seeds;  // member names of BackendCluster; empty: all
  std::string location;            // more lines inside <Location "/">
  std::string global;              // more lines outside
  bool dynamic = true;
  std::vector<std::string> wrapper = {};  // a command that ends by running the words behind it
};

class Installation final {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(20);

  // `programs`: the folder of `understudy` and `counter`. `directory`: made, and removed at the end
  // with everything in it.
  Installation(EventLoop& loop, std::string programs, std::string directory);
  ~Installation();
  Installation(const Installation&) = delete;

  // Before the first is added: every member and every proxy ("proxy", "proxy2" ...) becomes a host
  // of that network, which outlives this. add_member says when one cannot be.
  void use_network(Network& network) { network_ = &network; }
  Network* network() { return network_; }
  // The hosts of the proxies, as a plan names them.
  static std::string proxy_host(size_t index);
  // a, b ... z, za ...
  static std::string member_name(size_t index);

  // Chooses its ports; start() writes its configuration and makes it live.
  void add_member(const std::string& name, const MemberOptions& options = {});
  bool has_member(const std::string& name) const { return members_.contains(name); }
  std::vector<std::string> member_names() const;
  void start(const std::string& name);
  // False when it does not answer in time: proxy().log() says why. `index`: which one; at most
  // proxy_count(), which is one more.
  bool start_proxy(const ProxyOptions& options = {}, size_t index = 0);
  // `count` members a, b, c ..., in one view. False: not in time.
  bool open_members(size_t count, const MemberOptions& members = {});
  // And a proxy that knows them.
  bool open(size_t count, const MemberOptions& members = {}, const ProxyOptions& proxy = {});

  Process& member(const std::string& name) { return *members_.at(name).process; }
  bool is_started(const std::string& name) const { return members_.at(name).process != nullptr; }
  Process& proxy(size_t index = 0) { return *proxies_.at(index).process; }
  bool has_proxy() const { return !proxies_.empty(); }
  size_t proxy_count() const { return proxies_.size(); }
  // SIGKILL, and reaped. False: it outlived that by ten seconds.
  bool kill(const std::string& name);
  // Of a proxy that was started once; unset before.
  Address proxy_address(size_t index = 0) const;
  Address admin_address(size_t index = 0) const;
  const Address& member_address(const std::string& name) const { return members_.at(name).http; }
  const Address& cluster_address(const std::string& name) const {
    return members_.at(name).cluster;
  }
  // A port that no process listens on, for TCP and UDP, and that no other installation of this
  // machine is given while this one lives.
  uint16_t take_port();
  const std::string& directory() const { return directory_; }
  std::string cookie_name() const { return "UNDERSTUDY"; }
  const std::string& programs() const { return programs_; }
  std::string program(const std::string& name) const { return programs_ + "/" + name; }
  // What went wrong, for the one who has to find out: every log.
  std::string logs() const;

  // One request, waited for.
  ClientResponse fetch(const Address& server, const std::string& request);
  ClientResponse get(const std::string& target, const std::string& cookie = "");
  ClientResponse post(const std::string& target, const std::string& cookie = "");
  Json::Value status(size_t proxy = 0);
  // What a member itself says of the cluster, and the names of the living in such an answer.
  std::optional<ClusterView> view_of(const std::string& name);
  std::vector<std::string> alive_in(const ClientResponse& view_answer) const;
  // The members of the proxy's view that are alive, by name.
  std::vector<std::string> alive_in_view();
  // Exchanges that wait for a member now.
  size_t in_flight();
  // All of `names` are alive in every one of their views and in the proxy's.
  bool wait_for_view(const std::vector<std::string>& names);
  // The member itself says that exactly these live, in alphabetical order.
  bool member_sees(const std::string& name, const std::vector<std::string>& names);
  // Turns the loop until `done`, asking again whenever something happened; false at the deadline.
  bool wait_until(const std::function<bool()>& done, Duration timeout = kPatience);
  EventLoop& loop() { return loop_; }

 private:
  struct MemberSlot {
    Address http;
    Address cluster;
    std::string config_path;
    MemberOptions options;
    std::unique_ptr<Process> process;
    int starts = 0;
  };
  struct ProxySlot {
    Address address;
    Address admin;
    std::unique_ptr<Process> process;
  };
  // A free port of a host, which is added if need be.
  Address place(const std::string& host);
  int space_of(const std::string& host) const;
  void write_config(const std::string& name);
  std::string log_path(const std::string& name, int start) const;

  // Constant after construction.
  EventLoop& loop_;
  const std::string programs_;
  const std::string directory_;
  Network* network_ = nullptr;

  std::shared_ptr<const Keyring> keyring_;
  std::unique_ptr<ViewCodec> view_codec_;
  std::vector<Fd> reservations_;  // of ports
  std::map<std::string, MemberSlot> members_;
  std::vector<ProxySlot> proxies_;
};

// A directory of its own below `parent`, with a name of its own.
std::string make_directory(const std::string& parent);
// Null when it is none.
Json::Value parse_json(const std::string& text);

}  // namespace understudy::loadtest
