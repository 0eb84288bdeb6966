// SPDX-License-Identifier: Apache-2.0
// A member that belongs to a group of two takes any frames and datagrams, from its fellow and from
// a stranger: it never breaks, and its view stays one that it could tell others. Each record of the
// input is: who (1 byte), what (1 byte), length (2 bytes), bytes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "backend_sdk/membership/membership.h"
#include "backend_sdk/membership/messages.h"
#include "backend_sdk/wire/bytes.h"

namespace {

using namespace understudy;

void require(bool holds) {
  if (!holds) std::abort();
}

class NoTransport final : public Transport {
 public:
  void send(const Peer&, Frame frame) override { last = std::move(frame); }
  void send_datagram(const Peer&, const Datagram& datagram) override {
    require(datagram.payload.size() <= kDatagramPayloadMax);
  }
  void probe(const Peer&) override {}
  void forget(const Peer&) override {}
  Frame last;
};

class NoListener final : public Membership::Listener {
 public:
  void on_view(const MemberView& view) override {
    require(view.leader() != nullptr);
    require(decode_view(encode(ViewMessage::full(view))).has_value());
  }
  void on_dead(const Peer&, bool) override {}
  void on_alive(const Peer&) override {}
  void on_expelled() override { is_expelled = true; }
  bool is_expelled = false;
};

Member member(MemberId mid) {
  Member member;
  member.mid = mid;
  member.name = "m" + std::to_string(mid);
  member.http_address = "127.0.0.1:80";
  member.cluster_address = Address::loopback(static_cast<uint16_t>(7000 + mid));
  return member;
}

// Bytes are changed in pairs of where and what, so that views get through the decoder.
std::string our_view_with(const MemberView& view, const std::string& changes) {
  std::string bytes = encode(ViewMessage::full(view));
  for (size_t i = 0; i + 1 < changes.size(); i += 2) {
    bytes[static_cast<uint8_t>(changes[i]) % bytes.size()] = changes[i + 1];
  }
  return bytes;
}

void feed(Membership& membership, ManualClock& clock, ByteReader& input) {
  const uint8_t who = input.u8();
  const uint8_t what = input.u8();
  std::string payload(input.bytes(std::min<size_t>(input.u16(), input.remaining())));
  if (who & 0x80) payload = our_view_with(membership.view(), payload);
  const MemberId mid = who % 4 + 1u;
  const Peer from{mid, Address::loopback(static_cast<uint16_t>(7000 + mid))};
  if (mid == 1) return;  // that is us
  if (what < 16) {
    clock.advance(std::chrono::milliseconds(10 * (who + 1)));
    membership.advance();
  } else if (what < 32) {
    membership.on_frame(from, Frame{.type = static_cast<FrameType>(what), .payload = payload});
  } else if (what < 64) {
    if (payload.size() > Transport::kDatagramPayloadMax) return;
    membership.on_datagram(mid, {.type = static_cast<DatagramType>(what % 8),
                                 .group = membership.view().group,
                                 .payload = payload});
  } else if (what < 128) {
    membership.on_link_down(from, static_cast<LinkDown>(what % 4));
  } else if (what < 192) {
    membership.on_probe_failed(from, static_cast<LinkDown>(what % 3));
  } else {
    membership.on_probe_answered(from);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input({reinterpret_cast<const char*>(data), size});
  ManualClock clock;
  SeededRandom random(1);
  NoTransport transport;
  NoListener listener;
  MembershipOptions options;
  options.self = member(1);
  Membership membership(options, clock, random, transport, listener);
  membership.start();
  require(membership.is_leader());
  membership.on_frame(member(2).peer(),
                      Frame{.type = FrameType::kJoin, .payload = encode(JoinMessage{member(2)})});
  require(membership.view().members.size() == 2);
  while (input.remaining() > 0 && !listener.is_expelled) feed(membership, clock, input);
  return 0;
}
