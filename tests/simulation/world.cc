// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "backend_sdk/wire/id_text.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/clientele.h"
#include "tests/simulation/frame_text.h"
#include "tests/simulation/key_rotation.h"
#include "tests/simulation/proxy.h"
#include "tests/simulation/sim_member.h"
#include "tests/simulation/storm.h"

namespace understudy::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kBeliefs = milliseconds(25);
// After the last fault, until all is well again: members are missed, come back, get copies.
constexpr Duration kSettled = seconds(20);
// Until the tombstones in a view are gone, and groups that have met after it are one.
constexpr Duration kForgotten = std::chrono::minutes(12);
// How long after a cut two survivors may still both be owners.
constexpr Duration kCutIsFelt = seconds(20);

class World final : public SimMember::Observer, public Clientele::Run {
 public:
  explicit World(const WorldOptions& options);
  WorldResult run();

  // SimMember::Observer.
  void on_life(SimMember& member, MemberId mid) override;
  void on_lost(SimMember& member, const SessionId& sid) override;
  void on_conflict(SimMember& member, const SessionId& sid) override;

  // Clientele::Run.
  bool was_calm_since(TimePoint when) const override;
  bool had_met_by(TimePoint when) const override;
  // Until the members of the lesser part have heard that they are out.
  bool was_split_since(TimePoint when) const override {
    return striker_.last_split() + seconds(2) >= when;
  }
  Duration disturbed_since(TimePoint when) const override { return striker_.disturbed_since(when); }
  bool was_doubled(const SessionId& sid) const override { return checker_.was_doubled(sid); }
  void say(const std::string& text) override;
  void say_beliefs();
  void say_frame(MemberId from, MemberId to, const Frame& frame);

 private:
  static Weather weather(const WorldOptions& options);
  static uint64_t stream_of(const WorldOptions& options);
  // Members' T.
  Duration interval() const { return milliseconds(options_.seed % 2 == 0 ? 1000 : 200); }
  NodeCoreOptions member_options(size_t index) const;
  bool is_undisturbed_since(TimePoint when) const;
  void come_together();
  void start_apart();
  void watch_beliefs();
  void finish();

  const WorldOptions options_;
  const Profile& profile_;
  const uint64_t stream_;  // what all that is drawn by lot comes from
  VirtualNetwork network_;
  SeededRandom random_;
  Checker checker_;
  std::vector<std::unique_ptr<SimMember>> members_;
  Striker::Proxies proxies_;
  Striker striker_;
  Storm storm_;
  Clientele clientele_;
  KeyRotation keys_;
  TimePoint end_;
  TimePoint met_{};                            // the parts that were founded apart
  std::map<const SimMember*, MemberId> mids_;  // of the lives before
  WorldResult result_;
};

Weather World::weather(const WorldOptions& options) {
  Weather weather;
  weather.loss = static_cast<double>(options.seed % 4) * 0.01;
  weather.duplication = options.seed % 3 == 0 ? 0.01 : 0;
  weather.delay_max = options.seed % 5 == 0 ? milliseconds(20) : milliseconds(2);
  weather.retransmission = milliseconds(60);
  weather.tcp_one_way = options.profile->tcp_one_way;
  return weather;
}

// The same number is another history in each profile, also where two profiles draw the same lots.
uint64_t World::stream_of(const WorldOptions& options) {
  uint64_t stream = options.seed;
  for (const char letter : std::string_view(options.profile->name)) {
    stream = SeededRandom(stream ^ static_cast<uint8_t>(letter)).next();
  }
  return stream;
}

