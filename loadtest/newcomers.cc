// SPDX-License-Identifier: Apache-2.0
#include "loadtest/newcomers.h"

#include <fmt/core.h>
#include <json/value.h>

#include <array>

#include "base/check.h"
#include "loadtest/cookie_jar.h"
#include "loadtest/installation.h"

namespace understudy::loadtest {
namespace {

enum class Cookie : uint8_t { kOwn, kBeforeLogin, kBeforeLogout };

struct Step {
  const char* method;
  const char* target;
  unsigned count;  // that the answer must say
  Cookie cookie = Cookie::kOwn;
};
constexpr std::array kSteps = {Step{"POST", "/count", 1},
                               Step{"POST", "/login", 1},
                               Step{"POST", "/count", 2},
                               Step{"POST", "/logout", 2},
                               Step{"GET", "/value", 0, Cookie::kBeforeLogout},
                               Step{"GET", "/value", 0, Cookie::kBeforeLogin}};
constexpr size_t kLogin = 1;
constexpr size_t kLogout = 3;

}  // namespace

Newcomers::Newcomers(EventLoop& loop, const Options& options)
    : loop_(loop), options_(options), timer_(Timer::of<&Newcomers::on_time>(loop.timers(), *this)) {
  CHECK(!options_.servers.empty());
  for (const Address& server : options_.servers) {
    clients_.push_back(make_client(loop_, server, options_.client));
  }
}

Newcomers::~Newcomers() = default;

void Newcomers::start() {
  timer_.start_at(loop_.now() + options_.every);
}

void Newcomers::stop() {
  timer_.stop();
}

void Newcomers::on_time() {
  timer_.start_at(loop_.now() + options_.every);
  send_next({.server = figures_.came++ % clients_.size(), .cookie = {}});
}

void Newcomers::send_next(const Newcomer& newcomer) {
  const Step& step = kSteps[newcomer.step];
  ClientRequest request{.method = step.method, .target = step.target};
  const std::string& cookie = step.cookie == Cookie::kOwn           ? newcomer.cookie
                              : step.cookie == Cookie::kBeforeLogin ? newcomer.before_login
                                                                    : newcomer.before_logout;
  if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
  clients_[newcomer.server]->request(
      request, [this, newcomer](const ClientResponse& response) { on_answer(newcomer, response); });
}

void Newcomers::on_answer(Newcomer newcomer, const ClientResponse& response) {
  const Step& step = kSteps[newcomer.step];
  if (response.status != 200) return fail(newcomer, response);
  const Json::Value answer = parse_json(response.body);
  if (!answer.isObject() || answer["count"].asUInt64() != step.count) {
    return fail(newcomer, response);
  }
  if (newcomer.step == 0) {
    const std::string member = answer["member"].asString();
    if (!member.empty()) ++figures_.welcomed[member];
  }
  if (newcomer.step == kLogin) newcomer.before_login = newcomer.cookie;
  if (newcomer.step == kLogout) newcomer.before_logout = newcomer.cookie;
  keep_cookies(newcomer.cookie, response);
  if (++newcomer.step < kSteps.size()) return send_next(newcomer);
  ++figures_.left;
}

void Newcomers::fail(const Newcomer& newcomer, const ClientResponse& response) {
  ++figures_.failed;
  if (!figures_.first_failure.empty()) return;
  const Step& step = kSteps[newcomer.step];
  figures_.first_failure = fmt::format("step {}, {} {}, which should have said {}: status {}: {}{}",
                                       newcomer.step + 1, step.method, step.target, step.count,
                                       response.status, response.error, response.body);
}

}  // namespace understudy::loadtest
