// SPDX-License-Identifier: Apache-2.0
#include "loadtest/response_reader.h"

#include <algorithm>
#include <charconv>

namespace understudy::loadtest {
namespace {

constexpr size_t kHeadMax = 256 * 1024;
constexpr size_t kLineMax = 8192;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_number(std::string_view text, int base, size_t& out) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return ec == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

void ResponseReader::start(bool head_only) {
  phase_ = Phase::kHead;
  head_only_ = head_only;
  keep_alive_ = true;
  wanted_ = 0;
  pending_.clear();
  response_ = {};
}

ResponseReader::State ResponseReader::broken(std::string why) {
  response_.status = 0;
  response_.error = std::move(why);
  phase_ = Phase::kDone;
  keep_alive_ = false;
  return State::kBroken;
}

bool ResponseReader::parse_head(std::string_view head) {
  size_t line_end = head.find("\r\n");
  const std::string_view status_line = head.substr(0, line_end);
  size_t status = 0;
  if (!status_line.starts_with("HTTP/1.") || status_line.size() < 12 ||
      !parse_number(status_line.substr(9, 3), 10, status)) {
    return false;
  }
  response_.status = static_cast<int>(status);
  response_.headers.clear();
  keep_alive_ = status_line[7] == '1';
  head.remove_prefix(line_end + 2);
  while (!head.empty() && (line_end = head.find("\r\n")) != 0) {
    const std::string_view line = head.substr(0, line_end);
    const size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) return false;
    response_.headers.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    head.remove_prefix(line_end + 2);
  }
  return true;
}

ResponseReader::State ResponseReader::feed(std::string_view bytes) {
  if (phase_ == Phase::kDone) return broken("bytes after the end of the response");
  pending_ += bytes;
  return advance();
}

ResponseReader::State ResponseReader::end() {
  if (phase_ == Phase::kDone) return State::kDone;
  if (phase_ == Phase::kUntilEnd) {
    phase_ = Phase::kDone;
    return State::kDone;
  }
  return broken(phase_ == Phase::kHead && pending_.empty() ? "closed without an answer"
                                                           : "closed in the middle of the answer");
}

ResponseReader::State ResponseReader::advance() {
  for (;;) {
    if (response_.body.size() > body_bytes_max_) return broken("the body exceeds the limit");
    switch (phase_) {
      case Phase::kHead: {
        const size_t end = pending_.find("\r\n\r\n");
        if (end == std::string::npos) {
          return pending_.size() > kHeadMax ? broken("the head exceeds the limit") : State::kMore;
        }
        if (!parse_head(std::string_view(pending_).substr(0, end + 4))) {
          return broken("the head is malformed");
        }
        pending_.erase(0, end + 4);
        if (response_.status >= 100 && response_.status < 200) continue;
        const auto connection = lower(response_.header("connection"));
        if (connection.find("close") != std::string::npos) keep_alive_ = false;
        if (head_only_ || response_.status == 204 || response_.status == 304) {
          phase_ = Phase::kDone;
          continue;
        }
        if (lower(response_.header("transfer-encoding")) == "chunked") {
          phase_ = Phase::kChunkSize;
        } else if (const auto length = response_.header("content-length"); !length.empty()) {
          if (!parse_number(length, 10, wanted_)) return broken("a bad Content-Length");
          phase_ = Phase::kLength;
        } else {
          keep_alive_ = false;
          phase_ = Phase::kUntilEnd;
        }
        continue;
      }
      case Phase::kLength:
      case Phase::kChunkData: {
        const size_t count = std::min(wanted_, pending_.size());
        response_.body.append(pending_, 0, count);
        pending_.erase(0, count);
        wanted_ -= count;
        if (wanted_ > 0) return State::kMore;
        phase_ = phase_ == Phase::kLength ? Phase::kDone : Phase::kChunkEnd;
        continue;
      }
      case Phase::kChunkSize:
      case Phase::kChunkEnd:
      case Phase::kTrailer: {
        const size_t end = pending_.find("\r\n");
        if (end == std::string::npos) {
          return pending_.size() > kLineMax ? broken("a chunk line is too long") : State::kMore;
        }
        const std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 2);
        if (phase_ == Phase::kChunkEnd) {
          if (!line.empty()) return broken("a chunk does not end where it should");
          phase_ = Phase::kChunkSize;
        } else if (phase_ == Phase::kTrailer) {
          if (line.empty()) phase_ = Phase::kDone;
        } else {
          if (!parse_number(line.substr(0, line.find(';')), 16, wanted_)) {
            return broken("a bad chunk size");
          }
          phase_ = wanted_ == 0 ? Phase::kTrailer : Phase::kChunkData;
        }
        continue;
      }
      case Phase::kUntilEnd:
        response_.body += pending_;
        pending_.clear();
        return response_.body.size() > body_bytes_max_ ? broken("the body exceeds the limit")
                                                       : State::kMore;
      case Phase::kDone:
        return pending_.empty() ? State::kDone : broken("bytes after the end of the response");
    }
  }
}

}  // namespace understudy::loadtest
