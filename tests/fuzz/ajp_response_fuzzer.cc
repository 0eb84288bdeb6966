// SPDX-License-Identifier: Apache-2.0

// Any bytes as what a member says in AJP, in pieces of any size: the steps do not depend on how
// they were cut, and a head that is accepted is one head as HTTP/1.1 text, with as many lines as it
// says.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/http/ajp/ajp_reader.h"
#include "proxy/http/http1/http1_parser.h"

namespace {

using namespace understudy::http;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_head(std::string_view content) {
  std::string text;
  const AjpHeadText head = ajp_head_text(content, text);
  if (!head.refused.empty()) return;
  require(head.status >= 100 && head.status <= 599);
  text += head.has_length ? "\r\n" : "transfer-encoding: chunked\r\n\r\n";
  std::array<Field, kFieldsMax> fields;
  const HeadLimits limits{.first_line_bytes_max = kHeadBytesMax,
                          .field_bytes_max = kHeadBytesMax,
                          .fields_max = kFieldsMax};
  HeadProgress progress;
  ResponseHead parsed;
  const HeadResult result = parse_response_head(
      text, Method::kGet, {.limits = limits, .fields = fields}, progress, parsed);
  if (result.progress == Progress::kRefused) return;
  require(result.progress == Progress::kComplete && result.head_bytes == text.size());
  require(parsed.status == head.status);
}

// Everything that is read, as text; payload in one run however it was cut.
std::string steps_of(std::string_view bytes, std::size_t piece) {
  AjpReader reader;
  std::string out;
  std::string here;
  while (!bytes.empty()) {
    here += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      const AjpStep step = reader.next(here);
      require(step.consumed <= here.size());
      if (step.what == AjpStep::What::kRefused) return out + "refused " + std::string(step.why);
      if (step.what == AjpStep::What::kMore) {
        here.erase(0, step.consumed);
        break;
      }
      require(step.consumed != 0);
      if (step.what == AjpStep::What::kHead) check_head(step.content);
      if (step.what == AjpStep::What::kPayload) {
        require(!step.content.empty());
        out += step.content;
      } else {
        out += "<" + std::to_string(static_cast<int>(step.what)) + " " +
               std::to_string(step.asked) + (step.may_go_on ? "+>" : ">");
      }
      here.erase(0, step.consumed);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  require(steps_of(text, data[0] % 16u + 1u) == steps_of(text, text.size()));
  return 0;
}
