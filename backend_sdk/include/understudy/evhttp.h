// SPDX-License-Identifier: Apache-2.0
// EvhttpServer: makes an evhttp server of libevent cluster-aware.
//
//   understudy::EvhttpServer server(node, http, base);
//   server.handle("/count", [](Request& request, Session& session, Response& response) {
//     ...
//   }, {.exclusive = true});
//
// Handlers run on the thread of `base`. A response leaves when the session's copy is safe, with
// Set-Cookie and the headers for the proxy added; requests for another member, retried ones and the
// reserved path never reach a handler. It neither binds sockets nor runs the loop. Everything here
// belongs to the loop's thread; the server is destroyed before `http`, `base` and the node.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "understudy/export.h"
#include "understudy/node.h"

struct evhttp;
struct evhttp_request;
struct event_base;

namespace understudy {

class EvhttpDoor;
class EvhttpExchange;

// The request as a handler sees it. Views live as long as the request.
class UNDERSTUDY_API Request final {
 public:
  explicit Request(EvhttpExchange& exchange) : exchange_(exchange) {}
  std::string_view method() const;                       // "GET"
  std::string_view target() const;                       // "/item/7?page=2"
  std::string_view path() const;                         // "/item/7", as it came
  std::string_view header(std::string_view name) const;  // empty when absent
  std::string_view body() const;
  std::string_view client() const;  // the peer's address, without port
  // Fields of the query, then of a body in application/x-www-form-urlencoded; decoded. The first of
  // a name wins.
  std::optional<std::string> field(std::string_view name) const;

 private:
  EvhttpExchange& exchange_;
};

// Kept by a handler that answers later, from the same thread. The handler's three references stay
// valid until done() has been called or the server is gone; dropping it without done() answers 500.
class UNDERSTUDY_API Deferral final {
 public:
  Deferral() = default;
  ~Deferral();
  Deferral(Deferral&& other) noexcept = default;
  Deferral& operator=(Deferral&& other) noexcept;

  // False once the server is gone or done() was called: the references are dead then.
  bool is_open() const;
  // When it is not open: nothing but a line of the log.
  void done();

 private:
  friend class EvhttpExchange;
  struct UNDERSTUDY_LOCAL Ticket;
  std::shared_ptr<Ticket> ticket_;
};

class UNDERSTUDY_API Response final {
 public:
  explicit Response(EvhttpExchange& exchange) : exchange_(exchange) {}
  void set_status(int status);  // 200 unless set
  void add_header(std::string_view name, std::string_view value);
  void set_body(std::string body, std::string_view content_type);
  // 303 See Other, as after a POST.
  void redirect(std::string_view location);
  // As session.store_response() with what this response is when the handler returns or is done;
  // `body_when_repeated` takes the body's place then. See kept limits there.
  void store();
  void store(std::string body_when_repeated);

  Deferral defer();

  // Streaming, inside a deferral: commits the session, sends the head when the gate is open, then
  // calls `on_open` (not at all if another answer had to go out). From there on write(), and
  // done() at the end; the session is read-only.
  void stream(std::function<void()> on_open);
  // One chunk; `on_written` when it has left, for back-pressure.
  void write(std::string_view bytes, std::function<void()> on_written = {});

 private:
  EvhttpExchange& exchange_;
};

struct HandlerOptions {
  bool exclusive = false;
  // False: the handler gets an empty Session, and the node is not asked: for what no session
  // matters to.
  bool session = true;
};

class UNDERSTUDY_API EvhttpServer final {
 public:
  using Handler = std::function<void(Request&, Session&, Response&)>;

  EvhttpServer(Node& node, evhttp* http, event_base* base);
  ~EvhttpServer();
  EvhttpServer(const EvhttpServer&) = delete;

  // An exact path, or, ending in '/', everything below it; the longest wins, "/" catches all.
  // Without a match: 404. A handler that throws: 500, its session is not changed, and the log has
  // the exception's text. False, and a line of the log, for a path without '/'. Paths given to
  // evhttp_set_cb() directly stay the application's.
  bool handle(std::string path, Handler handler, HandlerOptions options = {});

  // Drains the node, waits until the last response has left, then calls back. A second call before
  // that is told to the log, and both callbacks come.
  void shutdown(std::function<void()> callback);

  size_t exchanges_under_way() const;

 private:
  friend class EvhttpExchange;
  struct UNDERSTUDY_LOCAL Route {
    Handler handler;
    HandlerOptions options;
  };
  static void on_request(evhttp_request* raw, void* self);
  const Route* route(std::string_view path) const;
  void on_closed(EvhttpExchange& exchange);

  // Constant after construction.
  Node& node_;
  evhttp* const http_;
  std::shared_ptr<EvhttpDoor> door_;  // shared with the node: callbacks under way find it closed

  std::map<std::string, Route, std::less<>> routes_;
  std::map<EvhttpExchange*, std::unique_ptr<EvhttpExchange>> exchanges_;
  std::function<void()> on_shut_down_;
  bool drained_ = false;
};

}  // namespace understudy
