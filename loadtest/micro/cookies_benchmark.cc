// SPDX-License-Identifier: Apache-2.0

// What affinity costs a request: finding the cookie, verifying it once, recognising it afterwards,
// and seeing that the view has not changed.

#include <benchmark/benchmark.h>

#include <array>
#include <numeric>
#include <string>

#include "cookies/affinity.h"
#include "cookies/contract.h"
#include "cookies/cookie_header.h"
#include "cookies/view_header.h"

namespace understudy {
namespace {

std::shared_ptr<const Keyring> ring() {
  std::array<std::uint8_t, kKeyBytesMin> bytes;
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  const std::array<Keyring::NamedKey, 1> keys = {{{.id = '1', .bytes = bytes}}};
  return Keyring::from_keys(keys).keyring;
}

const AffinityCodec& codec() {
  static const AffinityCodec kCodec({.keyring = ring(), .cluster = "shop"});
  return kCodec;
}

AffinityToken token() {
  return {.sid = {7}, .primary = 0x12345678, .secondary = 0x87654321, .epoch = 3, .version = 1234};
}

// Eleven cookies as sites set them, about 30 bytes each, and ours behind them.
std::string twelve_cookies(std::string_view value) {
  std::string line;
  for (int i = 0; i < 11; ++i) line += "_analytics_" + std::to_string(i) + "=GA1.2.1234567890; ";
  return line + "UNDERSTUDY=" + std::string(value);
}

void FindCookieLastOfTwelve(benchmark::State& state) {
  const std::string line = twelve_cookies(codec().encode(token())->view());
  for (auto _ : state) {
    std::string_view header = line;
    benchmark::DoNotOptimize(header);
    benchmark::DoNotOptimize(find_cookie(header, "UNDERSTUDY"));
  }
}
BENCHMARK(FindCookieLastOfTwelve);

void FindCookieAlone(benchmark::State& state) {
  const std::string line = "UNDERSTUDY=" + std::string(codec().encode(token())->view());
  for (auto _ : state) {
    std::string_view header = line;
    benchmark::DoNotOptimize(header);
    benchmark::DoNotOptimize(find_cookie(header, "UNDERSTUDY"));
  }
}
BENCHMARK(FindCookieAlone);

void DecodeAndVerify(benchmark::State& state) {
  const auto text = *codec().encode(token());
  for (auto _ : state) {
    std::string_view value = text;
    benchmark::DoNotOptimize(value);
    benchmark::DoNotOptimize(codec().decode(value));
  }
}
BENCHMARK(DecodeAndVerify);

void DecodeRemembered(benchmark::State& state) {
  const auto text = *codec().encode(token());
  AffinityMemo memo;
  for (auto _ : state) {
    std::string_view value = text;
    benchmark::DoNotOptimize(value);
    benchmark::DoNotOptimize(memo.decode(codec(), value));
  }
}
BENCHMARK(DecodeRemembered);

void EncodeAndSign(benchmark::State& state) {
  AffinityToken written = token();
  for (auto _ : state) {
    benchmark::DoNotOptimize(written);
    benchmark::DoNotOptimize(codec().encode(written));
  }
}
BENCHMARK(EncodeAndSign);

void DecodeWeblogic(benchmark::State& state) {
  const std::string text = std::string(52, 'x') + "!1104478448!-1625602300";
  for (auto _ : state) {
    std::string_view value = text;
    benchmark::DoNotOptimize(value);
    benchmark::DoNotOptimize(decode_weblogic(value));
  }
}
BENCHMARK(DecodeWeblogic);

void ViewHashCompare(benchmark::State& state) {
  const Hex64 held = format_hex64(0xb6b1862c76406bbe);
  const std::string text(held.begin(), held.end());
  for (auto _ : state) {
    std::string_view header = text;
    benchmark::DoNotOptimize(header);
    benchmark::DoNotOptimize(holds_view(header, held));
  }
}
BENCHMARK(ViewHashCompare);

void ViewDecode(benchmark::State& state) {
  ClusterView view{.cluster = "shop", .version = 7};
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(state.range(0)); ++i) {
    view.entries.push_back({.mid = i * 2654435761U,
                            .name = "member" + std::to_string(i),
                            .address = "10.0.0.1:" + std::to_string(7000 + i)});
  }
  const ViewCodec views(*ring(), "shop");
  const std::string text = *views.encode(view);
  for (auto _ : state) benchmark::DoNotOptimize(views.decode(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(ViewDecode)->Arg(3)->Arg(2000);

void IsContractHeader(benchmark::State& state) {
  constexpr std::array<std::string_view, 8> kNames = {"Host",
                                                      "User-Agent",
                                                      "Accept",
                                                      "Accept-Language",
                                                      "Accept-Encoding",
                                                      "Cookie",
                                                      "X-Forwarded-For",
                                                      "Upgrade-Insecure-Requests"};
  for (auto _ : state) {
    for (std::string_view name : kNames) {
      benchmark::DoNotOptimize(name);
      benchmark::DoNotOptimize(is_contract_header(name));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kNames.size()));
}
BENCHMARK(IsContractHeader);

}  // namespace
}  // namespace understudy

BENCHMARK_MAIN();
