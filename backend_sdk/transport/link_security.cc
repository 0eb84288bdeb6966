// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/link_security.h"

#include <vector>

namespace understudy {

Result<std::shared_ptr<const LinkSecurity>> LinkSecurity::make(const Keyring* keys) {
  auto security = std::shared_ptr<LinkSecurity>(new LinkSecurity);
  if (keys) {
    std::vector<TlsContext::Psk> psks;
    for (size_t slot = 0; slot < keys->size(); ++slot) {
      psks.push_back({.key = keys->sub_key(slot, KeyPurpose::kLink),
                      .identity = std::string("understudy link ") + keys->id(slot)});
    }
    auto context = TlsContext::make_psk(psks);
    if (!context) return std::move(context).error();
    security->context_ = *std::move(context);
  }
  return std::shared_ptr<const LinkSecurity>(std::move(security));
}

std::unique_ptr<Stream> LinkSecurity::wrap(Fd fd, TlsStream::Role role) const {
  if (!context_) return std::make_unique<TcpStream>(std::move(fd));
  return std::make_unique<TlsStream>(*context_, std::move(fd), role);
}

std::string LinkSecurity::failure_of(const Stream& stream) {
  const auto* tls = dynamic_cast<const TlsStream*>(&stream);
  return tls ? std::string(tls->error_text()) : std::string();
}

LinkDown LinkSecurity::verdict_on(const Stream& stream) {
  const auto* tls = dynamic_cast<const TlsStream*>(&stream);
  if (!tls || tls->failure() == TlsStream::Failure::kBroken) return LinkDown::kReset;
  return tls->failure() == TlsStream::Failure::kAlert ? LinkDown::kOtherKey
                                                      : LinkDown::kOtherProtocol;
}

}  // namespace understudy
