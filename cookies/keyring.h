// SPDX-License-Identifier: Apache-2.0
#pragma once

// The cluster's keys, as read from one key file: the first signs, all are accepted. Each purpose
// has its own sub-key, derived with HKDF-SHA256, so that one file is all the set-up. It neither
// watches the file nor signs (signature.h does). Immutable after load: any thread, shared by
// shared_ptr<const Keyring>. Rotation = load a new one and hand it to those who hold the old one:
// install (append the new key everywhere), use (make it the first), remove (drop the old).

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

inline constexpr std::size_t kKeySlotsMax = 3;
inline constexpr std::size_t kKeyBytesMin = 32;
inline constexpr std::size_t kKeyBytesMax = 64;
inline constexpr std::size_t kKeyFileBytesMax = 8192;

enum class KeyPurpose : std::uint8_t { kCookie, kView, kBeat, kLink, kRelay };
inline constexpr std::size_t kKeyPurposes = 5;

using SubKey = std::array<std::uint8_t, 32>;

class Keyring;

// `keyring` is set, or `error` is one sentence for the operator (it never shows key material).
struct [[nodiscard]] KeyringResult {
  std::shared_ptr<const Keyring> keyring = {};
  std::string error = {};

  explicit operator bool() const { return keyring != nullptr; }
};

class Keyring final {
 public:
  struct NamedKey {
    char id;
    std::span<const std::uint8_t> bytes;
  };

  // Refused unless a regular file of mode 0600 or 0400; the sentence names the mode that was found
  // and the command that repairs it.
  static KeyringResult load(const std::string& path);
  // The text of a key file; `origin` opens each error sentence ("cluster.key:3: ...").
  static KeyringResult parse(std::string_view text, std::string_view origin);
  // Keys that are already bytes, for tests and for callers with a store of their own.
  static KeyringResult from_keys(std::span<const NamedKey> keys);
  // Creates a new file of mode 0600 with one random key, and never overwrites one. Returns an error
  // sentence, or an empty one.
  [[nodiscard]] static std::string generate(const std::string& path);

  // What is wrong, or unwise, with using this ring after `earlier`. Refused: a key that keeps its
  // id and is another one, which those with the earlier ring would call a forgery. Unwise: a step
  // of a rotation was left out. Sentences without an end; empty: nothing.
  std::string why_not_after(const Keyring& earlier) const;
  std::string warning_after(const Keyring& earlier) const;
  // "2, 1": the ids in the order of the slots.
  std::string ids_text() const;

  ~Keyring();
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;

  // Slot 0 signs; slots 0 .. size()-1 are accepted.
  std::size_t size() const { return slots_.size(); }
  char id(std::size_t slot) const { return slots_[slot].id; }
  const SubKey& sub_key(std::size_t slot, KeyPurpose purpose) const {
    return slots_[slot].sub_keys[static_cast<std::size_t>(purpose)];
  }

 private:
  struct Slot {
    char id;
    std::array<SubKey, kKeyPurposes> sub_keys;
  };

  Keyring() = default;
  const Slot* find(char id) const;

  // Constant after load; wiped at the end.
  std::vector<Slot> slots_;
};

}  // namespace understudy
