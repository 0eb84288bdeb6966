// SPDX-License-Identifier: Apache-2.0
// A cluster for tests that speaks of members by name: "a" has mid 1 and listens at 127.0.0.1:7001,
// "b" is 2 at 7002, and so on. Time is moved by hand.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cookies/keyring.h"
#include "cookies/view_header.h"
#include "proxy/routing/cluster.h"

namespace understudy::routing {

inline std::uint32_t mid_of(std::string_view name) {
  return static_cast<std::uint32_t>(name[0] - 'a' + 1);
}

inline std::string address_of(std::string_view name) {
  return "127.0.0.1:" + std::to_string(7000 + mid_of(name));
}

inline Seed seed_of(std::string_view name) {
  const std::string text = address_of(name);
  return {.address_text = text, .address = *Address::parse(text), .route = std::string(name)};
}

inline std::shared_ptr<const Keyring> test_keyring(std::uint8_t filler = 7) {
  const std::vector<std::uint8_t> bytes(kKeyBytesMin, filler);
  const Keyring::NamedKey key{'k', bytes};
  return Keyring::from_keys({&key, 1}).keyring;
}

// Entries ascending by mid, as the codec wants them.
inline ViewEntry entry_of(std::string_view name, AliveState alive = AliveState::kAlive) {
  return {
      .mid = mid_of(name), .name = std::string(name), .address = address_of(name), .alive = alive};
}

inline ClusterView view_of(std::uint64_t version, std::vector<ViewEntry> entries) {
  return {.cluster = std::string(kDefaultClusterName),
          .version = version,
          .beat = std::chrono::milliseconds(200),
          .entries = std::move(entries)};
}

class TestCluster {
 public:
  explicit TestCluster(std::string_view seeds, ClusterOptions options = {})
      : cluster_(with_seeds(seeds, std::move(options))) {}

  // The header that a member with the cluster's key would send.
  static std::string header(const ClusterView& view, std::uint8_t key_filler = 7) {
    return ViewCodec(*test_keyring(key_filler), view.cluster).encode(view).value_or("");
  }
  ViewOutcome learn(std::string_view from, const ClusterView& view) {
    return cluster_.on_view(*member(from), header(view), now());
  }
  ViewOutcome learn(const ClusterView& view) { return learn("a", view); }

  Member* member(std::string_view name) { return cluster_.table().by_address(address_of(name)); }
  static std::string name_of(const Member* member) {
    if (member == nullptr) return "-";
    return std::string(1, static_cast<char>('a' + member->address.port() - 7001));
  }

  // A cookie without signature is enough here: that is cookies/' business.
  static DecodedAffinity cookie(std::string_view primary, std::string_view secondary = "") {
    DecodedAffinity out{.refusal = AffinityRefusal::kNone};
    out.token.primary = mid_of(primary);
    if (!secondary.empty()) out.token.secondary = mid_of(secondary);
    return out;
  }
  static DecodedAffinity no_cookie() { return {}; }

  // The member that a fresh exchange asks first.
  std::string first(const DecodedAffinity& cookie = no_cookie()) {
    Attempt attempt = cluster_.begin(cookie);
    return name_of(cluster_.choose(attempt, now()).member);
  }
  // All that one exchange would ask in one pass, if each fails without anybody else hearing of it.
  std::string pass(const DecodedAffinity& cookie = no_cookie()) {
    Attempt attempt = cluster_.begin(cookie);
    std::string names;
    while (const Choice choice = cluster_.choose(attempt, now())) names += name_of(choice.member);
    return names;
  }
  void fail(std::string_view name, Failure failure = Failure::kRefused) {
    cluster_.table().on_failure(*member(name), failure, now());
  }

  Cluster& operator*() { return cluster_; }
  Cluster* operator->() { return &cluster_; }
  TimePoint now() const { return clock_.now(); }
  void wait(Duration time) { clock_.advance(time); }

 private:
  static ClusterOptions with_seeds(std::string_view seeds, ClusterOptions options) {
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      options.seeds.push_back(seed_of(seeds.substr(i, 1)));
    }
    if (options.keyring == nullptr) options.keyring = test_keyring();
    return options;
  }

  ManualClock clock_;
  Cluster cluster_;
};

}  // namespace understudy::routing
