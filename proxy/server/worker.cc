// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/worker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/socket.h"
#include "base/stream.h"
#include "base/tls_stream.h"
#include "proxy/server/member_report.h"

namespace understudy {
namespace {

constexpr Duration kSweepEvery = std::chrono::seconds(1);
// What no burst of this time has needed goes, half of it each time.
constexpr Duration kShrinkEvery = std::chrono::seconds(10);

}  // namespace

Result<std::unique_ptr<Worker>> Worker::open(Options options) {
  auto loop = EventLoop::open();
  if (!loop) return std::move(loop).error();
  return std::unique_ptr<Worker>(new Worker(*std::move(loop), std::move(options)));
}

Worker::Worker(std::unique_ptr<EventLoop> loop, Options options)
    : index_(options.index),
      connections_max_(options.connections_max),
      server_(*options.server),
      loop_(std::move(loop)),
      scratch_(std::make_unique<HeadScratch>()),
      closed_(*loop_),
      request_ids_(SystemRandom().next()),
      context_{.io = {.loop = *loop_, .blocks = blocks_, .scratch = *scratch_, .closed = closed_},
               .pipes = pipes_,
               .request_ids = request_ids_,
               .quarantine = options.quarantine,
               .workers = options.workers},
      downstreams_(std::make_unique<Http1DownstreamPool>(
          context_, static_cast<ClientConnection::Owner&>(*this))),
      http2_downstreams_(std::make_unique<Http2DownstreamPool>(context_)),
      stop_deadline_(Timer::of<&Worker::on_stop_deadline>(loop_->timers(), *this)),
      sweep_(Timer::of<&Worker::drop_unused>(loop_->timers(), *this)),
      shrink_(Timer::of<&Worker::shrink_pools>(loop_->timers(), *this)),
      mailbox_(*loop_, [this](LetterToWorker letter) { on_letter(std::move(letter)); }) {
  adopt(std::move(options.snapshot));
  for (std::size_t site = 0; site < options.listeners.size(); ++site) {
    acceptors_.push_back(std::make_unique<Acceptor>(*loop_, std::move(options.listeners[site]),
                                                    site, static_cast<Acceptor::Owner&>(*this)));
  }
}

Worker::~Worker() {
  CHECK(!thread_.joinable(), "a worker is destroyed while its thread runs");
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::join() {
  thread_.join();
}

void Worker::run() {
  // What belongs to the loop's thread begins in the loop.
  loop_->post([this] {
    for (const auto& acceptor : acceptors_) acceptor->resume();
    shrink_.start_at(loop_->now() + kShrinkEvery);
  });
  loop_->run();
  CHECK(connections_.empty());
  // What was used on this thread ends on it: idle connections to members, logs.
  closed_.clear();
  downstreams_.reset();
  http2_downstreams_.reset();
  context_.routes = nullptr;
  adopted_.clear();
  closed_.clear();
}

void Worker::on_letter(LetterToWorker letter) {
  std::visit([this](const auto& content) { on(content); }, letter);
}

// --- Connections.

bool Worker::may_accept() const {
  return !context_.stopping && connections_.size() < connections_max_;
}

void Worker::on_accepted(std::size_t site, Accepted accepted) {
  ++context_.counters.connections;
  const Site& here = current().routes.sites[site];
  ClientConnection::Options options{
      .client = {.address = accepted.peer, .local_port = current().snapshot->listens[site].port()},
      .site = static_cast<uint32_t>(site),
      .http2 = here.speaks_http2()};
  if (current().snapshot->tells_where) {
    options.client.local = std::make_unique<const Address>(local_address(accepted.fd));
  }
  const auto& protocol = here.hosts.front()->proxy_protocol;
  if (!protocol) return on_client(std::move(accepted.fd), std::move(options));
  switch (protocol->rule_for(IpAddress::of(accepted.peer))) {
    case config::ProxyProtocol::Rule::kPlain:
      return on_client(std::move(accepted.fd), std::move(options));
    case config::ProxyProtocol::Rule::kRefused:
      LOG(kInfo, "client {}: refused, only trusted proxies may connect here",
          options.client.address.host());
      return;
    case config::ProxyProtocol::Rule::kExpected:
      break;
  }
  begin(std::make_unique<ProxiedConnection>(context_, std::move(accepted.fd), std::move(options),
                                            static_cast<ProxiedConnection::Next&>(*this),
                                            static_cast<ClientConnection::Owner&>(*this)));
}

void Worker::on_client(Fd fd, ClientConnection::Options options) {
  std::unique_ptr<Stream> stream;
  if (const auto& tls = current().snapshot->sites[options.site].tls) {
    auto secure = std::make_unique<TlsStream>(*tls, std::move(fd));
    options.client.tls = secure.get();
    stream = std::move(secure);
  } else {
    stream = std::make_unique<TcpStream>(std::move(fd));
  }
  begin(std::make_unique<Http1Connection>(*downstreams_, std::move(stream), std::move(options)));
}

void Worker::begin(std::unique_ptr<ClientConnection> connection) {
  ++context_.counters.connections_open;
  ClientConnection& started = connections_.add(std::move(connection));
  if (connections_.size() >= connections_max_ && !accepting_paused_) {
    accepting_paused_ = true;
    for (const auto& acceptor : acceptors_) acceptor->pause();
    LOG(kWarn, "worker {}: {} client connections, no more are accepted until one ends", index_,
        connections_max_);
  }
  started.start();
}

void Worker::on_http2(ClientConnection::Options options, std::unique_ptr<Stream> stream,
                      std::string_view received) {
  auto successor = std::make_unique<Http2Connection>(*http2_downstreams_, std::move(stream),
                                                     received, std::move(options),
                                                     static_cast<ClientConnection::Owner&>(*this));
  ClientConnection& started = connections_.add(std::move(successor));
  ++context_.counters.connections_open;
  started.start();
  if (context_.stopping) started.stop();
}

void Worker::on_closed(ClientConnection& connection) {
  closed_.add(connections_.take(connection));
  --context_.counters.connections_open;
  if (context_.stopping) return end_if_idle();
  // One that has handed its client on had a successor before it went.
  if (!accepting_paused_ || connections_.size() >= connections_max_) return;
  accepting_paused_ = false;
  for (const auto& acceptor : acceptors_) acceptor->resume();
}

// --- Configurations.

std::shared_ptr<WorkerCluster> Worker::cluster_for(const Snapshot& snapshot, std::size_t index) {
  const config::Cluster& wanted = snapshot.config->clusters[index];
  if (!adopted_.empty()) {
    const auto same = same_cluster(snapshot, index, *current().snapshot);
    if (same) return current().clusters[*same];
  }
  routing::ClusterOptions routing = snapshot.clusters[index];
  routing.worker = index_;
  std::map<std::string, config::MemberWay, std::less<>> ways;
  for (const config::MemberSeed& seed : wanted.seeds) {
    if (seed.way) ways.emplace(seed.address, *seed.way);
  }
  auto made = std::make_shared<WorkerCluster>(
      context_, WorkerCluster::Options{.routing = std::move(routing),
                                       .connections = wanted.connections,
                                       .protocol = wanted.protocol,
                                       .ajp = wanted.ajp,
                                       .ways = std::move(ways),
                                       .proxy_header = wanted.proxy_header,
                                       .tls = wanted.tls,
                                       .tls_name = wanted.tls_name,
                                       .session_cookie = wanted.session_cookie,
                                       .session_parameter = wanted.session_parameter,
                                       .session_in_query = wanted.session_in_query,
                                       .session_form_field = wanted.session_form_field,
                                       .inserted = wanted.inserted,
                                       .listener = this});
  if (adopted_.empty()) return made;
  // With other keys it is built anew. It need not search for members that it has known.
  if (const auto rekeyed = rekeyed_cluster(snapshot, index, *current().snapshot)) {
    made->on_shared_view(current().clusters[*rekeyed]->routing().views().shared());
  }
  return made;
}

void Worker::adopt(std::shared_ptr<const Snapshot> snapshot) {
  auto next = std::make_unique<Adopted>();
  next->routes.config = snapshot->config;
  for (std::size_t i = 0; i < snapshot->clusters.size(); ++i) {
    next->clusters.push_back(cluster_for(*snapshot, i));
    next->routes.clusters.push_back(next->clusters.back().get());
  }
  const auto& hosts = snapshot->config->hosts.all();
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    const std::string name = hosts[host].names.empty() ? "" : hosts[host].names.front();
    next->logs.push_back(
        std::make_unique<BufferedAccessLog>(*loop_, snapshot->access_logs[host], name));
  }
  for (const Snapshot::Site& site : snapshot->sites) {
    Site& out = next->routes.sites.emplace_back();
    out.mapping = site.mapping;
    for (const std::size_t host : site.hosts) {
      const bool is_logged = !snapshot->access_logs[host].empty();
      out.hosts.push_back(&hosts[host]);
      out.access_logs.push_back(is_logged ? next->logs[host].get() : nullptr);
    }
  }
  next->snapshot = std::move(snapshot);
  adopted_.push_back(std::move(next));
  context_.routes = &current().routes;
}

void Worker::on(const to_worker::Adopt& letter) {
  adopt(letter.snapshot);
  for (const to_worker::Order& order : letter.orders) on(order);
  for (const to_worker::CheckResult& result : letter.results) on(result);
  const auto& kept = current().clusters;
  for (const auto& cluster : adopted_[adopted_.size() - 2]->clusters) {
    if (std::find(kept.begin(), kept.end(), cluster) == kept.end()) cluster->retire();
  }
  sweep_.start_at(loop_->now() + kSweepEvery);
  for (ClientConnection* connection : connections_.all()) connection->on_reload();
}

void Worker::drop_unused() {
  const auto in_force = adopted_.end() - 1;
  const auto is_unused = [](const std::unique_ptr<Adopted>& adopted) {
    if (adopted->routes.exchanges > 0) return false;
    return std::all_of(adopted->clusters.begin(), adopted->clusters.end(), [](const auto& cluster) {
      return cluster.use_count() > 1 || !cluster->is_in_use();
    });
  };
  adopted_.erase(std::remove_if(adopted_.begin(), in_force, is_unused), in_force);
  if (adopted_.size() > 1) sweep_.start_at(loop_->now() + kSweepEvery);
}

void Worker::shrink_pools() {
  blocks_.shrink();
  pipes_.shrink();
  downstreams_->shrink();
  http2_downstreams_->shrink();
  shrink_.start_at(loop_->now() + kShrinkEvery);
}

// --- Views.

void Worker::on_new_view(WorkerCluster& cluster, const routing::ViewKeeper::Shared& view) {
  const auto& clusters = current().routes.clusters;
  const auto place = std::find(clusters.begin(), clusters.end(), &cluster);
  if (place == clusters.end()) return;  // of a configuration that is on its way out
  server_.post(to_server::NewView{.worker = index_,
                                  .generation = current().snapshot->generation,
                                  .cluster = static_cast<std::size_t>(place - clusters.begin()),
                                  .view = view});
}

void Worker::on(const to_worker::Learn& letter) {
  if (letter.generation != current().snapshot->generation) return;
  current().clusters[letter.cluster]->on_shared_view(letter.view);
}

void Worker::on(const to_worker::Order& letter) {
  for (const auto& cluster : current().clusters) {
    if (cluster->routing().options().name != letter.cluster) continue;
    cluster->routing().table().set_order(letter.address_text, letter.order, loop_->now());
  }
}

void Worker::on(const to_worker::CheckResult& letter) {
  if (letter.generation != current().snapshot->generation) return;
  current().clusters[letter.cluster]->on_checked(letter.address_text, letter.checked);
}

void Worker::on(const to_worker::Resolve& letter) {
  for (const auto& cluster : current().clusters) {
    cluster->on_addresses(letter.address_text, letter.addresses);
  }
}

// --- Questions.

void Worker::on(const to_worker::Report& letter) {
  WorkerStatus status{.worker = index_,
                      .generation = current().snapshot->generation,
                      .counters = context_.counters};
  for (const auto& cluster : current().clusters) {
    ClusterStatus& out =
        status.clusters.emplace_back(status_of(std::as_const(*cluster).routing(), loop_->now()));
    out.queued = cluster->queued();
    out.exchanges = cluster->load().exchanges;
    out.resends = cluster->load().resends;
  }
  server_.post(to_server::Status{letter.question, std::move(status)});
}

void Worker::on(const to_worker::Explain& letter) {
  to_server::Explanation answer{.question = letter.question};
  for (const auto& cluster : current().clusters) {
    answer.clusters.push_back(
        explain_cookie(std::as_const(*cluster).routing(), letter.cookie, loop_->now()));
  }
  server_.post(std::move(answer));
}

void Worker::on(const to_worker::FlushLogs&) {
  for (const auto& log : current().logs) log->flush();
}

// --- The end.

void Worker::on(const to_worker::Stop& letter) {
  // Who has connected already is served; after that the port refuses.
  for (const auto& acceptor : acceptors_) acceptor->take_waiting();
  acceptors_.clear();
  context_.stopping = true;
  if (letter.limit <= Duration::zero()) return on_stop_deadline();
  stop_deadline_.start_at(loop_->now() + letter.limit);
  for (ClientConnection* connection : connections_.all()) connection->stop();
  end_if_idle();
}

void Worker::on_stop_deadline() {
  abandoned_ = connections_.size();
  while (!connections_.empty()) connections_.front()->abandon();
  end_if_idle();
}

void Worker::end_if_idle() {
  if (!connections_.empty() || has_ended_) return;
  has_ended_ = true;
  stop_deadline_.stop();
  server_.post(to_server::Stopped{.worker = index_, .abandoned = abandoned_});
  loop_->stop();
}

}  // namespace understudy
