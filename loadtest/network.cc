// SPDX-License-Identifier: Apache-2.0
#include "loadtest/network.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/check.h"

namespace understudy::loadtest {
namespace {

constexpr std::array kPlaces = {"/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"};
constexpr std::string_view kPrefix = "10.77.0.";  // inside the namespaces only
constexpr std::string_view kBridge = "us0";
constexpr std::string_view kNobody = "02:00:00:00:00:01";
constexpr Duration kPatience = std::chrono::seconds(10);

Error unavailable(std::string detail) {
  return {.code = ErrorCode::kUnavailable, .detail = std::move(detail)};
}

Error no_namespace() {
  return unavailable(
      fmt::format("a partition needs network namespaces, and this system gives none: {}",
                  std::strerror(errno)));
}

Fd own_namespace() {
  return Fd(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
}

}  // namespace

Result<std::unique_ptr<Network>> Network::open(const std::string& directory) {
  if (::geteuid() != 0) {
    return unavailable(
        "a partition needs network namespaces, and so root: run as root, or without partition");
  }
  std::string program;
  for (const char* place : kPlaces) {
    if (::access(place, X_OK) == 0) program = place;
  }
  if (program.empty()) {
    return unavailable("a partition needs the program ip: install the package iproute2");
  }
  if (::unshare(CLONE_NEWNET) != 0) return no_namespace();
  std::unique_ptr<Network> network(new Network(std::move(program), directory));
  if (auto done = network->set_up(); !done) return std::move(done).error();
  return network;
}

Network::~Network() = default;

Result<void> Network::set_up() {
  hub_ = own_namespace();
  if (!hub_) return no_namespace();
  const std::string bridge(kBridge);
  // Without the delay the bridge forwards from the beginning.
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"link", "set", "lo", "up"},
           {"link", "add", bridge, "type", "bridge", "forward_delay", "0"},
           {"addr", "add", std::string(kPrefix) + "1/24", "dev", bridge},
           {"link", "set", bridge, "up"}}) {
    if (auto done = ip(arguments); !done) return done;
  }
  return {};
}

std::unique_ptr<Process> Network::start_ip(const std::vector<std::string>& arguments, int space) {
  std::vector<std::string> words = {program_};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return std::make_unique<Process>(words, directory_ + "/ip.log", space);
}

Result<void> Network::ip(const std::vector<std::string>& arguments, int space) {
  if (start_ip(arguments, space)->wait_exit(kPatience) == 0) return {};
  std::string text;
  for (const std::string& argument : arguments) text += " " + argument;
  return unavailable(fmt::format("ip{} failed: {}", text, read_file(directory_ + "/ip.log")));
}

Result<void> Network::add_host(const std::string& name) {
  CHECK(!has_host(name));
  if (hosts_.size() >= kHostsMax) {
    return unavailable(fmt::format("at most {} hosts can be parted", kHostsMax));
  }
  if (::unshare(CLONE_NEWNET) != 0) return no_namespace();
  Host host{.space = own_namespace(), .address = {}};
  CHECK(::setns(hub_.value(), CLONE_NEWNET) == 0);
  if (!host.space) return no_namespace();
  const size_t number = hosts_.size() + 2;
  host.address = std::string(kPrefix) + std::to_string(number);
  const std::string port = "us-" + std::to_string(number);
  const std::string space = fmt::format("/proc/{}/fd/{}", ::getpid(), host.space.value());
  const int inside = host.space.value();
  const auto in_hub = std::vector<std::vector<std::string>>{
      {"link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space},
      {"link", "set", port, "master", std::string(kBridge), "up"}};
  const auto in_host =
      std::vector<std::vector<std::string>>{{"link", "set", "lo", "up"},
                                            {"addr", "add", host.address + "/24", "dev", "eth0"},
                                            {"link", "set", "eth0", "up"}};
  for (const auto& arguments : in_hub) {
    if (auto done = ip(arguments); !done) return done;
  }
  for (const auto& arguments : in_host) {
    if (auto done = ip(arguments, inside); !done) return done;
  }
  hosts_.emplace(name, std::move(host));
  return {};
}

std::vector<std::string> Network::host_names() const {
  std::vector<std::string> names;
  for (const auto& [name, host] : hosts_) names.push_back(name);
  return names;
}

Address Network::address(const std::string& host, uint16_t port) const {
  return *Address::parse(hosts_.at(host).address, port);
}

Network::Commands Network::part(const std::string& one, const std::string& other) {
  const auto hide = [this](const Host& from, const Host& whom) {
    return start_ip({"neigh", "replace", whom.address, "lladdr", std::string(kNobody), "dev",
                     "eth0", "nud", "permanent"},
                    from.space.value());
  };
  Commands commands;
  commands.push_back(hide(hosts_.at(one), hosts_.at(other)));
  commands.push_back(hide(hosts_.at(other), hosts_.at(one)));
  return commands;
}

Network::Commands Network::heal(const std::string& one, const std::string& other) {
  const auto show = [this](const Host& from, const Host& whom) {
    return start_ip({"neigh", "del", whom.address, "dev", "eth0"}, from.space.value());
  };
  Commands commands;
  commands.push_back(show(hosts_.at(one), hosts_.at(other)));
  commands.push_back(show(hosts_.at(other), hosts_.at(one)));
  return commands;
}

}  // namespace understudy::loadtest
