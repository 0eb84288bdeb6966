// SPDX-License-Identifier: Apache-2.0
// Standing: where this member stands, as every part of membership reads it: who it is, the time of
// this turn, the view in force, the pen while it leads, and its hands. It decides nothing. Owned by
// membership's core.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backend_sdk/membership/membership.h"
#include "backend_sdk/membership/reports.h"
#include "backend_sdk/membership/view_writer.h"

namespace understudy {

class Standing final {
 public:
  Standing(const MembershipOptions& options, Random& random, Transport& transport, TimePoint now)
      : options_(options), random_(random), transport_(transport), now_(now) {}

  const MembershipOptions& options() const { return options_; }
  Duration interval() const { return options_.interval; }
  MemberId mid() const { return options_.self.mid; }
  bool is_me(MemberId mid) const { return mid == options_.self.mid; }
  Random& random() { return random_; }
  Transport& transport() { return transport_; }

  // Fixed for one call into Membership.
  TimePoint now() const { return now_; }
  void set_now(TimePoint now) { now_ = now; }

  const MemberView& view() const { return view_; }
  uint64_t hash() const { return hash_; }
  void set_view(MemberView view);
  // Null: another member leads, or none.
  ViewWriter* writer() { return writer_ ? &*writer_ : nullptr; }
  const ViewWriter* writer() const { return writer_ ? &*writer_ : nullptr; }
  Reports& reports() { return *reports_; }
  void lead(uint32_t term);
  void follow();
  // Of the view, when it is another member.
  const Member* other_leader() const;
  std::vector<Peer> other_usable() const;

  // Nothing is sent to the own address: an earlier life of ours may still be listed there.
  void tell(const Peer& to, FrameType type, std::string payload = {});
  // At most one thing of this kind to this member in a T.
  bool may_repeat(MemberId mid);

 private:
  const MembershipOptions& options_;
  Random& random_;
  Transport& transport_;
  TimePoint now_;
  MemberView view_;
  uint64_t hash_ = 0;
  std::optional<ViewWriter> writer_;
  std::optional<Reports> reports_;
  std::map<MemberId, TimePoint> repeated_at_;
};

}  // namespace understudy
