// SPDX-License-Identifier: Apache-2.0
#include "loadtest/process_watch.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "loadtest/process.h"

namespace understudy::loadtest {
namespace {

// The number behind "NAME:" at the beginning of a line.
uint64_t field(std::string_view text, std::string_view name) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
    line.remove_prefix(std::min(line.find_first_of("0123456789"), line.size()));
    uint64_t value = 0;
    std::from_chars(line.data(), line.data() + line.size(), value);
    return value;
  }
  return 0;
}

size_t entries_in(const std::string& folder) {
  std::error_code error;
  size_t count = 0;
  auto entry = std::filesystem::directory_iterator(folder, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    ++count;
    entry.increment(error);
  }
  return count;
}

}  // namespace

std::optional<Vitals> read_vitals(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const std::string memory = read_file(folder + "/smaps_rollup");
  const Vitals vitals{.resident_kib = field(memory, "Rss"),
                      .proportional_kib = field(memory, "Pss"),
                      .anonymous_kib = field(memory, "Anonymous"),
                      .descriptors = entries_in(folder + "/fd"),
                      .threads = field(read_file(folder + "/status"), "Threads")};
  if (vitals.resident_kib == 0 || vitals.descriptors == 0) return std::nullopt;
  return vitals;
}

void ProcessWatch::sample(Duration at, const std::string& name, pid_t pid) {
  std::optional<Vitals> vitals = read_vitals(pid);
  if (!vitals) return;
  vitals->at = at;
  int lives = 0;
  for (ProcessLife& life : lives_) {
    if (life.name != name) continue;
    ++lives;
    if (life.pid == pid) return life.samples.push_back(*vitals);
  }
  lives_.push_back({.name = name, .number = lives + 1, .pid = pid, .samples = {*vitals}});
}

}  // namespace understudy::loadtest
