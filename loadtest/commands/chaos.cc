// SPDX-License-Identifier: Apache-2.0
// `loadtest chaos`: members and a proxy of its own, and what a plan does to them.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "loadtest/chaos.h"
#include "loadtest/commands/commands.h"
#include "loadtest/commands/conclusion.h"

namespace understudy::loadtest {
namespace {

Result<std::vector<ChaosStep>> make_plan(const ChaosArguments& arguments, Duration duration) {
  std::vector<std::string> members;
  for (size_t index = 0; index < arguments.members; ++index) {
    members.push_back(Installation::member_name(index));
  }
  if (arguments.chaos_seed) {
    return plan_by_seed({.seed = *arguments.chaos_seed, .members = members, .duration = duration});
  }
  std::string text = arguments.plan;
  if (!arguments.plan_file.empty()) text = read_file(arguments.plan_file);
  auto plan = parse_plan(text);
  if (!plan) return plan;
  // In the order of time: a member that has joined can be hit.
  for (const ChaosStep& step : *plan) {
    for (size_t left = step.count; left > 0; --left) {
      members.push_back(Installation::member_name(members.size()));
    }
    const bool may_be_proxy =
        step.action == ChaosAction::kPartition || step.action == ChaosAction::kHeal;
    for (const std::string& name : {step.member, step.other}) {
      if (name.empty() || (may_be_proxy && name == Installation::proxy_host(0))) continue;
      if (std::find(members.begin(), members.end(), name) != members.end()) continue;
      if (step.action != ChaosAction::kStart) {
        return invalid(fmt::format("plan, step '{}': there is no member {}; there are {}{}",
                                   step.text(), name, fmt::join(members, ", "),
                                   may_be_proxy ? " and proxy" : ""));
      }
      members.push_back(name);
    }
  }
  return plan;
}

}  // namespace

int chaos(const ChaosArguments& arguments, const std::string& command) {
  const LoadArguments& load_arguments = arguments.load;
  auto options = session_load_options(load_arguments);
  if (!options) return fail(options.error(), kBadUsage);
  const auto plan = make_plan(arguments, options->schedule.duration);
  if (!plan) return fail(plan.error(), kBadUsage);
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  std::unique_ptr<Network> network;
  Installation installation(**loop, own_directory(),
                            make_directory(std::filesystem::temp_directory_path().string()));
  if (auto there = has_programs(installation); !there) return fail(there.error());
  if (needs_network(*plan)) {
    auto opened = Network::open(installation.directory());
    if (!opened) return fail(opened.error());
    network = *std::move(opened);
    installation.use_network(*network);
  }
  fmt::print(stderr, "starting {} members and a proxy\n", arguments.members);
  const std::string replay = arguments.without_replay ? "Off" : "On";
  MemberOptions members{.heartbeat = arguments.heartbeat};
  if (has_poison(*plan)) members.arguments = {"--mortal"};
  if (!installation.open(arguments.members, members,
                         {.location = "  SessionReplay " + replay + "\n"})) {
    fmt::print(stderr, "loadtest: the installation did not come up in time\n{}",
               installation.logs());
    return kFailed;
  }
  SessionLoad load(**loop, installation.proxy_address(), *options);
  if (auto opened = load.open_sessions(); !opened) return fail(opened.error());
  Chaos disorder(installation, *plan, [&load](const std::string& event) {
    load.mark(event);
    fmt::print(stderr, "{:7.1f} s  -- {}\n", std::chrono::duration<double>(load.elapsed()).count(),
               event);
  });
  Progress progress(load);
  disorder.start();
  load.run([&] { progress.on_turn(); });
  installation.wait_until([&] { return disorder.is_over(); });
  disorder.stop();
  if (auto read = load.read_ends(); !read) {
    fmt::print(stderr, "{}", installation.logs());
    return fail(read.error());
  }
  Report report = make_report(load, true, options->sessions);
  report.crashes = disorder.crashes();
  report.title = "Chaos on " + std::to_string(arguments.members) + " members";
  report.command = command;
  report.setup = {{"members", std::to_string(arguments.members)},
                  {"HeartbeatInterval", arguments.heartbeat},
                  {"SessionReplay", replay},
                  {"rate", load_arguments.rate},
                  {"duration", load_arguments.duration},
                  {"sessions", std::to_string(options->sessions)}};
  if (network) report.setup.emplace_back("network", "each host in a namespace of its own");
  if (arguments.chaos_seed)
    report.setup.emplace_back("seed", std::to_string(*arguments.chaos_seed));
  const int status = conclude(std::move(report), load_arguments.out);
  if (!load_arguments.out.empty()) {
    write_file(load_arguments.out + "/logs.txt", installation.logs());
  }
  return status;
}

}  // namespace understudy::loadtest
