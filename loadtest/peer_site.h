// SPDX-License-Identifier: Apache-2.0
// PeerSite: another product's way to keep sessions, as real processes: members, the proxy in front
// of them, and a store if there is one, on loopback or each on a host of a network. A folder of
// peers/sessions/ says what: for each kind of process (member, front, store) a folder whose files
// are copied with their $NAMES filled in, and whose file `start` is what /bin/sh runs. A line with
// $EACH_... is written once for each member, one with $OTHER_... once for each other member. Loop
// thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "loadtest/http_client.h"
#include "loadtest/installation.h"

namespace understudy::loadtest {

class PeerSite final {
 public:
  struct Options {
    std::string templates;  // peers/sessions/NAME
    std::string directory;  // its own
    size_t members = 3;     // started by open()
    // All that the others and the front are told of, the later ones included: at least `members`.
    size_t members_declared = 3;
    // Outlives it; the front is its host "proxy". Null: everything is on loopback.
    Network* network = nullptr;
  };
  // `ports`: whose free ports are taken.
  PeerSite(Installation& ports, const Options& options);
  ~PeerSite();
  PeerSite(const PeerSite&) = delete;

  // What it needs is installed; else kUnavailable with the packages.
  Result<void> check() const;
  // `members` started and answering; kUnavailable with the log of one that is not.
  Result<void> open(Duration patience);
  const Address& front() const { return processes_.at("front").address; }
  bool has(const std::string& name) const { return processes_.contains(name); }
  // In alphabetical order, those that were started at least once, or those that never were.
  std::vector<std::string> members(bool started) const;
  // "a", "b" ..., "front", and "store" where there is one; once it was started.
  Process& process(const std::string& name) { return *processes_.at(name).process; }
  void start(const std::string& name);
  bool is_running(const std::string& name);
  // All that were started answer, asked through the loop.
  bool wait_until_ready(Duration patience);
  // `answer`: in a later turn.
  void ask_whether_ready(const std::string& name, std::function<void(bool)> answer);
  Network* network() const { return options_.network; }
  std::string logs() const;

 private:
  using Names = std::map<std::string, std::string>;
  struct Peer {
    std::string kind;  // its folder
    Address address;
    uint16_t receiver_port = 0;
    std::unique_ptr<Process> process;
    std::unique_ptr<HttpClient> question;
  };
  static std::string host_of(const std::string& name);
  Result<void> give_place(const std::string& name);
  // `prefix` and NAME, ID, HOST, LISTEN, HTTP_PORT, RECEIVER_PORT of that process.
  void add_names(Names& names, const std::string& prefix, const std::string& name) const;
  Names names_for(const std::string& name) const;
  Result<std::string> fill_in(const std::string& text, const std::string& name) const;
  Result<void> write_files(const std::string& name) const;

  Installation& ports_;
  const Options options_;
  std::vector<std::string> member_names_;  // all that are declared
  std::map<std::string, Peer> processes_;
};

}  // namespace understudy::loadtest
