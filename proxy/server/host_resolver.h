// SPDX-License-Identifier: Apache-2.0
// Looks up the host names that members have in views, on a thread of its own because that blocks,
// and tries those again that have no address. Owned by the Server; ask() and the callback on the
// main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "base/address.h"
#include "base/event_loop.h"
#include "base/mailbox.h"

namespace understudy {

inline constexpr std::size_t kNamesResolvedMax = 4096;  // under way; more are refused
inline constexpr Duration kResolveAgain = std::chrono::seconds(10);

class HostResolver final {
 public:
  using Callback = std::function<void(const std::string& address_text, const Address& address)>;

  static Result<std::unique_ptr<HostResolver>> open(EventLoop& main, Callback found);
  ~HostResolver();
  HostResolver(const HostResolver&) = delete;

  // "host:port". Asked again until it has an address; a name that is under way is not asked twice.
  void ask(const std::string& address_text);

 private:
  struct Answer {
    std::string address_text;
    Address address;  // unset: none
  };
  HostResolver(EventLoop& main, std::unique_ptr<EventLoop> loop, Callback found);
  void on_answer(const Answer& answer);
  void ask_again();

  // Constant after construction.
  EventLoop& main_;
  const Callback found_;

  // State of the main thread.
  std::unordered_set<std::string> under_way_;
  std::unordered_set<std::string> failed_;
  Timer again_;
  Mailbox<Answer> answers_;

  // The other thread's.
  std::unique_ptr<EventLoop> loop_;
  Mailbox<std::string> questions_;
  std::thread thread_;
};

}  // namespace understudy
