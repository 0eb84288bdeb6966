// SPDX-License-Identifier: Apache-2.0
// Looks up the host names that members have, in the configuration and in views, on a thread of its
// own because that blocks: tries those again that have no address, and asks for those with an
// interval ever again (DNSRefreshInterval). Owned by the Server; all calls and the callback on the
// main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/event_loop.h"
#include "base/mailbox.h"

namespace understudy {

inline constexpr std::size_t kNamesResolvedMax = 4096;  // more are refused
inline constexpr Duration kResolveAgain = std::chrono::seconds(10);
inline constexpr std::size_t kAddressesOfNameMax = 16;  // more are not used

class HostResolver final {
 public:
  // Never without an address: a name that has lost its own keeps those it had.
  using Callback =
      std::function<void(const std::string& address_text, const std::vector<Address>& addresses)>;
  // How a name becomes addresses; blocks, runs on the other thread.
  using Lookup = std::function<Result<std::vector<Address>>(const std::string& address_text)>;

  struct Options {
    Callback found;
    Lookup lookup = [](const std::string& address_text) { return resolve(address_text); };
  };
  static Result<std::unique_ptr<HostResolver>> open(EventLoop& main, Options options);
  ~HostResolver();
  HostResolver(const HostResolver&) = delete;

  // "host:port". Asked until it has an address, then every `interval`; zero: never again. A name
  // that is under way is not asked twice; the shortest interval that is wanted holds.
  void ask(const std::string& address_text, Duration interval);
  // The same, but the name has been looked up just now.
  void watch(const std::string& address_text, Duration interval);
  // A reload: what is not asked for anew is not asked for any more.
  void forget_all();

 private:
  struct Name {
    Duration interval{};
    TimePoint due = TimePoint::max();
    bool is_under_way = false;
    bool has_failed = false;  // said so already
  };
  struct Answer {
    std::string address_text;
    std::vector<Address> addresses;  // empty: none
  };
  HostResolver(EventLoop& main, std::unique_ptr<EventLoop> loop, Options options);
  Name* name_for(const std::string& address_text, Duration interval);
  void on_answer(const Answer& answer);
  void on_due();
  void send(const std::string& address_text, Name& name);
  void plan(Name& name, Duration wait);

  // Constant after construction.
  EventLoop& main_;
  const Callback found_;
  const Lookup lookup_;

  // State of the main thread.
  std::unordered_map<std::string, Name> names_;
  Timer due_;
  Mailbox<Answer> answers_;

  // The other thread's.
  std::unique_ptr<EventLoop> loop_;
  Mailbox<std::string> questions_;
  std::thread thread_;
};

}  // namespace understudy
