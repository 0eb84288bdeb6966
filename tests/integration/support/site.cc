// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/support/site.h"

#include <gtest/gtest.h>
#include <json/reader.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "base/random.h"
#include "base/socket.h"

namespace understudy::testing {
namespace {

// Below the kernel's ephemeral range, so that no outgoing connection takes a port between the
// moment it was found free and the moment a program listens on it.
constexpr uint64_t kFirstPort = 15000;
constexpr uint64_t kPorts = 17000;

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

std::string make_directory() {
  std::string pattern = ::testing::TempDir() + "understudy-XXXXXX";
  CHECK(::mkdtemp(pattern.data()));
  return pattern;
}

}  // namespace

Json::Value parse_json(const std::string& text) {
  Json::CharReaderBuilder builder;
  std::unique_ptr<Json::CharReader> reader(builder.newCharReader());
  Json::Value value;
  std::string errors;
  if (!reader->parse(text.data(), text.data() + text.size(), &value, &errors)) return {};
  return value;
}

std::string program(const std::string& name) {
  return std::string(UNDERSTUDY_PROGRAMS) + "/" + name;
}

Site::Site() : directory_(make_directory()), loop_(std::move(*EventLoop::open())) {
  const std::string error = Keyring::generate(directory_ + "/cluster.key");
  CHECK(error.empty(), error.c_str());
  keyring_ = Keyring::load(directory_ + "/cluster.key").keyring;
  CHECK(keyring_);
  view_codec_ = std::make_unique<ViewCodec>(*keyring_, kDefaultClusterName);
}

Site::~Site() {
  proxy_.reset();
  if (::testing::Test::HasFailure()) {
    for (auto& [name, slot] : members_) {
      if (slot.process)
        std::fprintf(stderr, "--- log of %s\n%s", name.c_str(), slot.process->log().c_str());
    }
    std::fprintf(stderr, "--- log of the proxy\n%s", read_file(directory_ + "/proxy.log").c_str());
  }
  members_.clear();
  std::filesystem::remove_all(directory_);
}

uint16_t Site::free_port() {
  SystemRandom random;
  for (int tries = 0; tries < 200; ++tries) {
    const auto port = static_cast<uint16_t>(kFirstPort + random.below(kPorts));
    if (listen_tcp(Address::loopback(port), {}) && bind_udp(Address::loopback(port))) return port;
  }
  CHECK(false, "no free port");
  return 0;
}

void Site::add_member(const std::string& name, const MemberOptions& options) {
  MemberSlot slot;
  slot.http = Address::loopback(free_port());
  slot.cluster = Address::loopback(free_port());
  slot.config_path = directory_ + "/" + name + ".conf";
  members_[name] = std::move(slot);
  // Everybody is configured with the first two: nobody needs the whole list.
  std::vector<std::string> seeds;
  for (const auto& [other, its] : members_) {
    if (seeds.size() < 2) seeds.push_back(its.cluster.to_string());
  }
  const MemberSlot& mine = members_[name];
  write_file(mine.config_path,
             "MemberName " + name + "\nMachine " +
                 (options.machine.empty() ? "machine-" + name : options.machine) + "\nListen " +
                 mine.http.to_string() + "\nClusterListen " + mine.cluster.to_string() +
                 "\nClusterMembers " + join(seeds) + "\nClusterMessagingMode unicast\n" +
                 "HeartbeatInterval " + options.heartbeat + "\nSessionTimeout 30m\nSessionCookie " +
                 cookie_name() + "\nClusterKeyFile cluster.key\nLogLevel info\n" + options.extra);
}

void Site::start(const std::string& name) {
  MemberSlot& slot = members_.at(name);
  slot.process = std::make_unique<Process>(
      std::vector<std::string>{program("counter"), "-c", slot.config_path},
      directory_ + "/" + name + "." + std::to_string(++slot.starts) + ".log");
}

void Site::start_proxy(const ProxyOptions& options) {
  if (!proxy_address_.is_set()) {
    proxy_address_ = Address::loopback(free_port());
    admin_address_ = Address::loopback(free_port());
  }
  std::vector<std::string> seeds;
  for (const auto& [name, slot] : members_) {
    const bool wanted =
        options.seeds.empty() ||
        std::find(options.seeds.begin(), options.seeds.end(), name) != options.seeds.end();
    if (wanted) seeds.push_back(slot.http.to_string());
  }
  const std::string config = directory_ + "/proxy.conf";
  write_file(config, "Workers 1\nListen " + proxy_address_.to_string() + "\nAdmin " +
                         admin_address_.to_string() + "\nLogLevel info\n" + options.global +
                         "<Location \"/\">\n  SetHandler understudy-handler\n  BackendCluster " +
                         join(seeds) + "\n  DynamicServerList " + (options.dynamic ? "On" : "Off") +
                         "\n  SessionCookie " + cookie_name() + "\n  ClusterKeyFile cluster.key\n" +
                         options.location + "</Location>\n");
  proxy_ = std::make_unique<Process>(
      std::vector<std::string>{program("understudy"), "run", "-c", config},
      directory_ + "/proxy.log");
  EXPECT_TRUE(wait_until([&] { return status().isObject(); })) << proxy_->log();
}

void Site::open(const MemberOptions& members, const ProxyOptions& proxy) {
  for (const char* name : {"a", "b", "c"}) add_member(name, members);
  for (const char* name : {"a", "b", "c"}) start(name);
  EXPECT_TRUE(wait_until([&] {
    return member_sees("a", {"a", "b", "c"}) && member_sees("b", {"a", "b", "c"}) &&
           member_sees("c", {"a", "b", "c"});
  }));
  start_proxy(proxy);
  if (!proxy.dynamic) return;
  // The first answer carries the view.
  EXPECT_TRUE(wait_for_view({"a", "b", "c"}));
}

void Site::kill(const std::string& name) {
  member(name).signal(SIGKILL);
  EXPECT_NE(member(name).wait_exit(std::chrono::seconds(10)), -1);
}

loadtest::ClientResponse Site::fetch(const Address& server, const std::string& request) {
  loadtest::HttpClient client(*loop_, server);
  loadtest::ClientResponse response;
  bool done = false;
  client.send(request, [&](loadtest::ClientResponse answer) {
    response = std::move(answer);
    done = true;
  });
  while (!done) loop_->run_once(std::chrono::seconds(1));
  return response;
}

loadtest::ClientResponse Site::get(const std::string& target, const std::string& cookie) {
  std::vector<std::string> lines;
  if (!cookie.empty()) lines.push_back("Cookie: " + cookie);
  return fetch(proxy_address_, loadtest::make_request({.target = target}, proxy_address_, lines));
}

loadtest::ClientResponse Site::post(const std::string& target, const std::string& cookie) {
  std::vector<std::string> lines;
  if (!cookie.empty()) lines.push_back("Cookie: " + cookie);
  return fetch(proxy_address_,
               loadtest::make_request({.method = "POST", .target = target}, proxy_address_, lines));
}

Json::Value Site::status() {
  const auto response =
      fetch(admin_address_, loadtest::make_request({.target = "/status"}, admin_address_));
  return response.status == 200 ? parse_json(response.body) : Json::Value();
}

std::vector<std::string> Site::alive_in_view() {
  std::vector<std::string> names;
  const Json::Value document = status();
  for (const auto& cluster : document["clusters"]) {
    for (const auto& entry : cluster["members"]) {
      if (entry["liveness"].asString() == "alive") names.push_back(entry["name"].asString());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

size_t Site::in_flight() {
  size_t count = 0;
  const Json::Value document = status();
  for (const auto& cluster : document["clusters"]) {
    for (const auto& entry : cluster["members"]) count += entry["in_flight"].asUInt64();
  }
  return count;
}

std::optional<ClusterView> Site::view_of(const std::string& name) {
  const Address address = member_address(name);
  const auto response = fetch(address, loadtest::make_request({.target = kViewPath}, address));
  auto decoded = view_codec_->decode(response.body);
  if (!decoded) return std::nullopt;
  return std::move(decoded.view);
}

bool Site::member_sees(const std::string& name, const std::vector<std::string>& names) {
  const auto view = view_of(name);
  if (!view) return false;
  std::vector<std::string> seen;
  for (const auto& entry : view->entries) {
    if (entry.alive == AliveState::kAlive) seen.push_back(entry.name);
  }
  std::sort(seen.begin(), seen.end());
  return seen == names;
}

bool Site::wait_for_view(const std::vector<std::string>& names) {
  return wait_until([&] {
    for (const auto& name : names) {
      if (!member_sees(name, names)) return false;
    }
    get("/size/1");
    return alive_in_view() == names;
  });
}

bool Site::wait_until(const std::function<bool()>& done, Duration timeout) {
  const SystemClock clock;
  const TimePoint end = clock.now() + timeout;
  while (!done()) {
    if (clock.now() >= end) return false;
    loop_->run_once(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace understudy::testing
