// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/support/http2_client.h"

#include <nghttp2/nghttp2.h>

#include "base/check.h"
#include "proxy/http/preface/http2_preface.h"

namespace understudy::test {
namespace {

std::string number(uint32_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

uint32_t number(std::string_view text) {
  uint32_t value = 0;
  for (const char c : text) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// RFC 7541 5.1 and 5.2, without Huffman coding.
std::string literal(std::string_view text) {
  std::string out;
  std::size_t length = text.size();
  if (length < 127) {
    out += static_cast<char>(length);
  } else {
    out += '\x7f';
    for (length -= 127; length >= 128; length /= 128) out += static_cast<char>(length % 128 + 128);
    out += static_cast<char>(length);
  }
  return out.append(text);
}

}  // namespace

std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string out = number(static_cast<uint32_t>(payload.size()), 3);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out.append(number(stream, 4)).append(payload);
}

std::string header_block(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += '\0';  // a literal without indexing, with a new name
    out += literal(name) + literal(value);
  }
  return out;
}

std::string headers(uint32_t stream, const Fields& fields, uint8_t flags) {
  return frame(1, flags | kEndHeaders, stream, header_block(fields));
}

std::string data(uint32_t stream, std::string_view bytes, uint8_t flags) {
  return frame(0, flags, stream, bytes);
}

std::string reset(uint32_t stream, uint32_t error) {
  return frame(3, 0, stream, number(error, 4));
}

std::string window_update(uint32_t stream, uint32_t bytes) {
  return frame(8, 0, stream, number(bytes, 4));
}

std::string settings(const std::vector<std::pair<uint16_t, uint32_t>>& entries) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += number(id, 2) + number(value, 4);
  return frame(4, 0, 0, payload);
}

std::string ping(std::string_view eight_bytes) {
  return frame(6, 0, 0, eight_bytes);
}

namespace {

Fields request(std::string_view method, std::string_view path, const Fields& more) {
  Fields fields = {{":method", std::string(method)},
                   {":scheme", "http"},
                   {":authority", "a"},
                   {":path", std::string(path)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

}  // namespace

Fields get(std::string_view path, const Fields& more) {
  return request("GET", path, more);
}

Fields post(std::string_view path, const Fields& more) {
  return request("POST", path, more);
}

std::string Http2Client::Response::field(std::string_view name) const {
  for (const auto& [each, value] : fields) {
    if (each == name) return value;
  }
  return "(none)";
}

Http2Client::Http2Client() : inflater_(nullptr) {
  CHECK(nghttp2_hd_inflate_new(&inflater_) == 0);
}

Http2Client::~Http2Client() {
  nghttp2_hd_inflate_del(inflater_);
}

std::string Http2Client::greeting(const std::vector<std::pair<uint16_t, uint32_t>>& entries) {
  return std::string(http::kHttp2Preface) + settings(entries);
}

std::string Http2Client::read(std::string_view bytes) {
  bytes_.append(bytes);
  std::string answer;
  for (;;) {
    if (bytes_.size() < 9) break;
    const std::size_t length = number(std::string_view(bytes_).substr(0, 3));
    if (bytes_.size() < 9 + length) break;
    const std::string whole = bytes_.substr(0, 9 + length);
    bytes_.erase(0, whole.size());
    on_frame(static_cast<uint8_t>(whole[3]), static_cast<uint8_t>(whole[4]),
             number(std::string_view(whole).substr(5, 4)) & 0x7fffffff,
             std::string_view(whole).substr(9), answer);
  }
  return answer;
}

void Http2Client::on_frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload,
                           std::string& answer) {
  const bool ends = (flags & kEndStream) != 0;
  switch (type) {
    case 0:
      responses_[stream].body.append(payload);
      responses_[stream].ended |= ends;
      ++data_frames_;
      data_order_.push_back(stream);
      if (opens_windows && !payload.empty()) {
        const auto bytes = static_cast<uint32_t>(payload.size());
        answer += window_update(0, bytes) + window_update(stream, bytes);
      }
      break;
    case 1:
      block_ = payload;
      block_ends_ = ends;
      if ((flags & kEndHeaders) != 0) on_block(stream, block_, block_ends_);
      break;
    case 3:
      responses_[stream].reset = number(payload);
      break;
    case 4:
      if (ends) break;  // the flag means ACK here
      for (; payload.size() >= 6; payload.remove_prefix(6)) {
        settings_[static_cast<uint16_t>(number(payload.substr(0, 2)))] =
            number(payload.substr(2, 4));
      }
      answer += frame(4, 1, 0);
      break;
    case 6:
      if (ends) ++pings_;
      break;
    case 7:
      goaway_last_ = number(payload.substr(0, 4)) & 0x7fffffff;
      goaway_error_ = number(payload.substr(4, 4));
      break;
    case 8:
      opened_[stream] += number(payload);
      break;
    case 9:
      block_ += payload;
      if ((flags & kEndHeaders) != 0) on_block(stream, block_, block_ends_);
      break;
    default:
      break;
  }
}

void Http2Client::on_block(uint32_t stream, std::string_view block, bool ends) {
  Fields fields;
  const auto* at = reinterpret_cast<const uint8_t*>(block.data());
  std::size_t left = block.size();
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
    CHECK(used >= 0, "a header block that cannot be decoded");
    at += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<char*>(field.value), field.valuelen));
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  Response& response = responses_[stream];
  response.ended |= ends;
  if (!fields.empty() && fields.front().first == ":method") {
    response.request = fields;
    return;
  }
  if (fields.empty() || fields.front().first != ":status") {
    response.trailers = fields;
    return;
  }
  const std::string status = fields.front().second;
  fields.erase(fields.begin());
  if (status.starts_with('1')) {
    response.interims.push_back(status);
    return;
  }
  response.status = status;
  response.fields = fields;
}

}  // namespace understudy::test
