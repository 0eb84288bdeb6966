// SPDX-License-Identifier: Apache-2.0
// The contract application on Boost.Beast: one io_context, one thread. /slow is a coroutine; all
// else goes through serve(). contract_beast CONFIG
#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "tests/contract/apps/handlers.h"
#include "understudy/beast.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using understudy::BeastRequest;
using understudy::BeastResponse;
using understudy::Node;
using understudy::Session;

constexpr std::uint64_t kBodyBytesMax = 64 << 20;

struct Site {
  asio::io_context io;
  std::shared_ptr<understudy::AsioExecutor> executor =
      std::make_shared<understudy::AsioExecutor>(io.get_executor());
  std::unique_ptr<Node> node;
};

// Of "/get?name=a%20b".
std::string_view path_of(const BeastRequest& request) {
  const std::string_view target(request.target().data(), request.target().size());
  return target.substr(0, target.find('?'));
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string field_of(const BeastRequest& request, std::string_view name) {
  const std::string_view target(request.target().data(), request.target().size());
  std::string_view query = target.substr(std::min(target.find('?'), target.size() - 1) + 1);
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    const std::size_t equals = part.find('=');
    if (decoded(part.substr(0, equals)) != name || equals == part.npos) continue;
    return decoded(part.substr(equals + 1));
  }
  return {};
}

void answer(Node& node, const BeastRequest& request, Session& session, BeastResponse& response) {
  contract::Answer answer =
      contract::answer(node,
                       {.path = path_of(request),
                        .body = request.body(),
                        .field = [&](std::string_view name) { return field_of(request, name); }},
                       session);
  response.result(static_cast<unsigned>(answer.status));
  response.set(beast::http::field::content_type, answer.type);
  response.body() = std::move(answer.body);
  if (!answer.body_when_repeated) return;
  session.store_response({.status = answer.status,
                          .headers = {{"Content-Type", answer.type}},
                          .body = *std::move(answer.body_when_repeated)});
}

// A coroutine whose frame lives until it has ended.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

struct Pause {
  asio::steady_timer& timer;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    timer.async_wait([coroutine](beast::error_code) { coroutine.resume(); });
  }
  void await_resume() {}
};

// A connection: one request after the other, until the client closes it.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Site& site, tcp::socket socket) : site_(site), stream_(std::move(socket)) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(kBodyBytesMax);
    beast::http::async_read(stream_, buffer_, *parser_,
                            [self = shared_from_this()](beast::error_code error, std::size_t) {
                              if (!error) self->on_request(self->parser_->release());
                            });
  }

 private:
  void on_request(BeastRequest request) {
    const std::string_view path = path_of(request);
    if (path == "/slow") {
      be_slow(shared_from_this(), std::move(request));
      return;
    }
    const auto needs =
        path == understudy::kReservedPath ? contract::Needs{} : contract::needs_of(path);
    if (!needs) return write(understudy::to_beast({.status = 404}, request));
    if (!needs->session) {
      Session none;
      BeastResponse response = understudy::to_beast({}, request);
      answer(*site_.node, request, none, response);
      response.prepare_payload();
      return write(std::move(response));
    }
    understudy::serve(
        *site_.node, site_.executor, std::move(request),
        [&node = *site_.node](const BeastRequest& asked, Session& session,
                              BeastResponse& response) { answer(node, asked, session, response); },
        [self = shared_from_this()](BeastResponse response) { self->write(std::move(response)); },
        {.exclusive = needs->exclusive,
         .is_connected = [self = shared_from_this()] { return self->is_connected(); }});
  }

  static Detached be_slow(std::shared_ptr<Connection> self, BeastRequest request) {
    Node& node = *self->site_.node;
    const understudy::BeastView view(request);
    const understudy::BeginOptions options{.executor = self->site_.executor,
                                           .relay = understudy::RelayBody{request.body()}};
    auto decision = co_await node.begin(view.view(), options);
    if (decision.reply) {
      self->write(understudy::to_beast(*std::move(decision.reply), request));
      co_return;
    }
    if (!self->is_connected()) co_return;
    asio::steady_timer timer(self->site_.io,
                             std::chrono::milliseconds(std::stol(field_of(request, "ms"))));
    co_await Pause{timer};
    auto release = co_await node.finish(std::move(decision.session));
    if (release.reply) {
      self->write(understudy::to_beast(*std::move(release.reply), request));
      co_return;
    }
    self->write(understudy::to_beast(
        {.status = 200, .headers = std::move(release.headers), .body = "slow\n"}, request));
  }

  bool is_connected() {
    pollfd socket{.fd = stream_.socket().native_handle(), .events = POLLRDHUP, .revents = 0};
    return poll(&socket, 1, 0) == 0;
  }

  void write(BeastResponse response) {
    response_ = std::move(response);
    const bool goes_on = response_.keep_alive();
    beast::http::async_write(
        stream_, response_,
        [self = shared_from_this(), goes_on](beast::error_code error, std::size_t) {
          if (!error && goes_on) return self->read();
          beast::error_code ignored;
          self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        });
  }

  Site& site_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  BeastResponse response_;
};

void accept(Site& site, tcp::acceptor& acceptor) {
  acceptor.async_accept([&](beast::error_code error, tcp::socket socket) {
    if (error) return;
    beast::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::make_shared<Connection>(site, std::move(socket))->read();
    accept(site, acceptor);
  });
}

int serve(const understudy::Options& options) {
  Site site;
  const std::size_t colon = options.listen.rfind(':');
  const tcp::endpoint place(
      asio::ip::make_address(options.listen.substr(0, colon)),
      static_cast<unsigned short>(std::stoul(options.listen.substr(colon + 1))));
  tcp::acceptor acceptor(site.io, place);
  auto node = Node::open(options);
  if (!node) return std::fprintf(stderr, "%s\n", node.failure().text.c_str()), 1;
  site.node = std::move(*node);
  asio::signal_set signals(site.io, SIGTERM);
  signals.async_wait(
      [&](beast::error_code, int) { site.node->drain([&] { site.io.stop(); }, site.executor); });
  accept(site, acceptor);
  site.io.run();
  site.node.reset();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: contract_beast CONFIG\n", stderr), 2;
  const auto options = understudy::Options::load(argv[1]);
  if (!options) return std::fputs(options.failure().text.c_str(), stderr), 1;
  return serve(*options);
}
