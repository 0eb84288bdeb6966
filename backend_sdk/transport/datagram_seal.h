// SPDX-License-Identifier: Apache-2.0
// DatagramSealer and DatagramOpener: a datagram's body under AES-128-GCM, its header as associated
// data (PROTOCOL section 3). The key of a sender's life is derived from the cluster's beat key and
// its (mid, salt), so that the nonce (salt, counter) never meets the same key twice, whatever two
// members draw. The header names the receiver's life as well: an opener starts with empty replay
// windows, and a datagram from before its start names another mid. Neither sends nor receives. Loop
// thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "backend_sdk/transport/replay_window.h"
#include "backend_sdk/transport/transport.h"
#include "backend_sdk/wire/datagram.h"
#include "base/clock.h"
#include "cookies/keyring.h"

struct evp_cipher_ctx_st;

namespace understudy {

// A cipher context with its key set; where OpenSSL meets this folder.
class DatagramCipher final {
 public:
  DatagramCipher(const SubKey& beat_key, MemberId sender, uint32_t salt);
  ~DatagramCipher();
  DatagramCipher(const DatagramCipher&) = delete;

  // `datagram` ends with the header; appends sealed body and tag.
  void seal(const DatagramHeader& header, std::string_view body, std::string& datagram);
  // Body and tag; nullopt when the tag does not hold.
  std::optional<std::string> open(const DatagramHeader& header, std::string_view datagram);

 private:
  evp_cipher_ctx_st* context_;
  unsigned char key_[16];
};

// FNV-1a of the cluster's name.
uint32_t cluster_tag(std::string_view cluster);

class DatagramSealer final {
 public:
  // Null keys: bodies in the clear under key id 0 and an empty tag (plain clusters on loopback).
  DatagramSealer(std::string_view cluster, MemberId self, uint32_t salt);
  void use_keys(const Keyring* keys);
  // For the life `to` alone. The next counter is spent. The payload's limit is CHECKed.
  std::string seal(MemberId to, const Datagram& datagram);

 private:
  DatagramHeader header_;
  std::unique_ptr<DatagramCipher> cipher_;
};

class DatagramOpener final {
 public:
  static constexpr size_t kSendersMax = 4096;  // lives remembered; the longest unheard goes first
  static constexpr size_t kSendersForgottenAtOnce = 64;  // when there is no room

  struct Opened {
    MemberId from = kNobody;
    DatagramType type{};
    uint32_t group = 0;
    std::string payload;
  };
  enum class Refusal {
    kNone,
    kMalformed,
    kOtherCluster,
    kOtherReceiver,  // for another member, or for an earlier life of this one
    kUnknownKey,
    kForged,
    kReplayed,
  };

  DatagramOpener(std::string_view cluster, MemberId self);
  // Borrowed until the next call. Null: only datagrams in the clear.
  void use_keys(const Keyring* keys);
  // nullopt: refused; why() says for what reason.
  std::optional<Opened> open(std::string_view datagram);
  Refusal why() const { return why_; }

 private:
  using SenderKey = std::pair<MemberId, uint32_t>;  // mid, salt
  // One life. One window, whatever key it uses.
  struct Sender {
    ReplayWindow window;
    uint64_t heard = 0;
    uint8_t key = 0;
    std::unique_ptr<DatagramCipher> cipher =
        {};  // of `key`; null in the clear and after use_keys()
  };
  std::optional<Opened> refuse(Refusal why);
  std::unique_ptr<DatagramCipher> cipher_for(const DatagramHeader& header) const;
  void make_room();

  const uint32_t tag_;
  const MemberId self_;
  const Keyring* keys_ = nullptr;
  std::map<SenderKey, Sender> senders_;
  uint64_t heard_ = 0;
  Refusal why_ = Refusal::kNone;
};

}  // namespace understudy
