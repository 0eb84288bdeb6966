// SPDX-License-Identifier: Apache-2.0
// The contract application in C++, on the evhttp adapter; tests/contract/README.md says what it
// answers. contract_cpp CONFIG
#include <event2/event.h>
#include <event2/http.h>

#include <csignal>
#include <cstdio>
#include <list>
#include <memory>
#include <string>

#include "tests/contract/apps/handlers.h"
#include "understudy/evhttp.h"

namespace {

using understudy::Deferral;
using understudy::Node;
using understudy::Request;
using understudy::Response;
using understudy::Session;

constexpr int kHeadBytesMax = 65536;

// Answers that wait for their timers, while the loop serves others.
class SlowAnswers final {
 public:
  explicit SlowAnswers(event_base* base) : base_(base) {}
  SlowAnswers(const SlowAnswers&) = delete;
  void add(long wait_ms, Response& response) {
    Slow& slow = waiting_.emplace_back(Slow{this, &response, response.defer(), nullptr});
    slow.timer = evtimer_new(base_, &SlowAnswers::on_time, &slow);
    const timeval wait{.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    evtimer_add(slow.timer, &wait);
  }

 private:
  struct Slow {
    SlowAnswers* owner;
    Response* response;
    Deferral deferral;
    event* timer;
  };
  static void on_time(evutil_socket_t, short, void* context) {
    Slow& slow = *static_cast<Slow*>(context);
    SlowAnswers& owner = *slow.owner;
    slow.response->set_body("slow\n", "text/plain; charset=utf-8");
    slow.deferral.done();
    event_free(slow.timer);
    owner.waiting_.remove_if([&slow](const Slow& other) { return &other == &slow; });
  }
  event_base* const base_;
  std::list<Slow> waiting_;
};

void answer(Node& node, const Request& request, Session& session, Response& response) {
  const auto field = [&](std::string_view name) { return request.field(name).value_or(""); };
  contract::Answer answer = contract::answer(
      node, {.path = request.path(), .body = request.body(), .field = field}, session);
  response.set_status(answer.status);
  if (answer.status != 204) response.set_body(std::move(answer.body), answer.type);
  if (answer.body_when_repeated) response.store(*std::move(answer.body_when_repeated));
}

void add_handlers(Node& node, understudy::EvhttpServer& server, event_base* base) {
  for (const char* path :
       {"/set", "/get", "/remove", "/size", "/append", "/count", "/value", "/login", "/whoami",
        "/logout", "/throw", "/fork", "/ready", "/statistics"}) {
    const contract::Needs needs = *contract::needs_of(path);
    server.handle(path,
                  [&node](Request& request, Session& session, Response& response) {
                    answer(node, request, session, response);
                  },
                  {.exclusive = needs.exclusive, .session = needs.session});
  }
  auto answers = std::make_shared<SlowAnswers>(base);
  server.handle("/slow", [answers](Request& request, Session&, Response& response) {
    answers->add(std::stol(request.field("ms").value_or("0")), response);
  });
}

struct Running {
  event_base* base;
  understudy::EvhttpServer* server;
};

void on_term(evutil_socket_t, short, void* context) {
  auto& running = *static_cast<Running*>(context);
  running.server->shutdown([base = running.base] { event_base_loopbreak(base); });
}

int serve(const understudy::Options& options) {
  event_base* base = event_base_new();
  evhttp* http = evhttp_new(base);
  evhttp_set_max_headers_size(http, kHeadBytesMax);
  const std::size_t colon = options.listen.rfind(':');
  const auto port = static_cast<ev_uint16_t>(std::stoul(options.listen.substr(colon + 1)));
  if (evhttp_bind_socket(http, options.listen.substr(0, colon).c_str(), port) != 0) {
    return std::fprintf(stderr, "cannot listen on %s\n", options.listen.c_str()), 1;
  }
  auto node = Node::open(options);
  if (!node) return std::fprintf(stderr, "%s\n", node.failure().text.c_str()), 1;
  {
    understudy::EvhttpServer server(**node, http, base);
    add_handlers(**node, server, base);
    Running running{.base = base, .server = &server};
    event* term = evsignal_new(base, SIGTERM, &on_term, &running);
    event_add(term, nullptr);
    event_base_dispatch(base);
    event_free(term);
  }
  evhttp_free(http);
  event_base_free(base);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: contract_cpp CONFIG\n", stderr), 2;
  std::signal(SIGPIPE, SIG_IGN);
  const auto options = understudy::Options::load(argv[1]);
  if (!options) return std::fputs(options.failure().text.c_str(), stderr), 1;
  return serve(*options);
}
