// SPDX-License-Identifier: Apache-2.0
// Admin: the address where operators ask and command. GET /status, /members, /metrics and
// /why?cookie=VALUE; POST /stop, /reload, /reopen-logs, and /drain, /enable, /disable?member=NAME
// (with &cluster=LABEL; /drain also &mode=keep|move and &deadline=TIME). It decides nothing; the
// Server does. Runs on the main loop with libevent's HTTP server, never on the path of a client's
// request.
//
// It asks for no password: it listens on loopback unless the configuration says otherwise. So that
// a page in a browser on the same machine cannot use it, requests with a foreign Host or an Origin
// are refused, and what changes something needs a POST with the header Understudy-Admin, which no
// page can send elsewhere without asking first.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/event_loop.h"
#include "base/result.h"

struct evhttp;
struct evhttp_request;

namespace understudy {

class Server;

inline constexpr std::string_view kAdminHeader = "Understudy-Admin";
inline constexpr std::size_t kAdminBodyBytesMax = 4096;
inline constexpr std::size_t kAdminHeadBytesMax = 16 * 1024;
inline constexpr int kAdminTimeoutSeconds = 30;
inline constexpr std::chrono::hours kDrainDeadlineMax{7 * 24};

class Admin final {
 public:
  // `server` must outlive it.
  static Result<std::unique_ptr<Admin>> open(EventLoop& loop, const Address& address,
                                             Server& server);
  ~Admin();
  Admin(const Admin&) = delete;

  // As bound: port 0 has become a port.
  const Address& address() const { return address_; }

 private:
  explicit Admin(Server& server) : server_(server) {}
  static void on_request(evhttp_request* request, void* self);
  void handle(evhttp_request& request);
  void handle_question(evhttp_request& request, std::string_view path);
  void handle_command(evhttp_request& request, std::string_view path);
  void explain(evhttp_request& request);
  void order(evhttp_request& request, std::string_view path);

  Server& server_;
  Address address_;
  evhttp* http_ = nullptr;
  // Shared with answers under way: they find it null when the Admin is gone.
  std::shared_ptr<Admin*> self_ = std::make_shared<Admin*>(this);
};

// Whether a Host line may stand in a request to an admin address: the address itself, any loopback
// name or number. Everything else may be a name that an attacker has pointed here.
bool is_admin_host(std::string_view host, const Address& address);

}  // namespace understudy
