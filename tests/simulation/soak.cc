// SPDX-License-Identifier: Apache-2.0
// understudy_sim_soak: runs the profiles in turn on all cores, and stops at the first violation.
// See README.md; tests/simulation/soak builds and starts it.
#include <fmt/core.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "tests/simulation/campaign.h"

namespace understudy::sim {
namespace {

constexpr const char* kUsage =
    "usage: soak [SECONDS] [--profile NAME] [--seeds N] [--first-seed N|random] [--processes N]\n"
    "            [--one-at-a-time|--overlapping] [--keep-going] [--and-random]\n"
    "       soak [--profile NAME] [--one-at-a-time|--overlapping] --seed N [--strikes LIST|none]\n"
    "--keep-going names each seed that fails and shortens none. Without a mode one seed in five "
    "has\n"
    "overlapping faults. --seeds: of each profile. --seed: shows a history.\n"
    "Environment: UNDERSTUDY_SIM_PROFILE, UNDERSTUDY_SIM_SEEDS, UNDERSTUDY_SIM_SEED.\n";

struct Arguments {
  std::chrono::seconds time = std::chrono::seconds::max();
  const Profile* profile = nullptr;  // null: all
  uint64_t seeds = 0;                // of each profile; 0: no end but the time's
  uint64_t first_seed = 1;
  bool adds_random = false;  // one more seed of each mode, from a random number
  size_t processes = std::max(1u, std::thread::hardware_concurrency());
  uint64_t seed = 0;  // one history
  std::optional<bool> one_fault_at_a_time;  // nothing: both modes; one history has them overlap
  std::optional<std::string> strikes;
  bool keeps_going = false;
};

// One seed in one mode of one profile.
struct Job {
  size_t profile = 0;
  uint64_t seed = 0;
  bool one_fault_at_a_time = true;
};

struct Record {
  size_t profile = 0;
  Totals totals;
};

uint64_t random_seed() {
  return 1'000'000 + std::random_device()() % 999'000'000;
}

[[noreturn]] void refuse(const std::string& why) {
  fmt::print(stderr, "soak: {}\n{}", why, kUsage);
  std::exit(2);
}

uint64_t number(const std::string& text) {
  char* end = nullptr;
  const uint64_t value = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') refuse(fmt::format("'{}' is no number", text));
  return value;
}

const Profile* profile_of(const std::string& name) {
  const Profile* profile = find_profile(name);
  if (profile == nullptr) refuse(fmt::format("there is no profile '{}'", name));
  return profile;
}

Arguments read_environment() {
  Arguments arguments;
  if (const char* name = std::getenv("UNDERSTUDY_SIM_PROFILE"))
    arguments.profile = profile_of(name);
  if (const char* seed = std::getenv("UNDERSTUDY_SIM_SEED")) arguments.seed = number(seed);
  return arguments;
}

Arguments parse(int count, char** values) {
  Arguments arguments = read_environment();
  for (int index = 1; index < count; ++index) {
    const std::string word = values[index];
    const auto value = [&]() -> std::string {
      if (index + 1 == count) refuse(word + " needs a value");
      return values[++index];
    };
    if (word == "--profile") {
      arguments.profile = profile_of(value());
    } else if (word == "--seeds") {
      arguments.seeds = number(value());
    } else if (word == "--first-seed") {
      const std::string first = value();
      arguments.first_seed = first == "random" ? random_seed() : number(first);
    } else if (word == "--and-random") {
      arguments.adds_random = true;
    } else if (word == "--keep-going") {
      arguments.keeps_going = true;
    } else if (word == "--processes") {
      arguments.processes = std::max<uint64_t>(1, number(value()));
    } else if (word == "--seed") {
      arguments.seed = number(value());
    } else if (word == "--strikes") {
      arguments.strikes = value();
    } else if (word == "--one-at-a-time" || word == "--overlapping") {
      arguments.one_fault_at_a_time = word == "--one-at-a-time";
    } else if (word.starts_with("-")) {
      refuse(fmt::format("unknown option '{}'", word));
    } else {
      arguments.time = std::chrono::seconds(number(word));
    }
  }
  const char* seeds = std::getenv("UNDERSTUDY_SIM_SEEDS");
  if (seeds != nullptr && arguments.seeds != 0) arguments.seeds = number(seeds);
  if (arguments.seeds == 0 && arguments.seed == 0 &&
      arguments.time == std::chrono::seconds::max()) {
    refuse("for how long, or how many seeds?");
  }
  if (arguments.adds_random && arguments.profile == nullptr) {
    refuse("--and-random needs a profile");
  }
  return arguments;
}

// The job of this number: profiles in turn, five seeds each, the fifth with overlapping faults
// unless a mode was asked for.
Job job_of(const Arguments& arguments, uint64_t number) {
  constexpr uint64_t kTurn = 5;
  const size_t chosen = arguments.profile == nullptr ? profiles().size() : 1;
  const uint64_t turn = number / kTurn;
  const uint64_t in_turn = number % kTurn;
  Job job;
  job.profile = arguments.profile == nullptr
                    ? turn % chosen
                    : static_cast<size_t>(arguments.profile - profiles().data());
  const uint64_t round = turn / chosen;
  if (arguments.one_fault_at_a_time) {
    job.one_fault_at_a_time = *arguments.one_fault_at_a_time;
    job.seed = arguments.first_seed + round * kTurn + in_turn;
    return job;
  }
  job.one_fault_at_a_time = in_turn < kTurn - 1;
  job.seed =
      arguments.first_seed + (job.one_fault_at_a_time ? round * (kTurn - 1) + in_turn : round);
  return job;
}

uint64_t jobs_of(const Arguments& arguments) {
  if (arguments.seeds == 0) return std::numeric_limits<uint64_t>::max();
  return arguments.seeds * (arguments.profile == nullptr ? profiles().size() : 1);
}

// ---- a process of many

void write_all(int fd, const void* data, size_t size) {
  CHECK(write(fd, data, size) == static_cast<ssize_t>(size), "a record is written at once");
}

// True: clean.
bool run_job(const Job& job, int fd, bool keeps_going = false) {
  WorldOptions options;
  options.profile = &profiles()[job.profile];
  options.seed = job.seed;
  options.one_fault_at_a_time = job.one_fault_at_a_time;
  Record record{.profile = job.profile, .totals = {}};
  const auto failure =
      keeps_going ? name_failure(options, record.totals) : run_seed(options, record.totals);
  write_all(fd, &record, sizeof record);
  if (!failure) return true;
  fmt::print("{}", *failure);
  std::fflush(stdout);
  return false;
}

// Exits 1 at the first violation.
[[noreturn]] void work(const Arguments& arguments, size_t process, int fd) {
  const auto end = arguments.time == std::chrono::seconds::max()
                       ? std::chrono::steady_clock::time_point::max()
                       : std::chrono::steady_clock::now() + arguments.time;
  const uint64_t jobs = jobs_of(arguments);
  bool is_clean = true;
  if (process == 0 && arguments.adds_random) {
    const size_t profile = static_cast<size_t>(arguments.profile - profiles().data());
    const uint64_t seed = random_seed();
    fmt::print("{}: a random seed besides: {}\n", arguments.profile->name, seed);
    std::fflush(stdout);
    is_clean = run_job({.profile = profile, .seed = seed, .one_fault_at_a_time = true}, fd) &&
               run_job({.profile = profile, .seed = seed, .one_fault_at_a_time = false}, fd);
  }
  for (uint64_t at = process; at < jobs; at += arguments.processes) {
    if (std::chrono::steady_clock::now() >= end) break;
    if (!is_clean && !arguments.keeps_going) break;
    is_clean = run_job(job_of(arguments, at), fd, arguments.keeps_going) && is_clean;
  }
  _exit(is_clean ? 0 : 1);
}

// ---- the one that counts

struct Children {
  std::vector<pid_t> pids;
  int records = -1;  // the reading end
};

Children start(const Arguments& arguments) {
  std::array<int, 2> ends{};
  CHECK(pipe(ends.data()) == 0);
  Children children{.pids = {}, .records = ends[0]};
  for (size_t process = 0; process < arguments.processes; ++process) {
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) work(arguments, process, ends[1]);
    children.pids.push_back(pid);
  }
  close(ends[1]);
  return children;
}

// Sums what is written until all have ended; the first that fails ends the others.
bool collect(const Children& children, std::vector<Totals>& totals, bool keeps_going) {
  bool is_clean = true;
  size_t ended = 0;
  Record record;
  while (ended < children.pids.size()) {
    pollfd wait{.fd = children.records, .events = POLLIN, .revents = 0};
    poll(&wait, 1, 100);
    if ((wait.revents & POLLIN) != 0) {
      CHECK(read(children.records, &record, sizeof record) == sizeof record);
      totals[record.profile].add(record.totals);
      continue;  // all that is written before a child's end is counted
    }
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) continue;
    ++ended;
    const bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    if (failed && is_clean) {
      is_clean = false;
      if (keeps_going) continue;
      for (const pid_t other : children.pids) {
        if (other != pid) kill(other, SIGTERM);
      }
    }
  }
  return is_clean;
}

