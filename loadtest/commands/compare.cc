// SPDX-License-Identifier: Apache-2.0
// `loadtest compare`: the same load through one proxy after the other.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "loadtest/commands/commands.h"
#include "loadtest/commands/conclusion.h"
#include "loadtest/compare.h"

namespace understudy::loadtest {
namespace {

int compare(const CompareArguments& arguments, const std::string& command) {
  const LoadArguments& load_arguments = arguments.load;
  auto options = session_load_options(load_arguments);
  if (!options) return fail(options.error(), kBadUsage);
  options->target = arguments.target;
  options->value_target.clear();
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  Installation installation(**loop, own_directory(),
                            make_directory(std::filesystem::temp_directory_path().string()));
  if (!installation.open_members(3)) {
    fmt::print(stderr, "loadtest: the members did not come up in time\n{}", installation.logs());
    return kFailed;
  }
  Compare comparison(installation, {.peers = arguments.peers,
                                    .templates = arguments.templates,
                                    .rounds = arguments.rounds,
                                    .load = *options});
  const auto tell = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  if (auto started = comparison.start(tell); !started) return fail(started.error());
  for (size_t round = 1; round <= arguments.rounds; ++round) {
    tell(fmt::format("round {} of {}", round, arguments.rounds));
    comparison.run_round(tell);
  }
  const std::string table =
      fmt::format("`{}`, {}\n\n{}", command, utc_now(), to_table(comparison.results()));
  std::fputs(table.c_str(), stdout);
  if (!load_arguments.out.empty()) {
    std::filesystem::create_directories(load_arguments.out);
    write_file(load_arguments.out + "/compare.md", table);
  }
  return 0;
}

}  // namespace

void add_compare(CLI::App& app, CompareArguments& arguments, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "compare", "The same load through one proxy after the other, round by round");
  command->add_option("--peers", arguments.peers, "which, in this order")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--target", arguments.target, "what is asked for")->capture_default_str();
  command->add_option("--templates", arguments.templates, "their configurations")
      ->check(CLI::ExistingDirectory);
  command->add_option("--rounds", arguments.rounds, "medians are over so many")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{1000}));
  add_load_options(*command, arguments.load);
  command->callback([&] { invocation.status = compare(arguments, invocation.command); });
}

}  // namespace understudy::loadtest
