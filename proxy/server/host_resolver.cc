// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/host_resolver.h"

#include <utility>

#include "base/log.h"

namespace understudy {

Result<std::unique_ptr<HostResolver>> HostResolver::open(EventLoop& main, Callback found) {
  auto loop = EventLoop::open();
  if (!loop) return std::move(loop).error();
  return std::unique_ptr<HostResolver>(new HostResolver(main, *std::move(loop), std::move(found)));
}

HostResolver::HostResolver(EventLoop& main, std::unique_ptr<EventLoop> loop, Callback found)
    : main_(main),
      found_(std::move(found)),
      again_(Timer::of<&HostResolver::ask_again>(main.timers(), *this)),
      answers_(main, [this](const Answer& answer) { on_answer(answer); }),
      loop_(std::move(loop)),
      questions_(*loop_, [this](const std::string& address_text) {
        const auto addresses = resolve(address_text);
        const bool has_one = addresses && !addresses->empty();
        answers_.post({address_text, has_one ? addresses->front() : Address()});
      }) {
  thread_ = std::thread([this] { loop_->run(); });
}

HostResolver::~HostResolver() {
  loop_->stop();
  thread_.join();
}

void HostResolver::ask(const std::string& address_text) {
  if (under_way_.size() >= kNamesResolvedMax) {
    LOG(kError, "too many host names to look up; {} has to wait", address_text);
    return;
  }
  failed_.erase(address_text);
  if (under_way_.insert(address_text).second) questions_.post(address_text);
}

void HostResolver::on_answer(const Answer& answer) {
  under_way_.erase(answer.address_text);
  if (answer.address.is_set()) return found_(answer.address_text, answer.address);
  if (failed_.size() >= kNamesResolvedMax) return;
  LOG(kWarn, "{} has no address; it is looked up again in 10 s", answer.address_text);
  failed_.insert(answer.address_text);
  if (!again_.is_running()) again_.start_at(main_.now() + kResolveAgain);
}

void HostResolver::ask_again() {
  const auto names = std::exchange(failed_, {});
  for (const std::string& name : names) ask(name);
}

}  // namespace understudy
