// SPDX-License-Identifier: Apache-2.0
// loadtest: the command line. `run` sends load to an address that is there; `chaos` starts members
// and a proxy itself, does to them what a plan says, and holds every answer against what sessions
// promise; `soak` does so for long, and watches memory; `sessions` does the
// same to others who keep sessions; `compare` measures proxies against each other.
#include <CLI/CLI.hpp>

#include "loadtest/commands/commands.h"

namespace understudy::loadtest {
namespace {

int command_line(int argc, char** argv) {
  CLI::App app{"Load on an open schedule, with a check of every session", "loadtest"};
  app.require_subcommand(1);
  Invocation invocation{.command = "loadtest"};
  for (int index = 1; index < argc; ++index) invocation.command.append(" ").append(argv[index]);
  RunArguments run;
  ChaosArguments chaos;
  SoakArguments soak;
  SessionsArguments sessions;
  CompareArguments compare;
  add_run(app, run, invocation);
  add_chaos(app, chaos, invocation);
  add_soak(app, soak, invocation);
  add_sessions(app, sessions, invocation);
  add_compare(app, compare, invocation);
  CLI11_PARSE(app, argc, argv);
  return invocation.status;
}

}  // namespace
}  // namespace understudy::loadtest

int main(int argc, char** argv) {
  return understudy::loadtest::command_line(argc, argv);
}
