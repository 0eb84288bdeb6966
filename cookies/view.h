// SPDX-License-Identifier: Apache-2.0
#pragma once

// The member list that members and proxies exchange, whatever text it travels in (view_header.h,
// weblogic_view.h). Values; any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace understudy {

inline constexpr std::size_t kViewMembersMax = 4096;
inline constexpr std::size_t kViewNameBytesMax = 64;      // cluster, member, machine
inline constexpr std::size_t kViewAddressBytesMax = 261;  // 253 host, brackets, colon, port
inline constexpr std::uint16_t kViewWeightMax = 1000;
inline constexpr std::chrono::milliseconds kViewBeatMax{3'600'000};
inline constexpr std::size_t kViewAbsorbedMax = 8;

enum class AliveState : std::uint8_t { kAlive, kSuspect, kDead, kLeft };
enum class OperatorState : std::uint8_t { kReady, kDraining, kDisabled };

struct ViewEntry {
  std::uint32_t mid = 0;
  std::string name = {};
  std::string address = {};  // of HTTP, "host:port"; IPv6 as "[::1]:7001"
  std::string machine = {};  // may be empty
  AliveState alive = AliveState::kAlive;
  OperatorState operator_state = OperatorState::kReady;
  std::uint16_t weight = 100;  // 1 .. kViewWeightMax

  bool operator==(const ViewEntry&) const = default;
};

struct ClusterView {
  std::string cluster = {};
  std::uint64_t version = 0;  // term << 32 | seq, within the group
  std::uint64_t group = 0;    // random, of the members' group; 0: unknown
  // Groups that have merged into this one, in ascending order; neither 0 nor `group` itself. No
  // more than kViewAbsorbedMax: those that were absorbed last.
  std::vector<std::uint64_t> absorbed = {};
  std::uint64_t hash = 0;               // view_hash(), set by decode_view
  std::chrono::milliseconds beat{0};    // 0: unknown
  std::vector<ViewEntry> entries = {};  // ascending by mid, no mid twice

  bool has_absorbed(std::uint64_t other) const;
  bool operator==(const ClusterView&) const = default;
};

}  // namespace understudy
