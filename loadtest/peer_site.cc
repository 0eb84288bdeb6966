// SPDX-License-Identifier: Apache-2.0
#include "loadtest/peer_site.h"

#include <fmt/core.h>
#include <signal.h>

#include <array>
#include <filesystem>
#include <sstream>

#include "base/check.h"
#include "loadtest/peer.h"

namespace understudy::loadtest {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> kMembers = {"a", "b", "c"};
constexpr Duration kLook = std::chrono::milliseconds(20);
constexpr Duration kAnswerTime = std::chrono::seconds(1);
constexpr size_t kLogShown = 2000;

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

Error unavailable(std::string detail) {
  return {.code = ErrorCode::kUnavailable, .detail = std::move(detail)};
}

}  // namespace

PeerSite::PeerSite(Installation& ports, std::string templates, std::string directory)
    : ports_(ports), templates_(std::move(templates)), directory_(std::move(directory)) {
  const auto add = [this](const std::string& name, const std::string& kind) {
    Peer peer;
    peer.kind = kind;
    peer.address = Address::loopback(ports_.take_port());
    peer.receiver_port = ports_.take_port();
    processes_.emplace(name, std::move(peer));
  };
  for (const char* member : kMembers) add(member, "member");
  add("front", "front");
  if (fs::exists(templates_ + "/store")) add("store", "store");
}

PeerSite::~PeerSite() = default;

Result<void> PeerSite::check() const {
  std::istringstream needs(read_file(templates_ + "/needs"));
  std::string missing;
  for (std::string file, package; needs >> file >> package;) {
    if (!fs::exists(file)) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", package);
  }
  if (missing.empty()) return {};
  return unavailable("not installed: " + missing);
}

std::map<std::string, std::string> PeerSite::names_for(const std::string& name) const {
  std::map<std::string, std::string> names;
  const Peer& own = processes_.at(name);
  names["NAME"] = name;
  names["DIRECTORY"] = directory_ + "/" + name;
  names["HTTP_PORT"] = std::to_string(own.address.port());
  names["RECEIVER_PORT"] = std::to_string(own.receiver_port);
  names["LISTEN"] = own.address.to_string();
  if (has("store")) names["STORE_PORT"] = std::to_string(processes_.at("store").address.port());
  size_t id = 0;
  size_t others = 0;
  for (const char* member : kMembers) {
    const Peer& peer = processes_.at(member);
    names["MEMBER_" + upper(member)] = peer.address.to_string();
    ++id;
    if (member == name) {
      names["ID"] = std::to_string(id);
      continue;
    }
    const std::string other = ++others == 1 ? "OTHER_ONE" : "OTHER_TWO";
    names[other + "_ID"] = std::to_string(id);
    names[other + "_RECEIVER_PORT"] = std::to_string(peer.receiver_port);
  }
  return names;
}

Result<void> PeerSite::write_files(const std::string& name) const {
  const fs::path from = templates_ + "/" + processes_.at(name).kind;
  const fs::path to = directory_ + "/" + name;
  const auto names = names_for(name);
  fs::create_directories(to);
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path target = to / fs::relative(entry.path(), from);
    if (entry.is_directory()) {
      fs::create_directories(target);
      continue;
    }
    auto text = expand(read_file(entry.path().string()), names);
    if (!text) {
      return Error{.code = ErrorCode::kInvalid,
                   .detail = entry.path().string() + ": " + text.error().detail};
    }
    write_file(target.string(), *text);
  }
  return {};
}

void PeerSite::start(const std::string& name) {
  const std::string own = directory_ + "/" + name;
  processes_.at(name).process = std::make_unique<Process>(
      std::vector<std::string>{"/bin/sh", own + "/start"}, own + "/output.log");
}

bool PeerSite::is_running(const std::string& name) {
  const auto& process = processes_.at(name).process;
  return process && process->is_running();
}

Result<void> PeerSite::open(Duration patience) {
  if (auto there = check(); !there) return there;
  for (const auto& [name, peer] : processes_) {
    if (auto written = write_files(name); !written) return written;
  }
  if (has("store")) start("store");
  for (const char* member : kMembers) start(member);
  start("front");
  if (wait_until_ready(patience)) return {};
  return unavailable("it does not answer in time\n" + logs());
}

void PeerSite::ask_whether_ready(const std::string& name, std::function<void(bool)> answer) {
  Peer& peer = processes_.at(name);
  // A store speaks something else: whoever uses it says whether it is there.
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
    for (bool is_ready = false; !is_ready;) {
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
    const std::string log = read_file(directory_ + "/" + name + "/output.log");
    text += fmt::format("--- log of {}\n{}\n", name,
                        log.size() > kLogShown ? log.substr(log.size() - kLogShown) : log);
  }
  return text;
}

PeerChaos::PeerChaos(PeerSite& site, EventLoop& loop, std::vector<ChaosStep> plan,
                     std::function<void(const std::string&)> on_event)
    : site_(site),
      loop_(loop),
      plan_(std::move(plan)),
      on_event_(std::move(on_event)),
      timer_(Timer::of<&PeerChaos::on_time>(loop.timers(), *this)) {}

void PeerChaos::start() {
  begin_ = SystemClock().now();
  on_time();
}

void PeerChaos::on_time() {
  const Duration passed = SystemClock().now() - begin_;
  while (next_ < plan_.size() && plan_[next_].at <= passed) carry_out(plan_[next_++]);
  continue_restarts();
  if (!is_over()) timer_.start_at(loop_.now() + kLook);
}

void PeerChaos::carry_out(const ChaosStep& step) {
  switch (step.action) {
    case ChaosAction::kKill:
      site_.process(step.member).signal(SIGKILL);
      break;
    case ChaosAction::kStop:
      site_.process(step.member).signal(SIGSTOP);
      break;
    case ChaosAction::kContinue:
      site_.process(step.member).signal(SIGCONT);
      break;
    case ChaosAction::kStart:
      site_.start(step.member);
      break;
    case ChaosAction::kRestart:
      restarts_.push_back(step.member);
      return;
    case ChaosAction::kRollingRestart:
      for (const char* member : kMembers) restarts_.push_back(member);
      break;
    default:
      CHECK(false, "a step that no peer can take part in");
  }
  on_event_(step.text());
}

void PeerChaos::continue_restarts() {
  if (restarts_.empty()) return;
  const std::string member = restarts_.front();
  switch (restarting_) {
    case Restarting::kNo:
      on_event_("restart " + member);
      site_.process(member).signal(SIGTERM);
      restarting_ = Restarting::kEnding;
      return;
    case Restarting::kEnding:
      if (site_.is_running(member)) return;
      site_.start(member);
      restarting_ = Restarting::kStarting;
      return;
    case Restarting::kStarting:
      if (is_asked_) return;
      is_asked_ = true;
      site_.ask_whether_ready(member, [this, member](bool is_ready) {
        is_asked_ = false;
        if (!is_ready) return;
        on_event_(member + " answers again");
        restarts_.pop_front();
        restarting_ = Restarting::kNo;
      });
      return;
  }
}

}  // namespace understudy::loadtest
