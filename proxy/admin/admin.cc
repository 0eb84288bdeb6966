// SPDX-License-Identifier: Apache-2.0
#include "proxy/admin/admin.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/log.h"
#include "base/socket.h"
#include "conf/values.h"
#include "proxy/admin/json_text.h"
#include "proxy/admin/metrics_text.h"
#include "proxy/server/server.h"

namespace understudy {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kMetrics = "text/plain; version=0.0.4; charset=utf-8";

struct Answer {
  int status = 200;
  const char* type = kJson;
  std::string body = {};
};

void send(evhttp_request& request, const Answer& answer) {
  evkeyvalq* headers = evhttp_request_get_output_headers(&request);
  evhttp_add_header(headers, "Content-Type", answer.type);
  evhttp_add_header(headers, "Cache-Control", "no-store");
  evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
  evbuffer_add(evhttp_request_get_output_buffer(&request), answer.body.data(), answer.body.size());
  evhttp_send_reply(&request, answer.status, nullptr, nullptr);
}

void refuse(evhttp_request& request, int status, const std::string& sentence) {
  send(request, {.status = status, .body = outcome_json(sentence)});
}

std::string_view header(evhttp_request& request, std::string_view name) {
  const std::string key(name);
  const char* value = evhttp_find_header(evhttp_request_get_input_headers(&request), key.c_str());
  return value == nullptr ? std::string_view() : value;
}

std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    return close == std::string_view::npos ? std::string_view() : host.substr(1, close - 1);
  }
  return host.substr(0, host.find(':'));
}

bool is_loopback_name(std::string_view name) {
  if (name == "localhost") return true;
  const bool has_colon = name.find(':') != std::string_view::npos;
  const std::string text = has_colon ? "[" + std::string(name) + "]:1" : std::string(name) + ":1";
  const auto parsed = Address::parse(text);
  return parsed && parsed->is_loopback();
}

}  // namespace

bool is_admin_host(std::string_view host, const Address& address) {
  const std::string_view name = host_name(host);
  return name == address.host() || is_loopback_name(name);
}

namespace {

// The values of a query by name; nothing when the query is malformed.
class Query final {
 public:
  explicit Query(evhttp_request& request) {
    const char* text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(&request));
    is_valid_ = evhttp_parse_query_str(text == nullptr ? "" : text, &values_) == 0;
  }
  ~Query() {
    if (is_valid_) evhttp_clear_headers(&values_);
  }
  Query(const Query&) = delete;

  std::string operator[](const char* name) const {
    const char* value = is_valid_ ? evhttp_find_header(&values_, name) : nullptr;
    return value == nullptr ? std::string() : value;
  }
  // The first name that is none of these; empty: there is none.
  std::string unknown(std::initializer_list<std::string_view> names) const {
    if (!is_valid_) return {};
    for (const evkeyval* pair = values_.tqh_first; pair != nullptr; pair = pair->next.tqe_next) {
      const bool is_known = std::any_of(names.begin(), names.end(),
                                        [&](std::string_view name) { return name == pair->key; });
      if (!is_known) return pair->key;
    }
    return {};
  }

 private:
  evkeyvalq values_{};
  bool is_valid_ = false;
};