int run(const Arguments& arguments) {
  const auto began = std::chrono::steady_clock::now();
  if (!arguments.adds_random) fmt::print("first seed {}\n", arguments.first_seed);
  std::fflush(stdout);
  std::vector<Totals> totals(profiles().size());
  const bool is_clean = collect(start(arguments), totals, arguments.keeps_going);
  Totals sum;
  for (size_t index = 0; index < totals.size(); ++index) {
    if (totals[index].seeds == 0) continue;
    fmt::print("{}: {}\n", profiles()[index].name, totals[index].text());
    sum.add(totals[index]);
  }
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began);
  fmt::print("{}: {}; {:.0f} s\n", is_clean ? "no violation" : "VIOLATED", sum.text(),
             seconds.count());
  return is_clean ? 0 : 1;
}

int show(const Arguments& arguments) {
  WorldOptions options;
  if (arguments.profile != nullptr) options.profile = arguments.profile;
  options.seed = arguments.seed;
  options.one_fault_at_a_time = arguments.one_fault_at_a_time.value_or(false);
  const std::string violations = run_traced(options, arguments.strikes);
  fmt::print("{}", violations.empty() ? "no violation\n" : violations);
  return violations.empty() ? 0 : 1;
}

}  // namespace
}  // namespace understudy::sim

int main(int count, char** values) {
  using namespace understudy;
  const sim::Arguments arguments = sim::parse(count, values);
  // The members' own words only in a history that is read.
  const LogLevel level = arguments.seed != 0 ? LogLevel::kInfo : LogLevel::kError;
  CHECK(open_log("-", level, "simulator").has_value());
  return arguments.seed != 0 ? sim::show(arguments) : sim::run(arguments);
}