World::World(const WorldOptions& options)
    : options_(options),
      profile_(*options.profile),
      stream_(stream_of(options)),
      network_(stream_, weather(options)),
      random_(stream_ * 7 + 1),
      checker_(options.one_fault_at_a_time),
      striker_(network_, members_, proxies_,
               [this](const std::string& text) { say("*** " + text); }),
      storm_(network_, members_, striker_,
             {.profile = profile_,
              .seed = stream_ * 13 + 5,
              .one_at_a_time = options.one_fault_at_a_time,
              .end = network_.now() + profile_.length,
              .schedule = options.schedule},
             [this](const std::string& text) { say("*** " + text); }),
      clientele_(network_, members_, proxies_, checker_,
                 {.profile = profile_,
                  .seed = stream_ * 7 + 2,
                  .one_fault_at_a_time = options.one_fault_at_a_time,
                  .trace = options.trace},
                 *this),
      keys_(network_, members_, {.seed = stream_ * 17 + 3, .is_hasty = options.uses_keys_too_early},
            [this](const std::string& text) { say("*** " + text); }),
      end_(network_.now() + profile_.length) {
  network_.set_watch([this](MemberId from, MemberId to, const Frame& frame) {
    checker_.on_sent(network_.now(), from, to, frame);
    storm_.on_frame(from, to, frame.type);
    if (options_.trace) say_frame(from, to, frame);
  });
  // Three members can lose one and still have a witness for what is left of old channels only.
  const size_t count =
      profile_.members_min + options.seed % (profile_.members_max - profile_.members_min + 1);
  for (size_t index = 0; index < count; ++index) {
    members_.push_back(std::make_unique<SimMember>(network_, index, member_options(index),
                                                   stream_ * 100 + index, *this));
  }
  for (size_t index = 0; index < profile_.proxies; ++index) {
    const Proxy::Options proxy{.seed = stream_ * 11 + 3 + index * 1'000'003,
                               .views_age = profile_.views_age};
    proxies_.push_back(std::make_unique<Proxy>(network_, members_, proxy, clientele_));
  }
  if (profile_.no_witness == NoWitnessPolicy::kAvailable) {
    checker_.set_may_double([this] { return network_.now() < storm_.last_cut() + kCutIsFelt; });
  }
}

NodeCoreOptions World::member_options(size_t index) const {
  NodeCoreOptions options;
  options.membership.self.name = fmt::format("member{}", index);
  options.membership.self.machine = fmt::format("machine{}", index);
  options.membership.self.http_address = fmt::format("127.0.0.1:{}", 7000 + index);
  for (uint16_t port = 7100; port < 7106; ++port) {
    options.membership.seeds.push_back(Address::loopback(port));
  }
  // Where deaths are noticed late, a member often comes back before it is missed, and finds that
  // it was overtaken.
  options.membership.interval = interval();
  options.replication.beat = milliseconds(200);
  options.replication.outcome_kept = seconds(60);
  options.replication.no_witness = profile_.no_witness;
  options.membership.one_goes_on_alone = profile_.no_witness == NoWitnessPolicy::kAvailable;
  const bool denies_solo = options_.seed % 4 == 3 && !profile_.starts_apart;
  options.replication.solo = denies_solo ? SoloPolicy::kDeny : SoloPolicy::kAllow;
  options.replication.window_frames = profile_.window_frames;
  options.replication.replica_bytes_max = profile_.replica_bytes_max;
  options.replication.faults = options_.faults;
  options.sessions.quiet_before_bulk = milliseconds(500);
  options.sessions.timeout = profile_.timeout;
  options.sessions.alias_kept = profile_.alias_kept;
  // Longer than the proxies send again, and than a request is parked.
  options.sessions.request_memory = seconds(30);
  return options;
}

// --- what members tell -------------------------------------------------------------------------

void World::on_life(SimMember& member, MemberId mid) {
  if (const MemberId before = std::exchange(mids_[&member], mid);
      before != kNobody && was_split_since(network_.now())) {
    checker_.on_taken_by_split(before);
  }
  for (const auto& proxy : proxies_) proxy->on_life(member.index(), mid);
  say(fmt::format("member {} is {} now", member.index(), mid_text(mid)));
}

void World::on_lost(SimMember& member, const SessionId& sid) {
  say(fmt::format("member {}: session {} is lost", member.index(), to_text(sid)));
}

void World::on_conflict(SimMember& member, const SessionId& sid) {
  say(fmt::format("member {}: session {} had two owners", member.index(), to_text(sid)));
  checker_.on_conflict(network_.now(), member, sid);
}

bool World::is_undisturbed_since(TimePoint when) const {
  return striker_.under_way() == 0 && storm_.last_strike() < when &&
         striker_.last_undone() < when && striker_.last_death() < when;
}

bool World::was_calm_since(TimePoint when) const {
  // A member that was stopped needs a moment until it learns of it.
  return is_undisturbed_since(when - seconds(2));
}

bool World::had_met_by(TimePoint when) const {
  // A leader looks for others every 5T; then they have to hear each other. That holds for groups
  // that were founded apart as it does for members that a fault has cut off.
  const TimePoint settled = when - 5 * interval() - seconds(1);
  return is_undisturbed_since(settled) && met_ < settled;
}

void World::say(const std::string& text) {
  if (!options_.trace) return;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(
                      network_.now().time_since_epoch() - std::chrono::hours(1))
                      .count();
  std::fprintf(stderr, "%11.3f ms  %s\n", static_cast<double>(us) / 1000, text.c_str());
}

