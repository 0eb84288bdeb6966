// SPDX-License-Identifier: Apache-2.0
#include "loadtest/installation.h"

#include <fmt/core.h>
#include <json/reader.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "base/random.h"
#include "base/socket.h"

namespace understudy::loadtest {
namespace {

// Below the kernel's ephemeral range, so that no outgoing connection takes a port between the
// moment it was found free and the moment a program listens on it.
constexpr uint64_t kFirstPort = 15000;
constexpr uint64_t kPorts = 17000;

// A name that one socket of the machine can have, as long as it is open.
Fd reserve(uint16_t port) {
  Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CHECK(fd);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string text = "understudy-port-" + std::to_string(port);
  text.copy(name.sun_path + 1, text.size());  // behind a NUL: in no folder
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (::bind(fd.value(), reinterpret_cast<const sockaddr*>(&name), bytes) != 0) return {};
  return fd;
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
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

std::string make_directory(const std::string& parent) {
  std::string pattern = parent + "/understudy-XXXXXX";
  CHECK(::mkdtemp(pattern.data()));
  return pattern;
}

Installation::Installation(EventLoop& loop, std::string programs, std::string directory)
    : loop_(loop), programs_(std::move(programs)), directory_(std::move(directory)) {
  std::filesystem::create_directories(directory_);
  const std::string error = Keyring::generate(directory_ + "/cluster.key");
  CHECK(error.empty(), error.c_str());
  keyring_ = Keyring::load(directory_ + "/cluster.key").keyring;
  CHECK(keyring_);
  view_codec_ = std::make_unique<ViewCodec>(*keyring_, kDefaultClusterName);
}

Installation::~Installation() {
  proxies_.clear();
  members_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

uint16_t Installation::take_port() {
  SystemRandom random;
  for (int tries = 0; tries < 200; ++tries) {
    const auto port = static_cast<uint16_t>(kFirstPort + random.below(kPorts));
    Fd reservation = reserve(port);
    if (!reservation || !listen_tcp(Address::loopback(port), {}) ||
        !bind_udp(Address::loopback(port))) {
      continue;
    }
    reservations_.push_back(std::move(reservation));
    return port;
  }
  CHECK(false, "no free port");
  return 0;
}

std::string Installation::proxy_host(size_t index) {
  return "proxy" + (index == 0 ? "" : std::to_string(index + 1));
}

std::string Installation::member_name(size_t index) {
  return std::string(index / 26, 'z') + static_cast<char>('a' + index % 26);
}

Address Installation::place(const std::string& host) {
  if (!network_) return Address::loopback(take_port());
  if (!network_->has_host(host)) {
    const auto added = network_->add_host(host);
    CHECK(added, added.error().detail.c_str());
  }
  return network_->address(host, take_port());
}

int Installation::space_of(const std::string& host) const {
  return network_ ? network_->namespace_of(host) : -1;
}

std::vector<std::string> Installation::member_names() const {
  std::vector<std::string> names;
  for (const auto& [name, slot] : members_) names.push_back(name);
  return names;
}

std::string Installation::logs() const {
  std::string text;
  for (const auto& [name, slot] : members_) {
    for (int start = 1; start <= slot.starts; ++start) {
      text +=
          fmt::format("--- log of {}, start {}\n{}", name, start, read_file(log_path(name, start)));
    }
  }
  for (const ProxySlot& slot : proxies_) {
    text += "--- log of the proxy at " + slot.address.to_string() + "\n" + slot.process->log();
  }
  return text;
}

std::string Installation::log_path(const std::string& name, int start) const {
  return fmt::format("{}/{}.{}.log", directory_, name, start);
}

void Installation::add_member(const std::string& name, const MemberOptions& options) {
  MemberSlot slot;
  slot.http = place(name);
  slot.cluster = place(name);
  slot.config_path = directory_ + "/" + name + ".conf";
  slot.options = options;
  members_[name] = std::move(slot);
}

void Installation::write_config(const std::string& name) {
  const MemberSlot& mine = members_.at(name);
  // All are configured with the first two: none needs the whole list.
  std::vector<std::string> seeds;
  for (const auto& [other, its] : members_) {
    if (mine.options.seeds.empty() && seeds.size() < 2) seeds.push_back(its.cluster.to_string());
  }
  for (const std::string& seed : mine.options.seeds) {
    seeds.push_back(members_.at(seed).cluster.to_string());
  }
  const std::string machine =
      mine.options.machine.empty() ? "machine-" + name : mine.options.machine;
  write_file(mine.config_path,
             fmt::format("MemberName {}\nMachine {}\nListen {}\nClusterListen {}\n"
                         "ClusterMembers {}\nClusterMessagingMode unicast\nHeartbeatInterval {}\n"
                         "SessionTimeout 30m\nSessionCookie {}\nClusterKeyFile cluster.key\n"
                         "LogLevel info\n{}",
                         name, machine, mine.http.to_string(), mine.cluster.to_string(),
                         join(seeds), mine.options.heartbeat, cookie_name(), mine.options.extra));
}

void Installation::start(const std::string& name) {
  write_config(name);
  MemberSlot& slot = members_.at(name);
  std::vector<std::string> command = {program(slot.options.program), "-c", slot.config_path};
  command.insert(command.end(), slot.options.arguments.begin(), slot.options.arguments.end());
  slot.process = std::make_unique<Process>(command, log_path(name, ++slot.starts), space_of(name));
}

Address Installation::proxy_address(size_t index) const {
  return index < proxies_.size() ? proxies_[index].address : Address();
}

Address Installation::admin_address(size_t index) const {
  return index < proxies_.size() ? proxies_[index].admin : Address();
}

bool Installation::start_proxy(const ProxyOptions& options, size_t index) {
  CHECK(index <= proxies_.size());
  if (index == proxies_.size()) {
    const std::string host = proxy_host(index);
    proxies_.push_back({.address = place(host), .admin = place(host), .process = nullptr});
  }
  ProxySlot& slot = proxies_[index];
  std::vector<std::string> seeds;
  for (const auto& [name, its] : members_) {
    const bool wanted =
        options.seeds.empty() ||
        std::find(options.seeds.begin(), options.seeds.end(), name) != options.seeds.end();
    if (wanted) seeds.push_back(its.http.to_string());
  }
  const std::string path = directory_ + "/proxy" + (index == 0 ? "" : std::to_string(index + 1));
  const std::string config = path + ".conf";
  write_file(config, "Workers 1\nListen " + slot.address.to_string() + "\nAdmin " +
                         slot.admin.to_string() + "\nLogLevel info\n" + options.global +
                         "<Location \"/\">\n  SetHandler understudy-handler\n  BackendCluster " +
                         join(seeds) + "\n  DynamicServerList " + (options.dynamic ? "On" : "Off") +
                         "\n  SessionCookie " + cookie_name() + "\n  ClusterKeyFile cluster.key\n" +
                         options.location + "</Location>\n");
  std::vector<std::string> words = options.wrapper;
  words.insert(words.end(), {program("understudy"), "run", "-c", config});
  slot.process = std::make_unique<Process>(words, path + ".log", space_of(proxy_host(index)));
  return wait_until([&] { return status(index).isObject(); });
}

bool Installation::open_members(size_t count, const MemberOptions& members) {
  std::vector<std::string> names;
  for (size_t index = 0; index < count; ++index) {
    names.push_back(member_name(index));
    add_member(names.back(), members);
  }
  // The first one founds the cluster; two that start at once may found two, and join later.
  for (const std::string& name : names) {
    start(name);
    const std::vector<std::string> alone = {name};
    if (name == names.front() && !wait_until([&] { return member_sees(name, alone); }))
      return false;
  }
  return wait_until([&] {
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return member_sees(name, names); });
  });
}

bool Installation::open(size_t count, const MemberOptions& members, const ProxyOptions& proxy) {
  if (!open_members(count, members) || !start_proxy(proxy)) return false;
  // The first answer carries the view.
  return !proxy.dynamic || wait_for_view(member_names());
}

bool Installation::kill(const std::string& name) {
  member(name).signal(SIGKILL);
  return member(name).wait_exit(std::chrono::seconds(10)) != -1;
}

ClientResponse Installation::fetch(const Address& server, const std::string& request) {
  HttpClient client(loop_, server);
  ClientResponse response;
  bool done = false;
  client.send(request, [&](ClientResponse answer) {
    response = std::move(answer);
    done = true;
  });
  while (!done) loop_.run_once(std::chrono::seconds(1));
  return response;
}

ClientResponse Installation::get(const std::string& target, const std::string& cookie) {
  std::vector<std::string> lines;
  if (!cookie.empty()) lines.push_back("Cookie: " + cookie);
  return fetch(proxy_address(), make_request({.target = target}, proxy_address(), lines));
}

ClientResponse Installation::post(const std::string& target, const std::string& cookie) {
  std::vector<std::string> lines;
  if (!cookie.empty()) lines.push_back("Cookie: " + cookie);
  return fetch(proxy_address(),
               make_request({.method = "POST", .target = target}, proxy_address(), lines));
}

Json::Value Installation::status(size_t proxy) {
  const Address admin = admin_address(proxy);
  const auto response = fetch(admin, make_request({.target = "/status"}, admin));
  return response.status == 200 ? parse_json(response.body) : Json::Value();
}

std::vector<std::string> Installation::alive_in_view() {
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

size_t Installation::in_flight() {
  size_t count = 0;
  const Json::Value document = status();
  for (const auto& cluster : document["clusters"]) {
    for (const auto& entry : cluster["members"]) count += entry["in_flight"].asUInt64();
  }
  return count;
}

std::optional<ClusterView> Installation::view_of(const std::string& name) {
  const Address address = member_address(name);
  auto decoded =
      view_codec_->decode(fetch(address, make_request({.target = kViewPath}, address)).body);
  if (!decoded) return std::nullopt;
  return std::move(decoded.view);
}

std::vector<std::string> Installation::alive_in(const ClientResponse& view_answer) const {
  std::vector<std::string> names;
  const auto decoded = view_codec_->decode(view_answer.body);
  if (!decoded) return names;
  for (const auto& entry : decoded.view.entries) {
    if (entry.alive == AliveState::kAlive) names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool Installation::member_sees(const std::string& name, const std::vector<std::string>& names) {
  const Address address = member_address(name);
  return alive_in(fetch(address, make_request({.target = kViewPath}, address))) == names;
}

bool Installation::wait_for_view(const std::vector<std::string>& names) {
  return wait_until([&] {
    for (const auto& name : names) {
      if (!member_sees(name, names)) return false;
    }
    get("/size/1");
    return alive_in_view() == names;
  });
}

bool Installation::wait_until(const std::function<bool()>& done, Duration timeout) {
  const SystemClock clock;
  const TimePoint end = clock.now() + timeout;
  while (!done()) {
    if (clock.now() >= end) return false;
    loop_.run_once(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace understudy::loadtest
