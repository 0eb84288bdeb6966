// SPDX-License-Identifier: Apache-2.0
// TlsTickets: the secret from which the keys of session tickets are made. All workers of a process
// share it, so a client that comes back resumes at any of them, and it outlives a reload. It
// rotates by itself: a ticket is made with the newest secret and accepted until the one after next,
// and an old secret is forgotten for good. No two hosts get the same keys out of it, so what one
// host has granted is noise to another. Owned by server/; any thread (a lock, taken once in a
// handshake).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "base/clock.h"

namespace understudy {

class TlsTickets final {
 public:
  // How long a ticket is good for, and how long a secret makes new ones.
  static constexpr Duration kLife = std::chrono::hours(4);

  static constexpr size_t kNameBytes = 16;
  struct Keys {
    std::array<uint8_t, kNameBytes> name;  // stands in front of the ticket
    std::array<uint8_t, 32> cipher;
    std::array<uint8_t, 32> mac;
    bool is_newest = true;
  };

  explicit TlsTickets(const Clock& clock) : clock_(clock) {}
  TlsTickets(const TlsTickets&) = delete;

  // `host` says for whom: its name and its rules, as TlsHost::identity() does.
  using Host = std::array<uint8_t, 32>;
  Keys newest(const Host& host);
  // Of a ticket that a client has shown; nullopt when it is too old, of another host, or forged.
  std::optional<Keys> find(const Host& host, std::span<const uint8_t, kNameBytes> name);

 private:
  // With what has been derived from it: that costs as much as the rest of a ticket.
  struct Secret {
    static constexpr size_t kHostsMax = 4096;  // then it is derived anew
    ~Secret();
    void forget_keys();
    std::array<uint8_t, 32> bytes;
    TimePoint since;
    std::map<Host, Keys> keys;
  };
  static const Keys& keys_of(Secret& secret, const Host& host);
  void rotate();

  const Clock& clock_;
  std::mutex mutex_;  // guards the secrets
  std::unique_ptr<Secret> newest_;
  std::unique_ptr<Secret> previous_;
};

}  // namespace understudy
