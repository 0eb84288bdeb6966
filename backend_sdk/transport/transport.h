// SPDX-License-Identifier: Apache-2.0
// Transport: how members reach each other. The seam under membership/ and replication/: the real
// one (cluster_transport.h) speaks TLS and sealed datagrams, the simulator's hands bytes over with
// a virtual clock, loss, delay and partitions. Everything happens on one thread, and no call on a
// Transport calls back into the Receiver before it returns.
//
// Links are one-way in use: a member writes only on the connection that it opened itself and reads
// only from those that it accepted. So frames to one peer arrive in order, without gaps, as long as
// on_link_down does not come; after it, which of the last frames arrived is not known.
#pragma once

#include <string>
#include <string_view>

#include "backend_sdk/wire/datagram.h"
#include "backend_sdk/wire/frame.h"
#include "backend_sdk/wire/ids.h"
#include "base/address.h"

namespace understudy {

// mid kNobody: whoever lives at the address (only for joining).
struct Peer {
  MemberId mid = kNobody;
  Address address;  // its cluster address
  bool operator==(const Peer&) const = default;
};

// One sealed datagram's content. The type and the group travel in its header, authenticated.
struct Datagram {
  DatagramType type = DatagramType::kBeat;
  uint32_t group = 0;
  std::string_view payload;  // borrowed for the call
};

enum class LinkDown {
  kRefused,    // ECONNREFUSED from the fixed cluster port: the process is dead (proof)
  kOtherLife,  // another mid answers at the address: the old life is dead (proof). Of whoever lives
               // there (kNobody): we do, it is an address of our own
  kReset,      // the connection broke, or could not be made; proves nothing
  kOverflow,   // more than the bound waited to be sent; proves nothing
  // A process answers there and is no member of this cluster (is_foreign): it proves nothing of the
  // life that was expected, and that no group of ours is met there (J6).
  kOtherKey,       // it refuses our cluster key
  kOtherCluster,   // it holds the key and belongs to a cluster of another name
  kOtherProtocol,  // it speaks another protocol, or another version of this one
};
inline bool is_foreign(LinkDown why) {
  return why == LinkDown::kOtherKey || why == LinkDown::kOtherCluster ||
         why == LinkDown::kOtherProtocol;
}

class Transport {
 public:
  class Receiver {
   public:
    virtual ~Receiver() = default;
    // `from` is authenticated by the link's HELLO, its address included.
    virtual void on_frame(const Peer& from, Frame frame) = 0;
    virtual void on_link_down(const Peer& peer, LinkDown why) = 0;
    // Authentic, sent to this life, fresh (not replayed); at most kDatagramPayloadMax bytes.
    virtual void on_datagram(MemberId from, const Datagram& datagram) = 0;
    // After probe(): did a new TCP connection get an answer of its process (HELLO answered)?
    // kRefused and kOtherLife are proofs as above; silence is reported as kReset.
    virtual void on_probe_failed(const Peer& peer, LinkDown why) = 0;
    virtual void on_probe_answered(const Peer& peer) = 0;
  };

  static constexpr size_t kDatagramPayloadMax = 452;  // 500 bytes less header and tag

  virtual ~Transport() = default;
  // Opens the link when there is none. Bounded: on_link_down(kOverflow) when too much waits.
  virtual void send(const Peer& to, Frame frame) = 0;
  // To that life alone (never kNobody): a process that has begun another one drops it. May be lost
  // or overtaken.
  virtual void send_datagram(const Peer& to, const Datagram& datagram) = 0;
  // A connection of its own, decided within the probe timeout.
  virtual void probe(const Peer& peer) = 0;
  // The link to this life is not needed any more (the member died or left).
  virtual void forget(const Peer& peer) = 0;
};

}  // namespace understudy
