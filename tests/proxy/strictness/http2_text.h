// SPDX-License-Identifier: Apache-2.0
// One table for both protocols: requests of HTTP/1.1 text as the frames that say the same, and what
// came in frames as the text that says the same. Nothing is repaired on the way: what the text says
// wrongly, the frames say wrongly.
#pragma once

#include <string>
#include <string_view>

#include "tests/proxy/support/http2_client.h"

namespace understudy::test {

// A whole request. The host of an absolute-form, or else the first Host, becomes :authority; a body
// in chunks becomes DATA, chunk by chunk, and its trailers HEADERS, unless the request also says
// otherwise where its body ends: then the fields stay as they are.
std::string frames_of(std::string_view text, uint32_t stream);
// Its head without an end, with nothing of a body.
std::string head_frame_of(std::string_view text, uint32_t stream);

// A whole answer, with the interim ones before it; one that ends with its connection ends its
// stream.
std::string answer_frames_of(std::string_view text, uint32_t stream);

// What was asked, as a member of HTTP/1.1 would have got it: a body without a length as one chunk,
// crumbs of cookies as one line. Checks that the fields are as RFC 9113 8.2 and 8.3 want them.
std::string text_of(const Http2Client::Response& request);

// `text` with the names of its fields in lower case, for comparing.
std::string with_lower_names(std::string_view text);

}  // namespace understudy::test
