// SPDX-License-Identifier: Apache-2.0
// Links and datagrams over real loopback sockets.
#include "backend_sdk/transport/cluster_transport.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/socket.h"
#include "base/stream.h"
#include "tests/backend_sdk/transport/transport_peer.h"

namespace understudy {
namespace {

Frame text_frame(const std::string& text) {
  return Frame{.type = FrameType::kTouch, .channel = 5, .seq = 6, .payload = text};
}

class ClusterTransportTest : public testing::Test {
 protected:
  std::unique_ptr<EventLoop> loop = *EventLoop::open();
  std::shared_ptr<const Keyring> keys = test_keys("A");
  bool until(const std::function<bool()>& is_reached) { return run_until(*loop, is_reached); }
};

// Each promise is held by sealed and by plain links.
class EveryTransport : public ClusterTransportTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) keys = nullptr;
  }
};
INSTANTIATE_TEST_SUITE_P(SealedAndPlain, EveryTransport, testing::Values(true, false));

TEST_P(EveryTransport, FramesArriveInOrderWithTheirSender) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, keys);
  for (int i = 0; i < 500; ++i) a.transport->send(b.peer(), text_frame(std::to_string(i)));
  ASSERT_TRUE(until([&] { return b.frames.size() == 500; }));
  for (size_t i = 0; i < 500; ++i) {
    EXPECT_EQ(b.frames[i].second.payload, std::to_string(i));
    EXPECT_EQ(b.frames[i].second.channel, 5u);
    EXPECT_EQ(b.frames[i].second.seq, 6u);
  }
  EXPECT_EQ(b.frames[0].first.mid, 1u);
  EXPECT_EQ(b.frames[0].first.address, a.transport->address());
  EXPECT_TRUE(a.transport->is_flushed());
}

TEST_P(EveryTransport, TheLargestFrameArrivesWhole) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, keys);
  std::string large(kFramePayloadMax, 'x');
  large.back() = 'y';
  a.transport->send(b.peer(), text_frame(large));
  a.transport->send(b.peer(), text_frame("behind"));
  ASSERT_TRUE(until([&] { return b.frames.size() == 2; }));
  EXPECT_EQ(b.frames[0].second.payload, large);
}

TEST_P(EveryTransport, DatagramsArrive) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, keys);
  const std::string payload(Transport::kDatagramPayloadMax, 'p');
  a.transport->send_datagram(b.peer(), {.type = DatagramType::kPing, .payload = payload});
  ASSERT_TRUE(until([&] { return b.datagrams.size() == 1; }));
  EXPECT_EQ(b.datagrams[0], std::pair(MemberId{1}, payload));
}

TEST_P(EveryTransport, ADatagramForAnEarlierLifeOfTheReceiverIsDropped) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, keys);
  a.transport->send_datagram({77, b.transport->address()}, {.payload = "for the earlier life"});
  a.transport->send_datagram(b.peer(), {.payload = "for this one"});
  ASSERT_TRUE(until([&] { return b.datagrams.size() == 1; }));
  EXPECT_EQ(b.datagrams[0], std::pair(MemberId{1}, std::string("for this one")));
}

TEST_P(EveryTransport, AProbeIsAnsweredByTheProcess) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, keys);
  a.transport->probe(b.peer());
  a.transport->probe({kNobody, b.transport->address()});
  ASSERT_TRUE(until([&] { return a.answered_probes.size() == 2; }));
  EXPECT_TRUE(b.frames.empty());
  // And again, after the first is over.
  a.transport->probe(b.peer());
  ASSERT_TRUE(until([&] { return a.answered_probes.size() == 3; }));
}

TEST_P(EveryTransport, ThePortOfADeadProcessRefusesAtOnce) {
  TransportPeer a(*loop, 1, keys);
  auto b = std::make_unique<TransportPeer>(*loop, 2, keys);
  const Peer dead = b->peer();
  b.reset();
  const TimePoint begin = loop->now();
  a.transport->send(dead, text_frame("x"));
  a.transport->probe(dead);
  EXPECT_TRUE(a.downs.empty()) << "told before send() returned";
  ASSERT_TRUE(until([&] { return a.downs.size() == 1 && a.failed_probes.size() == 1; }));
  EXPECT_EQ(a.downs[0].second, LinkDown::kRefused);
  EXPECT_EQ(a.failed_probes[0].second, LinkDown::kRefused);
  EXPECT_LT(loop->now() - begin, std::chrono::milliseconds(200));
}

