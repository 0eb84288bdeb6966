// SPDX-License-Identifier: Apache-2.0

// What HTTP/1 costs an exchange apart from its bytes' way through the kernel: both heads parsed
// once, and both composed for the other side.

#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "proxy/http/forwarded.h"
#include "proxy/http/http1/chunked.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/http/http1/http1_writer.h"

namespace understudy::http {
namespace {

// As wrk sends it, with the affinity cookie.
constexpr std::string_view kSmallRequest =
    "GET /count HTTP/1.1\r\n"
    "Host: 127.0.0.1:8080\r\n"
    "Cookie: UNDERSTUDY=1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.3.1234.1AAECAwQFBgcICQoL\r\n"
    "\r\n";

// As an API client sends it.
constexpr std::string_view kMediumRequest =
    "GET /api/v2/orders/123456?expand=lines HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "User-Agent: okhttp/4.12.0\r\n"
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip\r\n"
    "Authorization: Bearer 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "Cookie: UNDERSTUDY=1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.3.1234.1AAECAwQFBgcICQoL\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

// As a browser sends it: 12 fields.
constexpr std::string_view kLargeRequest =
    "GET /shop/cart?item=17&colour=dark%20blue HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    "\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Referer: http://shop.example.com/shop/list?page=3\r\n"
    "Connection: keep-alive\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Cookie: theme=dark; UNDERSTUDY=1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.3.1234."
    "1AAECAwQFBgcICQoL\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Mon, 01 Jul 2024 12:00:00 GMT\r\n"
    "Server: counter\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1024\r\n"
    "Understudy-View: 0123456789abcdef\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

constexpr HeadLimits kLimits;

// noinline: one call each, so that callgrind can be asked for them by name.
[[gnu::noinline]] HeadResult parse_request(std::string_view text, std::span<Field> fields,
                                           RequestHead& head) {
  HeadProgress progress;
  return parse_request_head(text, {.limits = kLimits, .fields = fields}, progress, head);
}

[[gnu::noinline]] HeadResult parse_response(std::string_view text, std::span<Field> fields,
                                            ResponseHead& head) {
  HeadProgress progress;
  return parse_response_head(text, Method::kGet, {.limits = kLimits, .fields = fields}, progress,
                             head);
}

// Everything that changes between the two sides, as an exchange asks for it.
[[gnu::noinline]] bool forward_request(const RequestHead& head, LineArena& arena,
                                       HeadSpans& spans) {
  FieldMask dropped;
  arena.clear();
  drop_from_request(head, {}, dropped);
  forward_peer(head, {}, {.address = "192.0.2.17", .local_port = 8080}, dropped, arena);
  arena.add_line("Understudy-View-Seen", "0123456789abcdef");
  arena.add_line("Understudy-Request-Id", "0123456789abcdef");
  return compose_request(head, {.dropped = dropped, .added = arena.text()}, arena, spans);
}

[[gnu::noinline]] bool forward_response(const ResponseHead& head, LineArena& arena,
                                        HeadSpans& spans) {
  FieldMask dropped;
  arena.clear();
  drop_from_response(head, {}, dropped);
  return compose_response(head, {.dropped = dropped}, arena, spans);
}

void ParseRequest(benchmark::State& state, std::string_view request) {
  const std::string text(request);
  std::array<Field, 100> fields;
  RequestHead head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_request(text, fields, head));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK_CAPTURE(ParseRequest, small, kSmallRequest);
BENCHMARK_CAPTURE(ParseRequest, medium, kMediumRequest);
BENCHMARK_CAPTURE(ParseRequest, large, kLargeRequest);

void ParseResponse(benchmark::State& state) {
  const std::string text(kResponse);
  std::array<Field, 100> fields;
  ResponseHead head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_response(text, fields, head));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(ParseResponse);

void ForwardRequest(benchmark::State& state, std::string_view request) {
  const std::string text(request);
  std::array<Field, 100> fields;
  RequestHead head;
  parse_request(text, fields, head);
  std::array<char, 4096> block;
  LineArena arena(block);
  HeadSpans spans;
  for (auto _ : state) {
    benchmark::DoNotOptimize(forward_request(head, arena, spans));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(ForwardRequest, small, kSmallRequest);
BENCHMARK_CAPTURE(ForwardRequest, large, kLargeRequest);

void ForwardResponse(benchmark::State& state) {
  const std::string text(kResponse);
  std::array<Field, 100> fields;
  ResponseHead head;
  parse_response(text, fields, head);
  std::array<char, 4096> block;
  LineArena arena(block);
  HeadSpans spans;
  for (auto _ : state) {
    benchmark::DoNotOptimize(forward_response(head, arena, spans));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(ForwardResponse);

void ScanChunks(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 16; ++i) body += "400\r\n" + std::string(1024, 'x') + "\r\n";
  body += kLastChunk;
  for (auto _ : state) {
    ChunkScanner scanner;
    benchmark::DoNotOptimize(scanner.scan(body));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * body.size()));
}
BENCHMARK(ScanChunks);

}  // namespace
}  // namespace understudy::http

BENCHMARK_MAIN();
