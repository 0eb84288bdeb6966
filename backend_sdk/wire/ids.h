// SPDX-License-Identifier: Apache-2.0
// The identities that travel between members (PROTOCOL section 1). Values.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

namespace understudy {

// One life of one backend process: random, fresh at every start and at every rejoin. 0: none.
using MemberId = uint32_t;
inline constexpr MemberId kNobody = 0;

// mid << 32 | counter: unique over all lives of all members.
using ChannelId = uint64_t;
constexpr MemberId primary_of(ChannelId channel) {
  return static_cast<MemberId>(channel >> 32);
}

// The proxy's name for one request of a client, the same when it sends it again. 0: none given.
using RequestId = uint64_t;

// 128 random bits; a client that knows them has the session.
struct SessionId {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const SessionId&) const = default;
};

// Where a session stands: epoch counts changes of channel or owner, version counts commits.
// Ordered as a pair; (0, 0) is before everything.
struct Position {
  uint32_t epoch = 0;
  uint64_t version = 0;
  auto operator<=>(const Position&) const = default;
};

}  // namespace understudy

template <>
struct std::hash<understudy::SessionId> {
  size_t operator()(const understudy::SessionId& id) const {
    size_t word;  // the bits are random already
    std::memcpy(&word, id.bytes.data(), sizeof word);
    return word;
  }
};
