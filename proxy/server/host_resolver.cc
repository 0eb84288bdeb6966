// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/host_resolver.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace understudy {

Result<std::unique_ptr<HostResolver>> HostResolver::open(EventLoop& main, Options options) {
  auto loop = EventLoop::open();
  if (!loop) return std::move(loop).error();
  return std::unique_ptr<HostResolver>(
      new HostResolver(main, *std::move(loop), std::move(options)));
}

HostResolver::HostResolver(EventLoop& main, std::unique_ptr<EventLoop> loop, Options options)
    : main_(main),
      found_(std::move(options.found)),
      lookup_(std::move(options.lookup)),
      due_(Timer::of<&HostResolver::on_due>(main.timers(), *this)),
      answers_(main, [this](const Answer& answer) { on_answer(answer); }),
      loop_(std::move(loop)),
      questions_(*loop_, [this](const std::string& address_text) {
        auto addresses = lookup_(address_text);
        answers_.post({address_text, addresses ? *std::move(addresses) : std::vector<Address>()});
      }) {
  thread_ = std::thread([this] { loop_->run(); });
}

HostResolver::~HostResolver() {
  loop_->stop();
  thread_.join();
}

HostResolver::Name* HostResolver::name_for(const std::string& address_text, Duration interval) {
  const auto known = names_.find(address_text);
  if (known == names_.end() && names_.size() >= kNamesResolvedMax) {
    LOG(kError, "too many host names to look up; {} is not", address_text);
    return nullptr;
  }
  Name& name = known != names_.end() ? known->second : names_[address_text];
  const bool is_shorter = name.interval == Duration::zero() || interval < name.interval;
  if (interval > Duration::zero() && is_shorter) name.interval = interval;
  return &name;
}

void HostResolver::ask(const std::string& address_text, Duration interval) {
  if (Name* name = name_for(address_text, interval)) send(address_text, *name);
}

void HostResolver::watch(const std::string& address_text, Duration interval) {
  if (interval <= Duration::zero()) return;
  if (Name* name = name_for(address_text, interval)) plan(*name, name->interval);
}

void HostResolver::forget_all() {
  names_.clear();
}

void HostResolver::send(const std::string& address_text, Name& name) {
  name.due = TimePoint::max();
  if (std::exchange(name.is_under_way, true)) return;
  questions_.post(address_text);
}

void HostResolver::plan(Name& name, Duration wait) {
  name.due = std::min(name.due, main_.now() + wait);
  if (!due_.is_running() || name.due < due_.deadline()) due_.start_at(name.due);
}

void HostResolver::on_answer(const Answer& answer) {
  const auto place = names_.find(answer.address_text);
  if (place == names_.end()) return;
  Name& name = place->second;
  name.is_under_way = false;
  if (answer.addresses.empty()) {
    if (!std::exchange(name.has_failed, true)) {
      LOG(kWarn, "{} has no address right now; it is looked up again", answer.address_text);
    }
    return plan(name, kResolveAgain);
  }
  name.has_failed = false;
  std::vector<Address> addresses = answer.addresses;
  if (addresses.size() > kAddressesOfNameMax) addresses.resize(kAddressesOfNameMax);
  if (name.interval > Duration::zero()) {
    plan(name, name.interval);
  } else {
    names_.erase(place);
  }
  found_(answer.address_text, addresses);
}

void HostResolver::on_due() {
  const TimePoint now = main_.now();
  TimePoint next = TimePoint::max();
  for (auto& [address_text, name] : names_) {
    if (name.due <= now) send(address_text, name);
    next = std::min(next, name.due);
  }
  if (next != TimePoint::max()) due_.start_at(next);
}

}  // namespace understudy
