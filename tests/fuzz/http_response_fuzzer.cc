// SPDX-License-Identifier: Apache-2.0

// Any bytes as a backend's answer. What is accepted ends in one way only, and what is composed from
// it is accepted again with the same status and framing and holds nothing of the contract.

#include <array>
#include <cstdlib>
#include <string>

#include "proxy/http/http1/http1_parser.h"
#include "proxy/http/http1/http1_writer.h"

namespace {

using namespace understudy::http;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Parsed {
  Parsed(std::string_view text, Method method) {
    const HeadLimits limits;
    HeadProgress progress;
    result =
        parse_response_head(text, method, {.limits = limits, .fields = fields}, progress, head);
  }
  std::array<Field, 128> fields;
  ResponseHead head;
  HeadResult result;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto method = static_cast<Method>(data[0] % 10);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const Parsed first(text, method);
  if (first.result.progress != Progress::kComplete) return 0;
  require(first.head.status >= 100 && first.head.status <= 599);
  require(!first.head.keep_alive || first.head.body.kind != Framing::kUntilClose);

  FieldMask dropped;
  drop_from_response(first.head, {}, dropped);
  std::array<char, 16384> block;
  LineArena arena(block);
  HeadSpans spans;
  require(compose_response(first.head, {.dropped = dropped}, arena, spans));
  std::string once(spans.bytes(), '\0');
  spans.copy_to(once.data());

  const Parsed second(once, method);
  require(second.result.progress == Progress::kComplete);
  require(second.result.head_bytes == once.size());
  require(second.head.status == first.head.status && second.head.reason == first.head.reason);
  require(second.head.body.kind == first.head.body.kind);
  require(second.head.body.length == first.head.body.length);
  require(!second.head.fields.present().meets(kContractFields));
  require(!second.head.fields.has(FieldId::kConnection));
  return 0;
}
