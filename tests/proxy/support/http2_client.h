// SPDX-License-Identifier: Apache-2.0
// An HTTP/2 client made of bytes: the test writes frames as it likes, valid or not, and gets told
// what came back. It keeps no rule of the protocol by itself but the acknowledgement of SETTINGS
// and, unless told otherwise, open windows. A member's end reads requests with it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct nghttp2_hd_inflater;

namespace understudy::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kEndHeaders = 4;
inline constexpr uint8_t kPadded = 8;

// One frame with its head.
std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload = {});
// A header block without compression.
std::string header_block(const Fields& fields);
std::string headers(uint32_t stream, const Fields& fields, uint8_t flags = kEndStream);
std::string data(uint32_t stream, std::string_view bytes, uint8_t flags = 0);
std::string reset(uint32_t stream, uint32_t error = 8);
std::string window_update(uint32_t stream, uint32_t bytes);
std::string settings(const std::vector<std::pair<uint16_t, uint32_t>>& entries = {});
std::string ping(std::string_view eight_bytes = "12345678");
// GET, http, the authority "a".
Fields get(std::string_view path, const Fields& more = {});
Fields post(std::string_view path, const Fields& more = {});

class Http2Client {
 public:
  Http2Client();
  ~Http2Client();

  struct Response {
    std::string status;
    std::vector<std::string> interims;  // statuses
    Fields fields;
    Fields trailers;
    Fields request;  // what was asked, when a member reads with this
    std::string body;
    bool ended = false;
    int64_t reset = -1;  // the error, if it was
    std::string field(std::string_view name) const;
  };

  // The first bytes: preface and SETTINGS.
  static std::string greeting(const std::vector<std::pair<uint16_t, uint32_t>>& entries = {});

  // What has come. Returns what is to be sent for it: acknowledgements, and windows.
  std::string read(std::string_view bytes);
  Response& response(uint32_t stream) { return responses_[stream]; }
  std::size_t responses() const { return responses_.size(); }
  int64_t goaway_error() const { return goaway_error_; }  // -1: no GOAWAY
  uint32_t goaway_last() const { return goaway_last_; }
  std::size_t pings_answered() const { return pings_; }
  std::size_t data_frames() const { return data_frames_; }
  // By how much the server has opened a stream's window.
  std::size_t stream_window_bytes(uint32_t stream) { return opened_[stream]; }
  // The streams in the order of their DATA frames.
  const std::vector<uint32_t>& data_order() const { return data_order_; }
  const std::map<uint16_t, uint32_t>& server_settings() const { return settings_; }
  bool opens_windows = true;

 private:
  void on_frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload,
                std::string& answer);
  void on_block(uint32_t stream, std::string_view block, bool ends);

  nghttp2_hd_inflater* inflater_;
  std::string bytes_;
  std::string block_;
  bool block_ends_ = false;
  std::map<uint32_t, Response> responses_;
  std::map<uint16_t, uint32_t> settings_;
  std::vector<uint32_t> data_order_;
  int64_t goaway_error_ = -1;
  uint32_t goaway_last_ = 0;
  std::size_t pings_ = 0;
  std::size_t data_frames_ = 0;
  std::map<uint32_t, std::size_t> opened_;
};

}  // namespace understudy::test
