// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/example_server.h"

#include <event2/event.h>
#include <event2/http.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace examples {
namespace {

constexpr int kIdleSeconds = 120;  // longer than a proxy keeps a connection it does not use
constexpr std::size_t kHeadBytesMax = 64 * 1024;

struct Freer {
  void operator()(event_base* base) const { event_base_free(base); }
  void operator()(evhttp* http) const { evhttp_free(http); }
  void operator()(event* one) const { event_free(one); }
};
template <typename T>
using Owned = std::unique_ptr<T, Freer>;

// "127.0.0.1:7001" or "[::1]:7001"; load() has checked that it is one of them.
bool bind(evhttp* http, const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const auto port = static_cast<ev_uint16_t>(std::stoul(listen.substr(colon + 1)));
  return evhttp_bind_socket(http, host.c_str(), port) == 0;
}

struct Running {
  std::string who;  // "counter a"
  event_base* base;
  understudy::Node* node;
  understudy::EvhttpServer* server;
  bool is_stopping = false;
};

void on_signal(int, short, void* context) {
  auto& running = *static_cast<Running*>(context);
  if (running.is_stopping) {
    std::fprintf(stderr, "%s: told twice, stopping at once\n", running.who.c_str());
    event_base_loopbreak(running.base);
    return;
  }
  running.is_stopping = true;
  std::fprintf(stderr, "%s: draining\n", running.who.c_str());
  running.server->shutdown([&running] { event_base_loopbreak(running.base); });
}

void on_hangup(int, short, void* context) {
  const auto& running = *static_cast<Running*>(context);
  const std::optional<understudy::Failure> failure = running.node->reload_keys();
  std::fprintf(stderr, "%s: %s\n", running.who.c_str(),
               failure ? failure->text.c_str() : "the cluster's keys are read again");
}

int serve(const Example& example, const understudy::Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const Owned<event_base> base(event_base_new());
  const Owned<evhttp> http(evhttp_new(base.get()));
  evhttp_set_timeout(http.get(), kIdleSeconds);
  evhttp_set_max_headers_size(http.get(), kHeadBytesMax);
  evhttp_set_max_body_size(http.get(), static_cast<ev_ssize_t>(example.body_bytes_max));

  const std::string who = std::string(example.name) + ' ' + options.member_name;
  if (!bind(http.get(), options.listen)) {
    std::fprintf(stderr, "%s: cannot listen on %s: is it in use?\n", who.c_str(),
                 options.listen.c_str());
    return 1;
  }
  understudy::Outcome<std::unique_ptr<understudy::Node>> node = understudy::Node::open(options);
  if (!node) {
    std::fprintf(stderr, "%s: %s\n", who.c_str(), node.failure().text.c_str());
    return 1;
  }
  understudy::EvhttpServer server(**node, http.get(), base.get());
  example.add_handlers(**node, server, base.get());

  Running running{.who = who, .base = base.get(), .node = node->get(), .server = &server};
  const Owned<event> on_term(evsignal_new(base.get(), SIGTERM, &on_signal, &running));
  const Owned<event> on_int(evsignal_new(base.get(), SIGINT, &on_signal, &running));
  event_add(on_term.get(), nullptr);
  event_add(on_int.get(), nullptr);
  const Owned<event> on_hup(evsignal_new(base.get(), SIGHUP, &on_hangup, &running));
  event_add(on_hup.get(), nullptr);
  std::fprintf(stderr, "%s: serving on http://%s/, cluster address %s\n", who.c_str(),
               options.listen.c_str(), (*node)->cluster_address().c_str());
  event_base_dispatch(base.get());
  std::fprintf(stderr, "%s: stopped\n", who.c_str());
  return 0;
}

}  // namespace

int run_example(const Example& example, int argc, char** argv) {
  CLI::App app{std::string(example.description), std::string(example.name)};
  std::string path;
  app.add_option("-c,--config", path, "the member's configuration file")->required();
  for (const ExampleFlag& flag : example.flags) {
    app.add_flag(std::string(flag.name), *flag.value, std::string(flag.description));
  }
  CLI11_PARSE(app, argc, argv);

  const understudy::Outcome<understudy::Options> options = understudy::Options::load(path);
  if (!options) {
    std::fputs(options.failure().text.c_str(), stderr);
    return 1;
  }
  return serve(example, *options);
}

}  // namespace examples
