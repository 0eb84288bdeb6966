// SPDX-License-Identifier: Apache-2.0
#include "tests/backend_sdk/node/test_cluster.h"

#include "cookies/affinity.h"
#include "cookies/contract.h"

namespace understudy {

Options test_options(const std::string& name, const std::string& seed) {
  Options options;
  options.member_name = name;
  options.machine = "machine of " + name;
  options.listen = "127.0.0.1:1";  // announced, never bound
  options.cluster_listen = "127.0.0.1:0";
  options.cluster_insecure = true;
  options.heartbeat_interval = std::chrono::milliseconds(50);
  options.session_cookie = "SID";
  if (!seed.empty()) options.cluster_members = {seed};
  return options;
}

AskedView::AskedView(const Asked& asked) : asked_(asked) {
  for (const Header& header : asked.headers) headers_.push_back({header.name, header.value});
}

RequestView AskedView::view() const {
  return {.method = asked_.method, .target = asked_.target, .headers = headers_};
}

std::string header_of(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

TestCluster::TestCluster(const std::vector<std::string>& names,
                         const std::function<void(Options&)>& change) {
  for (const std::string& name : names) add(name, change);
  wait_for_members(names.size());
}

TestCluster::~TestCluster() {
  for (auto& [name, node] : nodes_) node->abandon();
}

void TestCluster::add(const std::string& name, const std::function<void(Options&)>& change) {
  Options options =
      test_options(name, nodes_.empty() ? "" : nodes_.begin()->second->cluster_address());
  if (change) change(options);
  Hooks hooks;
  hooks.on_view = [this, name](const std::vector<MemberStatus>& members) {
    const std::lock_guard lock(mutex_);
    alive_[name] = 0;
    for (const MemberStatus& member : members) alive_[name] += member.is_alive ? 1 : 0;
    changed_.notify_all();
  };
  auto node = Node::open(options, std::move(hooks));
  ASSERT_TRUE(node) << node.failure().text;
  nodes_[name] = *std::move(node);
}

void TestCluster::wait_for_members(std::size_t alive) {
  std::unique_lock lock(mutex_);
  const bool agreed = changed_.wait_for(lock, kPatience, [this, alive] {
    for (const auto& [name, node] : nodes_) {
      if (alive_[name] != alive) return false;
    }
    return true;
  });
  ASSERT_TRUE(agreed) << "not all members see " << alive << " alive";
}

Node& TestCluster::node(const std::string& name) {
  return *nodes_.at(name);
}

Node& TestCluster::node_of_mid(std::uint32_t mid) {
  for (auto& [name, node] : nodes_) {
    if (node->mid() == mid) return *node;
  }
  ADD_FAILURE() << "nobody has this mid";
  return *nodes_.begin()->second;
}

std::vector<std::string> TestCluster::names() const {
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_) names.push_back(name);
  return names;
}

void TestCluster::kill(const std::string& name) {
  nodes_.at(name)->abandon();
  nodes_.erase(name);
}

void TestCluster::close(const std::string& name) {
  nodes_.erase(name);
}

Decision TestClient::begin(const std::string& at, Asked asked) {
  if (!cookie_.empty()) asked.headers.push_back({"Cookie", "x=1; SID=" + cookie_});
  const AskedView view(asked);
  Awaited<Decision> decision;
  cluster_.node(at).begin(view.view(), {.exclusive = asked.exclusive}, decision.callback());
  Decision taken = decision.take();
  if (taken.reply) keep_cookie(taken.reply->headers);
  return taken;
}

Release TestClient::finish(const std::string& at, Session session) {
  Awaited<Release> release;
  cluster_.node(at).finish(std::move(session), release.callback());
  Release taken = release.take();
  keep_cookie(taken.headers);
  return taken;
}

void TestClient::run(const std::string& at, const std::function<void(Session&)>& handler,
                     Asked asked) {
  Decision decision = begin(at, std::move(asked));
  ASSERT_FALSE(decision.reply) << decision.reply->status << ' ' << decision.reply->body;
  handler(decision.session);
  const Release release = finish(at, std::move(decision.session));
  ASSERT_FALSE(release.reply) << release.reply->status << ' ' << release.reply->body;
}

std::string TestClient::get(const std::string& at, std::string_view attribute, Asked asked) {
  std::string value;
  run(
      at, [&](Session& session) { value = session.get(attribute).value_or("(none)"); },
      std::move(asked));
  return value;
}

void TestClient::keep_cookie(const std::vector<Header>& headers) {
  const std::string line = header_of(headers, "Set-Cookie");
  if (!line.starts_with("SID=")) return;
  cookie_ = line.substr(4, line.find(';') - 4);
}

std::string TestClient::name_of(std::size_t field) const {
  const AffinityCodec codec({.dialect = Dialect::kNative, .keyring = nullptr, .cluster = ""});
  const DecodedAffinity affinity = codec.decode(cookie_);
  const auto mid = field == 0 ? affinity.token.primary : affinity.token.secondary;
  return mid ? cluster_.node_of_mid(*mid).options().member_name : "";
}

std::string TestClient::primary() const {
  return name_of(0);
}

std::string TestClient::secondary() const {
  return name_of(1);
}

Asked TestClient::failover() {
  Asked asked;
  asked.headers.push_back({std::string(kFailoverHeader), std::string(kFailoverRefused)});
  return asked;
}

}  // namespace understudy
