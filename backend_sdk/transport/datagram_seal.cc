// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/datagram_seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "backend_sdk/wire/bytes.h"
#include "base/check.h"

namespace understudy {
namespace {

constexpr size_t kNonceBytes = 12;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// salt u32, counter u64, as they stand in the header.
std::string nonce_of(const DatagramHeader& header) {
  std::string nonce;
  ByteWriter writer(nonce);
  writer.u32(header.salt);
  writer.u64(header.counter);
  CHECK(nonce.size() == kNonceBytes);
  return nonce;
}

}  // namespace

// ---- the cipher

DatagramCipher::DatagramCipher(const SubKey& beat_key, MemberId sender, uint32_t salt)
    : context_(EVP_CIPHER_CTX_new()) {
  CHECK(context_);
  std::string label = "understudy datagram 2";
  ByteWriter writer(label);
  writer.u32(sender);
  writer.u32(salt);
  unsigned char derived[EVP_MAX_MD_SIZE];
  unsigned derived_bytes = 0;
  CHECK(HMAC(EVP_sha256(), beat_key.data(), static_cast<int>(beat_key.size()),
             bytes_of(std::as_const(label)), label.size(), derived, &derived_bytes));
  CHECK(derived_bytes >= sizeof key_);
  std::memcpy(key_, derived, sizeof key_);
  OPENSSL_cleanse(derived, sizeof derived);
}

DatagramCipher::~DatagramCipher() {
  EVP_CIPHER_CTX_free(context_);
  OPENSSL_cleanse(key_, sizeof key_);
}

void DatagramCipher::seal(const DatagramHeader& header, std::string_view body,
                          std::string& datagram) {
  const std::string nonce = nonce_of(header);
  CHECK(datagram.size() == kDatagramHeaderBytes);
  CHECK(EVP_EncryptInit_ex(context_, EVP_aes_128_gcm(), nullptr, key_,
                           bytes_of(std::string_view(nonce))));
  int bytes = 0;
  CHECK(EVP_EncryptUpdate(context_, nullptr, &bytes, bytes_of(std::string_view(datagram)),
                          static_cast<int>(datagram.size())));
  datagram.resize(kDatagramHeaderBytes + body.size() + kDatagramTagBytes);
  unsigned char* out = bytes_of(datagram) + kDatagramHeaderBytes;
  CHECK(EVP_EncryptUpdate(context_, out, &bytes, bytes_of(body), static_cast<int>(body.size())));
  CHECK(static_cast<size_t>(bytes) == body.size());
  CHECK(EVP_EncryptFinal_ex(context_, out + bytes, &bytes));
  CHECK(EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_GCM_GET_TAG, kDatagramTagBytes, out + body.size()));
}

std::optional<std::string> DatagramCipher::open(const DatagramHeader& header,
                                                std::string_view datagram) {
  CHECK(datagram.size() >= kDatagramHeaderBytes + kDatagramTagBytes);
  const std::string nonce = nonce_of(header);
  const std::string_view clear = datagram.substr(0, kDatagramHeaderBytes);
  const std::string_view sealed = datagram.substr(
      kDatagramHeaderBytes, datagram.size() - kDatagramHeaderBytes - kDatagramTagBytes);
  std::string tag(datagram.substr(datagram.size() - kDatagramTagBytes));
  std::string body(sealed.size(), '\0');
  int bytes = 0;
  const bool is_authentic =
      EVP_DecryptInit_ex(context_, EVP_aes_128_gcm(), nullptr, key_,
                         bytes_of(std::string_view(nonce))) &&
      EVP_DecryptUpdate(context_, nullptr, &bytes, bytes_of(clear),
                        static_cast<int>(clear.size())) &&
      EVP_DecryptUpdate(context_, bytes_of(body), &bytes, bytes_of(sealed),
                        static_cast<int>(sealed.size())) &&
      EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_GCM_SET_TAG, kDatagramTagBytes, tag.data()) &&
      EVP_DecryptFinal_ex(context_, bytes_of(body) + bytes, &bytes) > 0;
  if (!is_authentic) return std::nullopt;
  return body;
}

uint32_t cluster_tag(std::string_view cluster) {
  uint32_t hash = 2166136261u;
  for (const char byte : cluster) hash = (hash ^ static_cast<uint8_t>(byte)) * 16777619u;
  return hash;
}

// ---- sealing

DatagramSealer::DatagramSealer(std::string_view cluster, MemberId self, uint32_t salt)
    : header_{.cluster_tag = cluster_tag(cluster), .mid = self, .salt = salt} {}

