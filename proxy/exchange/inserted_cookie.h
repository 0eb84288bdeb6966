// SPDX-License-Identifier: Apache-2.0
// InsertedCookie: the proxy's own session cookie, SessionCookieFormat insert, for members that know
// nothing of sticking. It says until when a client is bound to a member, when the client is given a
// new cookie, and writes that one; its bytes are those of cookies/affinity, and whom to ask is
// routing's. Members never see it, and shared caches are told not to keep the response that sets
// it. Owned by a WorkerCluster, immutable; worker thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cookies/affinity.h"
#include "proxy/config/inserted_cookie.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/line_arena.h"
#include "proxy/http/message.h"
#include "proxy/routing/member.h"

namespace understudy {

class InsertedCookie final {
 public:
  // What a client has shown, and whom it named.
  struct Shown {
    uint64_t serial = 0;  // of the member; 0: none that is known
    MemberTag tag = 0;
    uint32_t issued_s = 0;
    uint32_t seen_s = 0;
  };
  // What the client is to be given; tag 0: nothing.
  struct Given {
    MemberTag tag = 0;
    uint32_t issued_s = 0;
    uint32_t seen_s = 0;
  };

  InsertedCookie(std::string name, const config::InsertedCookie& options);

  // kExpired when the client was away for longer than it may, or is bound for longer than it may.
  // A clock of another proxy that is ahead of ours makes no client younger, unless it is ahead by
  // more than kClockSkewMax: then the cookie's times mean nothing.
  AffinityRefusal judge(const AffinityToken& token, uint32_t now_s) const;
  // After an answer of `served`. Nothing as long as the client's cookie is right: it names this
  // member, by the key that signs now, and was seen not long ago.
  Given next(const Shown& shown, const routing::Member& served, uint32_t now_s) const;

  // Takes the cookie out of the request: lines that hold it are dropped and, if anything else was
  // in them, written anew.
  void take_out(const http::FieldList& fields, http::FieldMask& dropped,
                http::LineArena& lines) const;
  void add_to(const http::ResponseHead& head, const Given& given, const AffinityCodec& codec,
              bool client_has_tls, http::LineArena& lines) const;

  static constexpr std::chrono::seconds kClockSkewMax = std::chrono::hours(1);

 private:
  bool is_due(uint32_t seen_s, uint32_t now_s) const;

  // Constant after construction.
  const std::string name_;
  const config::InsertedCookie options_;
  const uint32_t refresh_s_;  // 0: never for its age
};

}  // namespace understudy
