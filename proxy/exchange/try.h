// SPDX-License-Identifier: Apache-2.0
// Try: one attempt of an exchange at one member, from the choice of the member to the attempt's
// end. It takes a place there (Member::busy, a hold on the connections, a place among those who
// wait, in flight) and gives all of it back in its destructor. It connects, sends what it is given,
// notices silence, and tells its owner what comes back. It chooses nothing and decides nothing:
// what follows from a failure is the Exchange's business. Owned by an Exchange; worker thread only.
//
//   Try attempt(owner, worker, cluster, connections, choice, false);
//   switch (attempt.begin(...)) ... kReady: attempt.send_head(...); kConnecting: on_connected
//   owner: on_answer -> attempt.accept(); attempt.upstream() has the body; or on_failed
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/quarantine.h"
#include "proxy/exchange/retry.h"
#include "proxy/routing/affinity_choice.h"
#include "proxy/upstream/member_connections.h"
#include "proxy/upstream/upstream.h"
#include "proxy/upstream/waiting.h"

namespace understudy {

class WorkerCluster;
struct WorkerContext;

// A silent member is looked at this often: an edge may have been lost in a reset (Upstream::check).
inline constexpr Duration kSilenceCheck = std::chrono::seconds(1);

// Keeps a member's connections from being destroyed.
class MemberHold final {
 public:
  MemberHold() = default;
  explicit MemberHold(MemberConnections& connections) { reset(&connections); }
  ~MemberHold() { reset(nullptr); }
  MemberHold(const MemberHold&) = delete;

  void reset(MemberConnections* connections) {
    if (connections) connections->hold();
    if (connections_) connections_->let_go();
    connections_ = connections;
  }
  MemberConnections* operator->() const { return connections_; }
  MemberConnections& operator*() const { return *connections_; }
  explicit operator bool() const { return connections_ != nullptr; }

 private:
  MemberConnections* connections_ = nullptr;
};

class Try final : private Upstream::User, private Waiter {
 public:
  // Called from the loop; any call may destroy the try.
  class Owner {
   public:
    virtual void on_connected(Try& which) = 0;  // the request can be sent
    virtual void on_interim_response(Try& which, const http::ResponseHead& head) = 0;
    // The final response's head, which dies with the call.
    virtual void on_answer(Try& which, const http::ResponseHead& head) = 0;
    virtual void on_response_body(Try& which) = 0;  // there may be more of it
    virtual void on_member_writable(Try& which) = 0;
    // There is no answer. `detail` says more of it, for the log; it dies with the call.
    virtual void on_failed(Try& which, TryFailure failure, std::string_view detail) = 0;

   protected:
    ~Owner() = default;
  };

  // Of the choice's member, whose connections these are. `fresh`: it has been asked, on a
  // connection that it had closed.
  Try(Owner& owner, WorkerContext& worker, WorkerCluster& cluster, MemberConnections& connections,
      const routing::Choice& choice, bool fresh);
  ~Try() override;

  // Before begin(), for a request of which an earlier try broke. False: another one is in
  // quarantine at this member.
  bool enter_quarantine();

  enum class Begun : uint8_t {
    kReady,       // send_head can be called
    kConnecting,  // on_connected or on_failed follows
    kFailed,      // at once: failure()
  };
  Begun begin(Wants wants, const Client& client);
  TryFailure failure() const { return failure_; }

  // The request's head and the part of its body that is here; the rest by send_body.
  Taken send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                  BodyBytes body);
  Taken send_body(BodyBytes body);
  bool is_connecting() const { return state_ == State::kConnecting; }
  bool takes_body() const { return state_ >= State::kSent && !request_sent_; }
  bool is_request_sent() const { return request_sent_; }  // to its end

  // This answer is the client's: the member has nothing more to do with what follows, and may
  // vanish from the table.
  void accept();

  // The member has failed in this way: counted, and known to the routing.
  void blame(TryFailure failure, routing::Attempt& attempt);
  FailedTry describe(TryFailure failure) const;

  // Silence. check() looks for what an edge may have hidden, and may call the owner; then judge()
  // says whether patience is at its end. `moved`: bytes, both ways, in this exchange.
  void check() { upstream_->check(); }
  std::optional<TryFailure> judge(TimePoint now, uint64_t moved, Duration io_timeout);
  TimePoint next_look(TimePoint now, Duration io_timeout) const;
  TimePoint heard() const { return heard_; }
  // Whether the network, or the member's machine, has gone while bytes were on their way to it.
  bool is_cut_off() const;

  // Null behind accept().
  routing::Member* member() const { return member_; }
  uint64_t serial() const { return serial_; }  // of the member
  MemberConnections& connections() const { return *connections_; }
  const routing::Choice& choice() const { return choice_; }
  Upstream& upstream() const { return *upstream_; }

 private:
  enum class State : uint8_t { kNew, kConnecting, kSent, kAnswered };

  // Upstream::User and Waiter.
  void on_connected(Upstream& connection) override;
  void on_interim_response(const http::ResponseHead& head) override;
  void on_response_head(const http::ResponseHead& head) override;
  void on_response_body() override;
  void on_upstream_writable() override;
  void on_upstream_failed(ErrorCode code, std::string_view detail) override;
  void on_member_gone() override;
  void on_room(uint64_t serial) override;

  // Constant after construction; what is borrowed outlives the try.
  Owner& owner_;
  WorkerContext& worker_;
  WorkerCluster& cluster_;
  const routing::Choice choice_;
  const uint64_t serial_;  // of the member
  const bool fresh_;

  State state_ = State::kNew;
  bool request_sent_ = false;
  TryFailure failure_ = TryFailure::kConnectFailed;
  routing::Member* member_;
  MemberHold connections_;
  Quarantine::Place place_;
  Upstream* upstream_ = nullptr;
  TimePoint heard_{};   // from the member, or asked: silence is counted from here
  uint64_t moved_ = 0;  // when last looked at
};

}  // namespace understudy
