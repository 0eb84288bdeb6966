// SPDX-License-Identifier: Apache-2.0
// HttplibServer: makes a server of cpp-httplib cluster-aware. Header-only; includes <httplib.h>.
//
//   httplib::Server server;
//   understudy::HttplibServer sessions(*node, server);
//   server.Post("/count", sessions.with_session(
//       [](const httplib::Request& request, understudy::Session& session,
//          httplib::Response& response) { ... }, {.exclusive = true}));
//
// A handler runs on a thread of the server's pool, which also waits for the session and for the
// gate: the pool must be larger than the number of requests that may wait at a time. cpp-httplib
// does not tell whether the proxy's connection still stands, so a request that had to wait for its
// session runs although the proxy may have given it up; its request id keeps it from counting
// twice. A body that a content provider streams leaves after the gate. The server and the node
// outlive *this; its methods are called before server.listen().
#pragma once

#include <httplib.h>

#include <exception>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "understudy/log.h"
#include "understudy/node.h"

namespace understudy {

struct HttplibOptions {
  bool exclusive = false;  // one request of the session at a time
};

class HttplibServer final {
 public:
  using Handler = std::function<void(const httplib::Request&, Session&, httplib::Response&)>;

  // Takes the server's pre-routing handler, for kReservedPath.
  HttplibServer(Node& node, httplib::Server& server) : node_(node) {
    server.set_pre_routing_handler(
        [&node](const httplib::Request& request, httplib::Response& response) {
          if (request.path != kReservedPath) {
            return httplib::Server::HandlerResponse::Unhandled;
          }
          const Seen seen(request);
          Decision decision = begin(node, seen, {});
          decision.session = Session();
          if (decision.reply) send(*std::move(decision.reply), response);
          return httplib::Server::HandlerResponse::Handled;
        });
  }
  HttplibServer(const HttplibServer&) = delete;

  // For Get(), Post() and their like. A handler that throws: 500, its session is not changed, and
  // the log has the exception's text. To keep an answer for a request that is sent again, call
  // session.store_response().
  httplib::Server::Handler with_session(Handler handler, HttplibOptions options = {}) {
    return [&node = node_, handler = std::move(handler), options](const httplib::Request& request,
                                                                  httplib::Response& response) {
      const Seen seen(request);
      Decision decision = begin(node, seen, {.exclusive = options.exclusive});
      if (decision.reply) return send(*std::move(decision.reply), response);
      if (!run(handler, request, decision.session, response)) {
        decision.session = Session();
        return fail(node, seen, response);
      }
      const int status = response.status;
      Release release = finish(node, std::move(decision.session));
      if (release.reply) return send(*std::move(release.reply), response);
      response.status = status;
      add(release.headers, response);
    };
  }

 private:
  // The request as the node sees it.
  class Seen final {
   public:
    explicit Seen(const httplib::Request& request) : request_(request) {
      headers_.reserve(request.headers.size());
      for (const auto& [name, value] : request.headers) headers_.push_back({name, value});
    }
    Seen(const Seen&) = delete;
    RequestView view() const {
      return {.method = request_.method, .target = request_.target, .headers = headers_};
    }

   private:
    const httplib::Request& request_;
    std::vector<HeaderView> headers_;
  };

  static Decision begin(Node& node, const Seen& seen, const BeginOptions& options) {
    std::promise<Decision> promise;
    node.begin(seen.view(), options,
               [&promise](Decision decision) { promise.set_value(std::move(decision)); });
    return promise.get_future().get();
  }

  static Release finish(Node& node, Session session) {
    std::promise<Release> promise;
    node.finish(std::move(session),
                [&promise](Release release) { promise.set_value(std::move(release)); });
    return promise.get_future().get();
  }

  static bool run(const Handler& handler, const httplib::Request& request, Session& session,
                  httplib::Response& response) {
    std::string why;
    try {
      handler(request, session, response);
      return true;
    } catch (const std::exception& thrown) {
      why = thrown.what();
    } catch (...) {
      why = "an exception that is no std::exception";
    }
    write_log(Severity::kError,
              "handler of " + request.method + " " + request.path + " threw: " + why);
    return false;
  }

  static void send(Reply reply, httplib::Response& response) {
    response = httplib::Response();
    response.status = reply.status;
    response.body = std::move(reply.body);
    add(reply.headers, response);
  }

  static void add(const std::vector<Header>& headers, httplib::Response& response) {
    for (const Header& header : headers) response.set_header(header.name, header.value);
  }

  static void fail(const Node& node, const Seen& seen, httplib::Response& response) {
    response = httplib::Response();
    response.status = 500;
    response.set_content("The application failed to make a response.\n",
                         "text/plain; charset=utf-8");
    add(node.headers_for(seen.view()), response);
  }

  Node& node_;
};

}  // namespace understudy
