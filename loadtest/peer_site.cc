// SPDX-License-Identifier: Apache-2.0
#include "loadtest/peer_site.h"

#include <fmt/core.h>

#include <filesystem>
#include <sstream>

#include "base/check.h"
#include "loadtest/peer.h"

namespace understudy::loadtest {
namespace {

namespace fs = std::filesystem;

constexpr Duration kLook = std::chrono::milliseconds(20);
constexpr Duration kAnswerTime = std::chrono::seconds(1);
constexpr size_t kLogShown = 2000;

Error unavailable(std::string detail) {
  return {.code = ErrorCode::kUnavailable, .detail = std::move(detail)};
}

}  // namespace

PeerSite::PeerSite(Installation& ports, const Options& options) : ports_(ports), options_(options) {
  CHECK(options_.members > 0 && options_.members <= options_.members_declared);
  for (size_t index = 0; index < options_.members_declared; ++index) {
    member_names_.push_back(Installation::member_name(index));
    processes_[member_names_.back()].kind = "member";
  }
  processes_["front"].kind = "front";
  if (fs::exists(options_.templates + "/store")) processes_["store"].kind = "store";
}

PeerSite::~PeerSite() = default;

Result<void> PeerSite::check() const {
  std::istringstream needs(read_file(options_.templates + "/needs"));
  std::string missing;
  for (std::string file, package; needs >> file >> package;) {
    if (!fs::exists(file)) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", package);
  }
  if (missing.empty()) return {};
  return unavailable("not installed: " + missing);
}

// As a plan names it.
std::string PeerSite::host_of(const std::string& name) {
  return name == "front" ? Installation::proxy_host(0) : name;
}

Result<void> PeerSite::give_place(const std::string& name) {
  Peer& peer = processes_.at(name);
  const uint16_t port = ports_.take_port();
  peer.receiver_port = ports_.take_port();
  peer.address = Address::loopback(port);
  if (!options_.network) return {};
  const std::string host = host_of(name);
  if (auto added = options_.network->add_host(host); !added) return added;
  peer.address = options_.network->address(host, port);
  return {};
}

void PeerSite::add_names(Names& names, const std::string& prefix, const std::string& name) const {
  const Peer& peer = processes_.at(name);
  names[prefix + "NAME"] = name;
  names[prefix + "HOST"] = peer.address.host();
  names[prefix + "LISTEN"] = peer.address.to_string();
  names[prefix + "HTTP_PORT"] = std::to_string(peer.address.port());
  names[prefix + "RECEIVER_PORT"] = std::to_string(peer.receiver_port);
  const auto place = std::find(member_names_.begin(), member_names_.end(), name);
  if (place == member_names_.end()) return;
  names[prefix + "ID"] = std::to_string(place - member_names_.begin() + 1);
}

PeerSite::Names PeerSite::names_for(const std::string& name) const {
  Names names;
  add_names(names, "", name);
  names["DIRECTORY"] = options_.directory + "/" + name;
  if (has("store")) add_names(names, "STORE_", "store");
  return names;
}

Result<std::string> PeerSite::fill_in(const std::string& text, const std::string& name) const {
  const Names own = names_for(name);
  std::string filled;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    const std::string line = text.substr(begin, end - begin);
    begin = end;
    const bool for_others = line.find("$OTHER_") != std::string::npos;
    const bool for_each = line.find("$EACH_") != std::string::npos;
    std::vector<Names> copies;  // of the line
    if (!for_each && !for_others) copies.push_back(own);
    for (const std::string& member : member_names_) {
      if (!for_each && (!for_others || member == name)) continue;
      add_names(copies.emplace_back(own), for_each ? "EACH_" : "OTHER_", member);
    }
    for (const Names& names : copies) {
      auto copy = expand(line, names);
      if (!copy) return std::move(copy).error();
      filled += *copy;
    }
  }
  return filled;
}

Result<void> PeerSite::write_files(const std::string& name) const {
  const fs::path from = options_.templates + "/" + processes_.at(name).kind;
  const fs::path to = options_.directory + "/" + name;
  fs::create_directories(to);
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path target = to / fs::relative(entry.path(), from);
    if (entry.is_directory()) {
      fs::create_directories(target);
      continue;
    }
    auto text = fill_in(read_file(entry.path().string()), name);
    if (!text) {
      return Error{.code = ErrorCode::kInvalid,
                   .detail = entry.path().string() + ": " + text.error().detail};
    }
    write_file(target.string(), *text);
  }
  return {};
}

std::vector<std::string> PeerSite::members(bool started) const {
  std::vector<std::string> names;
  for (const std::string& name : member_names_) {
    if ((processes_.at(name).process != nullptr) == started) names.push_back(name);
  }
  return names;
}

void PeerSite::start(const std::string& name) {
  const std::string own = options_.directory + "/" + name;
  Network* const network = options_.network;
  processes_.at(name).process = std::make_unique<Process>(
      std::vector<std::string>{"/bin/sh", own + "/start"}, own + "/output.log",
      network ? network->namespace_of(host_of(name)) : -1);
}

bool PeerSite::is_running(const std::string& name) {
  const auto& process = processes_.at(name).process;
  return process && process->is_running();
}

Result<void> PeerSite::open(Duration patience) {
  if (auto there = check(); !there) return there;
  for (const auto& [name, peer] : processes_) {
    if (auto placed = give_place(name); !placed) return placed;
  }
  for (const auto& [name, peer] : processes_) {
    if (auto written = write_files(name); !written) return written;
  }
  if (has("store")) start("store");
  for (size_t index = 0; index < options_.members; ++index) start(member_names_[index]);
  start("front");
  if (wait_until_ready(patience)) return {};
  return unavailable("it does not answer in time\n" + logs());
}

void PeerSite::ask_whether_ready(const std::string& name, std::function<void(bool)> answer) {
  Peer& peer = processes_.at(name);
  // A store speaks something else: the member that uses it says whether it is there.
  const Address address = peer.kind == "store" ? processes_.at("a").address : peer.address;
  const std::string target = peer.kind == "member" ? "/health" : "/value";
  peer.question =
      std::make_unique<HttpClient>(ports_.loop(), address, ClientOptions{.timeout = kAnswerTime});
  peer.question->send(make_request({.target = target}, address),
                      [answer = std::move(answer)](const ClientResponse& response) {
                        answer(response.status == 200);
                      });
}

bool PeerSite::wait_until_ready(Duration patience) {
  const SystemClock clock;
  const TimePoint end = clock.now() + patience;
  for (const auto& [name, peer] : processes_) {
    for (bool is_ready = !peer.process; !is_ready;) {
      if (clock.now() >= end) return false;
      bool is_answered = false;
      ask_whether_ready(name, [&](bool answer) {
        is_ready = answer;
        is_answered = true;
      });
      while (!is_answered) ports_.loop().run_once(kLook);
      if (!is_ready) ports_.loop().run_once(kLook);
    }
  }
  return true;
}

std::string PeerSite::logs() const {
  std::string text;
  for (const auto& [name, peer] : processes_) {
    if (!peer.process) continue;
    const std::string log = peer.process->log();
    text += fmt::format("--- log of {}\n{}\n", name,
                        log.size() > kLogShown ? log.substr(log.size() - kLogShown) : log);
  }
  return text;
}

}  // namespace understudy::loadtest
