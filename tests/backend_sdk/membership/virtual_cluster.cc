// SPDX-License-Identifier: Apache-2.0
#include "tests/backend_sdk/membership/virtual_cluster.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

// One named member through all its lives.
class VirtualCluster::Member final : public VirtualNetwork::Process, public Membership::Listener {
 public:
  Member(VirtualCluster& cluster, std::string name) : cluster_(cluster), name_(std::move(name)), own_name_(name_) {}

  void call_itself(std::string name) { own_name_ = std::move(name); }

  void start(const std::vector<Address>& seeds, bool has_met_others = false) {
    VirtualNetwork& network = cluster_.network;
    const auto mid = static_cast<MemberId>(network.random().next() | 1);
    cluster_.names_[mid] = name_;
    life_ = &network.start({mid, cluster_.address(name_)});
    life_->attach(*this);
    MembershipOptions options;
    options.self.mid = mid;
    options.self.name = own_name_;
    options.self.machine = "m" + name_;
    options.self.http_address = "127.0.0.1:80";
    options.self.cluster_address = cluster_.address(name_);
    options.seeds = seeds;
    options.has_met_others = has_met_others;
    options.interval = kBeat;
    options.one_goes_on_alone = cluster_.one_goes_on_alone;
    options.found_alone = cluster_.found_alone;
    retired_.push_back(std::move(membership_));
    membership_ =
        std::make_unique<Membership>(options, life_->clock(), network.random(), *life_, *this);
    membership_->start();
    life_->wake_at(membership_->wake_at());
  }

  bool lives() const { return life_ && !life_->is_over(); }

  // VirtualNetwork::Process
  void on_wake() override {
    run([&] { membership_->advance(); });
  }
  void on_frame(const Peer& from, Frame frame) override {
    run([&] { membership_->on_frame(from, std::move(frame)); });
  }
  void on_link_down(const Peer& peer, LinkDown why) override {
    run([&] { membership_->on_link_down(peer, why); });
  }
  void on_datagram(MemberId from, const Datagram& datagram) override {
    run([&] { membership_->on_datagram(from, datagram); });
  }
  void on_probe_failed(const Peer& peer, LinkDown why) override {
    run([&] { membership_->on_probe_failed(peer, why); });
  }
  void on_probe_answered(const Peer& peer) override {
    run([&] { membership_->on_probe_answered(peer); });
  }

  // Membership::Listener
  void on_view(const MemberView&) override {}
  void on_dead(const Peer& peer, bool is_proven) override {
    deaths.push_back({cluster_.network.now(), cluster_.names_.at(peer.mid), peer.mid, is_proven});
  }
  void on_alive(const Peer&) override {}
  void on_expelled() override { is_expelled_ = true; }

  std::unique_ptr<Membership> membership_;
  std::vector<Death> deaths;
  int expulsions = 0;

 private:
  template <typename Call>
  void run(Call call) {
    call();
    if (std::exchange(is_expelled_, false)) {
      ++expulsions;
      return start(membership_->rejoin_seeds(), true);
    }
    life_->wake_at(membership_->wake_at());
  }

  VirtualCluster& cluster_;
  const std::string name_;  // of the machine
  std::string own_name_;
  VirtualNetwork::Life* life_ = nullptr;
  std::vector<std::unique_ptr<Membership>> retired_;  // may still be on the stack
  bool is_expelled_ = false;
};

VirtualCluster::VirtualCluster(uint64_t seed, const Weather& weather) : network(seed, weather) {}
VirtualCluster::~VirtualCluster() = default;

Address VirtualCluster::address(const std::string& name) const {
  // 1 for a, 27 for A.
  const char letter = name.at(0);
  const int host = letter >= 'a' ? letter - 'a' + 1 : letter - 'A' + 27;
  return *Address::parse("10.0.0." + std::to_string(host) + ":7101");
}

VirtualCluster::Member& VirtualCluster::member(const std::string& name) {
  auto& slot = members_[name];
  if (!slot) slot = std::make_unique<Member>(*this, name);
  return *slot;
}

void VirtualCluster::start(const std::string& name) {
  start(name, "abc");
}

void VirtualCluster::start(const std::string& name, const std::string& seed_names) {
  std::vector<Address> seeds;
  for (const char seed : seed_names) seeds.push_back(address(std::string(1, seed)));
  member(name).start(seeds);
}

void VirtualCluster::start_as(const std::string& machine, const std::string& name,
                              const std::string& seed_names) {
  member(machine).call_itself(name);
  start(machine, seed_names);
}

void VirtualCluster::start_all(const std::string& names) {
  for (const char name : names) start(std::string(1, name));
  CHECK(run_until_agreed(names));
  // Quiet for as long as it takes to become the measure of quorums.
  network.run_for(7 * kBeat);
}

void VirtualCluster::cut(const std::string& names, const std::string& other_names) {
  for (const char a : names) {
    for (const char b : other_names) {
      network.cut(address(std::string(1, a)), address(std::string(1, b)));
    }
  }
}

Membership& VirtualCluster::at(const std::string& name) {
  return *member(name).membership_;
}

bool VirtualCluster::lives(const std::string& name) const {
  return members_.at(name)->lives();
}

std::string VirtualCluster::usable(const std::string& name) {
  std::string names;
  for (const auto& member : at(name).view().members) {
    if (member.is_usable()) names += member.name;
  }
  return names;
}

std::string VirtualCluster::leader(const std::string& name) {
  const auto* leader = at(name).view().leader();
  return leader ? leader->name : "";
}

Liveness VirtualCluster::liveness(const std::string& of, const std::string& at_name) {
  Liveness latest = Liveness::kLeft;
  for (const auto& member : at(at_name).view().members) {
    if (member.name == of) latest = member.liveness;
  }
  return latest;
}

bool VirtualCluster::agree(const std::string& names) {
  std::string expected = names;
  std::sort(expected.begin(), expected.end());
  const MemberView& first = at(names.substr(0, 1)).view();
  int leaders = 0;
  for (const char letter : names) {
    const std::string name(1, letter);
    if (!lives(name) || !at(name).is_admitted()) return false;
    std::string seen = usable(name);
    std::sort(seen.begin(), seen.end());
    const MemberView& view = at(name).view();
    if (seen != expected || view.version() != first.version() || view.group != first.group ||
        view.hash() != first.hash()) {
      return false;
    }
    leaders += at(name).is_leader();
  }
  return leaders == 1;
}

bool VirtualCluster::run_until_agreed(const std::string& names, Duration at_most) {
  return network.run_until([&] { return agree(names); }, at_most);
}

const std::vector<VirtualCluster::Death>& VirtualCluster::deaths_at(const std::string& name) {
  return member(name).deaths;
}

std::string VirtualCluster::describe() {
  std::string text;
  for (const auto& [name, member] : members_) {
    const MemberView& view = at(name).view();
    text += "\n" + name + (lives(name) ? "" : " is dead;") +
            (at(name).is_admitted() ? "" : " is outside;") +
            (at(name).is_leader() ? " leads" : "") + " group " + std::to_string(view.group) +
            ", version " + std::to_string(view.term) + "." + std::to_string(view.seq) + ":";
    for (const auto& other : view.members) {
      text += " " + other.name + std::to_string(other.mid % 1000) + " " +
              to_string(other.liveness) + (other.is_proven ? " (proven)," : ",");
    }
  }
  return text;
}

int VirtualCluster::expulsions(const std::string& name) {
  return member(name).expulsions;
}

int VirtualCluster::expulsions() {
  int all = 0;
  for (const auto& [name, member] : members_) all += member->expulsions;
  return all;
}

}  // namespace understudy
