// SPDX-License-Identifier: Apache-2.0
// Compare: the same load through one proxy after the other, round by round, so that what disturbs
// the machine disturbs all of them. What counts is CPU time per request, and its ratio to another
// proxy in the same round; medians over the rounds are told. Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "loadtest/installation.h"
#include "loadtest/peer.h"
#include "loadtest/session_load.h"

namespace understudy::loadtest {

struct ComparedRound {
  double cpu_us = 0;  // of the proxy, per request
  size_t requests = 0;
  size_t failed = 0;
  Duration median{};
  Duration p99{};
  Duration p999{};
};

struct ComparedPeer {
  std::string name;
  std::vector<ComparedRound> rounds;
};

class Compare final {
 public:
  struct Options {
    std::vector<std::string> peers;  // in this order within a round
    std::string templates;           // the folder of peers/
    size_t rounds = 10;
    SessionLoadOptions load;
  };
  Compare(Installation& installation, const Options& options);

  // Starts every peer whose program is there; those that are not are named to `tell`. kUnavailable
  // when none is left, or when one does not answer.
  Result<void> start(const std::function<void(const std::string&)>& tell);
  void run_round(const std::function<void(const std::string&)>& tell);
  const std::vector<ComparedPeer>& results() const { return results_; }

 private:
  struct Running {
    std::unique_ptr<Peer> peer;
    Address address;
  };
  std::map<std::string, std::string> names(const Address& listen) const;
  ComparedRound measure(Running& running);

  Installation& installation_;
  const Options options_;
  std::vector<Running> running_;
  std::vector<ComparedPeer> results_;  // in the order of running_
};

double median_of(std::vector<double> values);  // of at least one
// A table in Markdown: medians, and the median of the ratios to `reference` and to `floor` within a
// round where those took part.
std::string to_table(const std::vector<ComparedPeer>& results);

}  // namespace understudy::loadtest