void World::say_frame(MemberId from, MemberId to, const Frame& frame) {
  const std::string text = to_text(from, to, frame);
  if (!text.empty()) say(text);
}

void World::watch_beliefs() {
  checker_.compare_beliefs(network_.now(), members_);
  if (storm_.is_one_cluster()) checker_.on_met();
  if (proxies_.front()->has_parts() && storm_.is_one_cluster()) {
    for (const auto& proxy : proxies_) proxy->clear_parts();
  }
  network_.at(network_.now() + kBeliefs, [this] { watch_beliefs(); });
}

// --- the run -----------------------------------------------------------------------------------

void World::come_together() {
  for (const auto& member : members_) {
    // Any two clocks differ by at most twice the error.
    const double share = static_cast<double>(random_.below(1001)) / 1000;
    member->boot();
    network_.set_clock_rate(member->address(), 1 + profile_.clock_error * (2 * share - 1));
  }
  network_.run_for(seconds(4));
}

// Two parts behind a cut, booted one after the other, with clocks that tell nothing. Each founds a
// group, and has clients, before the cut ends.
void World::start_apart() {
  const size_t count = members_.size();
  const uint64_t mask = 1 + random_.below((1u << count) - 2);
  for (const auto& one : members_) {
    for (const auto& other : members_) {
      const bool is_apart = (mask >> one->index() & 1) != (mask >> other->index() & 1);
      if (is_apart) network_.cut_one_way(one->address(), other->address());
    }
  }
  for (const auto& member : members_) {
    for (const auto& proxy : proxies_) {
      proxy->set_part(member->index(), mask >> member->index() & 1);
    }
    const Duration after = milliseconds(random_.below(3000));
    network_.at(network_.now() + after, [&member] { member->boot(); });
  }
  network_.at(network_.now() + seconds(12) + milliseconds(random_.below(15000)), [this] {
    say("*** the parts meet");
    network_.heal();
    met_ = network_.now();
    storm_.wait_from(met_);
  });
  network_.run_for(seconds(8));
}

// What each member believes, for the history.
void World::say_beliefs() {
  for (const auto& member : members_) {
    if (!member->is_up()) continue;
    const MemberView& view = member->view();
    std::string text =
        fmt::format("view of member {} ({}): group {:08x} {}.{}, leader {}:", member->index(),
                    mid_text(member->mid()), view.group, view.term, view.seq,
                    mid_text(view.leader() ? view.leader()->mid : kNobody));
    for (const Member& other : view.members) {
      text += fmt::format(" {} {}{}{}{}{}", mid_text(other.mid), to_string(other.liveness),
                          other.is_proven ? ", proven" : "", other.is_confirmed ? "" : ", new",
                          other.is_counted ? ", counted" : "", other.is_next ? ", next" : "");
    }
    say(text);
    for (const auto& channel : member->core().facts().channels) {
      say(fmt::format("  channel {}: {}, secondary {}, witness {}: {}", channel_text(channel.id),
                      mid_text(channel.primary), mid_text(channel.secondary),
                      mid_text(channel.witness), channel.state));
    }
  }
}

void World::finish() {
  storm_.stop();
  keys_.stop();
  striker_.calm();
  network_.run_for(kGiveUp + kSettled);
  // After several failures the measure of a group's quorum may be dead members, for five minutes
  // after the last fault, or until tombstones are gone (M15, M28).
  network_.run_until([this] { return storm_.is_one_cluster() && storm_.has_quorum(); }, kForgotten);
  if (options_.trace) say_beliefs();
  clientele_.ask_once_more();
  network_.run_for(kGiveUp + seconds(5));
  checker_.expect_conflicts_told(network_.now(), striker_.last_death());
}

WorldResult World::run() {
  if (profile_.rotates_keys) keys_.start();
  if (profile_.starts_apart) {
    start_apart();
  } else {
    come_together();
  }
  clientele_.start(end_);
  storm_.start();
  watch_beliefs();
  network_.run_until([this] { return !checker_.is_clean(); }, end_ - network_.now());
  if (checker_.is_clean()) finish();
  if (storm_.has_stalled()) {
    checker_.violation(network_.now(), "L2: sessions without a copy although members are there");
  }
  result_ = clientele_.result();
  result_.violations = checker_.violations();
  result_.schedule = storm_.done();
  result_.faults_done = storm_.done().size();
  result_.doubled = checker_.doubled();
  for (const auto& member : members_) {
    if (member->is_up()) result_.promotions += member->core().statistics().channels.promotions;
  }
  return result_;
}

}  // namespace

WorldResult simulate(const WorldOptions& options) {
  return World(options).run();
}

}  // namespace understudy::sim
