// SPDX-License-Identifier: Apache-2.0
// FakeWeblogic: a member that speaks the WebLogic plug-in's dialect as public documents and logs
// show it: its id, the cluster's list and hash, session ids that name a primary and a secondary.
// Single-threaded: it answers on the test's own loop.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/event_loop.h"
#include "base/fd.h"
#include "base/fd_watcher.h"

namespace understudy::testing {

class FakeWeblogic;

// What all members of one cluster know of each other.
struct FakeWeblogicDomain {
  std::vector<FakeWeblogic*> members;  // those that are in the list

  // "JVMID!host!port!-1|..."; empty without members.
  std::string list() const;
};

class FakeWeblogic final : private FdWatcher::Handler {
 public:
  FakeWeblogic(EventLoop& loop, FakeWeblogicDomain& domain, std::string name, std::int64_t id);
  ~FakeWeblogic() override;

  const Address& address() const { return address_; }
  std::int64_t id() const { return id_; }
  const std::string& name() const { return name_; }

  // The process ends: connections are reset, new ones refused; it leaves the list.
  void kill();
  // Another process at the same address, with another id.
  void start(std::int64_t id);
  void answer_with(int status) { status_ = status; }

  // Of the last request of a client: fields by lower-case name. Questions about the id alone do not
  // count.
  const std::map<std::string, std::string>& last_fields() const { return last_fields_; }
  int requests() const { return requests_; }

 private:
  struct Connection;

  void on_ready(bool readable, bool writable) override;
  std::string answer(const std::string& head);
  void add_session(const std::string& cookie, std::string& fields);
  std::string secondary() const;

  EventLoop& loop_;
  FakeWeblogicDomain& domain_;
  const std::string name_;
  std::int64_t id_;
  Address address_;
  Fd listener_;
  FdWatcher watcher_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::map<std::string, std::string> last_fields_;
  int requests_ = 0;
  int status_ = 200;
};

}  // namespace understudy::testing
