// SPDX-License-Identifier: Apache-2.0
// LineArena: where the field lines are written that a head gets from us. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace understudy::http {

// Text in a fixed block, which the caller owns. Once something did not fit, ok() stays false until
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

}  // namespace understudy::http
