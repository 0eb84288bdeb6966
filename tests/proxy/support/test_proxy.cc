// SPDX-License-Identifier: Apache-2.0
#include "tests/proxy/support/test_proxy.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/socket.h"
#include "base/stream.h"

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPatience = seconds(10);

}  // namespace

// ---- Peer.

std::size_t Peer::send_some(std::string_view text) {
  const ssize_t sent = ::send(fd_.value(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void Peer::send(std::string_view text) {
  CHECK(send_some(text) == text.size(), "the socket does not take what the test sends");
}

void Peer::pump(std::size_t bytes_max) {
  std::array<char, 64 * 1024> room;
  while (is_open() && !closed_ && bytes_max > 0) {
    const ssize_t got =
        ::recv(fd_.value(), room.data(), std::min(room.size(), bytes_max), MSG_DONTWAIT);
    if (got > 0) {
      received_.append(room.data(), static_cast<std::size_t>(got));
      bytes_max -= static_cast<std::size_t>(got);
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    reset_ = got < 0;
    closed_ = true;
  }
}

std::string Peer::take() {
  return std::exchange(received_, {});
}

void Peer::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.value(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Peer::shutdown_write() {
  ::shutdown(fd_.value(), SHUT_WR);
}

// ---- Member.

Member::Member() {
  auto reserved = bind_tcp(Address::loopback(0), {});
  CHECK(reserved.has_value(), "no port to listen on");
  reserved_ = std::move(*reserved);
  port_ = local_address(reserved_).port();
  restart();
}

void Member::restart() {
  auto listener = listen_tcp(Address::loopback(port_), {});
  CHECK(listener.has_value(), "no port to listen on");
  listener_ = std::move(*listener);
}

std::string Member::address_text() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void Member::kill() {
  listener_.reset();
  for (auto& connection : connections_) {
    if (connection->is_open()) connection->reset();
  }
}

void Member::pump() {
  while (listener_) {
    auto accepted = accept_tcp(listener_);
    if (!accepted || !accepted->fd) break;
    connections_.push_back(std::make_unique<Peer>(std::move(accepted->fd)));
    ++accepted_;
  }
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    Peer& peer = *connections_[i];
    if (!peer.is_open() || !peer.reads_by_itself) continue;
    peer.pump();
    if (answer) answer_all(peer);
  }
}

void Member::answer_all(Peer& peer) {
  for (;;) {
    const std::string text = peer.received();
    const std::size_t bytes = message_bytes(text);
    if (bytes == 0) return;
    peer.take();
    ++requests;
    const std::string response = answer(std::string_view(text).substr(0, bytes));
    if (!response.empty()) peer.send(response);
    CHECK(bytes == text.size(), "a member got a second request before it answered the first");
    return;
  }
}

std::string Member::received() const {
  std::string all;
  for (const auto& connection : connections_) all += connection->received();
  return all;
}

// ---- RecordingLog.

void RecordingLog::write(const AccessRecord& record) {
  lines.push_back({.method = std::string(record.method),
                   .target = std::string(record.target),
                   .version = std::string(record.version),
                   .member = std::string(record.member),
                   .why = std::string(record.why),
                   .failure = std::string(record.failure),
                   .status = record.status,
                   .bytes = record.body_bytes_sent,
                   .aborted = record.aborted,
                   .tries = record.tries,
                   .remote_host = std::string(record.remote_host),
                   .kept_request_id = std::string(record.kept_request_id),
                   .response_fields = std::string(record.response_fields),
                   .head_bytes = record.head_bytes_sent,
                   .earlier_requests = record.earlier_requests,
                   .keeps_alive = record.keeps_alive,
                   .hedge = record.hedge});
}

// ---- TestProxy.

config::Failover TestProxy::default_failover() {
  config::Failover failover;
  failover.connect_timeout = milliseconds(200);
  failover.connect_retry = milliseconds(40);
  failover.io_timeout = seconds(20);
  failover.replay_buffer_bytes_max = 64 * 1024;
  return failover;
}

config::Connections TestProxy::default_connections() {
  config::Connections connections;
  connections.connect_timeout = seconds(2);
  connections.skip_time = milliseconds(20);
  connections.idle_max = seconds(20);
  connections.per_member_max = 1024;
  connections.idle_per_member_max = 256;
  connections.waiting_requests_max = 1024;
  connections.queue_timeout = seconds(5);
  return connections;
}

config::ClientTimeouts TestProxy::default_timeouts() {
  config::ClientTimeouts timeouts;
  timeouts.silence = seconds(20);
  timeouts.request_head = seconds(20);
  timeouts.keep_alive = seconds(20);
  return timeouts;
}

TestProxy::TestProxy(const Options& options) : http2_(options.http2) {
  auto loop = EventLoop::open();
  CHECK(loop.has_value());
  loop_ = std::move(*loop);
  blocks_ = std::make_unique<BlockPool>(options.blocks);
  scratch_ = std::make_unique<HeadScratch>();
  closed_ = std::make_unique<ClosedList>(*loop_);
  context_ = std::make_unique<WorkerContext>(WorkerContext{
      .io = {.loop = *loop_, .blocks = *blocks_, .scratch = *scratch_, .closed = *closed_},
      .pipes = pipes_,
      .request_ids = ids_});

  routing::ClusterOptions routing{.name = "test",
                                  .is_dynamic = true,
                                  .dialect = options.dialect,
                                  .keyring = options.keyring,
                                  .skip_time = options.connections.skip_time,
                                  .balancing = options.balancing,
                                  .seed = 1};
  for (std::size_t i = 0; i < options.members; ++i) {
    members_.push_back(std::make_unique<Member>());
    routing.seeds.push_back({.address_text = members_[i]->address_text(),
                             .address = Address::loopback(members_[i]->port()),
                             .route = "m" + std::to_string(i)});
  }
  cluster_ = std::make_unique<WorkerCluster>(
      *context_, WorkerCluster::Options{.routing = routing,
                                        .connections = options.connections,
                                        .protocol = options.protocol,
                                        .ajp = options.ajp,
                                        .session_cookie = options.session_cookie,
                                        .session_parameter = options.session_parameter,
                                        .session_form_field = options.session_form_field,
                                        .inserted = options.inserted,
                                        .listener = this});

  config::VirtualHost host;
  host.timeouts = options.timeouts;
  host.limits = options.limits;
  host.locations.push_back({.path = "/",
                            .cluster = 0,
                            .failover = options.failover,
                            .body_bytes_max = options.body_bytes_max,
                            .tunnel_idle_timeout = options.tunnel_idle_timeout});
  if (options.adjust) options.adjust(host, host.locations.front());
  auto config = std::make_shared<config::Config>();
  config->tunnels_max = options.tunnels_max;
  config->replay_memory_bytes_max = options.replay_memory_bytes_max;
  config->replay_file_bytes_max = options.replay_file_bytes_max;
  config->hosts = config::VirtualHosts({host});
  routes_.config = config;
  routes_.clusters = {cluster_.get()};
  Site site;
  site.mapping = std::make_shared<const routing::Mapping>(
      std::vector<routing::Mapping::Host>{{.names = {}, .rules = {{.path = "/", .location = 0}}}});
  site.hosts = {&config->hosts.all().front()};
  site.access_logs = {options.logs ? &log_ : nullptr};
  routes_.sites.push_back(std::move(site));
  context_->routes = &routes_;
  pool_ = std::make_unique<Http1DownstreamPool>(*context_,
                                                static_cast<ClientConnection::Owner&>(*this));
  http2_pool_ = std::make_unique<Http2DownstreamPool>(*context_);
}

TestProxy::~TestProxy() {
  while (!connections_.empty()) connections_.front()->abandon();
  loop_->run_once(Duration::zero());
  cluster_.reset();
  closed_->clear();
  pool_.reset();
  http2_pool_.reset();
}

Peer& TestProxy::adopt(Fd proxy_side, Fd client_side) {
  connections_.push_back(std::make_unique<Http1Connection>(
      *pool_, std::make_unique<TcpStream>(std::move(proxy_side)),
      ClientConnection::Options{
          .client = {.address = *Address::parse("192.0.2.7:40000"), .local_port = 8080},
          .http2 = http2_}));
  connections_.back()->start();
  clients_.push_back(std::make_unique<Peer>(std::move(client_side)));
  return *clients_.back();
}

Peer& TestProxy::connect_in_memory() {
  int ends[2];
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  return adopt(Fd(ends[0]), Fd(ends[1]));
}

Peer& TestProxy::connect() {
  auto listener = listen_tcp(Address::loopback(0), {});
  CHECK(listener.has_value());
  auto client = connect_tcp(local_address(*listener));
  CHECK(client.has_value());
  auto accepted = accept_tcp(*listener);
  CHECK(accepted.has_value() && accepted->fd);
  return adopt(std::move(accepted->fd), std::move(*client));
}

void TestProxy::on_http2(ClientConnection::Options options, std::unique_ptr<Stream> stream,
                         std::string_view received) {
  connections_.push_back(std::make_unique<Http2Connection>(
      *http2_pool_, std::move(stream), received, std::move(options),
      static_cast<ClientConnection::Owner&>(*this)));
  connections_.back()->start();
}

void TestProxy::on_closed(ClientConnection& connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& each) { return each.get() == &connection; });
  CHECK(found != connections_.end());
  closed_->add(std::move(*found));
  connections_.erase(found);
}

void TestProxy::turn() {
  loop_->run_once(milliseconds(1));
  for (auto& member : members_) member->pump();
  for (auto& client : clients_) {
    if (client->is_open() && client->reads_by_itself) client->pump();
  }
}

bool TestProxy::run_until(const std::function<bool()>& done) {
  const SystemClock clock;
  const TimePoint end = clock.now() + kPatience;
  while (!done()) {
    if (clock.now() > end) return false;
    turn();
  }
  return true;
}

void TestProxy::run_a_little() {
  for (int i = 0; i < 20; ++i) turn();
}

// ---- Texts.

std::string ok(std::string_view body, std::string_view more_lines) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_lines) + "\r\n" + std::string(body);
}

