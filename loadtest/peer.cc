// SPDX-License-Identifier: Apache-2.0
#include "loadtest/peer.h"

#include <fmt/core.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/check.h"

namespace understudy::loadtest {
namespace {

namespace fs = std::filesystem;

bool is_name_letter(char c) {
  return (c >= 'A' && c <= 'Z') || c == '_';
}

std::optional<pid_t> parse_pid(const std::string& text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return pid;
}

// The parent of each process that there is.
std::map<pid_t, pid_t> parents() {
  std::map<pid_t, pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto pid = parse_pid(entry.path().filename().string());
    if (!pid) continue;
    const std::string stat = read_file(entry.path().string() + "/stat");
    const size_t name_end = stat.rfind(')');  // the name may hold anything
    if (name_end == std::string::npos) continue;
    std::istringstream rest(stat.substr(name_end + 1));
    std::string state;
    pid_t parent = 0;
    if (rest >> state >> parent) found[*pid] = parent;
  }
  return found;
}

bool descends(const std::map<pid_t, pid_t>& parents, pid_t pid, pid_t ancestor) {
  for (int depth = 0; depth < 16; ++depth) {
    if (pid == ancestor) return true;
    const auto parent = parents.find(pid);
    if (parent == parents.end()) return false;
    pid = parent->second;
  }
  return false;
}

// Nanoseconds on a core, over all threads of the process (Documentation/scheduler/sched-stats).
int64_t nanoseconds_of(pid_t pid) {
  int64_t sum = 0;
  std::error_code error;
  for (const auto& thread : fs::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    std::ifstream stat(thread.path() / "schedstat");
    int64_t nanoseconds = 0;
    if (stat >> nanoseconds) sum += nanoseconds;
  }
  return sum;
}

}  // namespace

Result<std::string> expand(const std::string& text,
                           const std::map<std::string, std::string>& names) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '$') {
      out += text[at];
      continue;
    }
    if (text.compare(at, 2, "$$") == 0) {
      out += '$';
      ++at;
      continue;
    }
    size_t end = at + 1;
    while (end < text.size() && is_name_letter(text[end])) ++end;
    const std::string name = text.substr(at + 1, end - at - 1);
    const auto value = names.find(name);
    if (value == names.end()) {
      return Error{.code = ErrorCode::kInvalid,
                   .detail = fmt::format("there is no ${}; a dollar is written $$", name)};
    }
    out += value->second;
    at = end - 1;
  }
  return out;
}

Result<std::unique_ptr<Peer>> Peer::start(const Options& options) {
  const auto fail = [&](ErrorCode code, const std::string& why) {
    return Error{.code = code, .detail = fmt::format("{}: {}", options.file, why)};
  };
  fs::create_directories(options.directory);
  fs::permissions(options.directory, fs::perms::all);  // workers may change their user
  const std::string config_path = options.directory + "/peer.conf";
  auto names = options.names;
  names["DIRECTORY"] = options.directory;
  names["CONFIG"] = config_path;
  auto text = expand(read_file(options.file), names);
  if (!text) return fail(ErrorCode::kInvalid, text.error().detail);
  const size_t line_end = text->find('\n');
  if (!text->starts_with("# ") || line_end == std::string::npos) {
    return fail(ErrorCode::kInvalid, "the first line is '# COMMAND ...'");
  }
  std::istringstream words(text->substr(2, line_end - 2));
  std::vector<std::string> command;
  for (std::string word; words >> word;) command.push_back(word);
  if (command.empty() || !fs::exists(command[0])) {
    return fail(ErrorCode::kUnavailable,
                (command.empty() ? std::string("no command") : command[0]) + " is not there");
  }
  write_file(config_path, *text);
  return std::unique_ptr<Peer>(new Peer(
      options.name, std::make_unique<Process>(command, options.directory + "/output.log")));
}

Duration Peer::cpu_time() const {
  const auto all = parents();
  int64_t nanoseconds = 0;
  for (const auto& [pid, parent] : all) {
    if (descends(all, pid, process_->pid())) nanoseconds += nanoseconds_of(pid);
  }
  return Duration(nanoseconds);
}

}  // namespace understudy::loadtest
