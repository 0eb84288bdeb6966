// SPDX-License-Identifier: Apache-2.0
// `loadtest compare`: the same load through one proxy after the other.
#include <fmt/core.h>

#include <filesystem>

#include "loadtest/commands/commands.h"
#include "loadtest/commands/conclusion.h"
#include "loadtest/compare.h"

namespace understudy::loadtest {
namespace {}  // namespace

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

}  // namespace understudy::loadtest
