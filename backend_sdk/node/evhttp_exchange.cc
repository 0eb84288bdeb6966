// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/evhttp_exchange.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>

#include "backend_sdk/node/application_call.h"
#include "backend_sdk/node/evhttp_door.h"
#include "base/check.h"
#include "base/log.h"
#include "cookies/contract.h"

namespace understudy {
namespace {

constexpr int kMisdirected = 421;  // evhttp has no words for it
constexpr int kFaulty = 500;
constexpr std::string_view kFaultyText = "The application failed to make a response.\n";
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

bool is_header_safe(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

EvhttpExchange::EvhttpExchange(EvhttpServer& server, evhttp_request* raw)
    : server_(server), raw_(raw), input_(raw) {}

EvhttpExchange::~EvhttpExchange() {
  watch_connection(false);
  if (ticket_) ticket_->exchange = nullptr;
}

void EvhttpExchange::start() {
  route_ = server_.route(input_.path());
  if (input_.path() == kViewPath || (route_ && route_->options.session)) {
    const BeginOptions options{.exclusive = route_ && route_->options.exclusive,
                               .executor = server_.door_,
                               .relay = RelayBody{.bytes = input_.body(), .streams = true}};
    // The door closes before any exchange dies, so this callback finds it alive.
    server_.node_.begin(input_.view(), options,
                        [this](Decision decision) { on_begun(std::move(decision)); });
    return;
  }
  if (!route_) return fail(404, "There is nothing at this path.\n");
  run_handler();
}

void EvhttpExchange::on_begun(Decision decision) {
  if (decision.reply) return send(*decision.reply, {});
  if (!decision.relayed.is_empty()) return send_relayed(std::move(decision.relayed));
  session_ = std::move(decision.session);
  if (is_proxy_gone()) {
    session_ = Session();
    return fail(503, "The proxy has gone before the request could begin.\n");
  }
  run_handler();
}

// A request that waited may have been sent elsewhere meanwhile. The proxy closes the connection
// before it does that, and never half of it; other clients may send no more and still read.
bool EvhttpExchange::is_proxy_gone() const {
  if (input_.header(kRequestIdHeader).empty()) return false;
  evhttp_connection* connection = evhttp_request_get_connection(raw_);
  if (!connection) return true;
  bufferevent* stream = evhttp_connection_get_bufferevent(connection);
  pollfd socket{.fd = bufferevent_getfd(stream), .events = POLLRDHUP, .revents = 0};
  return poll(&socket, 1, 0) > 0;
}

void EvhttpExchange::run_handler() {
  phase_ = Phase::kHandler;
  in_handler_ = true;
  const bool is_well = call("handler", [this] { route_->handler(request_, session_, response_); });
  in_handler_ = false;
  if (!is_well) {
    fault_ = "it threw";
    if (ticket_) ticket_->exchange = nullptr;  // what it has kept answers no more
    ticket_ = nullptr;
  }
  if (!ticket_ && phase_ == Phase::kHandler) complete();
}

// All of the application's code that runs on the server's loop. False: it threw.
bool EvhttpExchange::call(std::string_view what, const std::function<void()>& work) {
  using std::chrono::steady_clock;
  const auto begin = steady_clock::now();
  bool is_well = true;
  try {
    work();
  } catch (...) {
    is_well = false;
    log_thrown(fmt::format("{} of {} {}", what, input_.method(), input_.path()),
               text_of_exception());
  }
  const auto slow = server_.node_.options().slow_handler;
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin);
  if (slow.count() > 0 && took >= slow) {
    LOG(kWarn, "{} of {} {} kept its server's loop for {} ms; SlowHandler is {} ms", what,
        input_.method(), input_.path(), took.count(), slow.count());
  }
  return is_well;
}

// A call that cannot be meant. Before the answer has begun, the request fails with it.
void EvhttpExchange::misuse(std::string_view what) {
  LOG(kError, "handler of {} {}: {}", input_.method(), input_.path(), what);
  if (phase_ == Phase::kHandler && fault_.empty()) fault_ = what;
}

void EvhttpExchange::complete() {
  if (session_.is_empty() && !session_.refusal().empty()) fault_ = session_.refusal();
  if (!fault_.empty()) {
    LOG(kError, "handler of {} {}: {}", input_.method(), input_.path(), fault_);
    session_ = Session();
    return fail(kFaulty, kFaultyText);
  }
  if (session_.is_empty()) return send(answer_, server_.node_.headers_for(input_.view()));
  if (is_stored_) {
    Reply kept = answer_;
    if (body_when_repeated_) kept.body = std::move(*body_when_repeated_);
    session_.store_response(std::move(kept));
  }
  phase_ = Phase::kGate;
  server_.node_.finish(std::move(session_),
                       [this](Release release) { on_released(std::move(release)); });
}

void EvhttpExchange::on_released(Release release) {
  if (release.reply) return send(*release.reply, {});
  send(answer_, release.headers);
}

void EvhttpExchange::send(const Reply& reply, const std::vector<Header>& more) {
  phase_ = Phase::kSending;
  add_headers(reply.headers);
  add_headers(more);
  const bool is_head = input_.method() == "HEAD";
  if (is_head) {
    evhttp_add_header(evhttp_request_get_output_headers(raw_), "Content-Length",
                      std::to_string(reply.body.size()).c_str());
  }
  if (server_.drained_) {
    evhttp_add_header(evhttp_request_get_output_headers(raw_), "Connection", "close");
  }
  evhttp_request_set_on_complete_cb(raw_, &on_sent, this);
  watch_connection(true);
  const bool is_connected = watched_ != nullptr;
  evbuffer* body = nullptr;
  if (!is_head && !reply.body.empty()) {
    body = evbuffer_new();
    CHECK(body && evbuffer_add(body, reply.body.data(), reply.body.size()) == 0);
  }
  evhttp_send_reply(raw_, reply.status,
                    reply.status == kMisdirected ? "Misdirected Request" : nullptr, body);
  if (body) evbuffer_free(body);
  if (!is_connected) close();  // evhttp has freed the request; on_sent will not come
}

void EvhttpExchange::add_headers(const std::vector<Header>& headers) {
  evkeyvalq* output = evhttp_request_get_output_headers(raw_);
  for (const Header& header : headers) {
    if (evhttp_add_header(output, header.name.c_str(), header.value.c_str()) != 0) {
      LOG(kError, "response of {} {}: header '{}' is not sendable", input_.method(), input_.path(),
          header.name);
    }
  }
}

void EvhttpExchange::fail(int status, std::string_view text) {
  answer_ = Reply{.status = status, .headers = {}, .body = std::string(text)};
  answer_.headers.push_back({"Content-Type", std::string(kPlainText)});
  send(answer_, server_.node_.headers_for(input_.view()));
}

void EvhttpExchange::give_up() {
  session_ = Session();
  switch (std::exchange(phase_, Phase::kSending)) {
    case Phase::kSending:  // evhttp goes on sending, and frees the request, without us
      return evhttp_request_set_on_complete_cb(raw_, nullptr, nullptr);
    case Phase::kStreaming:
      return evhttp_send_reply_end(raw_);
    case Phase::kBegin:
    case Phase::kHandler:
    case Phase::kGate:
    case Phase::kStreamGate:
      return evhttp_send_reply(raw_, HTTP_SERVUNAVAIL, nullptr, nullptr);
  }
}

// The connection may end before the answer has left; evhttp then calls only the close
// callback of the connection, of which there is one.
void EvhttpExchange::watch_connection(bool on) {
  if (on == (watched_ != nullptr)) return;
  if (on) {
    watched_ = evhttp_request_get_connection(raw_);
    if (watched_) evhttp_connection_set_closecb(watched_, &on_connection_closed, this);
  } else {
    evhttp_connection_set_closecb(watched_, nullptr, nullptr);
    watched_ = nullptr;
  }
}

void EvhttpExchange::on_sent(evhttp_request*, void* self) {
  static_cast<EvhttpExchange*>(self)->close();
}

void EvhttpExchange::on_connection_closed(evhttp_connection*, void* self) {
  auto& exchange = *static_cast<EvhttpExchange*>(self);
  exchange.watched_ = nullptr;
  if (exchange.phase_ == Phase::kSending) return exchange.close();
  if (exchange.is_broken_) return exchange.end_stream();
  exchange.settle_written();  // a stream's next write finds the connection closed
}

void EvhttpExchange::close() {
  // The connection may serve another exchange before this one is gone.
  watch_connection(false);
  server_.on_closed(*this);
}

// Response's face.

void EvhttpExchange::add_header(std::string_view name, std::string_view value) {
  if (name.empty() || !is_header_safe(name) || !is_header_safe(value)) {
    fault_ = "a header contains a line break";
    return;
  }
  answer_.headers.push_back({std::string(name), std::string(value)});
}

void EvhttpExchange::set_body(std::string body, std::string_view content_type) {
  answer_.body = std::move(body);
  add_header("Content-Type", content_type);
}

void EvhttpExchange::redirect(std::string_view location) {
  set_status(303);
  add_header("Location", location);
}

void EvhttpExchange::store(std::optional<std::string> body_when_repeated) {
  is_stored_ = true;
  body_when_repeated_ = std::move(body_when_repeated);
}

Deferral EvhttpExchange::defer() {
  if (!in_handler_ || ticket_) {
    misuse("defer() is called once, before the handler returns");
    return {};
  }
  ticket_ = std::make_shared<Deferral::Ticket>();
  ticket_->exchange = this;
  Deferral deferral;
  deferral.ticket_ = ticket_;
  return deferral;
}

void EvhttpExchange::on_deferral_done() {
  ticket_->exchange = nullptr;
  ticket_ = nullptr;
  switch (phase_) {
    case Phase::kHandler:
      // Inside of the handler: it completes when it returns.
      if (!in_handler_) complete();
      return;
    case Phase::kStreaming:
      return end_stream();
    case Phase::kStreamGate:  // nothing was written; the gate's callback ends it
    case Phase::kSending:     // the gate sent something else
      return;
    case Phase::kBegin:  // a deferral exists only after the handler was called
    case Phase::kGate:   // and ends when it completes
      return;
  }
}

void EvhttpExchange::on_deferral_dropped() {
  if (phase_ == Phase::kHandler) fault_ = "the deferral was dropped without an answer";
  on_deferral_done();
}

void EvhttpExchange::stream(std::function<void()> on_open) {
  if (!ticket_ || phase_ != Phase::kHandler) {
    return misuse("stream() is called once, by a handler that has deferred its answer");
  }
  on_open_ = std::move(on_open);
  phase_ = Phase::kStreamGate;
  if (session_.is_empty()) {
    server_.door_->post([this, headers = server_.node_.headers_for(input_.view())] {
      on_stream_open(Release{.reply = {}, .headers = headers});
    });
    return;
  }
  server_.node_.commit(session_, [this](Release release) { on_stream_open(std::move(release)); });
}

void EvhttpExchange::on_stream_open(Release release) {
  if (release.reply) return send(*release.reply, {});
  if (!fault_.empty()) return fail(kFaulty, kFaultyText);
  add_headers(answer_.headers);
  add_headers(release.headers);
  watch_connection(true);
  phase_ = Phase::kStreaming;
  evhttp_send_reply_start(raw_, answer_.status, nullptr);
  if (!ticket_) return end_stream();  // done() came before the gate opened
  const std::function<void()> on_open = std::move(on_open_);
  if (on_open && !call("on_open", on_open)) break_stream();
}

// What the client has is not the whole: it must not look as if it were.
void EvhttpExchange::break_stream() {
  if (phase_ != Phase::kStreaming) return;
  if (ticket_) ticket_->exchange = nullptr;
  ticket_ = nullptr;
  if (!watched_) return end_stream();
  is_broken_ = true;
  // evhttp finds the end of its input in a later turn, and closes without the last chunk.
  ::shutdown(bufferevent_getfd(evhttp_connection_get_bufferevent(watched_)), SHUT_RD);
}

void EvhttpExchange::end_stream() {
  phase_ = Phase::kSending;
  const bool is_connected = watched_ != nullptr;
  evhttp_request_set_on_complete_cb(raw_, &on_sent, this);
  evhttp_send_reply_end(raw_);
  if (!is_connected) close();  // evhttp has freed the request; on_sent will not come
}

void EvhttpExchange::write(std::string_view bytes, std::function<void()> on_written) {
  if (phase_ != Phase::kStreaming) return misuse("write() belongs between on_open and done()");
  if (is_broken_) return;
  on_written_ = std::move(on_written);
  if (!watched_ || input_.method() == "HEAD") {
    // evhttp drops the chunk and makes no call.
    server_.door_->post([this, ticket = ticket_] {
      if (ticket->exchange) settle_written();
    });
    return;
  }
  evbuffer* chunk = evbuffer_new();
  CHECK(chunk && evbuffer_add(chunk, bytes.data(), bytes.size()) == 0);
  evhttp_send_reply_chunk_with_cb(raw_, chunk, &on_chunk_written, this);
  evbuffer_free(chunk);
}

void EvhttpExchange::on_chunk_written(evhttp_connection*, void* self) {
  static_cast<EvhttpExchange*>(self)->settle_written();
}

void EvhttpExchange::settle_written() {
  const std::function<void()> on_written = std::move(on_written_);
  on_written_ = nullptr;
  if (on_written && !call("on_written", on_written)) break_stream();
}

}  // namespace understudy