TEST_P(EveryTransport, TheEndOfALinkIsToldWithoutSending) {
  TransportPeer a(*loop, 1, keys);
  auto b = std::make_unique<TransportPeer>(*loop, 2, keys);
  a.transport->send(b->peer(), text_frame("x"));
  ASSERT_TRUE(until([&] { return b->frames.size() == 1; }));
  b.reset();
  ASSERT_TRUE(until([&] { return a.downs.size() == 1; }));
  EXPECT_EQ(a.downs[0].second, LinkDown::kReset);
}

TEST_P(EveryTransport, AnotherLifeAtTheAddressIsAProof) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, keys);
  const Peer earlier{77, b.transport->address()};
  a.transport->send(earlier, text_frame("not for you"));
  a.transport->probe(earlier);
  ASSERT_TRUE(until([&] { return a.downs.size() == 1 && a.failed_probes.size() == 1; }));
  EXPECT_EQ(a.downs[0].second, LinkDown::kOtherLife);
  EXPECT_EQ(a.failed_probes[0].second, LinkDown::kOtherLife);
  EXPECT_TRUE(b.frames.empty());
}

TEST_P(EveryTransport, AnAddressOfOurOwnIsToldAsSuch) {
  TransportPeer a(*loop, 1, keys);
  a.transport->send({kNobody, a.transport->address()}, text_frame("who is there"));
  ASSERT_TRUE(until([&] { return a.downs.size() == 1; }));
  EXPECT_EQ(a.downs[0].second, LinkDown::kOtherLife);
  EXPECT_TRUE(a.frames.empty());
}

TEST_P(EveryTransport, AListenerThatNeverAnswersIsNoProof) {
  auto silent = listen_tcp(Address::loopback(0), {});
  ClusterTransportOptions options{.mid = 1,
                                  .name = "a",
                                  .cluster = "shop",
                                  .listen = Address::loopback(0),
                                  .keys = keys,
                                  .is_insecure = !keys};
  options.probe_timeout = options.connect_timeout = std::chrono::milliseconds(50);
  TransportPeer a(*loop, options);
  const Peer stopped{9, local_address(*silent)};
  a.transport->probe(stopped);
  a.transport->send(stopped, text_frame("x"));
  ASSERT_TRUE(until([&] { return a.downs.size() == 1 && a.failed_probes.size() == 1; }));
  EXPECT_EQ(a.failed_probes[0].second, LinkDown::kReset);
  EXPECT_EQ(a.downs[0].second, LinkDown::kReset);
}

TEST_P(EveryTransport, WhatASilentPeerDoesNotTakeIsBounded) {
  auto silent = listen_tcp(Address::loopback(0), {});
  ClusterTransportOptions options{.mid = 1,
                                  .name = "a",
                                  .cluster = "shop",
                                  .listen = Address::loopback(0),
                                  .keys = keys,
                                  .is_insecure = !keys};
  options.queue_bytes_max = 100'000;
  TransportPeer a(*loop, options);
  const Peer stopped{9, local_address(*silent)};
  for (int i = 0; i < 96; ++i) a.transport->send(stopped, text_frame(std::string(1000, 'x')));
  loop->run_once({});
  loop->run_once({});
  EXPECT_TRUE(a.downs.empty());
  // A plain link hands some to the kernel; far more than both bounds ends it in any case.
  for (int i = 0; i < 20'000 && a.downs.empty(); ++i) {
    a.transport->send(stopped, text_frame(std::string(1000, 'x')));
    if (i % 100 == 0) loop->run_once({});
  }
  ASSERT_TRUE(until([&] { return a.downs.size() == 1; }));
  EXPECT_EQ(a.downs[0].second, LinkDown::kOverflow);
}

TEST_P(EveryTransport, ALinkCanBeOpenedAgainAfterItBroke) {
  TransportPeer a(*loop, 1, keys);
  auto b = std::make_unique<TransportPeer>(*loop, 2, keys);
  a.transport->send(b->peer(), text_frame("x"));
  ASSERT_TRUE(until([&] { return b->frames.size() == 1; }));
  ClusterTransportOptions options{.mid = 3,
                                  .name = "b",
                                  .cluster = "shop",
                                  .listen = b->transport->address(),
                                  .keys = keys,
                                  .is_insecure = !keys};
  b.reset();
  ASSERT_TRUE(until([&] { return a.downs.size() == 1; }));
  TransportPeer again(*loop, options);
  a.transport->send(again.peer(), text_frame("y"));
  ASSERT_TRUE(until([&] { return again.frames.size() == 1; }));
  a.transport->forget(again.peer());
  loop->run_once({});
  a.transport->send(again.peer(), text_frame("z"));
  ASSERT_TRUE(until([&] { return again.frames.size() == 2; }));
  EXPECT_EQ(a.downs.size(), 1u);
}

