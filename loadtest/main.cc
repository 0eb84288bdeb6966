// SPDX-License-Identifier: Apache-2.0
// loadtest: the command line. `run` sends load to an address that is there; `chaos` starts members
// and a proxy itself, does to them what a plan says, and holds every answer against what sessions
// promise; `compare` measures proxies against each other.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <optional>

#include "base/log.h"
#include "conf/values.h"
#include "loadtest/chaos.h"
#include "loadtest/chaos_plan.h"
#include "loadtest/compare.h"
#include "loadtest/installation.h"
#include "loadtest/report.h"
#include "loadtest/session_load.h"

namespace understudy::loadtest {
namespace {

constexpr int kBadUsage = 2;
constexpr int kFailed = 1;
constexpr Duration kProgressEvery = std::chrono::seconds(1);

// What `run` and `chaos` share, as typed.
struct LoadArguments {
  std::string rate = "500";
  std::string duration = "10s";
  std::string think_time = "0";
  std::string timeout = "30s";
  std::string interval = "100ms";
  bool poisson = false;
  bool fresh = false;
  uint64_t seed = 1;
  size_t sessions = 500;
  size_t requests_per_visit = 1;
  double post_share = 0.5;
  size_t body_bytes = 0;
  std::string out;
};

struct RunArguments {
  std::string address;
  std::string target = "/";
  bool check = false;
};

struct ChaosArguments {
  size_t members = 3;
  std::string heartbeat = "200ms";
  std::string plan;
  std::string plan_file;
  std::optional<uint64_t> chaos_seed;
  bool without_replay = false;
};

struct CompareArguments {
  std::vector<std::string> peers = {"floor", "understudy", "haproxy", "nginx", "apache", "nghttpx"};
  std::string target = "/size/1024";
  std::string templates = UNDERSTUDY_PEERS;
  size_t rounds = 10;
};

void add_load_options(CLI::App& app, LoadArguments& load) {
  app.add_option("--rate", load.rate, "requests per second, or a curve: 0s:100,10s:1000")
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

Error invalid(std::string detail) {
  return {.code = ErrorCode::kInvalid, .detail = std::move(detail)};
}

Result<Duration> parse_time(std::string_view option, const std::string& text, bool may_be_zero) {
  const auto parsed = conf::parse_duration(text, conf::TimeUnit::kSeconds);
  if (parsed && (may_be_zero || parsed->count() > 0)) return Duration(*parsed);
  return invalid(fmt::format("{} '{}': a time is wanted, as in 500ms, 10s or 5m", option, text));
}

Result<SessionLoadOptions> session_load_options(const LoadArguments& load) {
  SessionLoadOptions options;
  auto curve = parse_curve(load.rate);
  if (!curve) return std::move(curve).error();
  const auto duration = parse_time("--duration", load.duration, false);
  if (!duration) return duration.error();
  const auto think = parse_time("--think-time", load.think_time, true);
  if (!think) return think.error();
  const auto timeout = parse_time("--timeout", load.timeout, false);
  if (!timeout) return timeout.error();
  const auto interval = parse_time("--interval", load.interval, false);
  if (!interval) return interval.error();
  options.sessions = load.sessions;
  options.schedule.arrivals = {
      .curve = *std::move(curve),
      .spacing = load.poisson ? Arrivals::Spacing::kPoisson : Arrivals::Spacing::kEven,
      .seed = load.seed};
  options.schedule.duration = *duration;
  options.post_share = load.post_share;
  options.body_bytes = load.body_bytes;
  options.requests_per_visit = load.requests_per_visit;
  options.think_time = *think;
  options.interval = *interval;
  options.client.keep_alive = !load.fresh;
  options.client.timeout = *timeout;
  return options;
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

// One line a second, and one for each event.
class Progress final {
 public:
  explicit Progress(const SessionLoad& load) : load_(load) {}
  void on_turn() {
    const Duration elapsed = load_.elapsed();
    if (elapsed < next_) return;
    next_ = elapsed + kProgressEvery;
    const Timeline& timeline = load_.timeline();
    fmt::print(
        stderr,
        "{:7.1f} s  {} started  {} answered  {} failed  median {:.2f} ms  longest {:.1f} ms\n",
        std::chrono::duration<double>(elapsed).count(), timeline.started(), timeline.succeeded(),
        timeline.failed(),
        std::chrono::duration<double, std::milli>(timeline.latencies().percentile(50)).count(),
        std::chrono::duration<double, std::milli>(timeline.latencies().longest()).count());
  }

 private:
  const SessionLoad& load_;
  Duration next_ = kProgressEvery;
};

Result<void> write_report(const std::string& directory, const Report& report) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return invalid(fmt::format("--out '{}': {}", directory, error.message()));
  write_file(directory + "/summary.txt", to_text(report));
  write_file(directory + "/result.json", to_json(report));
  write_file(directory + "/report.html", to_html(report));
  fmt::print(stderr, "report: {}/report.html\n", directory);
  return {};
}

// 0 when nothing failed and every session kept its promise.
int conclude(Report report, const LoadArguments& arguments) {
  report.date = utc_now();
  std::fputs(to_text(report).c_str(), stdout);
  if (!arguments.out.empty()) {
    if (auto written = write_report(arguments.out, report); !written) {
      fmt::print(stderr, "loadtest: {}\n", written.error().detail);
      return kFailed;
    }
  }
  return report.timeline->failed() == 0 && report.faults.total() == 0 ? 0 : kFailed;
}

int fail(const Error& error, int status = kFailed) {
  fmt::print(stderr, "loadtest: {}\n", error.detail);
  return status;
}

int run(const RunArguments& arguments, const LoadArguments& load_arguments,
        const std::string& command) {
  auto options = session_load_options(load_arguments);
  if (!options) return fail(options.error(), kBadUsage);
  auto address = Address::parse(arguments.address);
  if (!address) return fail(address.error(), kBadUsage);
  options->target = arguments.check ? "/count" : arguments.target;
  if (!arguments.check) options->value_target.clear();
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  SessionLoad load(**loop, *address, *options);
  if (auto opened = load.open_sessions(); !opened) return fail(opened.error());
  Progress progress(load);
  load.run([&] { progress.on_turn(); });
  if (auto read = load.read_ends(); !read) return fail(read.error());
  Report report = make_report(load, arguments.check, options->sessions);
  report.title = "Load on " + arguments.address;
  report.command = command;
  report.setup = {{"address", arguments.address},
                  {"target", options->target},
                  {"rate", load_arguments.rate},
                  {"duration", load_arguments.duration},
                  {"sessions", std::to_string(options->sessions)}};
  return conclude(std::move(report), load_arguments);
}

Result<std::vector<ChaosStep>> make_plan(const ChaosArguments& arguments,
                                         const Installation& installation, Duration duration) {
  if (arguments.chaos_seed) {
    return plan_by_seed({.seed = *arguments.chaos_seed,
                         .members = installation.member_names(),
                         .duration = duration});
  }
  std::string text = arguments.plan;
  if (!arguments.plan_file.empty()) text = read_file(arguments.plan_file);
  auto plan = parse_plan(text);
  if (!plan) return plan;
  for (const ChaosStep& step : *plan) {
    const bool is_new = step.action == ChaosAction::kStart;
    if (step.member.empty() || is_new || installation.has_member(step.member)) continue;
    return invalid(fmt::format("plan, step '{}': there is no member {}; there are a to {}",
                               step.text(), step.member, installation.member_names().back()));
  }
  return plan;
}

std::string own_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

int chaos(const ChaosArguments& arguments, const LoadArguments& load_arguments,
          const std::string& command) {
  auto options = session_load_options(load_arguments);
  if (!options) return fail(options.error(), kBadUsage);
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  Installation installation(**loop, own_directory(),
                            make_directory(std::filesystem::temp_directory_path().string()));
  for (const char* name : {"understudy", "counter"}) {
    if (std::filesystem::exists(installation.program(name))) continue;
    return fail(invalid(
        fmt::format("{} is missing; it is built beside this program", installation.program(name))));
  }
  fmt::print(stderr, "starting {} members and a proxy\n", arguments.members);
  const std::string replay = arguments.without_replay ? "Off" : "On";
  if (!installation.open(arguments.members, {.heartbeat = arguments.heartbeat},
                         {.location = "  SessionReplay " + replay + "\n"})) {
    fmt::print(stderr, "loadtest: the installation did not come up in time\n{}",
               installation.logs());
    return kFailed;
  }
  const auto plan = make_plan(arguments, installation, options->schedule.duration);
  if (!plan) return fail(plan.error(), kBadUsage);

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
  if (auto read = load.read_ends(); !read) {
    fmt::print(stderr, "{}", installation.logs());
    return fail(read.error());
  }
  Report report = make_report(load, true, options->sessions);
  report.title = "Chaos on " + std::to_string(arguments.members) + " members";
  report.command = command;
  report.setup = {{"members", std::to_string(arguments.members)},
                  {"HeartbeatInterval", arguments.heartbeat},
                  {"SessionReplay", replay},
                  {"rate", load_arguments.rate},
                  {"duration", load_arguments.duration},
                  {"sessions", std::to_string(options->sessions)}};
  if (arguments.chaos_seed)
    report.setup.emplace_back("seed", std::to_string(*arguments.chaos_seed));
  const int status = conclude(std::move(report), load_arguments);
  if (!load_arguments.out.empty()) {
    write_file(load_arguments.out + "/logs.txt", installation.logs());
  }
  return status;
}

int compare(const CompareArguments& arguments, const LoadArguments& load_arguments,
            const std::string& command) {
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

int command_line(int argc, char** argv) {
  CLI::App app{"Load on an open schedule, with a check of every session", "loadtest"};
  app.require_subcommand(1);
  LoadArguments load;
  RunArguments run_arguments;
  ChaosArguments chaos_arguments;
  CompareArguments compare_arguments;
  std::string command = "loadtest";
  for (int index = 1; index < argc; ++index) command += std::string(" ") + argv[index];
  int status = 0;

  CLI::App* run_command = app.add_subcommand("run", "Send load to an address");
  run_command->add_option("address", run_arguments.address, "host:port of a proxy or a server")
      ->required();
  run_command->add_option("--target", run_arguments.target, "what is asked for")
      ->capture_default_str();
  run_command->add_flag("--check", run_arguments.check,
                        "members are the counter: ask for /count and check every session");
  add_load_options(*run_command, load);
  run_command->callback([&] { status = run(run_arguments, load, command); });

  CLI::App* chaos_command =
      app.add_subcommand("chaos", "Start members and a proxy, and let things happen to them");
  chaos_command->add_option("--members", chaos_arguments.members, "how many")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{100}));
  chaos_command->add_option("--heartbeat", chaos_arguments.heartbeat, "HeartbeatInterval")
      ->capture_default_str();
  chaos_command->add_flag("--without-replay", chaos_arguments.without_replay, "SessionReplay Off");
  auto* plan = chaos_command->add_option("--plan", chaos_arguments.plan,
                                         "what happens when: '5s kill a; 8s start a'");
  auto* file = chaos_command
                   ->add_option("--plan-file", chaos_arguments.plan_file,
                                "the same from a file, one step a line")
                   ->check(CLI::ExistingFile);
  auto* seed = chaos_command->add_option("--chaos-seed", chaos_arguments.chaos_seed,
                                         "draws one fault after another from this seed");
  plan->excludes(file)->excludes(seed);
  file->excludes(seed);
  add_load_options(*chaos_command, load);
  chaos_command->callback([&] { status = chaos(chaos_arguments, load, command); });

  CLI::App* compare_command = app.add_subcommand(
      "compare", "The same load through one proxy after the other, round by round");
  compare_command->add_option("--peers", compare_arguments.peers, "which, in this order")
      ->delimiter(',')
      ->capture_default_str();
  compare_command->add_option("--target", compare_arguments.target, "what is asked for")
      ->capture_default_str();
  compare_command->add_option("--templates", compare_arguments.templates, "their configurations")
      ->check(CLI::ExistingDirectory);
  compare_command->add_option("--rounds", compare_arguments.rounds, "medians are over so many")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{1000}));
  add_load_options(*compare_command, load);
  compare_command->callback([&] { status = compare(compare_arguments, load, command); });

  CLI11_PARSE(app, argc, argv);
  return status;
}

}  // namespace
}  // namespace understudy::loadtest

int main(int argc, char** argv) {
  return understudy::loadtest::command_line(argc, argv);
}
