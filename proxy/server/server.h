// SPDX-License-Identifier: Apache-2.0
// Server: the main thread's part of the proxy: listening sockets, workers, log files, the views
// that workers share with each other, reload, and the graceful end. It touches no request. Owned
// by main, which runs the loop; main thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event_loop.h"
#include "base/mailbox.h"
#include "base/random.h"
#include "base/tls_tickets.h"
#include "proxy/config/config.h"
#include "proxy/server/health_checks.h"
#include "proxy/server/heap_trimmer.h"
#include "proxy/server/host_resolver.h"
#include "proxy/server/letters.h"
#include "proxy/server/log_file.h"
#include "proxy/server/operator_orders.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/status.h"

namespace understudy {

class Worker;

inline constexpr const char* kVersionText = "0.1.0";
inline constexpr std::size_t kWorkersMax = 256;
inline constexpr std::size_t kQuestionsMax = 1024;  // of admin/, under way

// The names that an answer about an unknown member holds.
inline constexpr std::size_t kNamesShownBytesMax = 1024;

// A member by name, address or route, in one cluster or in all that have one of this name.
struct OperatorCommand {
  std::string member = {};
  std::string cluster = {};  // its label; empty: any
  routing::OperatorOrder order = {};
  std::optional<Duration> deadline = {};  // of draining: disabled after that
};

class Server final : private OperatorOrders::Listener {
 public:
  struct Options {
    std::shared_ptr<const config::Config> config = {};
    std::string config_path = {};
    // Reads the configuration again; the error is for the log. Needed for reload().
    std::function<Result<std::shared_ptr<const config::Config>>()> load = {};
  };
  // Listens and opens the logs; nothing is served yet. kSystem: a port is taken, a log cannot be
  // written.
  static Result<std::unique_ptr<Server>> open(EventLoop& loop, Options options);
  ~Server();
  Server(const Server&) = delete;

  void start();
  // Graceful, at most GracefulShutdownTimeout; a second call ends it at once. The loop is stopped
  // when the last worker has ended.
  void stop();
  // The old configuration stays in force when the new one has an error, or changes what only a
  // restart can change: Workers, Listen, Admin.
  Result<void> reload();
  void reopen_logs();

  // Answered in a later turn, by all workers that are still there.
  void status(std::function<void(ServerStatus)> answer);
  // Answered by one worker; empty when none is there.
  void explain(const std::string& cookie,
               std::function<void(std::vector<CookieExplanation>)> answer);

  // Holds until the next command for this member, over reloads too. Answered in a later turn:
  // kNoMember when no member is meant.
  using CommandAnswer = std::function<void(Result<std::vector<MemberChange>>)>;
  void command(const OperatorCommand& command, CommandAnswer answer);

  // As bound: port 0 has become a port.
  const std::vector<Address>& addresses() const { return addresses_; }

 private:
  struct StatusQuestion {
    ServerStatus status;
    std::size_t missing = 0;
    std::function<void(ServerStatus)> answer;
  };
  using ExplainAnswer = std::function<void(std::vector<CookieExplanation>)>;

  Server(EventLoop& loop, Options options);
  Result<void> listen();
  Result<void> open_workers();
  void on_letter(LetterToServer letter);
  void on(to_server::NewView& letter);
  void on(to_server::Status& letter);
  void on(to_server::Explanation& letter);
  void on(to_server::Stopped& letter);
  void finish_one(uint64_t question);
  void look_up_names();
  void resolve_names(std::size_t cluster, const ClusterView& view);
  void keep_views(const Snapshot& before);
  // server_members.cc
  void watch_members();
  Address address_of(const std::string& address_text, const Address& known) const;
  void on_resolved(const std::string& address_text, const std::vector<Address>& addresses);
  void on_check_result(const HealthChecks::CheckResult& result);
  void on_order(const OperatorOrders::Place& place,
                const std::optional<routing::OperatorOrder>& order) override;
  to_worker::Adopt adoption() const;
  Result<std::vector<MemberChange>> obey(const OperatorCommand& command,
                                         const ServerStatus& status);
  bool is_restricted_by_configuration(const OperatorOrders::Place& place) const;
  void add_deadlines(ServerStatus& status) const;
  void post_all(const LetterToWorker& letter);

  // Constant after construction.
  EventLoop& loop_;
  const Options options_;
  const TimePoint started_;

  // Owned; state of the main thread. Workers end before what they use.
  LogFiles files_;
  SystemClock clock_;
  TlsTickets tickets_{clock_};
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<Address> addresses_;
  std::vector<std::vector<Fd>> listeners_;  // by worker, until its thread has them
  std::unique_ptr<HostResolver> resolver_;
  std::vector<routing::ViewKeeper::Shared> views_;     // by cluster, the newest believed
  std::unordered_map<std::string, Address> resolved_;  // host names; at most kNamesResolvedMax
  SystemRandom random_;
  OperatorOrders orders_;
  HealthChecks checks_;
  HeapTrimmer trimmer_;
  uint64_t last_question_ = 0;
  std::unordered_map<uint64_t, StatusQuestion> status_questions_;
  std::unordered_map<uint64_t, ExplainAnswer> explain_questions_;
  Mailbox<LetterToServer> mailbox_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t workers_running_ = 0;
  bool stopping_ = false;
};

}  // namespace understudy
