// SPDX-License-Identifier: Apache-2.0
// `loadtest sessions`: the same sessions and the same faults, kept by Understudy and by others.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "loadtest/chaos.h"
#include "loadtest/commands/commands.h"
#include "loadtest/commands/conclusion.h"
#include "loadtest/peer_chaos.h"
#include "loadtest/peer_site.h"
#include "loadtest/scenarios.h"
#include "loadtest/sessions_table.h"

namespace understudy::loadtest {
namespace {

constexpr std::string_view kOurs = "understudy";
constexpr Duration kPatience = std::chrono::minutes(3);  // a Java machine that starts on a busy one
constexpr Duration kNewcomersEvery = std::chrono::milliseconds(100);

void tell(const std::string& line) {
  fmt::print(stderr, "{}\n", line);
}

bool is_ours(const std::string& peer) {
  return peer == kOurs;
}

// What one run lives on, in the order in which it is built up.
struct Stage {
  Stage(EventLoop& its_loop, const SessionsArguments& its_arguments)
      : loop(its_loop),
        arguments(its_arguments),
        installation(loop, own_directory(),
                     make_directory(std::filesystem::temp_directory_path().string())) {}

  EventLoop& loop;
  const SessionsArguments& arguments;
  std::unique_ptr<Network> network;  // null: everything is on loopback
  Installation installation;         // for a peer only its ports and its directory
  std::unique_ptr<PeerSite> site;    // of a peer
};

Result<void> open_ours(Stage& stage, const Scenario& scenario) {
  Installation& installation = stage.installation;
  if (auto there = has_programs(installation); !there) return there;
  if (stage.network) installation.use_network(*stage.network);
  const MemberOptions members{.heartbeat = stage.arguments.heartbeat};
  if (!installation.open(kMembersOfScenarios, members, {.location = "  SessionReplay On\n"})) {
    return Error{.code = ErrorCode::kUnavailable,
                 .detail = "it did not come up in time\n" + installation.logs()};
  }
  // Those who come later get their places now, which are not announced: making a host while
  // load runs would hold the load up.
  for (size_t index = kMembersOfScenarios; index < scenario.members_at_the_end; ++index) {
    installation.add_member(Installation::member_name(index), members);
  }
  return {};
}

Result<void> open_peer(Stage& stage, const std::string& name, const Scenario& scenario) {
  const std::string templates = stage.arguments.templates + "/" + name;
  if (!std::filesystem::exists(templates)) return invalid("there is no folder " + templates);
  stage.site = std::make_unique<PeerSite>(
      stage.installation,
      PeerSite::Options{.templates = templates,
                        .directory = stage.installation.directory() + "/" + name,
                        .members = kMembersOfScenarios,
                        .members_declared = scenario.members_at_the_end,
                        .network = stage.network.get()});
  return stage.site->open(kPatience);
}

// Who does what the plan says, ours or a peer's.
class Disorder final {
 public:
  Disorder(Stage& stage, std::vector<ChaosStep> plan,
           const std::function<void(const std::string&)>& on_event) {
    if (stage.site) {
      peers_ = std::make_unique<PeerChaos>(*stage.site, stage.loop, std::move(plan), on_event);
      peers_->start();
    } else {
      ours_ = std::make_unique<Chaos>(stage.installation, std::move(plan), on_event);
      ours_->start();
    }
  }
  bool is_over() const { return ours_ ? ours_->is_over() : peers_->is_over(); }
  size_t crashes() const { return ours_ ? ours_->crashes() : 0; }

