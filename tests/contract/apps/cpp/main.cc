// SPDX-License-Identifier: Apache-2.0
// The contract application in C++, on the evhttp adapter; tests/contract/README.md says what it
// answers. contract_cpp CONFIG
#include <event2/event.h>
#include <event2/http.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "understudy/evhttp.h"

namespace {

using understudy::Deferral;
using understudy::Node;
using understudy::Request;
using understudy::Response;
using understudy::Session;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kBytes = "application/octet-stream";
constexpr int kHeadBytesMax = 65536;

std::string field(const Request& request, std::string_view name) {
  return request.field(name).value_or("");
}

std::string text(const Session& session, std::string_view name) {
  return std::string(session.get(name).value_or(""));
}

std::string count_answer(const Node& node, const Session& session, const std::string& count,
                         bool is_replayed) {
  return "{\"session\":\"" + session.id() + "\",\"count\":" + count + ",\"member\":\"" +
         node.options().member_name + "\",\"replayed\":" + (is_replayed ? "true" : "false") + "}\n";
}

void count(const Node& node, Session& session, Response& response) {
  const std::string before = session.contains("count") ? text(session, "count") : "0";
  const std::string now = session.replayed() ? before : std::to_string(std::stoul(before) + 1);
  session.set("count", now);
  response.set_body(count_answer(node, session, now, session.replayed()), kJson);
  response.store(count_answer(node, session, now, true));
}

void login(const Request& request, Session& session, Response& response) {
  const std::string user = field(request, "user");
  if (!session.replayed()) session.rotate_id();
  session.set("user", user);
  response.set_body("{\"session\":\"" + session.id() + "\",\"user\":\"" + user + "\"}\n", kJson);
}

void who_am_i(Session& session, Response& response) {
  const bool is_known = session.contains("user");
  const std::string user = is_known ? '"' + text(session, "user") + '"' : "null";
  response.set_body("{\"user\":" + user + "}\n", kJson);
}

// In a child of fork nothing of the node may be touched, and nothing breaks that tries.
bool is_refused_in_a_child(Node& node) {
  const pid_t child = fork();
  if (child == 0) {
    bool is_refused = false;
    node.begin({.method = "GET", .target = "/", .headers = {}}, {},
               [&is_refused](understudy::Decision decision) {
                 is_refused = decision.reply && decision.reply->status == 500;
               });
    _exit(is_refused ? 0 : 1);
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

std::string statistics(const Node& node) {
  const understudy::NodeStatistics now = node.statistics();
  std::string out = "{";
  const auto add = [&out](const char* name, std::uint64_t value) {
    out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + std::to_string(value);
  };
  add("requests", now.requests);
  add("commits", now.commits);
  add("replays", now.replays);
  add("sessions_primary", now.sessions_primary);
  add("sessions_secondary", now.sessions_secondary);
  add("members_alive", now.members_alive);
  return out + "}\n";
}

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
    slow.response->set_body("slow\n", kText);
    slow.deferral.done();
    event_free(slow.timer);
    owner.waiting_.remove_if([&slow](const Slow& other) { return &other == &slow; });
  }
  event_base* const base_;
  std::list<Slow> waiting_;
};

using Handler = understudy::EvhttpServer::Handler;

void add_attributes(understudy::EvhttpServer& server) {
  server.handle("/set", [](Request& request, Session& session, Response& response) {
    session.set(field(request, "name"), request.body());
    response.set_status(204);
  });
  server.handle("/get", [](Request& request, Session& session, Response& response) {
    const std::string name = field(request, "name");
    if (!session.contains(name)) return response.set_status(404);
    response.set_body(text(session, name), kBytes);
  });
  server.handle("/remove", [](Request& request, Session& session, Response& response) {
    session.remove(field(request, "name"));
    response.set_status(204);
  });
  server.handle("/size", [](Request& request, Session& session, Response& response) {
    session.set("big", std::string(std::stoul(field(request, "bytes")), 'x'));
    response.set_status(204);
  });
  server.handle("/append",
                [](Request& request, Session& session, Response& response) {
                  session.set("log", text(session, "log") + field(request, "text"));
                  response.set_body(text(session, "log"), kText);
                },
                {.exclusive = true});
}

void add_life(Node& node, understudy::EvhttpServer& server) {
  server.handle(
      "/count",
      [&node](Request&, Session& session, Response& response) { count(node, session, response); },
      {.exclusive = true});
  server.handle("/value", [&node](Request&, Session& session, Response& response) {
    const std::string now = session.contains("count") ? text(session, "count") : "0";
    response.set_body(count_answer(node, session, now, session.replayed()), kJson);
  });
  server.handle("/login", [](Request& request, Session& session, Response& response) {
    login(request, session, response);
  });
  server.handle("/whoami", [](Request&, Session& session, Response& response) {
    who_am_i(session, response);
  });
  server.handle("/logout", [](Request&, Session& session, Response& response) {
    session.invalidate();
    response.set_status(204);
  });
  server.handle("/throw", [](Request&, Session& session, Response&) {
    session.set("thrown", "1");
    throw std::runtime_error("the handler of /throw throws");
  });
}

void add_member(Node& node, understudy::EvhttpServer& server, event_base* base) {
  auto answers = std::make_shared<SlowAnswers>(base);
  server.handle("/slow", [answers](Request& request, Session&, Response& response) {
    answers->add(std::stol(field(request, "ms")), response);
  });
  server.handle("/fork", [&node](Request&, Session&, Response& response) {
    const bool is_refused = is_refused_in_a_child(node);
    response.set_status(is_refused ? 200 : 500);
    response.set_body(is_refused ? "forked" : "a child of fork could use the node", kText);
  });
  server.handle("/ready",
                [&node](Request&, Session&, Response& response) {
                  const auto now = node.readiness();
                  response.set_status(now == understudy::Readiness::kProtected ? 200 : 503);
                  response.set_body(std::string(understudy::to_text(now)), kText);
                },
                {.session = false});
  server.handle("/statistics",
                [&node](Request&, Session&, Response& response) {
                  response.set_body(statistics(node), kJson);
                },
                {.session = false});
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
    add_attributes(server);
    add_life(**node, server);
    add_member(**node, server, base);
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
