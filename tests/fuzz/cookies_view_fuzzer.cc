// SPDX-License-Identifier: Apache-2.0

// Any bytes as a view, as they are and as the entries of a view whose hash and signature are right
// (to reach what lies behind them), and as a weblogic list. What is accepted has one text only.

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cookies/view_header.h"
#include "cookies/weblogic_view.h"

namespace {

std::shared_ptr<const understudy::Keyring> ring() {
  static constexpr std::array<std::uint8_t, 32> kKey{};
  const std::array<understudy::Keyring::NamedKey, 1> keys = {{{.id = '1', .bytes = kKey}}};
  return understudy::Keyring::from_keys(keys).keyring;
}

void check(const understudy::ViewCodec& codec, std::string_view text) {
  const auto decoded = codec.decode(text);
  if (decoded && codec.encode(decoded.view) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto keys = ring();
  static const understudy::ViewCodec codec(*keys, "fuzz");
  static const understudy::TextSigner signer(*keys, understudy::KeyPurpose::kView, "fuzz");
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(codec, input);

  const understudy::Digest digest =
      understudy::sha256("understudy-view-2;fuzz,0,0000000000000001;" + std::string(input));
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < sizeof hash; ++i) hash = hash << 8 | digest[i];
  const understudy::Hex64 hex = understudy::format_hex64(hash);
  std::string text = std::string(hex.data(), hex.size()) + ";2,fuzz,0000000000000001,0,0000000000000001;";
  text.append(input).append(";");
  const std::size_t unsigned_size = text.size();
  text.resize(unsigned_size + understudy::kSignatureChars);
  signer.sign(text.data(), text.data() + unsigned_size);
  check(codec, text);

  for (auto port : {understudy::WeblogicPort::kPlain, understudy::WeblogicPort::kTls}) {
    const auto decoded = understudy::decode_weblogic_list(input, port);
    if (!decoded) continue;
    const auto list = understudy::encode_weblogic_list(decoded.view, port);
    if (!list) std::abort();
    if (!list->empty() && !understudy::decode_weblogic_list(*list, port)) std::abort();
  }
  return 0;
}
