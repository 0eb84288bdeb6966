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

#include <algorithm>
#include <exception>
#include <future>
#include <string>
#include <string_view>
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
      const RelayBody whole{.bytes = request.body, .streams = true};
      Decision decision = begin(node, seen, {.exclusive = options.exclusive, .relay = whole});
      if (decision.reply) return send(*std::move(decision.reply), response);
      if (!decision.relayed.is_empty()) {
        return send_relayed(std::move(decision.relayed), request.method == "HEAD", response);
      }
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

  static bool is_same(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
      const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; };
      return lower(a) == lower(b);
    });
  }

  static RelayedChunk read(Relayed& relayed) {
    std::promise<RelayedChunk> promise;
    relayed.read([&promise](RelayedChunk chunk) { promise.set_value(std::move(chunk)); });
    return promise.get_future().get();
  }

  // The answer of the member that serves the session: whole where it is whole by now, else as it
  // comes, read no faster than the client takes it.
  static void send_relayed(Relayed relayed, bool is_head, httplib::Response& response) {
    using Kind = RelayedChunk::Kind;
    response = httplib::Response();
    response.status = relayed.status();
    std::string type;
    std::string length;
    for (const Header& header : relayed.headers()) {
      if (is_same(header.name, "Content-Length")) {
        length = header.value;
      } else if (is_same(header.name, "Content-Type")) {
        type = header.value;
      } else {
        response.headers.emplace(header.name, header.value);
      }
    }
    if (is_head) {
      if (!type.empty()) response.set_header("Content-Type", type);
      if (!length.empty()) response.set_header("Content-Length", length);
      return;
    }
    RelayedChunk first = read(relayed);
    if (first.kind == Kind::kBroken && first.bytes.empty()) {
      response = httplib::Response();
      response.status = 502;
      return response.set_content("The member that serves this session broke its answer off.\n",
                                  "text/plain; charset=utf-8");
    }
    if (first.kind == Kind::kLast) {
      response.body = std::move(first.bytes);
      if (!type.empty()) response.set_header("Content-Type", type);
      return;
    }
    struct Stream {
      Relayed relayed;
      RelayedChunk chunk;
    };
    auto stream = std::make_shared<Stream>(Stream{std::move(relayed), std::move(first)});
    const auto give = [stream](httplib::DataSink& sink, bool has_end) {
      RelayedChunk& chunk = stream->chunk;
      if (chunk.kind == Kind::kBroken) return false;  // the connection ends without the rest
      if (!chunk.bytes.empty() && !sink.write(chunk.bytes.data(), chunk.bytes.size())) return false;
      if (chunk.kind == Kind::kMore) {
        chunk = read(stream->relayed);
      } else {
        chunk.bytes.clear();
        if (has_end) sink.done();
      }
      return true;
    };
    if (length.empty()) {
      response.set_chunked_content_provider(
          type, [give](std::size_t, httplib::DataSink& sink) { return give(sink, true); });
    } else {
      response.set_content_provider(
          std::stoull(length), type,
          [give](std::size_t, std::size_t, httplib::DataSink& sink) { return give(sink, false); });
    }
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
