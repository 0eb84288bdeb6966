// SPDX-License-Identifier: Apache-2.0
// The workers of mod_jk: JkWorkersFile (workers.properties) and JkWorkerProperty, each worker as
// the members that it stands for. A property becomes the parameter of BalancerMember or ProxySet
// that means the same, so that there is one rule for each. Read during one load; used by one
// thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/jk_properties.h"

namespace understudy::config {

class JkWorkers final {
 public:
  // Of the server outside of all hosts.
  JkWorkers(const conf::Settings& global, Binding& binding);

  // The members of a worker; nothing after an error. One of type status has none, and is not
  // proxied.
  std::optional<Seeds> find(const conf::Word& worker, conf::Diagnostics& diagnostics) const;
  // worker.NAME.mount: paths, and the worker that serves them.
  struct Mount {
    conf::Word path;
    conf::Word worker;
  };
  const std::vector<Mount>& mounts() const { return mounts_; }

 private:
  using Properties = std::map<std::string, JkProperty, std::less<>>;  // of one worker

  void sort(const std::vector<JkProperty>& properties, conf::Diagnostics& diagnostics);
  void check(const std::string& worker, const Properties& own, conf::Diagnostics& diagnostics);
  Properties with_references(std::string_view worker) const;
  conf::Directive member(std::string_view worker, bool has_route) const;
  void tune(std::string_view worker, Seeds& seeds, conf::Diagnostics& diagnostics) const;
  void link_domains(const std::vector<std::string>& names, Seeds& seeds) const;
  void bind_balancer(const Properties& own, Seeds& seeds, conf::Diagnostics& diagnostics) const;

  std::map<std::string, Properties, std::less<>> workers_;
  std::vector<Mount> mounts_;
};

}  // namespace understudy::config
