// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/core_options.h"

#include <algorithm>

#include "backend_sdk/wire/frame.h"
#include "base/clock.h"
#include "cookies/mac.h"

namespace understudy {
namespace {

// PROTOCOL 2.2: a lease is three beats, and the secondary's grace allows clocks to differ by 1 %.
Duration grace(Duration beat) {
  const Duration lease = 3 * beat;
  return lease + lease / 50 + std::chrono::milliseconds(20);
}

ReplicationOptions replication_options(const Options& options) {
  ReplicationOptions out;
  out.beat = options.heartbeat_interval;
  out.ack_timeout = options.ack_timeout;
  out.ack_deadline = options.ack_deadline;
  out.window_bytes = options.channel_window_bytes;
  out.window_frames = options.channel_window_frames;
  out.replica_bytes_max = options.replica_bytes_max;
  out.solo = options.solo == Options::Solo::kDeny ? SoloPolicy::kDeny : SoloPolicy::kAllow;
  out.no_witness = options.no_witness == Options::NoWitness::kRefuse ? NoWitnessPolicy::kRefuse
                                                                     : NoWitnessPolicy::kAvailable;
  return out;
}

SessionOptions session_options(const Options& options) {
  SessionOptions out;
  const Duration grace_of_beat = grace(options.heartbeat_interval);
  out.timeout = options.session_timeout;
  out.exclusive_wait = options.exclusive_wait;
  out.session_queue_max = options.exclusive_queue;
  out.requests_remembered = options.requests_remembered;
  out.request_memory = options.request_memory;
  out.sessions_bytes_max = options.served_bytes_max;
  out.drain_timeout = options.drain_timeout;
  out.park_max = std::max(out.park_max, grace_of_beat + Duration(std::chrono::seconds(2)));
  out.tombstone_kept = std::max(out.tombstone_kept, 2 * grace_of_beat);
  out.sessions_max = options.sessions_max;
  out.bytes_soft = options.session_bytes_soft;
  out.bytes_max = options.session_bytes_max;
  out.stored_response_max = options.stored_response_max;
  return out;
}

}  // namespace

Outcome<std::shared_ptr<const Keyring>> load_keyring(const Options& options) {
  KeyringResult loaded;
  if (!options.cluster_key_file.empty()) {
    loaded = Keyring::load(options.cluster_key_file);
  } else {
    const Digest key = sha256("understudy, insecure cluster " + options.cluster_name);
    const Keyring::NamedKey named{.id = '0', .bytes = key};
    loaded = Keyring::from_keys({&named, 1});
  }
  if (!loaded) return Failure{FailureCode::kKeyFile, loaded.error};
  return loaded.keyring;
}

std::size_t link_queue_bytes(const Options& options, std::size_t least) {
  // A channel and its successor, and a frame of each that goes beyond its window.
  return std::max(least, 2 * (options.channel_window_bytes + kFramePayloadMax));
}

Outcome<Address> resolve_one(std::string_view directive, const std::string& text) {
  if (text.ends_with(":0")) {
    // resolve() reads no port 0, which asks for any free one.
    const Result<Address> address = Address::parse(text.substr(0, text.size() - 1) + "1");
    if (address) return address->with_port(0);
  }
  Result<std::vector<Address>> addresses = resolve(text);
  if (!addresses || addresses->empty()) {
    return Failure{FailureCode::kAddress,
                   std::string(directive) + " '" + text +
                       "': " + (addresses ? "the name has no address" : addresses.error().detail)};
  }
  return addresses->front();
}

Outcome<NodeCoreOptions> core_options(const Options& options, const Address& cluster_address) {
  NodeCoreOptions out;
  Member& self = out.membership.self;
  self.name = options.member_name;
  self.machine = options.machine;
  self.replication_group = options.replication_group;
  self.preferred_secondary_group = options.preferred_secondary_group;
  self.weight = options.weight;
  self.http_address = options.listen;
  self.cluster_address = cluster_address;
  for (const std::string& member : options.cluster_members) {
    Outcome<Address> seed = resolve_one("ClusterMembers", member);
    if (!seed) return seed.failure();
    out.membership.seeds.push_back(*seed);
  }
  out.membership.interval = options.heartbeat_interval;
  out.membership.found_alone = options.found_alone;
  out.membership.members_max = options.members_max;
  out.membership.one_goes_on_alone = options.no_witness != Options::NoWitness::kRefuse;
  out.replication = replication_options(options);
  out.sessions = session_options(options);
  return out;
}

}  // namespace understudy
