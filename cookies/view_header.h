// SPDX-License-Identifier: Apache-2.0
#pragma once

// The member list (view.h) as it travels in `Understudy-View: <hash>[;<list>]`: encoder, strict
// decoder. It does not decide whether a view is trusted or newer (proxy/routing does) and knows no
// other dialect (weblogic_view.h does). Values and pure functions, any thread. Decoding allocates,
// but runs only when the hash has changed: holds_view() is the path of every response.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cookies/contract.h"
#include "cookies/signature.h"
#include "cookies/view.h"

namespace understudy {

inline constexpr std::size_t kViewTextBytesMax = std::size_t{1024} * 1024;
// A longer list does not go into a header: there the hash stands alone, and who sees a new hash
// without a list asks kViewPath.
inline constexpr std::size_t kViewHeaderBytesMax = std::size_t{32} * 1024;

enum class ViewRefusal : std::uint8_t {
  kNone,
  kNoList,        // only a hash
  kOverlong,      // text, name, address or member count above its limit
  kMalformed,     // not this format
  kNotCanonical,  // this format, but not the one text that its content has
  kOtherCluster,  // another cluster's name
  kUnknownKey,    // signed with a key that is not in the ring
  kBadSignature,  // altered or forged
  kHashMismatch,  // the hash is not the list's
};
std::string_view to_text(ViewRefusal refusal);

struct [[nodiscard]] DecodedView {
  ClusterView view = {};
  ViewRefusal refusal = ViewRefusal::kMalformed;

  explicit operator bool() const { return refusal == ViewRefusal::kNone; }
};

// Signs and checks the views of one cluster. Immutable, any thread.
class ViewCodec final {
 public:
  // decode() refuses the views of every other cluster.
  ViewCodec(const Keyring& keyring, std::string_view cluster);

  // `<hash>;<list>`; the view's own hash and the order of entries and absorbed groups do not
  // matter, its cluster must be the codec's. Nothing when a field is outside its limits or a mid or
  // a group comes twice.
  std::optional<std::string> encode(const ClusterView& view) const;
  DecodedView decode(std::string_view text) const;

 private:
  std::string cluster_;
  TextSigner signer_;
};

// The digest of what a view says: cluster, beat, groups and entries in canonical order, not its
// version.
// Nothing under the same conditions as ViewCodec::encode.
std::optional<std::uint64_t> view_hash(const ClusterView& view);

// The hash at the front of a header value, list or not; nothing if there is none.
std::optional<std::uint64_t> leading_view_hash(std::string_view header);

// Whether `header` is about the view whose hash the caller holds: 16 bytes compared, nothing read
// behind them.
inline bool holds_view(std::string_view header, const Hex64& held) {
  if (header.size() < held.size() || (header.size() > held.size() && header[held.size()] != ';')) {
    return false;
  }
  return header.substr(0, held.size()) == std::string_view(held.data(), held.size());
}

// What to put into the header: the whole text, or its hash alone when it is above
// kViewHeaderBytesMax.
std::string_view view_header_value(std::string_view text);

}  // namespace understudy
