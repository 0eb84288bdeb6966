// SPDX-License-Identifier: Apache-2.0
// Newcomers: clients that come, count, log in (their session gets another id), count once more, log
// out, and then try both ids again, which must be worth nothing. So sessions are made and ended for
// as long as a run lasts: a session whose end leaves something behind shows as growing memory, and
// one that comes back after its logout as a failure. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/timer_wheel.h"
#include "loadtest/load_client.h"

namespace understudy::loadtest {

class Newcomers final {
 public:
  struct Options {
    std::vector<Address> servers;  // in turn
    Duration every = std::chrono::milliseconds(500);
    ClientOptions client;
  };
  struct Figures {
    size_t came = 0;
    size_t left = 0;    // after every step went as it should
    size_t failed = 0;  // an answer that was none, or not the right one
    std::string first_failure;
    std::map<std::string, size_t> welcomed = {};  // by member, where the first answer names it
  };
  Newcomers(EventLoop& loop, const Options& options);
  ~Newcomers();
  Newcomers(const Newcomers&) = delete;

  void start();
  void stop();  // no new one comes; those that are there go on
  bool all_left() const { return figures_.left + figures_.failed == figures_.came; }
  const Figures& figures() const { return figures_; }

 private:
  struct Newcomer {
    size_t server = 0;
    std::string cookie;
    size_t step = 0;
    std::string before_login = {};  // cookies
    std::string before_logout = {};
  };
  void on_time();
  void send_next(const Newcomer& newcomer);
  void on_answer(Newcomer newcomer, const ClientResponse& response);
  void fail(const Newcomer& newcomer, const ClientResponse& response);

  EventLoop& loop_;
  const Options options_;
  std::vector<std::unique_ptr<LoadClient>> clients_;
  Timer timer_;
  Figures figures_;
};

}  // namespace understudy::loadtest
