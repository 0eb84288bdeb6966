// SPDX-License-Identifier: Apache-2.0
#include "loadtest/compare.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace understudy::loadtest {
namespace {

constexpr Duration kWarmUp = std::chrono::milliseconds(250);

void add_address(std::map<std::string, std::string>& names, const std::string& name,
                 const Address& address) {
  const std::string text = address.to_string();
  names[name] = text;
  names[name + "_HOST"] = text.substr(0, text.rfind(':'));
  names[name + "_PORT"] = std::to_string(address.port());
}

const ComparedPeer* find(const std::vector<ComparedPeer>& results, std::string_view name) {
  for (const ComparedPeer& peer : results) {
    if (peer.name == name) return &peer;
  }
  return nullptr;
}

template <typename Figure>
double median(const ComparedPeer& peer, Figure figure) {
  std::vector<double> values;
  for (const ComparedRound& round : peer.rounds) values.push_back(figure(round));
  return median_of(std::move(values));
}

std::string ratio(const ComparedPeer& peer, const ComparedPeer* to) {
  if (to == nullptr) return "–";
  std::vector<double> ratios;
  for (size_t round = 0; round < std::min(peer.rounds.size(), to->rounds.size()); ++round) {
    if (to->rounds[round].cpu_us > 0) {
      ratios.push_back(peer.rounds[round].cpu_us / to->rounds[round].cpu_us);
    }
  }
  return ratios.empty() ? "–" : fmt::format("{:.2f}", median_of(std::move(ratios)));
}

}  // namespace

double median_of(std::vector<double> values) {
  CHECK(!values.empty());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Compare::Compare(Installation& installation, const Options& options)
    : installation_(installation), options_(options) {}

std::map<std::string, std::string> Compare::names(const Address& listen) const {
  std::map<std::string, std::string> names;
  names["PROGRAMS"] = installation_.programs();
  names["KEY_FILE"] = installation_.directory() + "/cluster.key";
  add_address(names, "LISTEN", listen);
  for (const std::string& member : installation_.member_names()) {
    std::string letter = member;
    std::transform(letter.begin(), letter.end(), letter.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    add_address(names, "MEMBER_" + letter, installation_.member_address(member));
  }
  return names;
}

Result<void> Compare::start(const std::function<void(const std::string&)>& tell) {
  for (const std::string& name : options_.peers) {
    const Address listen = Address::loopback(installation_.take_port());
    auto peer = Peer::start({.name = name,
                             .file = options_.templates + "/" + name + ".conf",
                             .directory = installation_.directory() + "/" + name,
                             .names = names(listen)});
    if (!peer && peer.error().code == ErrorCode::kUnavailable) {
      tell("left out: " + peer.error().detail);
      continue;
    }
    if (!peer) return std::move(peer).error();
    const bool answers = installation_.wait_until([&] {
      const auto request = make_request({.target = options_.load.target}, listen);
      return installation_.fetch(listen, request).status == 200;
    });
    if (!answers) {
      return Error{.code = ErrorCode::kUnavailable,
                   .detail = name + " does not answer: " + (*peer)->process().log()};
    }
    results_.push_back({.name = name, .rounds = {}});
    running_.push_back({.peer = *std::move(peer), .address = listen});
  }
  if (!running_.empty()) return {};
  return Error{.code = ErrorCode::kUnavailable, .detail = "no proxy is left to compare"};
}

ComparedRound Compare::measure(Running& running) {
  SessionLoadOptions warm_up = options_.load;
  warm_up.schedule.duration = kWarmUp;
  SessionLoad(installation_.loop(), running.address, warm_up).run();

  SessionLoad load(installation_.loop(), running.address, options_.load);
  const Duration before = running.peer->cpu_time();
  load.run();
  const Duration used = running.peer->cpu_time() - before;
  const Timeline& timeline = load.timeline();
  const Histogram& latencies = timeline.latencies();
  ComparedRound round{.requests = timeline.started(), .failed = timeline.failed()};
  round.cpu_us = std::chrono::duration<double, std::micro>(used).count() /
                 static_cast<double>(std::max<size_t>(timeline.started(), 1));
  round.median = latencies.percentile(50);
  round.p99 = latencies.percentile(99);
  round.p999 = latencies.percentile(99.9);
  return round;
}

void Compare::run_round(const std::function<void(const std::string&)>& tell) {
  for (size_t index = 0; index < running_.size(); ++index) {
    const ComparedRound round = measure(running_[index]);
    results_[index].rounds.push_back(round);
    tell(fmt::format(
        "{:>10}  {:6.1f} us of CPU a request  {} requests  {} failed  median {:.2f} ms",
        results_[index].name, round.cpu_us, round.requests, round.failed, ms(round.median)));
  }
}

std::string to_table(const std::vector<ComparedPeer>& results) {
  const ComparedPeer* floor = find(results, "floor");
  const ComparedPeer* haproxy = find(results, "haproxy");
  std::string out =
      "| proxy | CPU µs/request | × floor | × haproxy | median ms | p99 ms | p99.9 ms | requests | "
      "failed |\n|---|---|---|---|---|---|---|---|---|\n";
  for (const ComparedPeer& peer : results) {
    if (peer.rounds.empty()) continue;
    size_t requests = 0;
    size_t failed = 0;
    for (const ComparedRound& round : peer.rounds) {
      requests += round.requests;
      failed += round.failed;
    }
    out += fmt::format(
        "| {} | {:.1f} | {} | {} | {:.2f} | {:.2f} | {:.2f} | {} | {} |\n", peer.name,
        median(peer, [](const ComparedRound& round) { return round.cpu_us; }), ratio(peer, floor),
        ratio(peer, haproxy),
        median(peer, [](const ComparedRound& round) { return ms(round.median); }),
        median(peer, [](const ComparedRound& round) { return ms(round.p99); }),
        median(peer, [](const ComparedRound& round) { return ms(round.p999); }), requests, failed);
  }
  return out;
}

}  // namespace understudy::loadtest