void DatagramSealer::use_keys(const Keyring* keys) {
  header_.key = keys ? static_cast<uint8_t>(keys->id(0)) : 0;
  cipher_.reset();
  if (!keys) return;
  cipher_ = std::make_unique<DatagramCipher>(keys->sub_key(0, KeyPurpose::kBeat), header_.mid,
                                             header_.salt);
}

std::string DatagramSealer::seal(MemberId to, const Datagram& datagram) {
  CHECK(to != kNobody, "a datagram is for one life");
  CHECK(datagram.payload.size() <= Transport::kDatagramPayloadMax);
  header_.type = datagram.type;
  header_.group = datagram.group;
  header_.to = to;
  ++header_.counter;
  std::string out;
  out.reserve(kDatagramBytesMax);
  encode_datagram_header(header_, out);
  if (cipher_) {
    cipher_->seal(header_, datagram.payload, out);
  } else {
    out.append(datagram.payload);
    out.append(kDatagramTagBytes, '\0');
  }
  return out;
}

// ---- opening

DatagramOpener::DatagramOpener(std::string_view cluster, MemberId self)
    : tag_(cluster_tag(cluster)), self_(self) {
  CHECK(self != kNobody);
}

void DatagramOpener::use_keys(const Keyring* keys) {
  keys_ = keys;
  // A key that was dropped must not live on in a cached cipher. The windows stay.
  for (auto& [life, sender] : senders_) sender.cipher.reset();
}

std::optional<DatagramOpener::Opened> DatagramOpener::refuse(Refusal why) {
  why_ = why;
  return std::nullopt;
}

std::unique_ptr<DatagramCipher> DatagramOpener::cipher_for(const DatagramHeader& header) const {
  for (size_t slot = 0; keys_ && slot < keys_->size(); ++slot) {
    if (static_cast<uint8_t>(keys_->id(slot)) != header.key) continue;
    return std::make_unique<DatagramCipher>(keys_->sub_key(slot, KeyPurpose::kBeat), header.mid,
                                            header.salt);
  }
  return nullptr;
}

// Several at once: the search for the longest unheard looks at all.
void DatagramOpener::make_room() {
  if (senders_.size() < kSendersMax) return;
  std::vector<uint64_t> heard;
  heard.reserve(senders_.size());
  for (const auto& [life, sender] : senders_) heard.push_back(sender.heard);
  const auto last = heard.begin() + kSendersForgottenAtOnce - 1;
  std::nth_element(heard.begin(), last, heard.end());
  std::erase_if(senders_, [&](const auto& entry) { return entry.second.heard <= *last; });
}

// State is kept for authentic senders only: a stranger cannot fill the table.
std::optional<DatagramOpener::Opened> DatagramOpener::open(std::string_view datagram) {
  if (datagram.size() < kDatagramHeaderBytes + kDatagramTagBytes ||
      datagram.size() > kDatagramBytesMax) {
    return refuse(Refusal::kMalformed);
  }
  const auto header = decode_datagram_header(datagram);
  if (!header || header->mid == kNobody || header->flags != 0) return refuse(Refusal::kMalformed);
  if (header->cluster_tag != tag_) return refuse(Refusal::kOtherCluster);
  if (header->to != self_) return refuse(Refusal::kOtherReceiver);
  if ((header->key == 0) != (keys_ == nullptr)) return refuse(Refusal::kUnknownKey);

  const SenderKey life{header->mid, header->salt};
  auto sender = senders_.find(life);
  const bool is_cached = sender != senders_.end() && sender->second.key == header->key &&
                         (sender->second.cipher || !keys_);
  std::unique_ptr<DatagramCipher> fresh;
  if (keys_ && !is_cached) {
    fresh = cipher_for(*header);
    if (!fresh) return refuse(Refusal::kUnknownKey);
  }
  std::string payload;
  if (DatagramCipher* const cipher = is_cached ? sender->second.cipher.get() : fresh.get()) {
    auto opened = cipher->open(*header, datagram);
    if (!opened) return refuse(Refusal::kForged);
    payload = *std::move(opened);
  } else {
    payload = datagram.substr(kDatagramHeaderBytes,
                              datagram.size() - kDatagramHeaderBytes - kDatagramTagBytes);
  }
  if (sender == senders_.end()) {
    make_room();
    sender = senders_.emplace(life, Sender{.window = {}}).first;
  }
  if (fresh) sender->second.cipher = std::move(fresh);
  sender->second.key = header->key;
  sender->second.heard = ++heard_;
  if (!sender->second.window.accept(header->counter)) return refuse(Refusal::kReplayed);
  why_ = Refusal::kNone;
  return Opened{.from = header->mid,
                .type = header->type,
                .group = header->group,
                .payload = std::move(payload)};
}

}  // namespace understudy
