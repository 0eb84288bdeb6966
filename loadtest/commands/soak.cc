// SPDX-License-Identifier: Apache-2.0
// `loadtest soak`: two groups that start apart and meet, then hours of chaos by seed at a moderate
// rate, with an eye on what every process weighs.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>

#include "loadtest/apart.h"
#include "loadtest/chaos.h"
#include "loadtest/commands/commands.h"
#include "loadtest/commands/conclusion.h"

namespace understudy::loadtest {
namespace {

constexpr Duration kProgressEvery = std::chrono::seconds(30);
constexpr Duration kMergeTime = std::chrono::seconds(10);

struct SoakTimes {
  Duration pause{};
  Duration newcomers_every{};  // zero: none comes
  Duration sample_every{};
  Duration warm_up{};
  Duration apart{};  // zero: never
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
  const auto apart = parse_time("--apart", arguments.apart, true);
  if (!apart) return apart.error();
  return SoakTimes{.pause = *pause,
                   .newcomers_every = *newcomers,
                   .sample_every = *sample,
                   .warm_up = *warm_up,
                   .apart = *apart};
}

bool open_installation(Installation& installation, Apart& apart, const SoakArguments& arguments) {
  const ProxyOptions proxy{.seeds = {}, .location = "  SessionReplay On\n", .global = {}};
  const MemberOptions member{.heartbeat = arguments.heartbeat};
  if (installation.network())
    return apart.open(arguments.members, member, arguments.proxies, proxy);
  if (!installation.open(arguments.members, member, proxy)) {
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
                    .is_varied = true,
                    .has_network = times.apart.count() > 0};
  chaos.spared.assign(chaos.members.end() - static_cast<ptrdiff_t>(arguments.spared),
                      chaos.members.end());
  return plan_by_seed(chaos);
}

// Heals the cut when it is time, and says when the two groups have become one.
class Meeting final {
 public:
  Meeting(Apart& apart, Duration at) : apart_(apart), at_(at) {}
  // True once, when all members know each other.
  bool on_turn(Duration elapsed, const std::function<void(const std::string&)>& on_event) {
    if (is_over_ || elapsed < at_) return false;
    if (!is_healed_) {
      is_healed_ = true;
      apart_.heal();
      on_event("the two groups meet");
    }
    if (elapsed < next_look_) return false;
    next_look_ = elapsed + kLook;
    is_over_ = apart_.is_one();
    if (is_over_) on_event(fmt::format("they are one, {:.1f} s later", seconds(elapsed - at_)));
    return is_over_;
  }
  bool is_over() const { return is_over_; }

 private:
  static constexpr Duration kLook = std::chrono::milliseconds(200);
  Apart& apart_;
  const Duration at_;
  Duration next_look_{};
  bool is_healed_ = false;
  bool is_over_ = false;
};

}  // namespace

int soak(const SoakArguments& arguments, const std::string& command) {
  auto options = session_load_options(arguments.load);
  if (!options) return fail(options.error(), kBadUsage);
  const auto times = parse_times(arguments);
  if (!times) return fail(times.error(), kBadUsage);
  if (arguments.spared >= arguments.members) {
    return fail(invalid("--spared: a member has to be left to be killed; fewer than --members"),
                kBadUsage);
  }
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  std::unique_ptr<Network> network;
  Installation installation(**loop, own_directory(),
                            make_directory(std::filesystem::temp_directory_path().string()));
  if (auto there = has_programs(installation); !there) return fail(there.error());
  const bool begins_apart = times->apart.count() > 0;
  if (begins_apart) {
    auto opened = Network::open(installation.directory());
    if (!opened) return fail(opened.error());
    network = *std::move(opened);
    installation.use_network(*network);
  }
  Apart apart(installation);
  fmt::print(stderr, "starting {} members and {} proxies\n", arguments.members, arguments.proxies);
  if (!open_installation(installation, apart, arguments)) {
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
  load.bind_clients(begins_apart);
  if (auto opened = load.open_sessions(); !opened) return fail(opened.error());
  const auto on_event = [&load](const std::string& event) {
    load.mark(event);
    fmt::print(stderr, "{:7.1f} s  -- {}\n", seconds(load.elapsed()), event);
  };
  // What happens begins when there is one group; the end is left to its last faults.
  const Duration calm = begins_apart ? times->apart + kMergeTime : Duration::zero();
  Chaos disorder(installation,
                 soak_plan(arguments, installation, *times,
                           std::max(options->schedule.duration - calm, times->pause)),
                 on_event);
  Meeting meeting(apart, times->apart);
  Newcomers newcomers(**loop, visits);
  ProcessWatch watch;
  Duration next_sample{};
  Progress progress(load, kProgressEvery);
  if (!begins_apart) disorder.start();
  if (times->newcomers_every.count() > 0) newcomers.start();
  load.run([&] {
    progress.on_turn();
    const Duration elapsed = load.elapsed();
    if (begins_apart && meeting.on_turn(elapsed, on_event)) {
      load.bind_clients(false);
      disorder.start();
    }
    if (elapsed < next_sample) return;
    next_sample = elapsed + times->sample_every;
    sample_all(installation, elapsed, watch);
  });
  newcomers.stop();
  installation.wait_until([&] { return disorder.is_over() && newcomers.all_left(); });
  disorder.stop();
  const auto ends = load.read_ends();
  const bool have_met = !begins_apart || meeting.is_over();

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
                  {"two groups apart for", arguments.apart},
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
  if (!have_met) return fail(invalid("the two groups have not become one"));
  return status;
}

SoakArguments::SoakArguments() {
  load.rate = "200";
  load.duration = "1h";
  load.sessions = 300;
}

}  // namespace understudy::loadtest
