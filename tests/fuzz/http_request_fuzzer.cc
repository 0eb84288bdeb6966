// SPDX-License-Identifier: Apache-2.0

// Any bytes as a request. However it is cut, it is read as the whole; what is accepted and composed
// again is accepted again, means the same, and composing that changes nothing more.

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "proxy/http/http1/http1_parser.h"
#include "proxy/http/http1/http1_writer.h"

namespace {

using namespace understudy::http;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Parsed {
  // The copy lets the sanitizer see a read behind the end.
  Parsed(std::string_view text, HeadProgress progress = {})
      : block(new char[text.size()]), bytes(block.get(), text.size()) {
    if (!text.empty()) std::memcpy(block.get(), text.data(), text.size());
    const HeadLimits limits;
    result = parse_request_head(bytes, {.limits = limits, .fields = fields}, progress, head);
    progress_after = progress;
  }
  std::unique_ptr<char[]> block;
  std::string_view bytes;
  std::array<Field, 128> fields;
  RequestHead head;
  HeadResult result;
  HeadProgress progress_after;
};

void require_sound(const Parsed& parsed) {
  const std::string_view head = parsed.head.bytes;
  require(head.ends_with("\r\n\r\n"));
  require(head.data() + head.size() == parsed.bytes.data() + parsed.result.head_bytes);
  for (const Field& field : parsed.head.fields) {
    require(!field.name.empty() && field.id == field_id(field.name));
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  const bool chunked = parsed.head.fields.has(FieldId::kTransferEncoding);
  require(!chunked || !parsed.head.fields.has(FieldId::kContentLength));
  require(chunked == (parsed.head.body.kind == Framing::kChunked));
}

std::string composed(const RequestHead& head) {
  FieldMask dropped;
  drop_from_request(head, {}, dropped);
  std::array<char, 16384> block;
  LineArena arena(block);
  HeadSpans spans;
  require(compose_request(head, {.dropped = dropped}, arena, spans));
  std::string text(spans.bytes(), '\0');
  spans.copy_to(text.data());
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Parsed whole(text);

  const Parsed part(text.substr(0, data[size - 1] * size / 256));
  require(part.result.progress != Progress::kComplete ||
          part.result.head_bytes == whole.result.head_bytes);
  if (part.result.progress == Progress::kIncomplete) {
    const Parsed again(text, part.progress_after);
    // A late look may overlook an early reason to refuse, never accept what the first would not.
    require(again.result.progress == whole.result.progress ||
            (again.result.progress == Progress::kIncomplete &&
             whole.result.progress == Progress::kRefused));
  }
  if (whole.result.progress != Progress::kComplete) return 0;
  require_sound(whole);
  if (whole.head.authority.empty()) return 0;  // an empty Host is added, and would be refused

  const std::string once = composed(whole.head);
  const Parsed second(once);
  // Longer lines than the limits allow can arise from "HTTP/1.0" to the added Host only.
  if (second.result.progress != Progress::kComplete) {
    require(status_of(second.result.refusal) == 431);
    return 0;
  }
  require_sound(second);
  require(second.result.head_bytes == once.size());
  require(second.head.method_text == whole.head.method_text);
  require(second.head.path == whole.head.path && second.head.query == whole.head.query);
  require(second.head.authority == whole.head.authority);
  require(second.head.body.kind == whole.head.body.kind);
  require(second.head.body.length == whole.head.body.length);
  require(composed(second.head) == once);
  return 0;
}
