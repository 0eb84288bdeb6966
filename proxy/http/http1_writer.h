// SPDX-License-Identifier: Apache-2.0
// Composes the head that is forwarded as a list of pieces for writev: runs of kept lines are pieces
// of the buffer they came in, and only changed or added lines are written, into an arena that the
// caller owns. It writes to no socket and decides nothing: what is dropped and added is said by the
// caller. The pieces die with the received buffer or with the arena's next clear().
// Pure; any thread. Called by exchange/ with the worker's scratch.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/check.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/limits.h"
#include "proxy/http/message.h"
#include "proxy/http/request_origin.h"

namespace understudy::http {

// Text in a fixed block that somebody else owns. Once something did not fit, ok() stays false until
// clear(), and text is short of it.
class LineArena final {
 public:
  explicit LineArena(std::span<char> block) : block_(block) {}
  void clear() { size_ = 0, ok_ = true; }
  // "name: value\r\n". Neither may hold CR, LF or NUL: for text from outside that is the parser's
  // promise.
  void add_line(std::string_view name, std::string_view value) {
    append_all(name, std::string_view(": "), value, std::string_view("\r\n"));
  }
  void add_line(std::string_view name, uint64_t value);
  // As they are, one behind the other; for a line in several parts.
  template <typename... Texts>
  void append(const Texts&... texts) {
    append_all(std::string_view(texts)...);
  }
  void append_number(uint64_t number);  // decimal
  // Takes out what was appended there; what stands behind it moves up.
  void erase(size_t at, size_t bytes);
  // As if something had not fitted.
  void fail() { ok_ = false; }
  std::string_view text() const { return {block_.data(), size_}; }
  bool ok() const { return ok_; }

 private:
  // Null when there is none.
  char* room_for(size_t bytes) {
    ok_ = ok_ && bytes <= block_.size() - size_;
    if (!ok_) return nullptr;
    char* const room = block_.data() + size_;
    size_ += bytes;
    return room;
  }
  template <typename... Views>
  void append_all(Views... texts) {
    char* room = room_for((texts.size() + ...));
    if (room != nullptr) ((room = put(room, texts)), ...);
  }
  // Most texts are literals, or short: a call costs more than the copy.
  static char* put(char* to, std::string_view text) {
    const char* const from = text.data();
    const size_t size = text.size();
    if (__builtin_constant_p(size)) {
      std::memcpy(to, from, size);
    } else if (size >= 16 && size <= 32) {
      std::memcpy(to, from, 16);
      std::memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8 && size <= 16) {
      std::memcpy(to, from, 8);
      std::memcpy(to + size - 8, from + size - 8, 8);
    } else if (size != 0) {
      std::memcpy(to, from, size);
    }
    return to + size;
  }
  std::span<char> block_;
  size_t size_ = 0;
  bool ok_ = true;
};

// The pieces in order, ready for writev.
class HeadSpans final {
 public:
  void clear() { count_ = 0, bytes_ = 0, end_ = nullptr; }
  // Joins the last piece where it follows it in memory.
  void add(std::string_view piece) {
    if (piece.empty()) return;
    bytes_ += piece.size();
    if (piece.data() == end_) {
      last_->iov_len += piece.size();
    } else {
      DCHECK(count_ < pieces_.size(), "kHeadSpansMax is the worst case of kFieldsMax");
      last_ = &pieces_[count_++];
      *last_ = {const_cast<char*>(piece.data()), piece.size()};
    }
    end_ = piece.data() + piece.size();
  }
  std::span<const iovec> pieces() const { return {pieces_.data(), count_}; }
  size_t bytes() const { return bytes_; }  // of all pieces
  // Writes all pieces in a row to `out`, which has room for bytes().
  void copy_to(char* out) const;

 private:
  size_t count_ = 0;
  size_t bytes_ = 0;
  iovec* last_ = nullptr;      // of the pieces
  const char* end_ = nullptr;  // of what it holds
  std::array<iovec, kHeadSpansMax> pieces_;
};

struct RequestRewrite {
  const FieldMask& dropped;
  std::string_view added;   // whole lines with their CRLF; lives as long as the pieces
  std::string_view target;  // empty: the received one, an absolute-form as origin-form
  std::string_view host;    // empty: as received; the absolute-form's own replaces Host
  // "Transfer-Encoding: chunked" is added: the caller frames the body (keep_framing was false).
  bool add_chunked = false;
  bool add_upgrade = false;  // "Connection: upgrade" (keep_upgrade was true)
  bool add_close = false;    // "Connection: close": no further request on this connection
  // Of which no head of HTTP speaks: for AJP. Lives as long as the pieces; null: the proxy itself
  // asks.
  const RequestOrigin* origin = nullptr;
};

// Always HTTP/1.1, whatever the client spoke. False when the arena is full: the caller answers 431.
// `host` must be given where head.authority is empty. The arena may hold the added lines already.
[[nodiscard]] bool compose_request(const RequestHead& head, const RequestRewrite& rewrite,
                                   LineArena& arena, HeadSpans& spans);

enum class ConnectionLine : uint8_t { kNone, kClose, kKeepAlive, kUpgrade };

struct ResponseRewrite {
  const FieldMask& dropped;
  std::string_view added;
  ConnectionLine connection = ConnectionLine::kNone;  // kKeepAlive is for HTTP/1.0 clients
  bool add_chunked = false;                           // as above
};

// Always HTTP/1.1; status and reason as received.
[[nodiscard]] bool compose_response(const ResponseHead& head, const ResponseRewrite& rewrite,
                                    LineArena& arena, HeadSpans& spans);

}  // namespace understudy::http
