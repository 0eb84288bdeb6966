// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/cluster_transport.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/log.h"
#include "base/socket.h"

namespace understudy {
namespace {

constexpr int kAcceptsPerTurn = 32;
constexpr int kDatagramsPerTurn = 256;
// Of a turn: then each link that has more waits for the next one.
constexpr Duration kReadingMax = std::chrono::milliseconds(4);
// A free TCP port may be taken for UDP: another one is tried.
constexpr int kPortsTried = 16;

Error refused(const std::string& why) {
  return {.code = ErrorCode::kInvalid, .detail = why};
}

}  // namespace

// ---- opening

ClusterTransport::ClusterTransport(EventLoop& loop, Random& random,
                                   const ClusterTransportOptions& options)
    : loop_(loop),
      options_(options),
      sealer_(options.cluster, options.mid, static_cast<uint32_t>(random.next())),
      opener_(options.cluster, options.mid),
      reports_(loop, [this](Report report) { on_report(report); }) {}

ClusterTransport::~ClusterTransport() = default;

Result<std::unique_ptr<ClusterTransport>> ClusterTransport::open(
    EventLoop& loop, Random& random, const ClusterTransportOptions& options) {
  CHECK(options.mid != kNobody);
  if (!options.keys && !options.is_insecure) {
    return refused("members talk under a cluster key: name a ClusterKeyFile");
  }
  if (!options.keys && !options.listen.is_loopback()) {
    return refused("without a cluster key members may listen on a loopback address only, not on " +
                   options.listen.to_string());
  }
  auto transport = std::unique_ptr<ClusterTransport>(new ClusterTransport(loop, random, options));
  if (auto keyed = transport->use_keys(options.keys); !keyed) return std::move(keyed).error();
  for (int i = 0;; ++i) {
    auto listener = listen_tcp(options.listen, {});
    if (!listener) return std::move(listener).error();
    const Address bound = local_address(*listener);
    auto datagrams = bind_udp(bound);
    if (!datagrams && (options.listen.port() != 0 || i == kPortsTried)) {
      return std::move(datagrams).error();
    }
    if (!datagrams) continue;
    transport->listener_ = *std::move(listener);
    transport->datagrams_ = *std::move(datagrams);
    Address& advertised = transport->options_.advertised;
    if (!advertised.is_set()) advertised = bound;
    if (advertised.port() == 0) advertised = advertised.with_port(bound.port());
    return transport;
  }
}

Result<void> ClusterTransport::use_keys(std::shared_ptr<const Keyring> keys) {
  auto security = LinkSecurity::make(keys.get());
  if (!security) return std::move(security).error();
  security_ = *std::move(security);
  options_.keys = std::move(keys);
  sealer_.use_keys(options_.keys.get());
  opener_.use_keys(options_.keys.get());
  return {};
}

void ClusterTransport::attach(Receiver& receiver) {
  receiver_ = &receiver;
  listener_watcher_.start_listening(loop_, listener_.value(), link_door_);
  datagram_watcher_.start_listening(loop_, datagrams_.value(), datagram_door_);
}

bool ClusterTransport::is_flushed() const {
  return std::all_of(links_.begin(), links_.end(),
                     [](const auto& entry) { return entry.second->queued_bytes() == 0; });
}

void ClusterTransport::warn_about(const std::string& peer, const std::string& what) {
  if (quiet_log_.may_write(peer, loop_.now())) LOG(kWarn, "cluster link with {}: {}", peer, what);
}

// ---- links of ours

OutgoingLink& ClusterTransport::open_link(Links& links, const Peer& peer, Hello::Purpose purpose) {
  const bool is_probe = purpose == Hello::Purpose::kProbe;
  const OutgoingLink::Options options{
      .greeting_timeout = is_probe ? options_.probe_timeout : options_.connect_timeout,
      .link_timeout = options_.link_timeout,
      .queue_bytes_max = options_.queue_bytes_max};
  const Hello hello{.mid = options_.mid,
                    .expected = peer.mid,
                    .purpose = purpose,
                    .cluster = options_.cluster,
                    .name = options_.name,
                    .address = options_.advertised};
  auto& slot = links[peer];
  OutgoingLink::Owner& owner = *this;
  slot = std::make_unique<OutgoingLink>(loop_, owner, security_, options, peer, hello);
  OutgoingLink& link = *slot;
  link.start();
  return link;
}

void ClusterTransport::send(const Peer& to, Frame frame) {
  DCHECK(loop_.in_thread());
  const auto found = links_.find(to);
  if (found != links_.end()) return found->second->send(frame);
  if (links_.size() + probes_.size() >= options_.outgoing_max) {
    return warn_about(to.address.to_string(), "too many links are open, a frame is dropped");
  }
  open_link(links_, to, Hello::Purpose::kLink).send(frame);
}

void ClusterTransport::probe(const Peer& peer) {
  DCHECK(loop_.in_thread());
  if (probes_.contains(peer)) return;  // its answer serves both
  if (links_.size() + probes_.size() >= options_.outgoing_max) return;
  open_link(probes_, peer, Hello::Purpose::kProbe);
}

void ClusterTransport::forget(const Peer& peer) {
  const auto found = links_.find(peer);
  if (found == links_.end() || found->second->is_broken()) return;
  retire(*found->second);
}

// Taken out of use, and destroyed when nothing of it is on the stack any more.
void ClusterTransport::retire(OutgoingLink& link) {
  Links& links = link.purpose() == Hello::Purpose::kProbe ? probes_ : links_;
  const auto found = links.find(link.peer());
  CHECK(found != links.end() && found->second.get() == &link);
  link.abandon();
  retired_.push_back(std::move(found->second));
  links.erase(found);
  reports_.post({.what = Report::What::kSweep});
}

void ClusterTransport::on_greeted(OutgoingLink& link) {
  if (link.purpose() != Hello::Purpose::kProbe) return;
  const Peer peer = link.peer();
  retire(link);
  receiver_->on_probe_answered(peer);
}

// A broken link stays in its place, swallowing what is sent, until its end has been told.
void ClusterTransport::on_broken(OutgoingLink& link, LinkDown why, const std::string& detail) {
  const bool is_worth_a_line = !detail.empty() && (why == LinkDown::kReset || is_foreign(why)) &&
                               link.purpose() == Hello::Purpose::kLink;
  if (is_worth_a_line) warn_about(link.peer().address.to_string(), detail);
  reports_.post({.what = Report::What::kBroken, .outgoing = &link, .why = why});
}

void ClusterTransport::on_complaint(OutgoingLink& link, const std::string& detail) {
  warn_about(link.peer().address.to_string(), detail);
}

void ClusterTransport::tell_broken(OutgoingLink& link, LinkDown why) {
  const Peer peer = link.peer();
  const bool is_probe = link.purpose() == Hello::Purpose::kProbe;
  retire(link);
  if (!receiver_) return;
  if (is_probe) {
    receiver_->on_probe_failed(peer, why);
  } else {
    receiver_->on_link_down(peer, why);
  }
}

void ClusterTransport::on_report(const Report& report) {
  switch (report.what) {
    case Report::What::kBroken:
      return tell_broken(*report.outgoing, report.why);
    case Report::What::kBusy: {
      const bool is_there = std::any_of(incoming_.begin(), incoming_.end(), [&](const auto& link) {
        return link.get() == report.incoming;
      });
      if (is_there) report.incoming->resume();
      return;
    }
    case Report::What::kSweep:
      retired_.clear();
      std::erase_if(incoming_, [](const auto& link) { return link->is_closed(); });
      return;
  }
}

// ---- links of others

void ClusterTransport::Door::on_ready(bool, bool) {
  (transport.*action)();
}

void ClusterTransport::accept_links() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    auto accepted = accept_tcp(listener_);
    if (!accepted) return warn_about(options_.listen.to_string(), accepted.error().detail);
    if (!accepted->fd) return;
    if (incoming_.size() >= options_.incoming_max) continue;  // closed unanswered
    make_room_for_stranger();
    IncomingLink::Owner& owner = *this;
    incoming_.push_back(std::make_unique<IncomingLink>(loop_, owner, security_,
                                                       std::move(accepted->fd), accepted->peer,
                                                       options_.greeting_timeout));
  }
}

