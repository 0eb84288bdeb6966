// SPDX-License-Identifier: Apache-2.0
// loadtest: the command line. `run` sends load to an address that is there; `chaos` starts members
// and a proxy itself, does to them what a plan says, and holds every answer against what sessions
// promise; `soak` does so for long, and watches memory; `sessions` does the
// same to others who keep sessions; `compare` measures proxies against each other. Each command's
// options are here, its work is in commands/: CLI11 is slow to compile, so one file includes it.
#include <CLI/CLI.hpp>

#include "loadtest/commands/commands.h"

namespace understudy::loadtest {
namespace {

struct Invocation {
  std::string command;  // as typed
  int status = 0;
};

void add_load_options(CLI::App& app, LoadArguments& load) {
  app.add_option("--rate", load.rate,
                 "requests per second, or a curve: 0s:100,10s:1000 (at its end :repeat), "
                 "sine:100-1000/30s, burst:100-1000/30s/2s")
      ->capture_default_str();
  app.add_option("--duration", load.duration, "how long requests are started")
      ->capture_default_str();
  app.add_flag("--poisson", load.poisson, "arrivals as a Poisson process instead of evenly");
  app.add_option("--seed", load.seed, "of the arrivals")->capture_default_str();
  app.add_option("--sessions", load.sessions, "clients, each with its own cookies")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{1'000'000}));
  app.add_option("--visit", load.requests_per_visit,
                 "requests of a client one after the other; the rate starts visits then")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{1'000'000}));
  app.add_option("--think-time", load.think_time, "between two requests of a visit")
      ->capture_default_str();
  app.add_option("--post-share", load.post_share, "the share of POST; the others are GET")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--body", load.body_bytes, "bytes of a POST's body")->capture_default_str();
  app.add_flag("--fresh", load.fresh, "a connection for each request");
  app.add_option("--timeout", load.timeout, "how long an answer may take")->capture_default_str();
  app.add_option("--interval", load.interval, "of the plot over time")->capture_default_str();
  app.add_option("--out", load.out, "folder for result.json, report.html and summary.txt");
}

// A command does its work while the line is parsed: arguments and invocation outlive that.
void add_run(CLI::App& app, RunArguments& arguments, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("run", "Send load to an address");
  command->add_option("address", arguments.address, "host:port of a proxy or a server")->required();
  command->add_option("--target", arguments.target, "what is asked for")->capture_default_str();
  command->add_flag("--check", arguments.check,
                    "members are the counter: ask for /count and check every session");
  command->add_flag("--tls", arguments.tls, "over TLS");
  command
      ->add_option("--ca", arguments.authorities,
                   "certificates of those who may vouch for the server; without: not checked")
      ->check(CLI::ExistingFile);
  command->add_option("--server-name", arguments.server_name, "that the certificate is for")
      ->capture_default_str();
  command->add_flag("--full-handshakes", arguments.full_handshakes, "TLS is never resumed");
  command->add_flag("--http2", arguments.http2, "many requests at once on a connection");
  command->add_option("--streams", arguments.streams, "so many at once (HTTP/2)")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{100'000}));
  command->add_option("--connections", arguments.connections, "so many (HTTP/2)")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{50'000}));
  add_load_options(*command, arguments.load);
  command->callback([&] { invocation.status = run(arguments, invocation.command); });
}

void add_chaos(CLI::App& app, ChaosArguments& arguments, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("chaos", "Start members and a proxy, and let things happen to them");
  command->add_option("--members", arguments.members, "how many")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{100}));
  command->add_option("--heartbeat", arguments.heartbeat, "HeartbeatInterval")
      ->capture_default_str();
  command->add_flag("--without-replay", arguments.without_replay, "SessionReplay Off");
  auto* plan =
      command->add_option("--plan", arguments.plan, "what happens when: '5s kill a; 8s start a'");
  auto* file =
      command
          ->add_option("--plan-file", arguments.plan_file, "the same from a file, one step a line")
          ->check(CLI::ExistingFile);
  auto* seed = command->add_option("--chaos-seed", arguments.chaos_seed,
                                   "draws one fault after another from this seed");
  plan->excludes(file)->excludes(seed);
  file->excludes(seed);
  add_load_options(*command, arguments.load);
  command->callback([&] { invocation.status = chaos(arguments, invocation.command); });
}

void add_soak(CLI::App& app, SoakArguments& arguments, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "soak", "Chaos by seed for long, on members and proxies of its own, whose memory is watched");
  command->add_option("--members", arguments.members, "how many")
      ->capture_default_str()
      ->check(CLI::Range(size_t{2}, size_t{100}));
  command
      ->add_option("--spared", arguments.spared,
                   "so many of them are stopped and drained, but never ended")
      ->capture_default_str();
  command->add_option("--proxies", arguments.proxies, "how many; every client goes to any of them")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{16}));
  command->add_option("--heartbeat", arguments.heartbeat, "HeartbeatInterval")
      ->capture_default_str();
  command->add_option("--chaos-seed", arguments.chaos_seed, "which faults come when")
      ->capture_default_str();
  command->add_option("--pause", arguments.pause, "between the end of a fault and the next one")
      ->capture_default_str();
  command
      ->add_option("--newcomers-every", arguments.newcomers_every,
                   "a client comes, counts, logs in, counts and logs out; 0: none")
      ->capture_default_str();
  command->add_option("--sample-every", arguments.sample_every, "when processes are looked at")
      ->capture_default_str();
  command
      ->add_option(
          "--apart", arguments.apart,
          "at the start two halves cannot reach each other for so long, found a group each "
          "and serve; later members found one alone now and then. Takes root and iproute2; "
          "0: without")
      ->capture_default_str();
  command->add_option("--warm-up", arguments.warm_up, "of a process; not judged")
      ->capture_default_str();
  command
      ->add_option("--memory-bound", arguments.memory_kib_per_hour,
                   "KiB an hour that a process may grow by")
      ->capture_default_str();
  command
      ->add_option("--descriptors-bound", arguments.descriptors_per_hour,
                   "descriptors an hour that a process may grow by")
      ->capture_default_str();
  add_load_options(*command, arguments.load);
  command->callback([&] { invocation.status = soak(arguments, invocation.command); });
}

void add_sessions(CLI::App& app, SessionsArguments& arguments, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "sessions", "The same sessions and faults, kept by Understudy and by others");
  command->add_option("--peers", arguments.peers, "who, in this order")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--scenarios", arguments.scenarios, "what happens, in this order")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--templates", arguments.templates, "their configurations")
      ->check(CLI::ExistingDirectory);
  command->add_option("--heartbeat", arguments.heartbeat, "HeartbeatInterval of ours")
      ->capture_default_str();
  add_load_options(*command, arguments.load);
  command->callback([&] { invocation.status = sessions(arguments, invocation.command); });
}

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
