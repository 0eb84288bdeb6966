// SPDX-License-Identifier: Apache-2.0
// Stage: a few members on the virtual network for tests of one thing at a time, without weather.
// Requests are made by hand: begin() and commit() run the network until the answer is there.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/sim_member.h"

namespace understudy::sim {

class Stage : public testing::Test, public SimMember::Observer {
 protected:
  explicit Stage(const Weather& weather = {});

  // Boots `count` members and waits until they know each other. Options may be changed before.
  void boot(size_t count);
  // One more, which is not waited for.
  SimMember& add_member();
  SimMember& member(size_t index) { return *members_[index]; }
  SimMember& member_of(MemberId mid);
  void run_for(Duration time) { network_.run_for(time); }

  struct How {
    RequestId request = 0;
    bool failover = false;
    bool exclusive = false;
    bool moved = false;
    bool unreachable = false;
    bool broken_off = false;
    ProxyOrder order = ProxyOrder::kNone;
    Duration waited{};
    std::vector<RequestId> answered = {};
  };
  // Runs the network until it is decided.
  BeginOutcome begin(SimMember& member, std::optional<SessionToken> token, How how);
  BeginOutcome begin(SimMember& member, std::optional<SessionToken> token) {
    return begin(member, std::move(token), How());
  }
  // Does not wait; the outcome appears behind the pointer.
  using Waiting = std::shared_ptr<std::optional<BeginOutcome>>;
  Waiting begin_later(SimMember& member, std::optional<SessionToken> token, How how);
  CommitOutcome commit(SimMember& member, RequestHandle handle, Change change = {});
  using WaitingCommit = std::shared_ptr<std::optional<CommitOutcome>>;
  WaitingCommit commit_later(SimMember& member, RequestHandle handle, Change change = {});

  // A whole request that sets `name` to `value`; the client's token afterwards.
  SessionToken write(SimMember& member, std::optional<SessionToken> token, const std::string& name,
                     const std::string& value, RequestId request = 0);
  // A session whose primary is member 0.
  SessionToken new_session() { return write(member(0), std::nullopt, "a", "1"); }
  static std::string value(const BeginOutcome& outcome, const std::string& name);
  static Change set(const std::string& name, const std::string& value);
  static SessionId fresh(uint8_t byte);  // an id of these bytes
  static Change login(uint8_t id);       // to fresh(id)
  static Change logout();

  // SimMember::Observer.
  void on_life(SimMember&, MemberId) override {}
  void on_lost(SimMember&, const SessionId& sid) override { lost_.push_back(sid); }
  void on_conflict(SimMember&, const SessionId& sid) override { conflicts_.push_back(sid); }

  NodeCoreOptions options_;
  VirtualNetwork network_;
  std::vector<std::unique_ptr<SimMember>> members_;
  std::vector<SessionId> lost_;
  std::vector<SessionId> conflicts_;
};

}  // namespace understudy::sim