void ClusterTransport::make_room_for_stranger() {
  size_t strangers = 0;
  IncomingLink* oldest = nullptr;
  for (const auto& link : incoming_) {
    if (link->is_greeted() || link->is_closed()) continue;
    if (!oldest) oldest = link.get();
    ++strangers;
  }
  if (strangers < options_.strangers_max) return;
  oldest->close();
  reports_.post({.what = Report::What::kSweep});
}

std::optional<HelloNo> ClusterTransport::judge(IncomingLink& link, const Hello& hello) {
  HelloNo refusal{.mid = options_.mid, .text = {}};
  if (hello.cluster != options_.cluster) {
    refusal.why = HelloNo::Why::kOtherCluster;
    refusal.text = "this member belongs to cluster \"" + options_.cluster + "\", not to \"" +
                   hello.cluster + "\"";
    warn_about(link.remote().host(), "refused: " + hello.name + " belongs to cluster \"" +
                                         hello.cluster + "\", we to \"" + options_.cluster + "\"");
    return refusal;
  }
  if (hello.mid == options_.mid) {
    refusal.why = HelloNo::Why::kYourself;
    refusal.text = "this address is one of your own";
    return refusal;
  }
  if (hello.expected != kNobody && hello.expected != options_.mid) {
    refusal.why = HelloNo::Why::kOtherLife;
    return refusal;
  }
  if (hello.purpose == Hello::Purpose::kLink) {
    // It opened a new link, so the old one is broken for it. What is still in there came before
    // whatever the new one brings, and must not be read after it.
    for (const auto& other : incoming_) {
      const bool is_older =
          other.get() != &link && !other->is_closed() && other->peer().mid == hello.mid &&
          other->peer().address == hello.address && other->purpose() == Hello::Purpose::kLink;
      if (is_older) other->close();
    }
    reports_.post({.what = Report::What::kSweep});
  }
  return std::nullopt;
}

