// SPDX-License-Identifier: Apache-2.0
// The contract application on cpp-httplib, a thread for each request. contract_httplib CONFIG
#include <poll.h>
#include <signal.h>

#include <cstdio>
#include <string>
#include <thread>

#include "tests/contract/apps/handlers.h"
#include "understudy/httplib.h"

namespace {

using understudy::Node;
using understudy::Session;

// As many requests wait at a time in the suite.
constexpr std::size_t kThreads = 64;

void answer(Node& node, const httplib::Request& request, Session& session,
            httplib::Response& response) {
  const auto field = [&](std::string_view name) {
    return request.get_param_value(std::string(name).c_str());
  };
  if (request.path == "/slow") {
    poll(nullptr, 0, std::stoi(field("ms")));
    return response.set_content("slow\n", "text/plain; charset=utf-8");
  }
  contract::Answer answer =
      contract::answer(node, {.path = request.path, .body = request.body, .field = field}, session);
  response.status = answer.status;
  if (answer.status != 204) response.set_content(answer.body, answer.type);
  if (!answer.body_when_repeated) return;
  session.store_response({.status = answer.status,
                          .headers = {{"Content-Type", answer.type}},
                          .body = *std::move(answer.body_when_repeated)});
}

void add_handlers(Node& node, understudy::HttplibServer& sessions, httplib::Server& server) {
  const auto handler = [&node](const httplib::Request& request, Session& session,
                               httplib::Response& response) {
    answer(node, request, session, response);
  };
  const std::string plain = "/(set|get|remove|size|value|login|whoami|logout|throw|fork|slow)";
  const std::string exclusive = "/(count|append)";
  for (const bool is_exclusive : {false, true}) {
    const std::string& paths = is_exclusive ? exclusive : plain;
    server.Get(paths, sessions.with_session(handler, {.exclusive = is_exclusive}));
    server.Post(paths, sessions.with_session(handler, {.exclusive = is_exclusive}));
  }
  server.Get("/(ready|statistics)",
             [&node](const httplib::Request& request, httplib::Response& response) {
               Session none;
               answer(node, request, none, response);
             });
}

// SIGTERM, taken by the thread that waits for it: drains, then ends the server.
void end_at(const sigset_t& signals, Node& node, httplib::Server& server) {
  int number = 0;
  sigwait(&signals, &number);
  std::promise<void> drained;
  node.drain([&drained] { drained.set_value(); });
  drained.get_future().wait();
  server.stop();
}

int serve(const understudy::Options& options, const sigset_t& signals) {
  auto node = Node::open(options);
  if (!node) return std::fprintf(stderr, "%s\n", node.failure().text.c_str()), 1;
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_keep_alive_max_count(1'000'000);
  server.set_tcp_nodelay(true);
  understudy::HttplibServer sessions(**node, server);
  add_handlers(**node, sessions, server);
  const std::size_t colon = options.listen.rfind(':');
  const int port = std::stoi(options.listen.substr(colon + 1));
  std::thread ending(end_at, std::cref(signals), std::ref(**node), std::ref(server));
  if (!server.listen(options.listen.substr(0, colon).c_str(), port)) {
    std::fprintf(stderr, "cannot listen on %s\n", options.listen.c_str());
    raise(SIGTERM);
    ending.join();
    return 1;
  }
  ending.join();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: contract_httplib CONFIG\n", stderr), 2;
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // in all threads to come
  const auto options = understudy::Options::load(argv[1]);
  if (!options) return std::fputs(options.failure().text.c_str(), stderr), 1;
  return serve(*options, signals);
}
