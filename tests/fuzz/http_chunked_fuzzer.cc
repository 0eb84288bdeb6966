// SPDX-License-Identifier: Apache-2.0

// Any bytes as a chunked body. Scanner and payload reader agree on where it ends, in whatever
// pieces it comes; and a second decoder that knows only sizes and CRLF finds the same payload.

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/http1/chunked.h"

namespace {

using namespace understudy::http;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  Progress progress = Progress::kIncomplete;
  std::string payload;
  size_t consumed = 0;
};

Outcome read_payload(std::string_view body, size_t piece_bytes) {
  ChunkScanner scanner;
  Outcome outcome;
  while (outcome.consumed < body.size() && outcome.progress == Progress::kIncomplete) {
    const std::string_view piece = body.substr(outcome.consumed, piece_bytes);
    const ChunkPiece read = scanner.next(piece);
    outcome.payload += read.payload;
    outcome.consumed += read.consumed;
    outcome.progress = read.progress;
  }
  return outcome;
}

Outcome scan(std::string_view body, size_t piece_bytes) {
  ChunkScanner scanner;
  Outcome outcome;
  while (outcome.consumed < body.size() && outcome.progress == Progress::kIncomplete) {
    const ChunkResult read = scanner.scan(body.substr(outcome.consumed, piece_bytes));
    outcome.consumed += read.consumed;
    outcome.progress = read.progress;
  }
  return outcome;
}

// A careless reader, as a backend may be: any size in hex up to ';' or the line's end.
std::optional<Outcome> read_carelessly(std::string_view body) {
  Outcome outcome;
  const auto line = [&]() -> std::optional<std::string_view> {
    const size_t end = body.find("\r\n", outcome.consumed);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = body.substr(outcome.consumed, end - outcome.consumed);
    outcome.consumed = end + 2;
    return text;
  };
  for (;;) {
    const auto size_line = line();
    if (!size_line) return std::nullopt;
    uint64_t size = 0;
    std::from_chars(size_line->data(), size_line->data() + size_line->size(), size, 16);
    if (size == 0) break;
    outcome.payload += body.substr(outcome.consumed, size);
    outcome.consumed += size + 2;
    if (outcome.consumed > body.size()) return std::nullopt;
  }
  for (auto trailer = line(); trailer; trailer = line()) {
    if (trailer->empty()) return outcome;
  }
  return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const size_t piece_bytes = data[0] % 32 + 1;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const Outcome whole = scan(body, body.size());
  const Outcome pieces = scan(body, piece_bytes);
  const Outcome decoded = read_payload(body, body.size());
  const Outcome decoded_pieces = read_payload(body, piece_bytes);
  for (const Outcome* other : {&pieces, &decoded, &decoded_pieces}) {
    require(other->progress == whole.progress && other->consumed == whole.consumed);
  }
  require(decoded.payload == decoded_pieces.payload);
  if (whole.progress != Progress::kComplete) return 0;
  const auto careless = read_carelessly(body);
  require(careless && careless->consumed == whole.consumed && careless->payload == decoded.payload);
  return 0;
}