void ClusterTransport::on_frame(IncomingLink& link, Frame frame) {
  if (link.purpose() == Hello::Purpose::kLink) receiver_->on_frame(link.peer(), std::move(frame));
}

bool ClusterTransport::is_turn_long() const {
  return loop_.read() - loop_.now() > kReadingMax;
}

void ClusterTransport::on_busy(IncomingLink& link) {
  reports_.post({.what = Report::What::kBusy, .incoming = &link});
}

void ClusterTransport::on_closed(IncomingLink& link, const std::string& detail) {
  if (!detail.empty()) {
    warn_about(link.remote().host(), (link.is_greeted() ? "broken: " : "refused: ") + detail);
  }
  reports_.post({.what = Report::What::kSweep});
}

// ---- datagrams

void ClusterTransport::send_datagram(const Peer& to, const Datagram& datagram) {
  DCHECK(loop_.in_thread());
  understudy::send_datagram(datagrams_, sealer_.seal(to.mid, datagram), to.address);
}

void ClusterTransport::read_datagrams() {
  std::array<char, kDatagramBytesMax + 1> bytes;
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    const auto size = receive_datagram(datagrams_, bytes);
    if (!size) return;
    const auto opened = opener_.open({bytes.data(), *size});
    if (!opened) continue;
    receiver_->on_datagram(
        opened->from, {.type = opened->type, .group = opened->group, .payload = opened->payload});
  }
}

}  // namespace understudy
