// SPDX-License-Identifier: Apache-2.0
// Sessions for servers on Boost.Beast: the application keeps its acceptor, its streams and its
// reading and writing of messages; what stands between a request and its response is here.
// Header-only; includes <boost/beast/http.hpp> and Boost.Asio.
//
//   boost::asio::io_context io;
//   auto executor = std::make_shared<understudy::AsioExecutor>(io.get_executor());
//   understudy::serve(*node, executor, std::move(request),
//       [](const BeastRequest& request, Session& session, BeastResponse& response) { ... },
//       [](BeastResponse response) { ... async_write ... }, {.exclusive = true});
//
// A coroutine does the same by itself:
//
//   const BeastView view(request);
//   const understudy::BeginOptions options{.executor = executor,
//                                          .relay = understudy::RelayBody{request.body()}};
//   auto decision = co_await node->begin(view.view(), options);
//   if (decision.reply) co_return to_beast(*std::move(decision.reply), request);
//   ...
//   auto release = co_await node->finish(std::move(decision.session));
//
// The node is destroyed before the io_context: until then callbacks may be posted to it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "understudy/log.h"
#include "understudy/node.h"

namespace understudy {

using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;
using BeastResponse = boost::beast::http::response<boost::beast::http::string_body>;

// Callbacks of a node as work of an io_context, a strand or a thread pool.
class AsioExecutor final : public Executor {
 public:
  explicit AsioExecutor(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  void post(std::function<void()> work) override { boost::asio::post(executor_, std::move(work)); }

 private:
  const boost::asio::any_io_executor executor_;
};

// The request as the node sees it. The request outlives it, and does not change meanwhile.
class BeastView final {
 public:
  explicit BeastView(const BeastRequest& request, bool tls = false)
      : method_(text(request.method_string())), target_(text(request.target())), tls_(tls) {
    for (const auto& field : request) {
      headers_.push_back({text(field.name_string()), text(field.value())});
    }
  }
  RequestView view() const {
    return {.method = method_, .target = target_, .headers = headers_, .tls = tls_};
  }
  std::string_view target() const { return target_; }
  std::string_view method() const { return method_; }

 private:
  static std::string_view text(boost::beast::string_view part) {
    return {part.data(), part.size()};
  }
  std::string_view method_;
  std::string_view target_;
  std::vector<HeaderView> headers_;
  bool tls_;
};

inline void add_headers(const std::vector<Header>& headers, BeastResponse& response) {
  for (const Header& header : headers) response.insert(header.name, header.value);
}

// A whole answer of the SDK's, to `request`: version and keep-alive as it wants them.
inline BeastResponse to_beast(Reply reply, const BeastRequest& request) {
  BeastResponse response;
  response.version(request.version());
  response.keep_alive(request.keep_alive());
  response.result(static_cast<unsigned>(reply.status));
  // Beast has no words for what it does not know.
  if (reply.status == 421) response.reason("Misdirected Request");
  response.body() = std::move(reply.body);
  add_headers(reply.headers, response);
  // An answer to HEAD that was relayed says how long that to GET would be.
  const bool has_length = response.count(boost::beast::http::field::content_length) > 0;
  if (!has_length) response.prepare_payload();
  return response;
}

struct ServeOptions {
  bool exclusive = false;  // one request of the session at a time
  bool tls = false;        // the client's side was TLS: the cookie gets Secure
  // Asked when the Decision has come: whether the proxy's connection still stands. A request that
  // had to wait may run elsewhere by now; it is dropped where this is false, and `send` not called.
  std::function<bool()> is_connected = {};
};

// Begins the request, runs `handler` and waits for the gate; then `send` gets what is to be sent,
// once, on `executor` as all of it. A handler that throws: 500, its session is not changed, and the
// log has the exception's text.
template <typename Handler, typename Send>
void serve(Node& node, std::shared_ptr<AsioExecutor> executor, BeastRequest request,
           Handler handler, Send send, ServeOptions options = {}) {
  struct Visit {
    Node& node;
    BeastRequest request;
    Handler handler;
    Send send;
    ServeOptions options;
    BeastResponse response;

    bool run(Session& session) {
      std::string why;
      try {
        handler(std::as_const(request), session, response);
        return true;
      } catch (const std::exception& thrown) {
        why = thrown.what();
      } catch (...) {
        why = "an exception that is no std::exception";
      }
      const BeastView view(request);
      write_log(Severity::kError, "handler of " + std::string(view.method()) + " " +
                                      std::string(view.target()) + " threw: " + why);
      return false;
    }
    void fail() {
      Reply reply{.status = 500,
                  .headers = node.headers_for(BeastView(request, options.tls).view()),
                  .body = "The application failed to make a response.\n"};
      reply.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
      send(to_beast(std::move(reply), request));
    }
  };
  auto visit = std::make_shared<Visit>(Visit{.node = node,
                                             .request = std::move(request),
                                             .handler = std::move(handler),
                                             .send = std::move(send),
                                             .options = std::move(options),
                                             .response = {}});
  visit->response.version(visit->request.version());
  visit->response.keep_alive(visit->request.keep_alive());
  const BeastView view(visit->request, visit->options.tls);
  node.begin(view.view(),
             {.exclusive = visit->options.exclusive,
              .executor = std::move(executor),
              .relay = RelayBody{.bytes = visit->request.body()}},
             [visit](Decision decision) {
               if (decision.reply) {
                 return visit->send(to_beast(*std::move(decision.reply), visit->request));
               }
               if (visit->options.is_connected && !visit->options.is_connected()) return;
               if (!visit->run(decision.session)) {
                 decision.session = Session();
                 return visit->fail();
               }
               visit->node.finish(std::move(decision.session), [visit](Release release) {
                 if (release.reply) {
                   return visit->send(to_beast(*std::move(release.reply), visit->request));
                 }
                 add_headers(release.headers, visit->response);
                 visit->response.prepare_payload();
                 visit->send(std::move(visit->response));
               });
             });
}

}  // namespace understudy
