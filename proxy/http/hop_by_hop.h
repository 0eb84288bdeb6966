// SPDX-License-Identifier: Apache-2.0
// Decides which received fields do not travel on: those of one connection only (RFC 9110 7.6.1),
// what Connection nominates, and everything that only proxy and backend may say to each other. It
// changes no head; http1_writer leaves out what is marked. A nomination can remove neither framing
// nor what tells who asked, and what the proxy adds is not in the mask at all. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "proxy/http/limits.h"
#include "proxy/http/message.h"

namespace understudy::http {

// One bit for each field of a head, by index; all clear at first. Lives in the worker's scratch.
class FieldMask final {
 public:
  void clear() { words_.fill(0); }
  void set(size_t index) { words_[index / 64] |= uint64_t{1} << index % 64; }
  bool test(size_t index) const { return (words_[index / 64] >> index % 64 & 1) != 0; }
  // The first index in [from, size) whose bit is as wanted; size when there is none.
  size_t next_set(size_t from, size_t size) const;
  size_t next_clear(size_t from, size_t size) const;

 private:
  std::array<uint64_t, kFieldsMax / 64> words_{};
};

// Marks every line with one of these ids. Costs a test of one word when the head has none.
void drop_fields(const FieldList& fields, FieldSet ids, FieldMask& dropped);

struct DropOptions {
  bool keep_upgrade = false;  // the exchange forwards the Upgrade field (and adds Connection)
  bool keep_framing = true;   // false: drop Transfer-Encoding, Content-Length, Trailer: re-framed
  bool keep_expect = true;    // requests; false once the proxy has answered 100 itself
};

// These add to `dropped`. Towards a backend; also drops underscore twins, HTTP2-Settings and TE
// (which the writer adds anew where the client accepts trailers).
void drop_from_request(const RequestHead& head, const DropOptions& options, FieldMask& dropped);
// Towards a client. Framing fields that mean nothing (204, 1xx) go too.
void drop_from_response(const ResponseHead& head, const DropOptions& options, FieldMask& dropped);

// How many more proxies an OPTIONS may pass (RFC 9110 7.6.2; of other methods it says nothing), and
// the field's place in the head.
struct MaxForwards {
  size_t field = 0;
  uint64_t left = 0;
};
// Nothing: the request does not say, or in a way that means nothing.
std::optional<MaxForwards> max_forwards(const RequestHead& head);

}  // namespace understudy::http
