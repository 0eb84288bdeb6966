// SPDX-License-Identifier: Apache-2.0
// What a choice costs: of a member with 3 and with 2,000 of them, of a location with 1 and with
// 10,000, and the normal form of a path.

#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>

#include "proxy/routing/cluster.h"
#include "proxy/routing/mapping.h"
#include "proxy/routing/request_path.h"

namespace understudy::routing {
namespace {

ClusterOptions with_members(std::int64_t count, bool weighted) {
  ClusterOptions options;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string text = "127.0.0.1:" + std::to_string(10000 + i);
    options.seeds.push_back({.address_text = text,
                             .address = *Address::parse(text),
                             .route = "r" + std::to_string(i),
                             .weight = static_cast<std::uint16_t>(weighted ? 1 + i % 7 : 1)});
  }
  return options;
}

void choose_in_turn(benchmark::State& state) {
  Cluster cluster(with_members(state.range(0), state.range(1) != 0));
  const TimePoint now(std::chrono::hours(1));
  for (auto _ : state) {
    Attempt attempt = cluster.begin({});
    benchmark::DoNotOptimize(cluster.choose(attempt, now));
  }
}
BENCHMARK(choose_in_turn)->ArgNames({"members", "weighted"})->ArgsProduct({{3, 2000}, {0, 1}});

void choose_by_cookie(benchmark::State& state) {
  Cluster cluster(with_members(state.range(0), false));
  const TimePoint now(std::chrono::hours(1));
  for (std::uint32_t mid = 1; mid <= state.range(0); ++mid) {
    cluster.table().learn_mid(*cluster.table().members()[mid - 1], mid);
  }
  DecodedAffinity cookie{.refusal = AffinityRefusal::kNone};
  cookie.token.primary = 2;
  cookie.token.secondary = 3;
  for (auto _ : state) {
    Attempt attempt = cluster.begin(cookie);
    benchmark::DoNotOptimize(cluster.choose(attempt, now));
  }
}
BENCHMARK(choose_by_cookie)->ArgName("members")->Arg(3)->Arg(2000);

// The primary is skipped, and a third of the others with it.
void choose_after_failures(benchmark::State& state) {
  Cluster cluster(with_members(state.range(0), false));
  const TimePoint now(std::chrono::hours(1));
  for (std::int64_t i = 0; i < state.range(0); i += 3) {
    cluster.table().on_failure(*cluster.table().members()[i], Failure::kRefused, now);
  }
  for (auto _ : state) {
    Attempt attempt = cluster.begin({});
    benchmark::DoNotOptimize(cluster.choose(attempt, now));
    benchmark::DoNotOptimize(cluster.choose(attempt, now));
  }
}
BENCHMARK(choose_after_failures)->ArgName("members")->Arg(3)->Arg(2000);

void find_location(benchmark::State& state) {
  Mapping::Host host{{"shop.example"}, {{"/", 0}}};
  for (std::uint32_t i = 1; i < state.range(0); ++i) {
    host.rules.push_back({"/application" + std::to_string(i) + "/part", i});
  }
  const Mapping mapping({{{}, {}}, host});
  for (auto _ : state) {
    benchmark::DoNotOptimize(mapping.find("Shop.Example:8080", "/application7/part/page.html"));
  }
}
BENCHMARK(find_location)->ArgName("locations")->Arg(1)->Arg(10000);

void normalise(benchmark::State& state) {
  const std::array<std::string, 2> paths = {"/application7/part/page.html",
                                            "/application7/./part/%70age.html"};
  const std::string& path = paths[static_cast<std::size_t>(state.range(0))];
  std::array<char, 256> scratch;
  for (auto _ : state) benchmark::DoNotOptimize(normalise_path(path, scratch));
}
BENCHMARK(normalise)->ArgName("needs_work")->Arg(0)->Arg(1);

}  // namespace
}  // namespace understudy::routing

BENCHMARK_MAIN();
