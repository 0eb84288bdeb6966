// SPDX-License-Identifier: Apache-2.0
// The dialect insert of AffinityCodec: 2.<member 11>.<issued>.<seen>.<key id><mac 16>
#include <algorithm>
#include <array>
#include <string>

#include "cookies/affinity.h"
#include "cookies/base64url.h"

namespace understudy {
namespace {

constexpr std::string_view kInsertMark = "2.";
constexpr std::size_t kTagChars = base64url_size(sizeof(MemberTag));
constexpr std::size_t kIssuedAt = kInsertMark.size() + kTagChars + 1;
static_assert(kIssuedAt + kNumber32BytesMax + 1 + kNumber32BytesMax + 1 + kSignatureChars ==
              kInsertValueBytesMax);

// No cookie that is signed begins so: names and cookies never share a mac.
constexpr std::string_view kNameMark = "member ";

DecodedAffinity refused(AffinityRefusal refusal) {
  return {.token = {}, .refusal = refusal};
}

std::array<std::uint8_t, sizeof(MemberTag)> to_bytes(MemberTag tag) {
  std::array<std::uint8_t, sizeof tag> bytes;
  for (std::size_t i = bytes.size(); i-- > 0; tag >>= 8) bytes[i] = static_cast<std::uint8_t>(tag);
  return bytes;
}

std::optional<MemberTag> to_tag(std::string_view text) {
  std::array<std::uint8_t, sizeof(MemberTag)> bytes;
  if (!decode_base64url(text, bytes)) return std::nullopt;
  MemberTag tag = 0;
  for (const std::uint8_t byte : bytes) tag = tag << 8 | byte;
  return tag;
}

}  // namespace

MemberTags AffinityCodec::member_tags(std::string_view name) const {
  MemberTags tags{};
  if (!signer_) return tags;
  const std::string text = std::string(kNameMark).append(name);
  for (std::size_t slot = 0; slot < signer_->keys(); ++slot) {
    tags[slot] = std::max<MemberTag>(signer_->number_for(text, slot), 1);
  }
  return tags;
}

DecodedAffinity AffinityCodec::decode_insert(std::string_view value) const {
  if (value.empty()) return refused(AffinityRefusal::kAbsent);
  if (value.size() > kInsertValueBytesMax) return refused(AffinityRefusal::kOverlong);
  const bool has_shape = value.size() > kIssuedAt + kSignatureChars &&
                         value.starts_with(kInsertMark) && value[kIssuedAt - 1] == '.';
  if (!has_shape) return refused(AffinityRefusal::kMalformed);
  std::string_view times = value.substr(kIssuedAt, value.size() - kIssuedAt - kSignatureChars);
  const std::size_t dot = times.find('.');
  if (dot == std::string_view::npos || !times.ends_with('.') || times.size() - 1 == dot) {
    return refused(AffinityRefusal::kMalformed);
  }
  const std::string_view id = value.substr(kInsertMark.size(), kTagChars);
  const auto tag = to_tag(id);
  const auto issued = decode_number(times.substr(0, dot), UINT32_MAX);
  const auto seen = decode_number(times.substr(dot + 1, times.size() - dot - 2), UINT32_MAX);
  const std::string_view signature_text = value.substr(value.size() - kSignatureChars);
  if (!tag || !issued || !seen ||
      !std::all_of(signature_text.begin(), signature_text.end(), is_base64url)) {
    return refused(AffinityRefusal::kNotCanonical);
  }
  if (!signer_) return refused(AffinityRefusal::kUnknownKey);
  const Signature signature = signer_->check(value);
  if (signature == Signature::kUnknownKey) return refused(AffinityRefusal::kUnknownKey);
  if (signature == Signature::kBad) return refused(AffinityRefusal::kBadMac);
  return {.token = {.dialect = Dialect::kInsert,
                    .verified = true,
                    .id = id,
                    .member_tag = *tag,
                    .issued_s = static_cast<std::uint32_t>(*issued),
                    .seen_s = static_cast<std::uint32_t>(*seen)},
          .refusal = AffinityRefusal::kNone};
}

bool AffinityCodec::encode_insert(const AffinityToken& token, AffinityText& text) const {
  if (!signer_ || token.member_tag == 0) return false;
  char* const begin = text.bytes_.data();
  char* at = std::copy(kInsertMark.begin(), kInsertMark.end(), begin);
  at = encode_base64url(to_bytes(token.member_tag), at);
  *at++ = '.';
  at = encode_number(token.issued_s, at);
  *at++ = '.';
  at = encode_number(token.seen_s, at);
  *at++ = '.';
  at = signer_->sign(begin, at);
  text.size_ = static_cast<std::size_t>(at - begin);
  return true;
}

}  // namespace understudy
