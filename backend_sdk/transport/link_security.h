// SPDX-License-Identifier: Apache-2.0
// LinkSecurity: turns a descriptor between two members into a Stream: TLS 1.3 with the cluster's
// key as external PSK, or plain for clusters without keys. Every key of the ring is accepted, the
// first is shown. An immutable snapshot: links keep the one that they began with.
#pragma once

#include <memory>

#include "backend_sdk/transport/transport.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/stream.h"
#include "base/tls_stream.h"
#include "cookies/keyring.h"

namespace understudy {

class LinkSecurity final {
 public:
  // Null: plain.
  static Result<std::shared_ptr<const LinkSecurity>> make(const Keyring* keys);
  std::unique_ptr<Stream> wrap(Fd fd, TlsStream::Role role) const;
  // Why the stream failed; empty when it is plain or did not fail in TLS.
  static std::string failure_of(const Stream& stream);
  // The same as a word: of a stream that failed in TLS before it was greeted.
  static LinkDown verdict_on(const Stream& stream);

 private:
  LinkSecurity() = default;
  std::unique_ptr<TlsContext> context_;
};

}  // namespace understudy
