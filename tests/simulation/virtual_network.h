// SPDX-License-Identifier: Apache-2.0
// VirtualNetwork: many processes, their machines, clocks and links in one event queue ordered by
// virtual time. The same seed and the same calls give the same history, to the last random number.
// It is the Transport of tests and of the simulator; it knows nothing of what the frames mean.
//
// A machine is an address. A life is one process on it, with a mid; start() begins it, stop() ends
// it as kill -9 does (its port refuses from then on). Single-threaded; no real time passes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "backend_sdk/transport/transport.h"
#include "base/clock.h"
#include "base/random.h"
#include "cookies/keyring.h"

namespace understudy {

// Everything that may go wrong by itself. What is done on purpose is a call on VirtualNetwork.
struct Weather {
  double loss = 0;         // of a datagram; a lost packet of a link or probe `retransmission`
  double duplication = 0;  // of a datagram
  Duration delay_min = std::chrono::microseconds(50);
  Duration delay_max = std::chrono::microseconds(300);  // unequal delays reorder datagrams
  Duration retransmission = std::chrono::milliseconds(200);
  Duration wake_lateness_max = std::chrono::milliseconds(4);  // coarse timers
  Duration probe_timeout = std::chrono::milliseconds(500);
  Duration connect_timeout = std::chrono::seconds(2);
  Duration link_timeout = std::chrono::seconds(10);  // unacknowledged for this long: reset
  size_t link_queue_bytes_max = 8 * 1024 * 1024;
  size_t socket_datagrams_max = 256;  // waiting at a paused process; more are lost
  // A cut in one direction: with false a link is cut in both, as nothing is acknowledged; with true
  // the first segments of what goes the other way arrive, and only their sender does not know.
  bool tcp_one_way = false;
};

class VirtualNetwork final {
 public:
  // What runs in a life. The alarm is for its cores' wake_at().
  class Process : public Transport::Receiver {
   public:
    virtual void on_wake() = 0;
  };

  // One life's hands: its Transport, its machine's clock and its alarm. Owned by the network and
  // valid as long as it, also after the life ended (then it does nothing).
  class Life final : public Transport {
   public:
    // Events reach `process` from now on. It must outlive the life, that is until stop().
    void attach(Process& process) { process_ = &process; }
    const Peer& self() const { return self_; }
    const Clock& clock() const;
    // One alarm; the last call counts. TimePoint::max(): none. In the past: as soon as possible.
    void wake_at(TimePoint local);
    bool is_over() const { return is_over_; }

    void send(const Peer& to, Frame frame) override;
    void send_datagram(const Peer& to, const Datagram& datagram) override;
    void probe(const Peer& peer) override;
    void forget(const Peer& peer) override;

   private:
    friend class VirtualNetwork;
    Life(VirtualNetwork& network, Peer self, size_t index)
        : network_(network), self_(std::move(self)), index_(index) {}
    VirtualNetwork& network_;
    const Peer self_;
    const size_t index_;
    Process* process_ = nullptr;
    uint64_t alarm_ = 0;  // number of the alarm that counts
    bool is_over_ = false;
  };

  VirtualNetwork(uint64_t seed, const Weather& weather);
  ~VirtualNetwork();
  VirtualNetwork(const VirtualNetwork&) = delete;

  // Ends what lived at the address before.
  Life& start(const Peer& self);
  void stop(const Address& machine);
  // SIGSTOP and SIGCONT: nothing runs, what arrives waits, the clock goes on.
  void pause(const Address& machine);
  void resume(const Address& machine);
  // Silence instead of refusal; start() powers on again.
  void power_off(const Address& machine);
  // Relative to the network's time, from now on; 10 ppm fast is 1.00001.
  void set_clock_rate(const Address& machine, double rate);

  void cut(const Address& a, const Address& b);
  void cut_one_way(const Address& from, const Address& to);
  void isolate(const Address& machine);  // from all machines known now
  // A firewall between both that answers for `to`: connections of `from` are refused although `to`
  // lives, and those that stand are reset. heal() ends it.
  void refuse(const Address& from, const Address& to);
  void heal(const Address& a, const Address& b);
  void heal();
  // What the process at the machine seals with (slot 0) and accepts. A datagram with a key that its
  // receiver has not is dropped; a link or probe fails and proves nothing; links that stand stay.
  void set_keys(const Address& machine, std::shared_ptr<const Keyring> keys);
  // Resets the links between both, in both directions; what is under way is lost.
  void break_links(const Address& a, const Address& b);
  void set_weather(const Weather& weather) { weather_ = weather; }
  // Sees every frame when it is sent, whatever becomes of it.
  using Watch = std::function<void(MemberId from, MemberId to, const Frame& frame)>;
  void set_watch(Watch watch) { watch_ = std::move(watch); }

  TimePoint now() const { return now_; }
  Random& random() { return random_; }
  // Scripted: runs outside of every process.
  void at(TimePoint when, std::function<void()> what);
  void run_until(TimePoint end);
  void run_for(Duration time) { run_until(now_ + time); }
  // False when `at_most` passed without it. Asked after every event.
  bool run_until(const std::function<bool()>& is_reached, Duration at_most);
  // Over everything that was delivered so far: equal histories, equal fingerprints.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  struct Machine;
  struct Link;
  struct Event {
    TimePoint when;
    uint64_t order;
    std::function<void()> what;
    bool operator>(const Event& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  // By the sender's life and whom it was opened to.
  using LinkKey = std::tuple<size_t, MemberId, Address>;

  Machine& machine(const Address& address);
  Duration delay();
  bool happens(double probability);
  bool is_cut(const Address& from, const Address& to) const;
  bool is_reachable(const Address& from, const Address& to) const;  // there and back, power on
  bool passes(const Address& from, const Address& to, size_t unacknowledged) const;
  bool accepts(const Address& from, const Address& to);
  void step();
  void run_in(Life& life, std::function<void(Process&)> what, bool is_datagram = false);
  void alarm(Life& life, uint64_t number);

  void connect(const LinkKey& key, uint64_t number, TimePoint deadline);
  void transmit(const LinkKey& key, Link& link, Frame frame);
  void deliver(const LinkKey& key, uint64_t number);
  void link_down(const LinkKey& key, LinkDown why, Duration after);
  void probe(Life& from, const Peer& peer, TimePoint deadline);
  void deliver_datagram(const Life& from, const Peer& to, DatagramType type, uint32_t group,
                        const std::string& payload);
  void end_life(Life& life);

  // Constant after construction.
  Weather weather_;

  SeededRandom random_;
  TimePoint now_;
  uint64_t order_ = 0;
  uint64_t fingerprint_ = 14695981039346656037u;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<Address, std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<Life>> lives_;
  std::map<LinkKey, Link> links_;
  std::set<std::pair<Address, Address>> cuts_;      // from, to
  std::set<std::pair<Address, Address>> refusals_;  // from, to
  uint64_t link_number_ = 0;
  Watch watch_;
};

}  // namespace understudy
