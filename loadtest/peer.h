// SPDX-License-Identifier: Apache-2.0
// Peer: one proxy of a comparison, ours included: a file of loadtest/peers/ whose first line is the
// command and whose rest is its configuration, with $NAMES for addresses and folders. Started as a
// process; its CPU time is that of the process and all its children. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "loadtest/process.h"

namespace understudy::loadtest {

// $NAME and ${NAME} in the text; kInvalid for a name that is not among them. $$ is a dollar.
Result<std::string> expand(const std::string& text,
                           const std::map<std::string, std::string>& names);

class Peer final {
 public:
  struct Options {
    std::string name;       // "haproxy": peers/haproxy.conf
    std::string file;       // the template
    std::string directory;  // its own; made
    std::map<std::string, std::string> names;
  };
  // kUnavailable when its program is not installed.
  static Result<std::unique_ptr<Peer>> start(const Options& options);

  const std::string& name() const { return name_; }
  Process& process() { return *process_; }
  // User and system time so far.
  Duration cpu_time() const;

 private:
  Peer(std::string name, std::unique_ptr<Process> process)
      : name_(std::move(name)), process_(std::move(process)) {}

  const std::string name_;
  const std::unique_ptr<Process> process_;
};

}  // namespace understudy::loadtest
