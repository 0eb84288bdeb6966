// SPDX-License-Identifier: Apache-2.0
#include "loadtest/apart.h"

#include <algorithm>

#include "base/check.h"
#include "loadtest/partition.h"

namespace understudy::loadtest {

bool Apart::open(size_t members, const MemberOptions& member, size_t proxies,
                 const ProxyOptions& proxy) {
  CHECK(installation_.network() && members >= 2);
  std::vector<std::string> all;
  for (size_t index = 0; index < members; ++index) {
    all.push_back(Installation::member_name(index));
    sides_[index < (members + 1) / 2 ? 0 : 1].push_back(all.back());
  }
  MemberOptions options = member;
  // Each half has a member to begin with, and each can be found by the other.
  options.seeds = {sides_[0].front(), sides_[1].front()};
  for (const std::string& name : all) installation_.add_member(name, options);
  for (const std::string& name : sides_[0]) {
    if (!cut(name, sides_[1])) return false;
  }
  if (!open_side(sides_[0]) || !open_side(sides_[1])) return false;
  for (size_t index = 0; index < proxies; ++index) {
    // No request has come to it yet: it has asked no member.
    if (!installation_.start_proxy(proxy, index)) return false;
    if (!cut(Installation::proxy_host(index), sides_[1 - index % 2])) return false;
  }
  return true;
}

bool Apart::open_side(const std::vector<std::string>& names) {
  const std::vector<std::string> first = {names.front()};
  for (const std::string& name : names) {
    installation_.start(name);
    const bool founds = name == names.front();
    if (founds && !installation_.wait_until([&] { return installation_.member_sees(name, first); }))
      return false;
  }
  return installation_.wait_until([&] {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return installation_.member_sees(name, names);
    });
  });
}

bool Apart::cut(const std::string& host, const std::vector<std::string>& others) {
  Network::Commands commands;
  for (const std::string& other : others) {
    for (auto& command : installation_.network()->part(host, other)) {
      commands.push_back(std::move(command));
    }
  }
  return wait_for(commands);
}

bool Apart::wait_for(const Network::Commands& commands) {
  return installation_.wait_until([&] {
    return std::none_of(commands.begin(), commands.end(),
                        [](const auto& command) { return command->is_running(); });
  });
}

void Apart::heal() {
  commands_ = part_or_heal(*installation_.network(), {.action = ChaosAction::kHeal});
}

bool Apart::is_one() {
  std::vector<std::string> all = sides_[0];
  all.insert(all.end(), sides_[1].begin(), sides_[1].end());
  std::sort(all.begin(), all.end());
  return std::all_of(all.begin(), all.end(),
                     [&](const std::string& name) { return installation_.member_sees(name, all); });
}

}  // namespace understudy::loadtest
