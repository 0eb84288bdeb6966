// SPDX-License-Identifier: Apache-2.0
// Hedge: the second try of a request whose member makes it wait (HedgeDelay). It stands between a
// second member's connection and the exchange: while both tries race, it tells the exchange what
// becomes of this one; when it has won, or the first try has failed, it passes on all that the
// connection says, as if the exchange had asked this member itself. What an exchange does about it
// is in exchange_hedge.cc. Owned by its Exchange, made with the first hedge; worker thread only.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/routing/affinity_choice.h"
#include "proxy/upstream/upstream.h"
#include "proxy/upstream/waiting.h"

namespace understudy {

class MemberConnections;

class Hedge final : private Upstream::User, public Waiter {
 public:
  // Called while the race is on; may end it.
  class Owner {
   public:
    virtual void on_hedge_connected() = 0;
    virtual void on_hedge_answer(const http::ResponseHead& head) = 0;
    virtual void on_hedge_failed(ErrorCode code) = 0;
    virtual void on_hedge_member_gone() = 0;

   protected:
    ~Owner() = default;
  };

  Hedge(Owner& owner, Upstream::User& exchange) : owner_(owner), exchange_(exchange) {}

  // Who is asked, and with what. All of it is the exchange's to fill, and to give back.
  struct Try {
    routing::Member* member = nullptr;
    MemberConnections* connections = nullptr;  // held
    uint64_t occupied = 0;                     // the member's serial
    Upstream* upstream = nullptr;
    routing::Attempt attempt = {};
    bool is_sent = false;
  };
  Try& its_try() { return try_; }
  Upstream::User& user() { return *this; }

  bool is_racing() const { return state_ == State::kRacing; }
  void begin() { state_ = State::kRacing; }
  void pass_on() { state_ = State::kPassing; }
  void rest() {
    state_ = State::kResting;
    try_ = {};
  }

 private:
  enum class State : uint8_t { kResting, kRacing, kPassing };

  void on_connected(Upstream& connection) override;
  void on_interim_response(const http::ResponseHead& head) override;
  void on_response_head(const http::ResponseHead& head) override;
  void on_response_body() override;
  void on_upstream_writable() override;
  void on_upstream_failed(ErrorCode code, std::string_view detail) override;
  void on_member_gone() override;
  void on_room(uint64_t serial) override;

  Owner& owner_;
  Upstream::User& exchange_;
  State state_ = State::kResting;
  Try try_;
};

}  // namespace understudy
