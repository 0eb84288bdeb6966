// SPDX-License-Identifier: Apache-2.0
// FormSearch: looks for a session's field in a request's body while it comes, in the form in which
// the client sends it. Owned by an Exchange while it gathers; worker thread only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "cookies/form_field.h"
#include "proxy/http/http1/chunked.h"
#include "proxy/http/message.h"

namespace understudy {

class FormSearch final {
 public:
  // At most `bytes_max` of payload are looked at.
  FormSearch(std::string field, http::Framing framing, size_t bytes_max)
      : field_(std::move(field)),
        is_chunked_(framing == http::Framing::kChunked),
        bytes_max_(bytes_max) {}

  void feed(std::string_view bytes);
  void finish() { field_.finish(); }
  // Whether more of the body changes nothing: found, or too large.
  bool is_over() const { return field_.is_decided() || bytes_ >= bytes_max_; }
  std::optional<std::string_view> value() const { return field_.value(); }

 private:
  FormField field_;
  http::ChunkScanner scanner_;
  const bool is_chunked_;
  const size_t bytes_max_;
  size_t bytes_ = 0;  // with their framing, for that is what has to be held
};

}  // namespace understudy
