// SPDX-License-Identifier: Apache-2.0
// AnswerReader: the answer of one HTTP/1.1 request that was relayed, from bytes as they come: its
// head, then its body without its framing. No I/O. Strict: what cannot be understood is refused.
// One answer an object; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "understudy/http.h"

namespace understudy {

class AnswerReader final {
 public:
  static constexpr std::size_t kHeadBytesMax = 64u << 10;

  enum class State { kHead, kBody, kDone, kBad };

  // An answer to HEAD has no body.
  explicit AnswerReader(bool is_head) : is_head_(is_head) {}

  // Takes all of `bytes`. Body bytes are appended to `body`.
  State read(std::string_view bytes, std::string& body);
  // The connection has ended.
  State end();

  State state() const { return state_; }
  // From kBody on. The lines as they came, those of the framing included.
  int status() const { return status_; }
  std::vector<Header>& headers() { return headers_; }
  // From kDone on: whether the connection may carry another request.
  bool is_kept() const { return state_ == State::kDone && is_kept_ && !has_more_; }

 private:
  enum class Framing { kNone, kLength, kChunked, kUntilEnd };
  enum class Part { kSize, kData, kDataEnd, kTrailers };

  void read_head(std::string_view& bytes);
  bool parse_head(std::string_view head);
  bool parse_line(std::string_view line);
  bool frame();
  void read_body(std::string_view& bytes, std::string& body);
  void read_chunked(std::string_view& bytes, std::string& body);
  // A line without its end, once it is whole.
  bool take_line(std::string_view& bytes);
  void fail() { state_ = State::kBad; }

  const bool is_head_;
  State state_ = State::kHead;
  std::string line_;  // what is not whole yet: of the head, or of a chunk's line
  int status_ = 0;
  std::vector<Header> headers_;
  bool is_kept_ = true;
  bool has_more_ = false;  // bytes behind the answer
  Framing framing_ = Framing::kUntilEnd;
  Part part_ = Part::kSize;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
};

bool is_same_header(std::string_view one, std::string_view other);
// Whether a comma separated list has this word, in any letter case.
bool has_word(std::string_view list, std::string_view word);

}  // namespace understudy
