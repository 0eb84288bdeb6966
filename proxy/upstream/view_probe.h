// SPDX-License-Identifier: Apache-2.0
// ViewProbe: asks a member for the cluster's view, GET /.understudy/view?wait=MS, when exchanges
// have waited for another one for too long. One question at a time and one small connection of its
// own, closed after the answer; whom to ask and when is proxy/routing's decision. Owned by
// exchange/worker_cluster; worker thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "base/timer_wheel.h"
#include "cookies/contract.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/member_connections.h"
#include "proxy/upstream/upstream.h"

namespace understudy {

class ViewProbe final : private Upstream::User {
 public:
  class User {
   public:
    virtual ~User() = default;
    // The text as in an Understudy-View header; not yet checked. It dies with the call.
    virtual void on_view_text(uint64_t serial, std::string_view text) = 0;
  };

  ViewProbe(const IoContext& io, User& user);
  ~ViewProbe();
  ViewProbe(const ViewProbe&) = delete;

  struct Question {
    uint64_t serial = 0;  // of the member that is asked
    // How to reach it; what is said of how many connections there are does not count.
    MemberConnections::Options member;
    Hex64 seen;       // the view that we hold
    Duration wait{};  // how long the member may keep the question open
  };
  // Nothing happens while a question is open.
  void ask(const Question& question);
  bool is_open() const { return upstream_ != nullptr; }

 private:
  void on_connected(Upstream& connection) override;
  void on_interim_response(const http::ResponseHead&) override {}
  void on_response_head(const http::ResponseHead& head) override;
  void on_response_body() override;
  void on_upstream_writable() override {}
  void on_upstream_failed(ErrorCode code, std::string_view detail) override;
  void on_timeout();
  void gather();
  void end();

  const IoContext io_;
  User& user_;
  uint64_t serial_ = 0;
  Hex64 seen_{};
  Duration wait_{};
  std::string host_;  // as the member's clients name it
  std::unique_ptr<MemberConnections> connections_;
  Upstream* upstream_ = nullptr;
  std::string text_;  // at most kViewTextBytesMax
  Timer timeout_;
};

}  // namespace understudy