 private:
  std::unique_ptr<Chaos> ours_;
  std::unique_ptr<PeerChaos> peers_;
};

void note_load(const SessionLoad& load, SessionsOutcome& outcome) {
  const Timeline& timeline = load.timeline();
  outcome.requests = timeline.started();
  outcome.failed = timeline.failed();
  outcome.median = timeline.latencies().percentile(50);
  outcome.longest = timeline.latencies().longest();
  outcome.slow = timeline.latencies().above(kSlow);
  outcome.failed_between = failures_between(timeline);
  outcome.events = timeline.events();
  outcome.faults = load.checker().faults();
  outcome.findings = load.checker().findings();
  for (const auto& [status, count] : load.statuses()) {
    if (status < 200 || status >= 400) outcome.bad_statuses.emplace_back(status, count);
  }
  if (!load.failures().empty()) outcome.first_failure = load.failures().front().error;
}

Result<SessionsOutcome> run_load(Stage& stage, SessionLoadOptions options, const Scenario& scenario,
                                 std::vector<ChaosStep> plan) {
  EventLoop& loop = stage.loop;
  const Address address = stage.site ? stage.site->front() : stage.installation.proxy_address();
  options.schedule.duration = scenario.duration;
  SessionLoad load(loop, address, options);
  Newcomers newcomers(loop,
                      {.servers = {address}, .every = kNewcomersEvery, .client = options.client});
  if (auto opened = load.open_sessions(); !opened) return std::move(opened).error();
  const Disorder disorder(stage, std::move(plan), [&load](const std::string& event) {
    load.mark(event);
    tell(fmt::format("  {:7.1f} s  -- {}", seconds(load.elapsed()), event));
  });
  if (scenario.has_newcomers) newcomers.start();
  load.run();
  newcomers.stop();
  SessionsOutcome outcome;
  const auto is_over = [&] { return disorder.is_over() && newcomers.all_left(); };
  if (!stage.installation.wait_until(is_over, kPatience)) {
    outcome.remarks.emplace_back("not everything of the plan came to its end in time");
  }
  if (auto ends = load.read_ends(); !ends) {
    outcome.remarks.push_back("not every session could be read at the end: " + ends.error().detail);
  }
  note_load(load, outcome);
  if (scenario.has_newcomers) outcome.newcomers = newcomers.figures();
  if (disorder.crashes() > 0) {
    outcome.remarks.push_back(fmt::format("{} ended by themselves", disorder.crashes()));
  }
  return outcome;
}

// Nothing where the scenario is not for them.
Result<std::optional<SessionsOutcome>> run_one(EventLoop& loop, const std::string& name,
                                               const SessionsArguments& arguments,
                                               const SessionLoadOptions& options,
                                               const Scenario& scenario, bool on_network) {
  const bool has_store =
      !is_ours(name) && std::filesystem::exists(arguments.templates + "/" + name + "/store");
  std::vector<ChaosStep> plan = steps_for(scenario, has_store);
  if (plan.empty()) return std::optional<SessionsOutcome>();
  tell(fmt::format("{}, {}", name, scenario.name));
  Stage stage(loop, arguments);
  if (on_network) {
    auto opened = Network::open(stage.installation.directory());
    if (!opened) return std::move(opened).error();
    stage.network = *std::move(opened);
  }
  auto opened = is_ours(name) ? open_ours(stage, scenario) : open_peer(stage, name, scenario);
  if (!opened) return std::move(opened).error();
  auto outcome = run_load(stage, options, scenario, std::move(plan));
  if (!outcome) return std::move(outcome).error();
  outcome->peer = name;
  outcome->scenario = scenario.name;
  return std::optional<SessionsOutcome>(*std::move(outcome));
}

// Known to be writable before anything is started.
Result<void> prepare_out(const std::string& directory) {
  if (directory.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return invalid(fmt::format("--out '{}': {}", directory, error.message()));
  if (::access(directory.c_str(), W_OK) == 0) return {};
  return invalid(fmt::format("--out '{}': {}", directory, std::strerror(errno)));
}

}  // namespace

int sessions(const SessionsArguments& arguments, const std::string& command) {
  if (auto ready = prepare_out(arguments.load.out); !ready) return fail(ready.error(), kBadUsage);
  auto options = session_load_options(arguments.load);
  if (!options) return fail(options.error(), kBadUsage);
  const auto scenarios = scenarios_of(arguments.scenarios);
  if (!scenarios) return fail(scenarios.error(), kBadUsage);
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  // All of them on a network if one needs it: then every row was taken in the same way.
  const bool on_network =
      std::any_of(scenarios->begin(), scenarios->end(),
                  [](const Scenario& scenario) { return needs_network(scenario.plan); });
  if (on_network) {
    // What is missing is said once, before anything is started.
    const std::string directory = make_directory(std::filesystem::temp_directory_path().string());
    const auto tried = Network::open(directory);
    std::filesystem::remove_all(directory);
    if (!tried) return fail(tried.error());
  }
  std::vector<SessionsOutcome> outcomes;
  bool is_whole = true;
  for (const std::string& name : arguments.peers) {
    for (const Scenario& scenario : *scenarios) {
      auto outcome = run_one(**loop, name, arguments, *options, scenario, on_network);
      if (!outcome) {
        is_whole = false;
        tell(fmt::format("{}, {} is left out: {}", name, scenario.name, outcome.error().detail));
      } else if (*outcome) {
        outcomes.push_back(**std::move(outcome));
      }
    }
  }
  if (outcomes.empty()) return kFailed;
  const std::string table =
      fmt::format("`{}`, {}\n\n{}", command, utc_now(), sessions_table(outcomes));
  std::fputs(table.c_str(), stdout);
  if (!arguments.load.out.empty()) {
    write_file(arguments.load.out + "/sessions.md", table);
  }
  return is_whole ? 0 : kFailed;
}

SessionsArguments::SessionsArguments() : scenarios(scenario_names()) {
  load.rate = "200";
  load.sessions = 300;
  load.post_share = 1;
  load.timeout = "20s";
}

}  // namespace understudy::loadtest
