// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/health_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace understudy {
namespace {

std::string key_of(const HealthChecks::Target& target) {
  const config::HealthCheck& check = target.check;
  std::string tls = "plain";
  if (target.tls)
    tls = fmt::format("{:02x} {}", fmt::join(target.tls->identity(), ""), target.tls_name);
  const bool is_ajp = target.protocol == config::MemberProtocol::kAjp;
  return fmt::format("{} {} {} {} {} {} {} {} {}-{} {} {} {} {}", target.address_text, tls,
                     is_ajp ? "ajp " + target.ajp.secret : std::string("http"),
                     static_cast<int>(check.kind), check.method, check.path, check.host, check.body,
                     check.status_min, check.status_max, check.interval.count(),
                     check.timeout.count(), check.fall, check.rise);
}

}  // namespace

// One address that is asked again and again.
class HealthChecks::Watch final : private HealthProbe::User {
 public:
  Watch(HealthChecks& checks, const IoContext& io, const Target& target)
      : checks_(checks),
        address_text_(target.address_text),
        check_(target.check),
        probe_(io, check_, static_cast<HealthProbe::User&>(*this)),
        due_(Timer::of<&Watch::on_due>(io.loop.timers(), *this)) {
    const Duration spread = std::min<Duration>(check_.interval, kFirstCheckMax);
    set_reach(target);
    due_.start_at(io.loop.now() + part_of(spread));
  }

  std::vector<std::size_t> clusters;

  const std::string& address_text() const { return address_text_; }
  routing::Checked verdict() const { return record_.verdict(); }
  void set_address(const Address& address) { reach_.address = address; }
  // Certificates may have been replaced.
  void set_reach(const Target& target) {
    if (target.address.is_set()) reach_.address = target.address;
    // HTTP/2 is not needed for a question.
    const bool is_ajp = target.protocol == config::MemberProtocol::kAjp;
    reach_.protocol = is_ajp ? target.protocol : config::MemberProtocol::kHttp1;
    reach_.ajp = target.ajp;
    reach_.tls = target.tls;
    reach_.tls_name = target.tls_name;
  }

 private:
  Duration part_of(Duration whole) {
    return Duration(static_cast<Duration::rep>(checks_.random_.below(
        static_cast<std::uint64_t>(std::max<Duration::rep>(1, whole.count())))));
  }

  void on_due() {
    // A tenth more or less, so that the checks of many do not fall into step.
    const Duration tenth = check_.interval / 10;
    due_.start_at(checks_.loop_.now() + check_.interval - tenth + part_of(2 * tenth));
    if (reach_.address.is_set()) probe_.ask(reach_);
  }

  void on_checked(bool success, std::string_view why) override {
    if (!record_.add(success, check_)) return;
    if (success) {
      LOG(kNotice, "member {} passes its health check", address_text_);
    } else {
      LOG(kWarn, "member {} fails its health check: {}", address_text_, why);
    }
    checks_.report(*this);
  }

  HealthChecks& checks_;
  const std::string address_text_;
  MemberConnections::Options reach_;
  const config::HealthCheck check_;
  routing::CheckRecord record_;
  HealthProbe probe_;
  Timer due_;
};

HealthChecks::HealthChecks(EventLoop& loop, Random& random, Listener listener)
    : loop_(loop),
      random_(random),
      listener_(std::move(listener)),
      scratch_(std::make_unique<HeadScratch>()),
      closed_(loop) {}

HealthChecks::~HealthChecks() {
  watches_.clear();
  closed_.clear();
}

void HealthChecks::stop() {
  watches_.clear();
}

void HealthChecks::watch(const std::vector<Target>& targets) {
  auto before = std::exchange(watches_, {});
  for (const Target& target : targets) {
    if (!target.check.is_on()) continue;
    const std::string key = key_of(target);
    std::unique_ptr<Watch>& watch = watches_[key];
    if (!watch) {
      if (const auto known = before.find(key); known != before.end()) {
        watch = std::move(known->second);
        watch->clusters.clear();
        watch->set_reach(target);
      } else {
        const IoContext io{
            .loop = loop_, .blocks = blocks_, .scratch = *scratch_, .closed = closed_};
        watch = std::make_unique<Watch>(*this, io, target);
      }
    }
    auto& clusters = watch->clusters;
    if (std::find(clusters.begin(), clusters.end(), target.cluster) == clusters.end()) {
      clusters.push_back(target.cluster);
    }
  }
}

void HealthChecks::set_address(const std::string& address_text, const Address& address) {
  for (const auto& [key, watch] : watches_) {
    if (watch->address_text() == address_text) watch->set_address(address);
  }
}

std::vector<HealthChecks::CheckResult> HealthChecks::results() const {
  std::vector<CheckResult> all;
  for (const auto& [key, watch] : watches_) {
    if (watch->verdict() == routing::Checked::kNot) continue;
    for (const std::size_t cluster : watch->clusters) {
      all.push_back({cluster, watch->address_text(), watch->verdict()});
    }
  }
  return all;
}

void HealthChecks::report(const Watch& watch) const {
  for (const std::size_t cluster : watch.clusters) {
    listener_({cluster, watch.address_text(), watch.verdict()});
  }
}

}  // namespace understudy
