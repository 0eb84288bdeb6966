// SPDX-License-Identifier: Apache-2.0
// ResponseReader: one HTTP/1.1 response out of bytes as they come, whole in memory, for clients of
// the load test and of the integration tests. Bounded by the caller's limit. Pure.
#pragma once

#include <string>
#include <string_view>

#include "loadtest/http_client.h"

namespace understudy::loadtest {

class ResponseReader final {
 public:
  enum class State { kMore, kDone, kBroken };

  explicit ResponseReader(size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}
  // `head_only`: the answer to HEAD has no body whatever its fields say.
  void start(bool head_only);
  State feed(std::string_view bytes);
  // The peer closed: done when the body runs until the close, else broken.
  State end();

  ClientResponse& response() { return response_; }
  bool keep_alive() const { return keep_alive_; }

 private:
  enum class Phase {
    kHead,
    kLength,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailer,
    kUntilEnd,
    kDone
  };
  State broken(std::string why);
  bool parse_head(std::string_view head);
  State advance();

  const size_t body_bytes_max_;
  Phase phase_ = Phase::kHead;
  bool head_only_ = false;
  bool keep_alive_ = true;
  size_t wanted_ = 0;
  std::string pending_;
  ClientResponse response_;
};

}  // namespace understudy::loadtest