std::size_t count_of(std::string_view text, std::string_view needle) {
  std::size_t count = 0;
  for (std::size_t at = text.find(needle); at != std::string_view::npos;
       at = text.find(needle, at + needle.size())) {
    ++count;
  }
  return count;
}

namespace {

// Where a chunked body that begins at `at` ends, trailers included; 0: not yet. Takes sizes as they
// are written: what the proxy forwards is sound, or a test fails elsewhere.
std::size_t chunked_end(std::string_view text, std::size_t at) {
  for (;;) {
    const std::size_t line_end = text.find("\r\n", at);
    if (line_end == std::string_view::npos) return 0;
    std::size_t size = 0;
    std::from_chars(text.data() + at, text.data() + line_end, size, 16);
    if (size == 0) {
      const std::size_t end = text.find("\r\n\r\n", line_end);
      return end == std::string_view::npos ? 0 : end + 4;
    }
    at = line_end + 2 + size + 2;
    if (at > text.size()) return 0;
  }
}

}  // namespace

std::size_t message_bytes(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  std::string head(text.substr(0, end + 2));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const std::size_t body = end + 4;
  if (head.find("transfer-encoding: chunked\r\n") != std::string_view::npos) {
    return chunked_end(text, body);
  }
  constexpr std::string_view kLength = "content-length: ";
  const std::size_t at = head.find(kLength);
  std::size_t length = 0;
  if (at != std::string_view::npos) {
    std::from_chars(head.data() + at + kLength.size(), head.data() + head.size(), length);
  }
  return text.size() >= body + length ? body + length : 0;
}

}  // namespace understudy::test
