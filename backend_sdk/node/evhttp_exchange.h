// SPDX-License-Identifier: Apache-2.0
// EvhttpExchange: one request of an evhttp server from its arrival to the last byte of its answer:
// begin at the node, handler, finish at the node, send. Owned by the EvhttpServer; loop thread
// only. A handler holds it as Request, Response and Deferral (evhttp_faces.cc). What the client
// does meanwhile does not matter: an answer without a connection is dropped by evhttp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/node/evhttp_input.h"
#include "understudy/evhttp.h"

struct evbuffer;
struct evhttp_connection;
struct evhttp_request;

namespace understudy {

class EvhttpExchange final {
 public:
  EvhttpExchange(EvhttpServer& server, evhttp_request* raw);
  ~EvhttpExchange();
  EvhttpExchange(const EvhttpExchange&) = delete;

  // May end the exchange (server.on_closed) before it returns.
  void start();
  // The server goes down: answers 503 at once, whatever state this is in.
  void give_up();

  // For the handler.
  EvhttpInput& input() { return input_; }
  void set_status(int status) { answer_.status = status; }
  void add_header(std::string_view name, std::string_view value);
  void set_body(std::string body, std::string_view content_type);
  void redirect(std::string_view location);
  void store(std::optional<std::string> body_when_repeated);
  Deferral defer();
  void stream(std::function<void()> on_open);
  void write(std::string_view bytes, std::function<void()> on_written);

  void on_deferral_done();
  void on_deferral_dropped();

 private:
  // Forward only: what the exchange is waiting for.
  enum class Phase { kBegin, kHandler, kGate, kStreamGate, kStreaming, kSending };

  void on_begun(Decision decision);
  bool is_proxy_gone() const;
  void run_handler();
  bool call(std::string_view what, const std::function<void()>& work);
  void misuse(std::string_view what);
  void break_stream();
  void complete();
  void on_released(Release release);
  void on_stream_open(Release release);
  void send_relayed(Relayed relayed);
  void on_first_relayed(RelayedChunk chunk);
  void on_relayed(RelayedChunk chunk);
  void end_stream();
  void send(const Reply& reply, const std::vector<Header>& more);
  void add_headers(const std::vector<Header>& headers);
  void fail(int status, std::string_view text);
  void watch_connection(bool on);
  void settle_written();
  void close();
  static void on_sent(evhttp_request* raw, void* self);
  static void on_chunk_written(evhttp_connection* connection, void* self);
  static void on_connection_closed(evhttp_connection* connection, void* self);

  // Constant after start().
  EvhttpServer& server_;
  evhttp_request* raw_;  // ours until the answer has been given to evhttp
  EvhttpInput input_;
  const EvhttpServer::Route* route_ = nullptr;

  Phase phase_ = Phase::kBegin;
  evhttp_connection* watched_ = nullptr;  // its close callback is ours
  Request request_{*this};
  Response response_{*this};
  Session session_;
  Relayed relayed_;  // read while its answer is passed on
  Reply answer_;
  bool is_stored_ = false;
  std::optional<std::string> body_when_repeated_;
  std::string fault_;  // what the handler did wrong; answered 500
  std::shared_ptr<Deferral::Ticket> ticket_;
  bool in_handler_ = false;
  bool is_broken_ = false;  // a stream that will have no end
  std::function<void()> on_open_;
  std::function<void()> on_written_;
};

// Shared by a Deferral and its exchange; whichever goes first tells the other through it.
struct Deferral::Ticket {
  EvhttpExchange* exchange = nullptr;
};

}  // namespace understudy
