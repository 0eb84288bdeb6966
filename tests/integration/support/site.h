// SPDX-License-Identifier: Apache-2.0
// Site: a whole installation on loopback for one test (loadtest/installation.h) with its loop. What
// cannot be set up fails the test, and a test that has failed shows every log.
#pragma once

#include <string>
#include <vector>

#include "base/event_loop.h"
#include "loadtest/installation.h"

namespace understudy::testing {

using loadtest::MemberOptions;
using loadtest::parse_json;
using loadtest::Process;
using loadtest::ProxyOptions;
using loadtest::read_file;
using loadtest::write_file;

class Site final {
 public:
  Site();
  ~Site();
  Site(const Site&) = delete;

  // Before anything is added: members and proxy become hosts that can be cut off from each other.
  // This process reaches nothing else any more. False: that takes root and iproute2.
  bool open_network();
  void part(const std::string& one, const std::string& other);
  void heal(const std::string& one, const std::string& other);

  // Three members a, b, c, in one view, and a proxy that knows them.
  void open(const MemberOptions& members = {}, const ProxyOptions& proxy = {});
  void add_member(const std::string& name, const MemberOptions& options = {}) {
    its().add_member(name, options);
  }
  void start(const std::string& name) { its().start(name); }
  void start_proxy(const ProxyOptions& options = {});
  void kill(const std::string& name);

  Process& member(const std::string& name) { return its().member(name); }
  Process& proxy() { return its().proxy(); }
  Address proxy_address() const { return installation_->proxy_address(); }
  Address admin_address() const { return installation_->admin_address(); }
  Address member_address(const std::string& name) const {
    return installation_->member_address(name);
  }
  Address cluster_address(const std::string& name) const {
    return installation_->cluster_address(name);
  }
  const std::string& directory() const { return installation_->directory(); }
  std::string cookie_name() const { return installation_->cookie_name(); }

  loadtest::ClientResponse fetch(const Address& server, const std::string& request) {
    return its().fetch(server, request);
  }
  loadtest::ClientResponse get(const std::string& target, const std::string& cookie = "") {
    return its().get(target, cookie);
  }
  loadtest::ClientResponse post(const std::string& target, const std::string& cookie = "") {
    return its().post(target, cookie);
  }
  Json::Value status() { return its().status(); }
  std::optional<ClusterView> view_of(const std::string& name) { return its().view_of(name); }
  std::vector<std::string> alive_in_view() { return its().alive_in_view(); }
  size_t in_flight() { return its().in_flight(); }
  bool member_sees(const std::string& name, const std::vector<std::string>& alive) {
    return its().member_sees(name, alive);
  }
  bool wait_for_view(const std::vector<std::string>& names) { return its().wait_for_view(names); }
  bool wait_until(const std::function<bool()>& done,
                  Duration timeout = loadtest::Installation::kPatience) {
    return its().wait_until(done, timeout);
  }
  EventLoop& loop() { return *loop_; }

 private:
  loadtest::Installation& its() { return *installation_; }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<loadtest::Network> network_;
  std::unique_ptr<loadtest::Installation> installation_;
};

// A program of this build.
std::string program(const std::string& name);

}  // namespace understudy::testing
