// SPDX-License-Identifier: Apache-2.0
// ClusterTransport: the real Transport: TCP links under TLS 1.3 and sealed UDP datagrams, both on
// the member's ClusterListen address, both keyed by the cluster's key ring. It knows who answers
// where, not who belongs to the cluster (membership/ does). Owned by Node; one life of a member.
// Loop thread only. Must not be destroyed inside a callback of its Receiver.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/transport/datagram_seal.h"
#include "backend_sdk/transport/incoming_link.h"
#include "backend_sdk/transport/link_security.h"
#include "backend_sdk/transport/outgoing_link.h"
#include "backend_sdk/transport/transport.h"
#include "base/event_loop.h"
#include "base/mailbox.h"
#include "base/quiet_log.h"
#include "base/random.h"

namespace understudy {

struct ClusterTransportOptions {
  MemberId mid = kNobody;
  std::string name{};
  std::string cluster{};
  Address listen{};                       // TCP and UDP; port 0 takes a free one
  Address advertised{};                   // where others reach it; unset: `listen`
  std::shared_ptr<const Keyring> keys{};  // null: plain, see is_insecure
  bool is_insecure = false;               // without keys, and then on a loopback address only
  Duration connect_timeout = std::chrono::seconds(2);       // connect, TLS and HELLO of a link
  Duration probe_timeout = std::chrono::milliseconds(500);  // one T serves both probe rounds
  Duration greeting_timeout = std::chrono::seconds(5);      // of those who connect to us
  Duration link_timeout = std::chrono::seconds(10);         // unacknowledged bytes
  size_t queue_bytes_max = 16 * 1024 * 1024;                // waiting to be sent to one peer
  size_t outgoing_max = 2048;                               // links and probes of ours
  size_t incoming_max = 4096;
  size_t strangers_max = 256;  // of those, not greeted yet; the oldest is closed first
};

// Links of others are named in the log by their host alone: their port changes with every attempt.
class ClusterTransport final : public Transport, OutgoingLink::Owner, IncomingLink::Owner {
 public:
  // Binds and listens; refuses to run without keys unless that is asked for, and safe.
  static Result<std::unique_ptr<ClusterTransport>> open(EventLoop& loop, Random& random,
                                                        const ClusterTransportOptions& options);
  ~ClusterTransport() override;

  // Nothing is accepted or told before. `receiver` outlives the transport.
  void attach(Receiver& receiver);
  // What HELLOs say of us; the port is known.
  const Address& address() const { return options_.advertised; }
  // For new links and all datagrams; links that stand go on. On an error nothing has changed.
  Result<void> use_keys(std::shared_ptr<const Keyring> keys);
  // Everything that was sent is in the kernel's hands, or lost: a good moment to exit.
  bool is_flushed() const;

  void send(const Peer& to, Frame frame) override;
  void send_datagram(const Peer& to, const Datagram& datagram) override;
  void probe(const Peer& peer) override;
  void forget(const Peer& peer) override;

 private:
  // What is told to the receiver, or done, in a turn of its own.
  struct Report {
    enum class What { kBroken, kBusy, kSweep };
    What what = What::kSweep;
    OutgoingLink* outgoing = nullptr;
    IncomingLink* incoming = nullptr;
    LinkDown why = LinkDown::kReset;
  };
  // Where one of the two sockets' readiness goes.
  struct Door final : FdWatcher::Handler {
    Door(ClusterTransport& owner, void (ClusterTransport::*what)())
        : transport(owner), action(what) {}
    void on_ready(bool readable, bool writable) override;
    ClusterTransport& transport;
    void (ClusterTransport::*action)();
  };
  struct PeerLess {
    bool operator()(const Peer& a, const Peer& b) const {
      return a.mid != b.mid ? a.mid < b.mid : a.address < b.address;
    }
  };
  using Links = std::map<Peer, std::unique_ptr<OutgoingLink>, PeerLess>;

  ClusterTransport(EventLoop& loop, Random& random, const ClusterTransportOptions& options);

  OutgoingLink& open_link(Links& links, const Peer& peer, Hello::Purpose purpose);
  void accept_links();
  void make_room_for_stranger();
  void read_datagrams();
  void on_report(const Report& report);
  void tell_broken(OutgoingLink& link, LinkDown why);
  void retire(OutgoingLink& link);
  void warn_about(const std::string& peer, const std::string& what);

  void on_greeted(OutgoingLink& link) override;
  void on_broken(OutgoingLink& link, LinkDown why, const std::string& detail) override;
  void on_complaint(OutgoingLink& link, const std::string& detail) override;
  std::optional<HelloNo> judge(IncomingLink& link, const Hello& hello) override;
  void on_frame(IncomingLink& link, Frame frame) override;
  bool is_turn_long() const override;
  void on_busy(IncomingLink& link) override;
  void on_closed(IncomingLink& link, const std::string& detail) override;

  // Constant after open().
  EventLoop& loop_;
  ClusterTransportOptions options_;
  Receiver* receiver_ = nullptr;
  Fd listener_;
  Fd datagrams_;

  // State of the loop thread.
  std::shared_ptr<const LinkSecurity> security_;
  DatagramSealer sealer_;
  DatagramOpener opener_;
  QuietLog quiet_log_;
  Links links_;
  Links probes_;
  std::vector<std::unique_ptr<IncomingLink>> incoming_;  // oldest first
  std::vector<std::unique_ptr<OutgoingLink>> retired_;   // until the next sweep
  Door link_door_{*this, &ClusterTransport::accept_links};
  Door datagram_door_{*this, &ClusterTransport::read_datagrams};
  FdWatcher listener_watcher_;
  FdWatcher datagram_watcher_;
  Mailbox<Report> reports_;
};

}  // namespace understudy
