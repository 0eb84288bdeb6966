// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/counter/counter.h"

#include <event2/event.h>
#include <json/value.h>
#include <json/writer.h>
#include <signal.h>

#include <charconv>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace examples {
namespace {

using understudy::Deferral;
using understudy::Node;
using understudy::Request;
using understudy::Response;
using understudy::Session;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";

std::optional<long> number(std::string_view text, long max) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > max) return std::nullopt;
  return value;
}

// What stands behind "/size/" or "/slow/".
std::string_view last_part(const Request& request) {
  return request.path().substr(request.path().rfind('/') + 1);
}

long count_of(const Session& session) {
  return number(session.get("count").value_or("0"), std::numeric_limits<long>::max()).value_or(0);
}

std::string answer(const Node& node, const Session& session, long count, bool replayed) {
  std::string out = "{\"session\":\"";
  if (count > 0) out += session.id();
  out += "\",\"count\":" + std::to_string(count);
  out += ",\"member\":" + Json::valueToQuotedString(node.options().member_name.c_str());
  out += replayed ? ",\"replayed\":true}\n" : ",\"replayed\":false}\n";
  return out;
}

bool allows(const Request& request, Response& response, std::string_view methods) {
  if (methods.find(request.method()) != std::string_view::npos) return true;
  response.set_status(405);
  response.add_header("Allow", methods);
  response.set_body("This path takes " + std::string(methods) + ".\n", kText);
  return false;
}

void refuse(Response& response, const std::string& text) {
  response.set_status(400);
  response.set_body(text, kText);
}

// GET, POST /count: one more. A request that is sent again gets the count it had made, and the
// answer says so.
void count(const Node& node, const Request& request, Session& session, Response& response) {
  if (!allows(request, response, "GET, POST")) return;
  const long count = count_of(session) + (session.replayed() ? 0 : 1);
  session.set("count", std::to_string(count));
  response.set_body(answer(node, session, count, session.replayed()), kJson);
  response.store(answer(node, session, count, true));
}

// GET /value: reads, and leaves nothing in a new session.
void value(const Node& node, const Request& request, const Session& session, Response& response) {
  if (!allows(request, response, "GET, HEAD")) return;
  response.set_body(answer(node, session, count_of(session), false), kJson);
}

// POST /login: the session goes on under another id.
void login(const Node& node, const Request& request, Session& session, Response& response) {
  if (!allows(request, response, "POST")) return;
  if (!session.replayed()) session.rotate_id();
  response.set_body(answer(node, session, count_of(session), session.replayed()), kJson);
  response.store(answer(node, session, count_of(session), true));
}

// POST /logout: the session's id is worth nothing from now on.
void logout(const Node& node, const Request& request, Session& session, Response& response) {
  if (!allows(request, response, "POST")) return;
  const long count = count_of(session);
  session.invalidate();
  response.set_body(answer(node, session, count, session.replayed()), kJson);
}

// GET /size/N: N bytes.
void size(const Request& request, Response& response) {
  if (!allows(request, response, "GET, HEAD")) return;
  const auto bytes = number(last_part(request), static_cast<long>(kSizeBytesMax));
  if (!bytes) return refuse(response, "/size/N: N is a number of bytes, at most 64 MiB.\n");
  response.set_body(std::string(static_cast<std::size_t>(*bytes), 'x'), kText);
}

// Answers that wait for their timers. Owned by the handler of /slow/, and so by the server: those
// that still wait when it goes are let go of.
class SlowAnswers final {
 public:
  SlowAnswers(const Node& node, event_base* base) : node_(node), base_(base) {}
  SlowAnswers(const SlowAnswers&) = delete;

  void add(long wait_ms, const Session& session, Response& response) {
    Slow& slow = waiting_.emplace_back(*this, session, response);
    const timeval wait{.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    evtimer_add(slow.timer, &wait);
  }

 private:
  struct Slow {
    Slow(SlowAnswers& all, const Session& of, Response& to)
        : owner(all),
          session(of),
          response(to),
          deferral(to.defer()),
          timer(evtimer_new(all.base_, &SlowAnswers::on_time, this)) {}
    ~Slow() { event_free(timer); }

    SlowAnswers& owner;
    const Session& session;
    Response& response;
    Deferral deferral;
    event* timer;
  };

  static void on_time(evutil_socket_t, short, void* context) {
    Slow& slow = *static_cast<Slow*>(context);
    SlowAnswers& owner = slow.owner;
    const long count = count_of(slow.session);
    slow.response.set_body(answer(owner.node_, slow.session, count, false), kJson);
    slow.deferral.done();
    owner.waiting_.remove_if([&slow](const Slow& other) { return &other == &slow; });
  }

  const Node& node_;
  event_base* const base_;
  std::list<Slow> waiting_;
};

// GET /slow/MS: like /value, after MS milliseconds; other requests go on meanwhile.
void slow(SlowAnswers& answers, const Request& request, const Session& session,
          Response& response) {
  if (!allows(request, response, "GET")) return;
  const auto wait_ms = number(last_part(request), kSlowMsMax);
  if (!wait_ms) return refuse(response, "/slow/MS: MS is milliseconds, at most ten minutes.\n");
  answers.add(*wait_ms, session, response);
}

// POST /echo: the body again.
void echo(const Request& request, Response& response) {
  if (!allows(request, response, "POST")) return;
  const std::string_view type = request.header("Content-Type");
  response.set_body(std::string(request.body()), type.empty() ? "application/octet-stream" : type);
}

}  // namespace

void add_die_handler(understudy::EvhttpServer& server) {
  server.handle("/die", [](Request& request, Session&, Response& response) {
    if (allows(request, response, "GET")) ::raise(SIGKILL);
  });
}

void add_counter_handlers(Node& node, understudy::EvhttpServer& server, event_base* base) {
  server.handle("/count",
                [&node](Request& request, Session& session, Response& response) {
                  count(node, request, session, response);
                },
                {.exclusive = true});
  server.handle("/value", [&node](Request& request, Session& session, Response& response) {
    value(node, request, session, response);
  });
  server.handle("/login",
                [&node](Request& request, Session& session, Response& response) {
                  login(node, request, session, response);
                },
                {.exclusive = true});
  server.handle("/logout",
                [&node](Request& request, Session& session, Response& response) {
                  logout(node, request, session, response);
                },
                {.exclusive = true});
  auto answers = std::make_shared<SlowAnswers>(node, base);
  server.handle("/slow/", [answers](Request& request, Session& session, Response& response) {
    slow(*answers, request, session, response);
  });
  server.handle("/size/",
                [](Request& request, Session&, Response& response) { size(request, response); },
                {.session = false});
  server.handle("/echo",
                [](Request& request, Session&, Response& response) { echo(request, response); },
                {.session = false});
  server.handle("/metrics",
                [&node](Request&, Session&, Response& response) {
                  response.set_body(node.metrics_text(),
                                    "text/plain; version=0.0.4; charset=utf-8");
                },
                {.session = false});
}

}  // namespace examples
