// SPDX-License-Identifier: Apache-2.0
// HealthProbe: asks one member once whether it works: a TCP connection, with CPing where the member
// speaks AJP, or a request whose status and body are compared. What the answers mean in a row is
// proxy/routing's decision (check_record.h), when to ask server/'s. One question at a time, on a
// connection of its own that is closed after the answer. Owned by server/health_checks; its loop's
// thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "base/timer_wheel.h"
#include "proxy/config/balancing.h"
#include "proxy/io/io_context.h"
#include "proxy/upstream/member_connections.h"
#include "proxy/upstream/upstream.h"

namespace understudy {

// A body is searched no further.
inline constexpr std::size_t kCheckBodyBytesMax = 64 * 1024;

class HealthProbe final : private Upstream::User {
 public:
  class User {
   public:
    // `why` is empty after a success; it dies with the call.
    virtual void on_checked(bool success, std::string_view why) = 0;

   protected:
    ~User() = default;
  };

  // `check` outlives the probe.
  HealthProbe(const IoContext& io, const config::HealthCheck& check, User& user);
  ~HealthProbe();
  HealthProbe(const HealthProbe&) = delete;

  // How to reach it; what is said of how many connections there are does not count. Nothing happens
  // while a question is open. The answer may come within the call.
  void ask(const MemberConnections::Options& member);
  bool is_open() const { return upstream_ != nullptr; }

 private:
  void on_connected(Upstream& connection) override;
  void on_interim_response(const http::ResponseHead&) override {}
  void on_response_head(const http::ResponseHead& head) override;
  void on_alive() override;
  void on_response_body() override;
  void on_upstream_writable() override {}
  void on_upstream_failed(ErrorCode code, std::string_view detail) override;
  void on_timeout();
  void gather();
  bool judges_status(unsigned status) const;
  bool judges_body() const;
  bool has_rules_of_body() const;
  void end(bool success, std::string_view why);

  const IoContext io_;
  const config::HealthCheck& check_;
  std::vector<std::shared_ptr<const Pattern>> patterns_;  // of its rules
  User& user_;
  std::string host_;
  std::unique_ptr<MemberConnections> connections_;
  Upstream* upstream_ = nullptr;
  std::string body_;  // at most kCheckBodyBytesMax
  Timer timeout_;
};

}  // namespace understudy
