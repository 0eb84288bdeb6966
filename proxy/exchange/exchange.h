// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and its response on their way through the proxy. It knows neither side's
// protocol and owns neither connection: it maps the request to a cluster, chooses members one after
// another, relays both bodies with back-pressure, and decides with retry.h what happens when a
// member fails. Its phases stand in exchange.cc in the order in which they come. One object serves
// many exchanges, one after the other. Owned by a Downstream; worker thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/timer_wheel.h"
#include "proxy/exchange/body_pipe.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/retry.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/routing/affinity_choice.h"
#include "proxy/upstream/upstream.h"
#include "proxy/upstream/waiting.h"

namespace understudy {

class MemberConnections;
class WorkerCluster;

class Exchange final : private Upstream::User, private Waiter {
 public:
  Exchange(WorkerContext& worker, Downstream& downstream);
  ~Exchange() override;

  // Begins with a request of which at least the head is here. May end within the call.
  void start(const http::RequestHead& head, std::size_t site);
  // The request could not be understood: a page says why, and it goes to the access log.
  void refuse(unsigned status, std::string_view sentence, std::size_t site);
  bool is_active() const { return phase_ != Phase::kNone; }

  // There may be more of the request's body, or it has broken off.
  void on_request_body();
  void on_downstream_writable();
  // The client is gone: nothing of Downstream is called any more for this exchange.
  void on_downstream_gone();
  // The client took too long with its request's body: 408, or the end.
  void on_request_timeout();

 private:
  enum class Phase : uint8_t {
    kNone,
    kConnecting,
    kWaiting,   // the request is on its way or sent, the response's head is not there
    kRelaying,  // the response's body
    kPausing,   // nobody could be asked; ConnectRetrySecs until the next pass
  };
  struct Account;  // exchange.cc

  // Upstream::User and Waiter.
  void on_connected() override;
  void on_interim_response(const http::ResponseHead& head) override;
  void on_response_head(const http::ResponseHead& head) override;
  void on_response_body() override;
  void on_upstream_writable() override;
  void on_upstream_failed(ErrorCode code, std::string_view detail) override;
  void on_member_gone() override;

  // The phases.
  bool receive(const http::RequestHead& head, std::size_t site);
  bool map(const http::RequestHead& head);
  void choose(const http::RequestHead& head);
  bool ask(const http::RequestHead& head, routing::Member& member);
  bool connect(routing::Member& member);
  void send_request(const http::RequestHead& head);
  void relay_request_body();
  bool is_answer(const http::ResponseHead& head);
  void send_response_head(const http::ResponseHead& head);
  void relay_response_body();
  void splice_response_body();
  void finish();

  // When it does not go well.
  void on_timer();
  void on_silence();
  void fail_try(TryFailure failure);
  void try_again(NextStep step);
  void end_pass();
  void give_up(unsigned status, std::string_view sentence);
  void abort(std::string_view why);
  void leave_member();
  void release_upstream();
  void end();
  void log(bool aborted);

  // Constant after construction.
  WorkerContext& worker_;
  Downstream& downstream_;

  // Owned.
  Timer timer_;
  BodyPipe pipe_;

  // State of the present exchange; borrowed from routes_ and the cluster.
  Phase phase_ = Phase::kNone;
  Routes* routes_ = nullptr;
  const config::VirtualHost* host_ = nullptr;
  const config::Location* location_ = nullptr;
  AccessLog* access_log_ = nullptr;
  WorkerCluster* cluster_ = nullptr;
  routing::Member* member_ = nullptr;         // null once the response's head is there
  MemberConnections* connections_ = nullptr;  // of the member asked last; held
  Upstream* upstream_ = nullptr;
};

}  // namespace understudy