TEST_P(EveryTransport, AForeignClusterIsRefused) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, keys, "bank");
  a.transport->send(b.peer(), text_frame("x"));
  a.transport->send_datagram(b.peer(), {.payload = "x"});
  ASSERT_TRUE(until([&] { return a.downs.size() == 1; }));
  EXPECT_EQ(a.downs[0].second, LinkDown::kOtherCluster);
  EXPECT_TRUE(b.frames.empty());
  EXPECT_TRUE(b.datagrams.empty());
}

// A listener that says this to each that connects, and closes.
class Speaking final : FdWatcher::Handler {
 public:
  Speaking(EventLoop& loop, std::string text)
      : listener_(*listen_tcp(Address::loopback(0), {})), text_(std::move(text)) {
    watcher_.start_listening(loop, listener_.value(), *this);
  }
  Address address() const { return local_address(listener_); }

 private:
  void on_ready(bool, bool) override {
    auto accepted = accept_tcp(listener_);
    if (!accepted || !accepted->fd) return;
    TcpStream stream(std::move(accepted->fd));
    const iovec piece{text_.data(), text_.size()};
    if (!text_.empty()) {
      EXPECT_TRUE(stream.write({&piece, 1}).ok());
    }
    stream.shutdown_write();
    // Open until the end: with bytes unread a close would reset what was said.
    kept_.push_back(std::move(stream));
  }

  const Fd listener_;
  std::string text_;
  FdWatcher watcher_;
  std::deque<TcpStream> kept_;
};

TEST_P(EveryTransport, AProcessThatSpeaksAnotherProtocolIsToldAsSuch) {
  for (const std::string text : {"HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail\r\n"}) {
    SCOPED_TRACE(text);
    Speaking other(*loop, text);
    TransportPeer a(*loop, 1, keys);
    a.transport->send({kNobody, other.address()}, text_frame("x"));
    a.transport->probe({kNobody, other.address()});
    ASSERT_TRUE(until([&] { return a.downs.size() == 1 && a.failed_probes.size() == 1; }));
    EXPECT_EQ(a.downs[0].second, LinkDown::kOtherProtocol);
    EXPECT_EQ(a.failed_probes[0].second, LinkDown::kOtherProtocol);
  }
}

TEST_P(EveryTransport, AnEndWithoutAByteIsNoAnswerOfAProcess) {
  Speaking forwarder(*loop, "");
  TransportPeer a(*loop, 1, keys);
  a.transport->send({kNobody, forwarder.address()}, text_frame("x"));
  a.transport->probe({kNobody, forwarder.address()});
  ASSERT_TRUE(until([&] { return a.downs.size() == 1 && a.failed_probes.size() == 1; }));
  EXPECT_EQ(a.downs[0].second, LinkDown::kReset);
  EXPECT_EQ(a.failed_probes[0].second, LinkDown::kReset);
}

TEST_P(EveryTransport, BytesOfNoProtocolEndTheirLinkOnly) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, keys);
  SeededRandom random(42);
  std::vector<Fd> strangers;
  for (int i = 0; i < 20; ++i) {
    auto fd = connect_tcp(b.transport->address());
    ASSERT_TRUE(fd);
    loop->run_once({});
    std::string noise(200, '\0');
    random.fill({reinterpret_cast<uint8_t*>(noise.data()), noise.size()});
    TcpStream stream(*std::move(fd));
    const iovec piece{noise.data(), noise.size()};
    ASSERT_TRUE(stream.write({&piece, 1}).ok());
    loop->run_once({});
  }
  a.transport->send(b.peer(), text_frame("still there"));
  ASSERT_TRUE(until([&] { return b.frames.size() == 1; }));
}

