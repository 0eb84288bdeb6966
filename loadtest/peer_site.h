// SPDX-License-Identifier: Apache-2.0
// PeerSite: somebody else's way to keep sessions, as real processes on loopback: three members, the
// proxy in front of them, and a store if there is one. A folder of peers/sessions/ says what: for
// each kind of process (member, front, store) a folder whose files are copied with their $NAMES
// filled in, and whose file `start` is what /bin/sh runs. Loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/timer_wheel.h"
#include "loadtest/chaos_plan.h"
#include "loadtest/http_client.h"
#include "loadtest/installation.h"

namespace understudy::loadtest {

class PeerSite final {
 public:
  // `ports`: whose free ports are taken. `templates`: peers/sessions/NAME.
  PeerSite(Installation& ports, std::string templates, std::string directory);
  ~PeerSite();
  PeerSite(const PeerSite&) = delete;

  // What it needs is installed; else kUnavailable with the packages.
  Result<void> check() const;
  // All started and answering; kUnavailable with the log of one that is not.
  Result<void> open(Duration patience);
  const Address& front() const { return processes_.at("front").address; }
  bool has(const std::string& name) const { return processes_.contains(name); }
  // "a", "b", "c", "front", and "store" where there is one.
  Process& process(const std::string& name) { return *processes_.at(name).process; }
  void start(const std::string& name);
  bool is_running(const std::string& name);
  // Everybody answers, asked through the loop.
  bool wait_until_ready(Duration patience);
  // `answer`: in a later turn.
  void ask_whether_ready(const std::string& name, std::function<void(bool)> answer);
  std::string logs() const;

 private:
  struct Peer {
    std::string kind;  // its folder
    Address address;
    uint16_t receiver_port = 0;
    std::unique_ptr<Process> process;
    std::unique_ptr<HttpClient> question;
  };
  std::map<std::string, std::string> names_for(const std::string& name) const;
  Result<void> write_files(const std::string& name) const;

  Installation& ports_;
  const std::string templates_;
  const std::string directory_;
  std::map<std::string, Peer> processes_;
};

// PeerChaos: carries a plan out against a PeerSite: kill, stop, continue, start, restart and
// rolling-restart. The site outlives it.
class PeerChaos final {
 public:
  PeerChaos(PeerSite& site, EventLoop& loop, std::vector<ChaosStep> plan,
            std::function<void(const std::string&)> on_event);
  void start();
  bool is_over() const { return next_ == plan_.size() && restarts_.empty(); }

 private:
  void on_time();
  void carry_out(const ChaosStep& step);
  void continue_restarts();

  PeerSite& site_;
  EventLoop& loop_;
  const std::vector<ChaosStep> plan_;
  const std::function<void(const std::string&)> on_event_;
  Timer timer_;
  TimePoint begin_{};
  size_t next_ = 0;
  std::deque<std::string> restarts_;  // the first is under way
  enum class Restarting : uint8_t { kNo, kEnding, kStarting } restarting_ = Restarting::kNo;
  bool is_asked_ = false;
};

}  // namespace understudy::loadtest
