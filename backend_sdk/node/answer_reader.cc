// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/answer_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace understudy {
namespace {

constexpr std::size_t kChunkLineBytesMax = 4096;
constexpr std::uint64_t kBodyBytesMax = std::uint64_t{1} << 62;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const bool is_whole = error == std::errc() && end == digits.data() + digits.size();
  if (digits.empty() || !is_whole || value > kBodyBytesMax) return std::nullopt;
  return value;
}

bool is_name(std::string_view name) {
  constexpr std::string_view kNone = " \t\r\n\0():;,\"/[]{}<>=?@\\";
  return !name.empty() && name.find_first_of(kNone) == std::string_view::npos;
}

}  // namespace

bool is_same_header(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; };
    return lower(a) == lower(b);
  });
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    if (is_same_header(trimmed(item), word)) return true;
  }
  return false;
}

AnswerReader::State AnswerReader::read(std::string_view bytes, std::string& body) {
  while (!bytes.empty() && state_ == State::kHead) read_head(bytes);
  if (!bytes.empty() && state_ == State::kBody) read_body(bytes, body);
  if (!bytes.empty() && state_ == State::kDone) has_more_ = true;
  return state_;
}

AnswerReader::State AnswerReader::end() {
  if (state_ == State::kBody && framing_ == Framing::kUntilEnd) {
    state_ = State::kDone;
  } else if (state_ != State::kDone) {
    fail();
  }
  is_kept_ = false;
  return state_;
}

void AnswerReader::read_head(std::string_view& bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t searched = line_.size() < kEnd.size() ? 0 : line_.size() - kEnd.size();
  const std::size_t before = line_.size();
  line_.append(bytes.substr(0, kHeadBytesMax + kEnd.size() - before));
  const std::size_t end = line_.find(kEnd, searched);
  if (end == std::string::npos) {
    bytes = {};
    if (line_.size() >= kHeadBytesMax) fail();
    return;
  }
  bytes.remove_prefix(end + kEnd.size() - before);
  const bool is_well = parse_head(std::string_view(line_).substr(0, end));
  line_.clear();
  if (!is_well) return fail();
  // 1xx: the answer itself is still to come. 101 was not asked for.
  if (status_ < 200) {
    if (status_ == 101) fail();
    return;
  }
  if (!frame()) return fail();
  const bool is_empty = framing_ == Framing::kNone || (framing_ == Framing::kLength && left_ == 0);
  state_ = is_empty ? State::kDone : State::kBody;
}

bool AnswerReader::parse_head(std::string_view head) {
  headers_.clear();
  const std::string_view first = head.substr(0, head.find("\r\n"));
  head.remove_prefix(std::min(first.size() + 2, head.size()));
  // HTTP/1.x SP 3 digits.
  const bool is_ours = first.size() >= 12 && first.starts_with("HTTP/1.") && first[8] == ' ' &&
                       (first.size() == 12 || first[12] == ' ');
  const auto status = is_ours ? number(first.substr(9, 3), 10) : std::nullopt;
  if (!status || *status < 100 || *status > 999) return false;
  status_ = static_cast<int>(*status);
  is_kept_ = first[7] == '1';
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    if (!parse_line(line)) return false;
  }
  return true;
}

bool AnswerReader::parse_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_name(line.substr(0, colon))) return false;
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return false;
  headers_.push_back({std::string(line.substr(0, colon)), std::string(value)});
  return true;
}

// RFC 9112 6.3.
bool AnswerReader::frame() {
  std::optional<std::uint64_t> length;
  bool is_chunked = false;
  for (const Header& header : headers_) {
    if (is_same_header(header.name, "Content-Length")) {
      const auto said = number(header.value, 10);
      if (!said || (length && *length != *said)) return false;
      length = said;
    } else if (is_same_header(header.name, "Transfer-Encoding")) {
      if (is_chunked || !is_same_header(header.value, "chunked")) return false;
      is_chunked = true;
    } else if (is_same_header(header.name, "Connection")) {
      if (has_word(header.value, "close")) is_kept_ = false;
    }
  }
  if (is_head_ || status_ == 204 || status_ == 304) {
    framing_ = Framing::kNone;
  } else if (is_chunked) {
    if (length) return false;
    framing_ = Framing::kChunked;
  } else if (length) {
    framing_ = Framing::kLength;
    left_ = *length;
  } else {
    framing_ = Framing::kUntilEnd;
  }
  return true;
}

void AnswerReader::read_body(std::string_view& bytes, std::string& body) {
  if (framing_ == Framing::kChunked) return read_chunked(bytes, body);
  std::size_t size = bytes.size();
  if (framing_ == Framing::kLength) {
    size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
    left_ -= size;
    if (left_ == 0) state_ = State::kDone;
  }
  body.append(bytes.substr(0, size));
  bytes.remove_prefix(size);
}

bool AnswerReader::take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t size = end == std::string_view::npos ? bytes.size() : end + 1;
  if (line_.size() + size > kChunkLineBytesMax) {
    fail();
    return false;
  }
  line_.append(bytes.substr(0, size));
  bytes.remove_prefix(size);
  if (end == std::string_view::npos) return false;
  if (!line_.ends_with("\r\n")) {
    fail();
    return false;
  }
  line_.resize(line_.size() - 2);
  return true;
}

void AnswerReader::read_chunked(std::string_view& bytes, std::string& body) {
  while (!bytes.empty() && state_ == State::kBody) {
    if (part_ == Part::kData) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      body.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) part_ = Part::kDataEnd;
      continue;
    }
    if (!take_line(bytes)) continue;
    const std::string line = std::move(line_);
    line_.clear();
    if (part_ == Part::kSize) {
      const auto size = number(trimmed(std::string_view(line).substr(0, line.find(';'))), 16);
      if (!size) return fail();
      left_ = *size;
      part_ = left_ == 0 ? Part::kTrailers : Part::kData;
    } else if (part_ == Part::kDataEnd) {
      if (!line.empty()) return fail();
      part_ = Part::kSize;
    } else if (line.empty()) {  // trailers are dropped
      state_ = State::kDone;
    }
  }
}

}  // namespace understudy