TEST_P(EveryTransport, StrangersBeyondTheirNumberPushOutTheOldest) {
  ClusterTransportOptions options{.mid = 2,
                                  .name = "b",
                                  .cluster = "shop",
                                  .listen = Address::loopback(0),
                                  .keys = keys,
                                  .is_insecure = !keys};
  options.strangers_max = 3;
  TransportPeer a(*loop, 1, keys), b(*loop, options);
  std::vector<Fd> strangers;
  for (int i = 0; i < 4; ++i) {
    strangers.push_back(*connect_tcp(b.transport->address()));
    loop->run_once(std::chrono::milliseconds(5));
  }
  ASSERT_TRUE(until([&] {
    char byte;
    return ::recv(strangers[0].value(), &byte, 1, 0) == 0;
  }));
  char byte;
  EXPECT_LT(::recv(strangers[1].value(), &byte, 1, 0), 0) << "the second is still connected";
  a.transport->send(b.peer(), text_frame("x"));
  ASSERT_TRUE(until([&] { return b.frames.size() == 1; }));
}

TEST_F(ClusterTransportTest, AnotherKeyIsRefusedInBothDirections) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, test_keys("A", 99)), c(*loop, 3, test_keys("B"));
  for (TransportPeer* other : {&b, &c}) {
    a.transport->send(other->peer(), text_frame("x"));
    other->transport->send(a.peer(), text_frame("x"));
    a.transport->send_datagram(other->peer(), {.payload = "x"});
    ASSERT_TRUE(until([&] { return other->downs.size() == 1; }));
    EXPECT_EQ(other->downs[0].second, LinkDown::kOtherKey);
    EXPECT_TRUE(other->frames.empty());
    EXPECT_TRUE(other->datagrams.empty());
  }
  ASSERT_TRUE(until([&] { return a.downs.size() == 2; }));
  for (const auto& down : a.downs) EXPECT_EQ(down.second, LinkDown::kOtherKey);
  EXPECT_TRUE(a.frames.empty());
}

TEST_F(ClusterTransportTest, PlainAndSealedMembersDoNotMeet) {
  TransportPeer a(*loop, 1, keys), b(*loop, 2, nullptr);
  b.transport->send(a.peer(), text_frame("x"));
  b.transport->send_datagram(a.peer(), {.payload = "x"});
  ASSERT_TRUE(until([&] { return b.downs.size() == 1; }));
  EXPECT_TRUE(a.frames.empty());
  EXPECT_TRUE(a.datagrams.empty());
  a.transport->send(b.peer(), text_frame("x"));
  ASSERT_TRUE(until([&] { return a.downs.size() == 1; }));
  EXPECT_EQ(a.downs[0].second, LinkDown::kOtherProtocol);
  EXPECT_TRUE(b.frames.empty());
}

// Install, use, remove: at every step the changed and the unchanged understand each other.
TEST_F(ClusterTransportTest, KeysRotateWithoutAnInterruption) {
  TransportPeer a(*loop, 1, test_keys("A")), b(*loop, 2, test_keys("A"));
  size_t arrived = 0;
  const auto talk = [&](const std::string& step) {
    SCOPED_TRACE(step);
    a.transport->forget(b.peer());
    b.transport->forget(a.peer());
    a.transport->send(b.peer(), text_frame(step));
    b.transport->send(a.peer(), text_frame(step));
    a.transport->send_datagram(b.peer(), {.payload = step});
    b.transport->send_datagram(a.peer(), {.payload = step});
    ++arrived;
    EXPECT_TRUE(until([&] {
      return a.frames.size() == arrived && b.frames.size() == arrived &&
             a.datagrams.size() == arrived && b.datagrams.size() == arrived;
    }));
  };
  talk("one key");
  for (const char* ring : {"AB", "BA", "B"}) {
    ASSERT_TRUE(a.transport->use_keys(test_keys(ring)));
    talk(std::string("a has ") + ring);
    ASSERT_TRUE(b.transport->use_keys(test_keys(ring)));
    talk(std::string("both have ") + ring);
  }
  EXPECT_TRUE(a.downs.empty());
  EXPECT_TRUE(b.downs.empty());
}

TEST_F(ClusterTransportTest, WithoutKeysItOpensOnlyOnLoopbackAndOnlyWhenToldTo) {
  SystemRandom random;
  const ClusterTransportOptions unasked{.mid = 1, .listen = Address::loopback(0)};
  EXPECT_FALSE(ClusterTransport::open(*loop, random, unasked));
  const ClusterTransportOptions anywhere{
      .mid = 1, .listen = *Address::parse("0.0.0.0:9"), .is_insecure = true};
  EXPECT_FALSE(ClusterTransport::open(*loop, random, anywhere));
  const ClusterTransportOptions loopback{
      .mid = 1, .listen = Address::loopback(0), .is_insecure = true};
  EXPECT_TRUE(ClusterTransport::open(*loop, random, loopback));
}

}  // namespace
}  // namespace understudy
