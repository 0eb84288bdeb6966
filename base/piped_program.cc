// SPDX-License-Identifier: Apache-2.0
#include "base/piped_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

extern char** environ;

namespace understudy {
namespace {

constexpr Duration kStartAgainAfter = std::chrono::seconds(1);

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// What posix_spawn is told, freed at the end.
struct SpawnRequest {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  explicit SpawnRequest(int input) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawnattr_init(&attributes);
    // The proxy's own signals are none of the program's: all are let through, SIGPIPE ends it.
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnRequest() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnRequest(const SpawnRequest&) = delete;
};

}  // namespace

std::vector<std::string> PipedProgram::words_of(std::string_view command) {
  if (command.starts_with('|')) command.remove_prefix(1);
  if (command.starts_with('$')) {
    command.remove_prefix(1);
    if (command.empty()) return {};
    return {"/bin/sh", "-c", std::string(command)};
  }
  if (command.starts_with('|')) command.remove_prefix(1);
  std::vector<std::string> words;
  bool is_open = false;  // a word
  char quote = 0;
  for (const char c : command) {
    if (quote == 0 && is_blank(c)) {
      is_open = false;
      continue;
    }
    if (!is_open) words.emplace_back();
    is_open = true;
    const bool is_quote = (c == '"' || c == '\'') && (quote == 0 || quote == c);
    if (is_quote) {
      quote = quote == 0 ? c : '\0';
    } else {
      words.back() += c;
    }
  }
  return words;
}

Result<PipedProgram> PipedProgram::open(std::string command) {
  PipedProgram program(std::move(command));
  auto input = program.start();
  if (!input) return std::move(input).error();
  program.input_ = *std::move(input);
  return program;
}

Result<Fd> PipedProgram::start() {
  std::vector<std::string> words = words_of(command_);
  const auto failed = [this](int code) {
    return Error{
        .code = ErrorCode::kSystem,
        .detail = "cannot start the program of the log '" + command_ + "': " + std::strerror(code)};
  };
  if (words.empty()) return failed(ENOENT);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed(errno);
  const Fd output(ends[0]);
  Fd input(ends[1]);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const SpawnRequest request(output.value());
  const int code = ::posix_spawnp(&child_, arguments.front(), &request.actions, &request.attributes,
                                  arguments.data(), environ);
  if (code != 0) return failed(code);
  ::fcntl(input.value(), F_SETFL, O_NONBLOCK);
  return input;
}

bool PipedProgram::start_again(TimePoint now) {
  if (child_ > 0) ::waitpid(child_, nullptr, WNOHANG);
  if (started_at_ != TimePoint::min() && now < started_at_ + kStartAgainAfter) return false;
  started_at_ = now;
  auto input = start();
  return input && ::dup3(input->value(), input_.value(), O_CLOEXEC) >= 0;
}

PipedProgram::~PipedProgram() {
  if (!input_) return;
  input_.reset();
  if (child_ > 0) ::waitpid(child_, nullptr, WNOHANG);
}

}  // namespace understudy
