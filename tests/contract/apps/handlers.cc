// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/apps/handlers.h"

#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace contract {
namespace {

using understudy::Node;
using understudy::Session;

constexpr const char* kJson = "application/json";
constexpr const char* kBytes = "application/octet-stream";

std::string text(const Session& session, std::string_view name) {
  return std::string(session.get(name).value_or(""));
}

std::string count_answer(const Node& node, const Session& session, const std::string& count,
                         bool is_replayed) {
  return "{\"session\":\"" + session.id() + "\",\"count\":" + count + ",\"member\":\"" +
         node.options().member_name + "\",\"replayed\":" + (is_replayed ? "true" : "false") + "}\n";
}

Answer count(const Node& node, Session& session) {
  const std::string before = session.contains("count") ? text(session, "count") : "0";
  const std::string now = session.replayed() ? before : std::to_string(std::stoul(before) + 1);
  session.set("count", now);
  return {.body = count_answer(node, session, now, session.replayed()),
          .type = kJson,
          .body_when_repeated = count_answer(node, session, now, true)};
}

Answer value(const Node& node, const Session& session) {
  const std::string now = session.contains("count") ? text(session, "count") : "0";
  return {.body = count_answer(node, session, now, session.replayed()), .type = kJson};
}

Answer login(const Asked& asked, Session& session) {
  const std::string user = asked.field("user");
  if (!session.replayed()) session.rotate_id();
  session.set("user", user);
  return {.body = "{\"session\":\"" + session.id() + "\",\"user\":\"" + user + "\"}\n",
          .type = kJson};
}

Answer who_am_i(const Session& session) {
  const std::string user =
      session.contains("user") ? '"' + text(session, "user") + '"' : std::string("null");
  return {.body = "{\"user\":" + user + "}\n", .type = kJson};
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

Answer fork_answer(Node& node) {
  if (is_refused_in_a_child(node)) return {.body = "forked"};
  return {.status = 500, .body = "a child of fork could use the node"};
}

Answer ready(const Node& node) {
  const understudy::Readiness now = node.readiness();
  return {.status = now == understudy::Readiness::kProtected ? 200 : 503,
          .body = std::string(understudy::to_text(now))};
}

Answer statistics(const Node& node) {
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
  return {.body = out + "}\n", .type = kJson};
}

Answer attribute(const Asked& asked, Session& session) {
  const std::string name = asked.field("name");
  if (asked.path == "/set") {
    session.set(name, asked.body);
    return {.status = 204};
  }
  if (asked.path == "/remove") {
    session.remove(name);
    return {.status = 204};
  }
  if (!session.contains(name)) return {.status = 404};
  return {.body = text(session, name), .type = kBytes};
}

}  // namespace

std::optional<Needs> needs_of(std::string_view path) {
  for (const std::string_view known : {"/set", "/get", "/remove", "/size", "/value", "/login",
                                       "/whoami", "/logout", "/throw", "/fork", "/slow"}) {
    if (path == known) return Needs{};
  }
  if (path == "/count" || path == "/append") return Needs{.exclusive = true};
  if (path == "/ready" || path == "/statistics") return Needs{.session = false};
  return std::nullopt;
}

Answer answer(Node& node, const Asked& asked, Session& session) {
  const std::string_view path = asked.path;
  if (path == "/set" || path == "/get" || path == "/remove") return attribute(asked, session);
  if (path == "/count") return count(node, session);
  if (path == "/value") return value(node, session);
  if (path == "/login") return login(asked, session);
  if (path == "/whoami") return who_am_i(session);
  if (path == "/fork") return fork_answer(node);
  if (path == "/ready") return ready(node);
  if (path == "/statistics") return statistics(node);
  if (path == "/size") {
    session.set("big", std::string(std::stoul(asked.field("bytes")), 'x'));
    return {.status = 204};
  }
  if (path == "/append") {
    session.set("log", text(session, "log") + asked.field("text"));
    return {.body = text(session, "log")};
  }
  if (path == "/logout") {
    session.invalidate();
    return {.status = 204};
  }
  if (path == "/throw") {
    session.set("thrown", "1");
    throw std::runtime_error("the handler of /throw throws");
  }
  return {.status = 404};
}

}  // namespace contract
