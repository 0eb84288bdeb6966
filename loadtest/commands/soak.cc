// SPDX-License-Identifier: Apache-2.0
// `loadtest soak`: hours of chaos by seed at a moderate rate, with an eye on what every process
// weighs.
#include <fmt/core.h>

#include <filesystem>

#include "loadtest/chaos.h"
#include "loadtest/commands/commands.h"
#include "loadtest/commands/conclusion.h"

namespace understudy::loadtest {
namespace {

constexpr Duration kProgressEvery = std::chrono::seconds(30);

struct SoakTimes {
  Duration pause{};
  Duration newcomers_every{};  // zero: nobody comes
  Duration sample_every{};
  Duration warm_up{};
};

Result<SoakTimes> parse_times(const SoakArguments& arguments) {
  const auto pause = parse_time("--pause", arguments.pause, false);
  if (!pause) return pause.error();
  const auto newcomers = parse_time("--newcomers-every", arguments.newcomers_every, true);
  if (!newcomers) return newcomers.error();
  const auto sample = parse_time("--sample-every", arguments.sample_every, false);
  if (!sample) return sample.error();
  const auto warm_up = parse_time("--warm-up", arguments.warm_up, true);
  if (!warm_up) return warm_up.error();
  return SoakTimes{
      .pause = *pause, .newcomers_every = *newcomers, .sample_every = *sample, .warm_up = *warm_up};
}

bool open_installation(Installation& installation, const SoakArguments& arguments) {
  const ProxyOptions proxy{.seeds = {}, .location = "  SessionReplay On\n", .global = {}};
  if (!installation.open(arguments.members, {.heartbeat = arguments.heartbeat}, proxy)) {
    return false;
  }
  for (size_t index = 1; index < arguments.proxies; ++index) {
    if (!installation.start_proxy(proxy, index)) return false;
  }
  return true;
}

void sample_all(Installation& installation, Duration at, ProcessWatch& watch) {
  for (size_t index = 0; index < installation.proxy_count(); ++index) {
    watch.sample(at, fmt::format("proxy {}", index + 1), installation.proxy(index).pid());
  }
  for (const std::string& name : installation.member_names()) {
    if (!installation.is_started(name) || !installation.member(name).is_running()) continue;
    watch.sample(at, name, installation.member(name).pid());
  }
}

std::vector<ChaosStep> soak_plan(const SoakArguments& arguments, const Installation& installation,
                                 const SoakTimes& times, Duration duration) {
  SeededChaos chaos{.seed = arguments.chaos_seed,
                    .members = installation.member_names(),
                    .duration = duration,
                    .pause = times.pause,
                    .is_varied = true};
  chaos.spared.assign(chaos.members.end() - static_cast<ptrdiff_t>(arguments.spared),
                      chaos.members.end());
  return plan_by_seed(chaos);
}

}  // namespace

int soak(const SoakArguments& arguments, const std::string& command) {
  auto options = session_load_options(arguments.load);
  if (!options) return fail(options.error(), kBadUsage);
  const auto times = parse_times(arguments);
  if (!times) return fail(times.error(), kBadUsage);
  if (arguments.spared >= arguments.members) {
    return fail(invalid("--spared: somebody has to be left to be killed; fewer than --members"),
                kBadUsage);
  }
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  Installation installation(**loop, own_directory(),
                            make_directory(std::filesystem::temp_directory_path().string()));
  if (auto there = has_programs(installation); !there) return fail(there.error());
  fmt::print(stderr, "starting {} members and {} proxies\n", arguments.members, arguments.proxies);
  if (!open_installation(installation, arguments)) {
    fmt::print(stderr, "loadtest: the installation did not come up in time\n{}",
               installation.logs());
    return kFailed;
  }
  Newcomers::Options visits{.servers = {}, .every = times->newcomers_every, .client = {}};
  for (size_t index = 0; index < arguments.proxies; ++index) {
    visits.servers.push_back(installation.proxy_address(index));
  }
  options->others.assign(visits.servers.begin() + 1, visits.servers.end());
  visits.client = options->client;

  SessionLoad load(**loop, installation.proxy_address(), *options);
  if (auto opened = load.open_sessions(); !opened) return fail(opened.error());
  Chaos disorder(installation,
                 soak_plan(arguments, installation, *times, options->schedule.duration),
                 [&load](const std::string& event) {
                   load.mark(event);
                   fmt::print(stderr, "{:7.1f} s  -- {}\n", seconds(load.elapsed()), event);
                 });
  Newcomers newcomers(**loop, visits);
  ProcessWatch watch;
  Duration next_sample{};
  Progress progress(load, kProgressEvery);
  disorder.start();
  if (times->newcomers_every.count() > 0) newcomers.start();
  load.run([&] {
    progress.on_turn();
    const Duration elapsed = load.elapsed();
    if (elapsed < next_sample) return;
    next_sample = elapsed + times->sample_every;
    sample_all(installation, elapsed, watch);
  });
  newcomers.stop();
  installation.wait_until([&] { return disorder.is_over() && newcomers.all_left(); });
  disorder.stop();
  const auto ends = load.read_ends();

  Report report = make_report(load, true, options->sessions);
  report.crashes = disorder.crashes();
  report.title = fmt::format("Soak: {} of chaos on {} members and {} proxies",
                             arguments.load.duration, arguments.members, arguments.proxies);
  report.command = command;
  report.setup = {{"members", std::to_string(arguments.members)},
                  {"of these never ended", std::to_string(arguments.spared)},
                  {"proxies", std::to_string(arguments.proxies)},
                  {"HeartbeatInterval", arguments.heartbeat},
                  {"SessionReplay", "On"},
                  {"rate", arguments.load.rate},
                  {"duration", arguments.load.duration},
                  {"sessions", std::to_string(options->sessions)},
                  {"between two faults", arguments.pause},
                  {"seed", std::to_string(arguments.chaos_seed)}};
  report.lives = watch.lives();
  report.bounds.warm_up = times->warm_up;
  report.bounds.memory_kib_per_hour = arguments.memory_kib_per_hour;
  report.bounds.descriptors_per_hour = arguments.descriptors_per_hour;
  if (times->newcomers_every.count() > 0) report.newcomers = newcomers.figures();
  const int status = conclude(std::move(report), arguments.load.out);
  if (!arguments.load.out.empty()) {
    write_file(arguments.load.out + "/logs.txt", installation.logs());
  }
  if (!ends) return fail(ends.error());
  return status;
}

SoakArguments::SoakArguments() {
  load.rate = "200";
  load.duration = "1h";
  load.sessions = 300;
}

}  // namespace understudy::loadtest
