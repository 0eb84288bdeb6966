// SPDX-License-Identifier: Apache-2.0
#include "loadtest/newcomers.h"

#include <fmt/core.h>
#include <json/value.h>

#include "base/check.h"
#include "loadtest/cookie_jar.h"
#include "loadtest/installation.h"

namespace understudy::loadtest {
namespace {

constexpr unsigned kCountsTo = 2;

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
  send_next({.server = figures_.came++ % clients_.size(), .cookie = {}, .counted = 0});
}

void Newcomers::send_next(const Newcomer& newcomer) {
  const bool is_logout = newcomer.counted == kCountsTo;
  ClientRequest request{.method = "POST", .target = is_logout ? "/logout" : "/count"};
  if (!newcomer.cookie.empty()) request.headers.emplace_back("Cookie", newcomer.cookie);
  clients_[newcomer.server]->request(request,
                                     [this, is_logout, newcomer](const ClientResponse& response) {
                                       on_answer(newcomer, is_logout, response);
                                     });
}

void Newcomers::on_answer(Newcomer newcomer, bool was_logout, const ClientResponse& response) {
  if (response.status != 200) return fail(newcomer, response);
  if (was_logout) {
    ++figures_.left;
    return;
  }
  ++newcomer.counted;
  const Json::Value answer = parse_json(response.body);
  if (answer["count"].asUInt64() != newcomer.counted) {
    return fail(newcomer, response);
  }
  if (newcomer.counted == 1) {
    const std::string member = answer["member"].asString();
    if (!member.empty()) ++figures_.welcomed[member];
  }
  keep_cookies(newcomer.cookie, response);
  send_next(newcomer);
}

void Newcomers::fail(const Newcomer& newcomer, const ClientResponse& response) {
  ++figures_.failed;
  if (!figures_.first_failure.empty()) return;
  figures_.first_failure = fmt::format("after {} counts: status {}: {}{}", newcomer.counted,
                                       response.status, response.error, response.body);
}

}  // namespace understudy::loadtest
