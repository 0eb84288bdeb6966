// SPDX-License-Identifier: Apache-2.0
// Network: hosts of their own for members and proxies of one machine: a network namespace for each,
// joined by a bridge. Two hosts can be parted: frames from one to the other are dropped, silently,
// as behind a broken switch. Needs root and `ip` (iproute2). Made and left by this process alone:
// it moves into a namespace of its own, and everything goes when it ends. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "loadtest/process.h"

namespace understudy::loadtest {

class Network final {
 public:
  static constexpr size_t kHostsMax = 250;

  // This process can reach every host from here on, and nothing else any more. kUnavailable: what
  // is needed.
  static Result<std::unique_ptr<Network>> open(const std::string& directory);
  ~Network();
  Network(const Network&) = delete;

  Result<void> add_host(const std::string& name);
  bool has_host(const std::string& name) const { return hosts_.contains(name); }
  std::vector<std::string> host_names() const;
  Address address(const std::string& host, uint16_t port) const;
  // Where a process of that host lives.
  int namespace_of(const std::string& host) const { return hosts_.at(host).space.value(); }

  // Both begin at once and are done when the commands have ended; the caller keeps them until then.
  using Commands = std::vector<std::unique_ptr<Process>>;
  Commands part(const std::string& one, const std::string& other);
  Commands heal(const std::string& one, const std::string& other);

 private:
  struct Host {
    Fd space;
    std::string address;
  };
  Network(std::string program, std::string directory)
      : program_(std::move(program)), directory_(std::move(directory)) {}
  Result<void> set_up();
  std::unique_ptr<Process> start_ip(const std::vector<std::string>& arguments, int space = -1);
  Result<void> ip(const std::vector<std::string>& arguments, int space = -1);

  const std::string program_;  // ip
  const std::string directory_;
  Fd hub_;  // this process's own namespace
  std::map<std::string, Host> hosts_;
};

}  // namespace understudy::loadtest
