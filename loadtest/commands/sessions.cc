// SPDX-License-Identifier: Apache-2.0
// `loadtest sessions`: the same sessions and the same faults, kept by Understudy and by others.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "loadtest/chaos.h"
#include "loadtest/commands/commands.h"
#include "loadtest/commands/conclusion.h"
#include "loadtest/peer_site.h"

namespace understudy::loadtest {
namespace {

constexpr std::string_view kOurs = "understudy";
constexpr Duration kPatience = std::chrono::minutes(3);  // a Java machine that starts on a busy one

struct Scenario {
  std::string name;
  std::vector<ChaosStep> plan;
  Duration duration{};
};

struct Outcome {
  std::string peer;
  std::string scenario;
  size_t requests = 0;
  size_t failed = 0;
  Duration median{};
  Duration longest{};
  SessionChecker::Faults faults;
  bool could_read_ends = true;
};

void tell(const std::string& line) {
  fmt::print(stderr, "{}\n", line);
}

// Loads `address` while `start_chaos` has begun; then waits until `is_over`.
Result<Outcome> run_scenario(EventLoop& loop, const Address& address, SessionLoadOptions options,
                             const Scenario& scenario,
                             const std::function<std::function<bool()>(SessionLoad&)>& begin) {
  options.schedule.duration = scenario.duration;
  SessionLoad load(loop, address, options);
  if (auto opened = load.open_sessions(); !opened) return std::move(opened).error();
  const std::function<bool()> is_over = begin(load);
  load.run();
  const SystemClock clock;
  for (const TimePoint end = clock.now() + kPatience; !is_over() && clock.now() < end;) {
    loop.run_once(std::chrono::milliseconds(10));
  }
  const auto ends = load.read_ends();
  if (!ends) tell("  not every session could be read at the end: " + ends.error().detail);
  return Outcome{.peer = {},
                 .scenario = scenario.name,
                 .requests = load.timeline().started(),
                 .failed = load.timeline().failed(),
                 .median = load.timeline().latencies().percentile(50),
                 .longest = load.timeline().latencies().longest(),
                 .faults = load.checker().faults(),
                 .could_read_ends = ends.has_value()};
}

auto telling(SessionLoad& load) {
  return [&load](const std::string& event) {
    load.mark(event);
    tell(fmt::format("  {:7.1f} s  -- {}", seconds(load.elapsed()), event));
  };
}

Result<void> run_ours(EventLoop& loop, const SessionsArguments& arguments,
                      const SessionLoadOptions& options, const std::vector<Scenario>& scenarios,
                      std::vector<Outcome>& outcomes) {
  for (const Scenario& scenario : scenarios) {
    if (scenario.name == "store") continue;  // there is none
    Installation installation(loop, own_directory(),
                              make_directory(std::filesystem::temp_directory_path().string()));
    if (auto there = has_programs(installation); !there) return there;
    if (!installation.open(3, {.heartbeat = arguments.heartbeat},
                           {.location = "  SessionReplay On\n"})) {
      return Error{.code = ErrorCode::kUnavailable, .detail = "it did not come up in time"};
    }
    tell(fmt::format("{}, {}", kOurs, scenario.name));
    std::unique_ptr<Chaos> chaos;
    auto outcome =
        run_scenario(loop, installation.proxy_address(), options, scenario,
                     [&](SessionLoad& load) -> std::function<bool()> {
                       chaos = std::make_unique<Chaos>(installation, scenario.plan, telling(load));
                       chaos->start();
                       return [&chaos] { return chaos->is_over(); };
                     });
    if (chaos) chaos->stop();
    if (!outcome) return std::move(outcome).error();
    outcome->peer = kOurs;
    outcomes.push_back(*std::move(outcome));
  }
  return {};
}

Result<void> run_peer(EventLoop& loop, const std::string& name, const SessionsArguments& arguments,
                      const SessionLoadOptions& options, const std::vector<Scenario>& scenarios,
                      std::vector<Outcome>& outcomes) {
  const std::string templates = arguments.templates + "/" + name;
  if (!std::filesystem::exists(templates)) return invalid("there is no folder " + templates);
  Installation ports(loop, own_directory(),
                     make_directory(std::filesystem::temp_directory_path().string()));
  PeerSite site(ports, templates, ports.directory() + "/" + name);
  if (auto opened = site.open(kPatience); !opened) return opened;
  for (const Scenario& scenario : scenarios) {
    const bool takes_part = std::all_of(
        scenario.plan.begin(), scenario.plan.end(),
        [&](const ChaosStep& step) { return step.member.empty() || site.has(step.member); });
    if (!takes_part) continue;
    if (!site.wait_until_ready(kPatience)) {
      return Error{.code = ErrorCode::kUnavailable,
                   .detail = "it does not answer any more\n" + site.logs()};
    }
    tell(fmt::format("{}, {}", name, scenario.name));
    std::unique_ptr<PeerChaos> chaos;
    auto outcome = run_scenario(
        loop, site.front(), options, scenario, [&](SessionLoad& load) -> std::function<bool()> {
          chaos = std::make_unique<PeerChaos>(site, loop, scenario.plan, telling(load));
          chaos->start();
          return [&chaos] { return chaos->is_over(); };
        });
    if (!outcome) return std::move(outcome).error();
    outcome->peer = name;
    outcomes.push_back(*std::move(outcome));
  }
  return {};
}

std::string table_of(const std::vector<Outcome>& outcomes) {
  std::string out =
      "| sessions kept by | what happened | requests | answered | errors | median ms | longest "
      "stall ms | sessions lost | counts lost | went back | doubled writes |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Outcome& outcome : outcomes) {
    out += fmt::format("| {} | {} | {} | {} | {} | {:.2f} | {:.1f} | {} | {} | {} | {}{} |\n",
                       outcome.peer, outcome.scenario, outcome.requests,
                       outcome.requests - outcome.failed, outcome.failed, ms(outcome.median),
                       ms(outcome.longest), outcome.faults.restarted, outcome.faults.lost,
                       outcome.faults.went_back, outcome.faults.twice,
                       outcome.could_read_ends ? "" : " (some ends could not be read)");
  }
  return out;
}

Result<std::vector<Scenario>> make_scenarios(const SessionsArguments& arguments) {
  const std::vector<std::tuple<const char*, const char*, std::chrono::seconds>> known = {
      {"kill", "3s kill a; 8s start a", std::chrono::seconds(15)},
      {"stop", "3s stop a; 8s continue a", std::chrono::seconds(15)},
      {"rolling-restart", "3s rolling-restart", std::chrono::seconds(30)},
      {"store", "3s kill store; 4s start store", std::chrono::seconds(12)}};
  std::vector<Scenario> scenarios;
  for (const std::string& name : arguments.scenarios) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const auto& scenario) {
      return name == std::get<0>(scenario);
    });
    if (found == known.end()) {
      return invalid(
          fmt::format("--scenarios '{}': there are kill, stop, rolling-restart and store", name));
    }
    scenarios.push_back(
        {.name = name, .plan = *parse_plan(std::get<1>(*found)), .duration = std::get<2>(*found)});
  }
  return scenarios;
}

}  // namespace

int sessions(const SessionsArguments& arguments, const std::string& command) {
  auto options = session_load_options(arguments.load);
  if (!options) return fail(options.error(), kBadUsage);
  const auto scenarios = make_scenarios(arguments);
  if (!scenarios) return fail(scenarios.error(), kBadUsage);
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  std::vector<Outcome> outcomes;
  for (const std::string& name : arguments.peers) {
    const auto done = name == kOurs
                          ? run_ours(**loop, arguments, *options, *scenarios, outcomes)
                          : run_peer(**loop, name, arguments, *options, *scenarios, outcomes);
    if (!done) tell(fmt::format("{} is left out: {}", name, done.error().detail));
  }
  if (outcomes.empty()) return kFailed;
  const std::string table = fmt::format("`{}`, {}\n\n{}", command, utc_now(), table_of(outcomes));
  std::fputs(table.c_str(), stdout);
  if (!arguments.load.out.empty()) {
    std::filesystem::create_directories(arguments.load.out);
    write_file(arguments.load.out + "/sessions.md", table);
  }
  return 0;
}

SessionsArguments::SessionsArguments() {
  load.rate = "200";
  load.sessions = 300;
  load.post_share = 1;
  load.timeout = "20s";
}

}  // namespace understudy::loadtest
