// SPDX-License-Identifier: Apache-2.0
// SessionLoad: many clients, each with its own cookies, send requests on an open schedule through
// one address. Against the counter every answer is held against what sessions promise
// (session_checker.h); against anything else only status and time count. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/event_loop.h"
#include "loadtest/load_client.h"
#include "loadtest/open_loop.h"
#include "loadtest/session_checker.h"
#include "loadtest/timeline.h"

namespace understudy::loadtest {

struct SessionLoadOptions {
  size_t sessions = 500;
  OpenLoop::Options schedule;
  double post_share = 0.5;  // the others are GET
  size_t body_bytes = 0;    // of a POST
  std::string target = "/count";
  // Where the counter's end is read; empty: the answers are not checked.
  std::string value_target = "/value";
  // Requests of one client one after the other: after an answer the client thinks, then sends the
  // next; the schedule starts visits then. 1: the schedule starts every request.
  size_t requests_per_visit = 1;
  Duration think_time{};
  Duration interval = std::chrono::milliseconds(100);  // of the timeline
  ClientOptions client;
  // More addresses of the same service: every request goes to any of them.
  std::vector<Address> others;
};

struct LoadFailure {
  bool is_post = false;
  int status = 0;  // 0: no answer
  std::string error;
  Duration at{};  // the intended start, from the beginning
};

class SessionLoad final {
 public:
  // Enough to see what goes wrong; all are counted.
  static constexpr size_t kFailuresKept = 1000;
  // Connections at once while sessions are made and read at the end.
  static constexpr size_t kPreparationWidth = 50;

  SessionLoad(EventLoop& loop, const Address& server, const SessionLoadOptions& options);
  ~SessionLoad();

  // One request of each client, so that each has a session. What failed, first; nothing when checks
  // are off.
  Result<void> open_sessions();
  // The schedule, to the last answer. `turn`: called at least every 50 ms, for progress.
  void run(const std::function<void()>& turn = [] {});
  // Reads every counter's end. Nothing when checks are off.
  Result<void> read_ends();

  // While it is so, each client keeps to one address; the addresses get clients in turn.
  void bind_clients(bool are_bound) { are_bound_ = are_bound; }
  // Draws an event into the timeline, now.
  void mark(std::string text);
  Duration elapsed() const;  // since the schedule began
  size_t started() const { return schedule_.started(); }
  const Timeline& timeline() const { return timeline_; }
  const SessionChecker& checker() const { return checker_; }
  const std::vector<LoadFailure>& failures() const { return failures_; }
  const std::vector<std::pair<int, size_t>>& statuses() const { return statuses_; }  // 0: none
  // Each client's cookies, as the header's value.
  const std::vector<std::string>& cookies() const { return cookies_; }

 private:
  bool is_checked() const { return !options_.value_target.empty(); }
  ClientRequest request(size_t session, bool post, const std::string& target) const;
  Result<void> for_all(bool post, const std::string& target,
                       const std::function<void(size_t, const ClientResponse&)>& on_answer);
  void count(const SessionChecker::Ticket& ticket, const ClientResponse& response);
  void start_visit(Duration intended);
  void send(size_t session, size_t left_in_visit, Duration intended);
  void on_answer(const SessionChecker::Ticket& ticket, bool post, Duration intended,
                 const ClientResponse& response);
  void note_status(int status);
  LoadClient& client_of(size_t session);

  EventLoop& loop_;
  const Address server_;
  const SessionLoadOptions options_;
  std::vector<std::unique_ptr<LoadClient>> clients_;  // one for each address
  OpenLoop schedule_;
  Timeline timeline_;
  SessionChecker checker_;
  std::vector<std::string> cookies_;
  std::vector<LoadFailure> failures_;
  std::vector<std::pair<int, size_t>> statuses_;
  struct Thinking;
  std::vector<std::unique_ptr<Thinking>> thinking_;  // by session; made when first needed
  size_t next_session_ = 0;
  size_t sent_ = 0;
  size_t turns_ = 0;  // of client_of
  bool are_bound_ = false;
  size_t under_way_ = 0;  // sent, or thought about
};

}  // namespace understudy::loadtest
