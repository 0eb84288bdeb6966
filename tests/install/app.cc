// SPDX-License-Identifier: Apache-2.0
// An application outside of the tree: all it knows is what `cmake --install` has put somewhere. It
// is the only member of its cluster, writes into a session, and finds it again by its cookie.
#include <understudy/node.h>
#include <understudy/options.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <string>
#include <utility>
#include <vector>

namespace {

// Begins a request with `cookie`, runs `handler`; the cookie that the client has then, empty when
// the node gave another answer.
template <typename Handler>
std::string ask(understudy::Node& node, const std::string& cookie, Handler handler) {
  std::vector<understudy::HeaderView> headers;
  const std::string line = "JSESSIONID=" + cookie;
  if (!cookie.empty()) headers.push_back({"Cookie", line});
  std::promise<understudy::Decision> decided;
  node.begin({.method = "GET", .target = "/", .headers = headers}, {},
             [&](understudy::Decision decision) { decided.set_value(std::move(decision)); });
  understudy::Decision decision = decided.get_future().get();
  if (decision.reply) return {};
  handler(decision.session);
  std::promise<understudy::Release> released;
  node.finish(std::move(decision.session),
              [&](understudy::Release release) { released.set_value(std::move(release)); });
  const understudy::Release release = released.get_future().get();
  if (release.reply) return {};
  for (const understudy::Header& header : release.headers) {
    if (header.name == "Set-Cookie" && header.value.starts_with("JSESSIONID=")) {
      return header.value.substr(11, header.value.find(';') - 11);
    }
  }
  return cookie;
}

}  // namespace

int main() {
  understudy::Options options;
  options.member_name = "a";
  options.listen = "127.0.0.1:1";  // announced; nothing binds it here
  options.cluster_listen = "127.0.0.1:0";
  options.cluster_insecure = true;
  options.heartbeat_interval = std::chrono::milliseconds(50);
  options.error_log = "stderr";
  const auto node = understudy::Node::open(options);
  if (!node) return std::fputs(node.failure().text.c_str(), stderr), 1;

  if (const auto failure = (*node)->wait_ready(std::chrono::seconds(30))) {
    return std::fputs(failure->text.c_str(), stderr), 1;
  }
  const std::string cookie =
      ask(**node, "", [](understudy::Session& session) { session.set("name", "Anna"); });
  std::string name;
  ask(**node, cookie,
      [&](understudy::Session& session) { name = session.get("name").value_or("nothing"); });
  std::printf("read back: %s\n", name.c_str());
  return name == "Anna" ? 0 : 1;
}
