// SPDX-License-Identifier: Apache-2.0

// Any bytes as a view, as they are and (to reach what lies behind the signature) signed anew, and
// as a weblogic list. What is accepted has one text only.

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

  std::string text(input);
  text.resize(size + understudy::kSignatureChars);
  signer.sign(text.data(), text.data() + size);
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
