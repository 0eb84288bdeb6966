// SPDX-License-Identifier: Apache-2.0
// The production membership over the production transport, in one process and on one loop.
#include <gtest/gtest.h>

#include "backend_sdk/membership/membership.h"
#include "tests/backend_sdk/transport/transport_peer.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

class SocketMember final : public Transport::Receiver, public Membership::Listener {
 public:
  SocketMember(EventLoop& loop, const std::string& name, std::vector<Address> seeds)
      : loop_(loop), wake_(Timer::of<&SocketMember::on_wake>(loop.timers(), *this)) {
    ClusterTransportOptions options;
    options.mid = static_cast<MemberId>(random_.next() | 1);
    options.name = name;
    options.cluster = "shop";
    options.listen = Address::loopback(0);
    options.keys = test_keys("A");
    transport = *ClusterTransport::open(loop, random_, options);
    MembershipOptions membership_options;
    membership_options.self.mid = options.mid;
    membership_options.self.name = name;
    membership_options.self.http_address = "127.0.0.1:1";
    membership_options.self.cluster_address = transport->address();
    membership_options.seeds = std::move(seeds);
    membership_options.interval = milliseconds(200);
    membership.emplace(membership_options, loop, random_, *transport, *this);
    transport->attach(*this);
    membership->start();
    arm();
  }

  void on_frame(const Peer& from, Frame frame) override {
    membership->on_frame(from, std::move(frame));
    arm();
  }
  void on_link_down(const Peer& peer, LinkDown why) override {
    membership->on_link_down(peer, why);
    arm();
  }
  void on_datagram(MemberId from, const Datagram& datagram) override {
    membership->on_datagram(from, datagram);
    arm();
  }
  void on_probe_failed(const Peer& peer, LinkDown why) override {
    membership->on_probe_failed(peer, why);
    arm();
  }
  void on_probe_answered(const Peer& peer) override {
    membership->on_probe_answered(peer);
    arm();
  }
  void on_view(const MemberView&) override {}
  void on_dead(const Peer&, bool is_proven) override { proven += is_proven; }
  void on_alive(const Peer&) override {}
  void on_expelled() override { ADD_FAILURE() << "expelled"; }

  size_t usable() const {
    size_t count = 0;
    for (const Member& member : membership->view().members) count += member.is_usable();
    return count;
  }

  std::unique_ptr<ClusterTransport> transport;
  std::optional<Membership> membership;
  int proven = 0;

 private:
  void on_wake() {
    membership->advance();
    arm();
  }
  void arm() {
    if (membership->wake_at() == TimePoint::max()) return wake_.stop();
    wake_.start_at(membership->wake_at());
  }
  EventLoop& loop_;
  SystemRandom random_;
  Timer wake_;
};

TEST(MembershipOverSockets, MembersJoinAndADeadOneIsKnownWithinMilliseconds) {
  for (const int victim : {0, 1, 2}) {
    SCOPED_TRACE(victim);
    auto loop = *EventLoop::open();
    std::vector<std::unique_ptr<SocketMember>> members;
    std::vector<Address> seeds;
    for (const char* name : {"a", "b", "c"}) {
      members.push_back(std::make_unique<SocketMember>(*loop, name, seeds));
      seeds.assign(1, members[0]->transport->address());
    }
    const auto all_see = [&](size_t count) {
      return std::all_of(members.begin(), members.end(), [&](const auto& member) {
        return member->membership->is_admitted() && member->usable() == count;
      });
    };
    ASSERT_TRUE(run_until(*loop, [&] { return all_see(3); }));
    // A few beats, so that every link stands.
    const TimePoint quiet = loop->now() + milliseconds(500);
    run_until(*loop, [&] { return loop->now() >= quiet; });
    EXPECT_TRUE(all_see(3));
    const TimePoint killed = loop->now();
    members.erase(members.begin() + victim);
    ASSERT_TRUE(run_until(*loop, [&] { return all_see(2); }));
    const Duration took = loop->now() - killed;
    std::cout << "known after "
              << std::chrono::duration_cast<std::chrono::microseconds>(took).count() << " us\n";
    // A proof, not a verdict of silence.
    for (const auto& member : members) EXPECT_EQ(member->proven, 1);
  }
}

}  // namespace
}  // namespace understudy