// What was asked for, or a sentence about what is wrong with it.
Result<OperatorCommand> command_of(std::string_view path, const Query& query) {
  const auto invalid = [](std::string sentence) {
    return Error{.code = ErrorCode::kInvalid, .detail = std::move(sentence)};
  };
  const bool is_drain = path == "/drain";
  const std::string unknown = is_drain ? query.unknown({"member", "cluster", "mode", "deadline"})
                                       : query.unknown({"member", "cluster"});
  if (!unknown.empty()) return invalid(std::string(path) + " has no parameter '" + unknown + "'");
  OperatorCommand command{.member = query["member"], .cluster = query["cluster"]};
  if (command.member.empty()) return invalid("say which member: ?member=NAME");
  if (path == "/disable") command.order.state = OperatorState::kDisabled;
  if (!is_drain) return command;

  command.order.state = OperatorState::kDraining;
  const std::string mode = query["mode"];
  if (mode == "move") command.order.mode = routing::DrainMode::kMove;
  if (!mode.empty() && mode != "move" && mode != "keep") {
    return invalid("mode is keep or move, not '" + mode + "'");
  }
  const std::string deadline = query["deadline"];
  if (deadline.empty()) return command;
  const auto time = conf::parse_duration(deadline, conf::TimeUnit::kSeconds);
  if (!time || *time <= std::chrono::milliseconds(0) || *time > kDrainDeadlineMax) {
    return invalid("deadline is a time such as 90s, 30m or 2h, at most 7d, not '" + deadline + "'");
  }
  command.deadline = *time;
  return command;
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::open(EventLoop& loop, const Address& address,
                                           Server& server) {
  Result<Fd> listener = listen_tcp(address, {});
  if (!listener) return std::move(listener).error();
  std::unique_ptr<Admin> admin(new Admin(server));
  admin->address_ = local_address(*listener);
  admin->http_ = evhttp_new(loop.raw());
  if (admin->http_ == nullptr) {
    return Error{.code = ErrorCode::kSystem, .detail = "the admin address cannot be served"};
  }
  evhttp_set_max_headers_size(admin->http_, kAdminHeadBytesMax);
  evhttp_set_max_body_size(admin->http_, kAdminBodyBytesMax);
  evhttp_set_timeout(admin->http_, kAdminTimeoutSeconds);
  evhttp_set_allowed_methods(admin->http_, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
  evhttp_set_gencb(admin->http_, &Admin::on_request, admin.get());
  if (evhttp_accept_socket(admin->http_, listener->value()) != 0) {
    return Error{.code = ErrorCode::kSystem, .detail = "the admin address cannot be served"};
  }
  static_cast<void>(listener->release());  // evhttp closes it
  return admin;
}

Admin::~Admin() {
  *self_ = nullptr;
  if (http_ != nullptr) evhttp_free(http_);
}

void Admin::on_request(evhttp_request* request, void* self) {
  static_cast<Admin*>(self)->handle(*request);
}

void Admin::handle(evhttp_request& request) {
  if (!is_admin_host(header(request, "Host"), address_)) {
    return refuse(request, 403, "Host names another server than this address");
  }
  if (!header(request, "Origin").empty()) {
    return refuse(request, 403, "requests from pages of other servers are refused");
  }
  const char* raw = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(&request));
  const std::string_view path = raw == nullptr ? "" : raw;
  if (evhttp_request_get_command(&request) == EVHTTP_REQ_GET) return handle_question(request, path);
  handle_command(request, path);
}

// libevent keeps a request whose client has gone until it is answered, so the answer may come in
// any later turn; only the end of Admin itself takes the requests with it.
void Admin::handle_question(evhttp_request& request, std::string_view path) {
  if (path == "/why") return explain(request);
  std::string (*write)(const ServerStatus&) = nullptr;
  if (path == "/status") write = status_json;
  if (path == "/members") write = members_json;
  if (path == "/metrics") write = metrics_text;
  if (write == nullptr) return refuse(request, 404, "known are /status, /members, /metrics, /why");
  const char* type = path == "/metrics" ? kMetrics : kJson;
  server_.status([self = self_, &request, write, type](const ServerStatus& status) {
    if (*self != nullptr) send(request, {.type = type, .body = write(status)});
  });
}

void Admin::explain(evhttp_request& request) {
  const char* query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(&request));
  evkeyvalq arguments;
  if (query == nullptr || evhttp_parse_query_str(query, &arguments) != 0) {
    return refuse(request, 400, "ask with ?cookie=VALUE");
  }
  const char* value = evhttp_find_header(&arguments, "cookie");
  const std::string cookie = value == nullptr ? "" : value;
  evhttp_clear_headers(&arguments);
  if (cookie.empty()) return refuse(request, 400, "ask with ?cookie=VALUE");
  server_.explain(cookie, [self = self_, &request](const std::vector<CookieExplanation>& answer) {
    if (*self != nullptr) send(request, {.body = explanation_json(answer)});
  });
}

void Admin::handle_command(evhttp_request& request, std::string_view path) {
  if (header(request, kAdminHeader).empty()) {
    return refuse(request, 403, "a command needs the header Understudy-Admin");
  }
  if (path == "/stop") {
    // The answer leaves first.
    evhttp_request_set_on_complete_cb(
        &request, [](evhttp_request*, void* server) { static_cast<Server*>(server)->stop(); },
        &server_);
    return send(request, {.body = outcome_json("")});
  }
  if (path == "/reload") {
    const auto reloaded = server_.reload();
    if (reloaded) return send(request, {.body = outcome_json("")});
    LOG(kError, "reload refused: {}", reloaded.error().detail);
    return refuse(request, 409, reloaded.error().detail);
  }
  if (path == "/reopen-logs") {
    server_.reopen_logs();
    return send(request, {.body = outcome_json("")});
  }
  if (path == "/drain" || path == "/enable" || path == "/disable") return order(request, path);
  refuse(request, 404, "known are /stop, /reload, /reopen-logs, /drain, /enable, /disable");
}

void Admin::order(evhttp_request& request, std::string_view path) {
  const auto command = command_of(path, Query(request));
  if (!command) return refuse(request, 400, command.error().detail);
  server_.command(*command, [self = self_, &request](Result<std::vector<MemberChange>> answer) {
    if (*self == nullptr) return;
    if (answer) return send(request, {.body = members_changed_json(*answer)});
    const bool is_unknown = answer.error().code == ErrorCode::kNoMember;
    refuse(request, is_unknown ? 404 : 503, answer.error().detail);
  });
}

}  // namespace understudy
