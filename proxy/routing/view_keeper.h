// SPDX-License-Identifier: Apache-2.0
// Which view of a cluster to believe, and whether it is time to ask for one. A list counts only
// from a member of the table, only signed (or, in dialect weblogic, where the configuration says
// so), only of this cluster, and only when newer. It applies nothing (member_table.h does) and
// sends nothing. Owned by a Cluster; worker thread only; pure, time is passed in.
//
// Versions start again when the whole cluster has been restarted. A list with a lower version is
// therefore a rival, not merely old, when the member that sends it appears in it with a mid never
// seen before. It is believed when for two beats no member has confirmed the view in force, and at
// once when no member of that view answers any more.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cookies/contract.h"
#include "cookies/view_header.h"
#include "cookies/weblogic_view.h"
#include "proxy/routing/member.h"

namespace understudy::routing {

inline constexpr Duration kBeatAssumed = std::chrono::seconds(1);  // while no view has told it
inline constexpr std::size_t kMidsRememberedMax = 1024;            // of earlier views

enum class ViewVerdict : std::uint8_t {
  kHeld,     // the view in force, confirmed
  kNew,      // to be applied now
  kNoList,   // another hash and no list: ask for it
  kOlder,    // a lower version
  kRival,    // a lower version of a new life, not yet believed
  kStatic,   // DynamicServerList Off, or no means to check a signature
  kRefused,  // by the codec: unsigned, altered, of another cluster ...
};
std::string_view to_text(ViewVerdict verdict);

class ViewKeeper final {
 public:
  struct Options {
    bool is_dynamic = true;
    std::shared_ptr<const ViewCodec> codec = {};  // null: no native list is ever believed
    bool believes_weblogic_lists = false;         // they are unsigned
    WeblogicPort weblogic_port = WeblogicPort::kPlain;
  };
  explicit ViewKeeper(const Options& options) : options_(options) {}

  struct Sender {
    const Member& member;
    bool is_alone = false;  // no other member has been seen to work
  };
  // A response had this Understudy-View. With kNew, view() is the new one.
  ViewVerdict on_header(const Sender& from, std::string_view header, TimePoint now);
  // The weblogic dialect's pair; an empty list says: the hash is the one that was sent.
  struct WeblogicView {
    std::string_view hash;
    std::string_view list;
  };
  ViewVerdict on_weblogic(const WeblogicView& view, TimePoint now);

  // What another worker of this process has believed, in place of a view of version `replaced`.
  struct Shared {
    std::shared_ptr<const ClusterView> view = {};
    std::uint64_t replaced = 0;
    std::string weblogic_hash = {};
  };
  ViewVerdict on_shared(const Shared& shared, TimePoint now);
  // The view in force, for the other workers. Null inside without one.
  Shared shared() const { return {view_, replaced_, weblogic_hash_}; }

  // The view in force; null: none.
  const std::shared_ptr<const ClusterView>& view() const { return view_; }
  // For Understudy-View-Seen; all zeros without a view, so that a list is sent.
  const Hex64& hash() const { return hash_; }
  // For X-WebLogic-Cluster-Hash; empty without a view.
  std::string_view weblogic_hash() const { return weblogic_hash_; }
  Duration beat() const;
  // By the codec, with the last kRefused.
  ViewRefusal last_refusal() const { return last_refusal_; }

  // From when on a proxy whose exchange has been waiting since `waiting_since` asks another member
  // for the view; max() when views do not come at all here.
  TimePoint ask_due(TimePoint waiting_since) const;
  // The question leaves now: nobody else asks for a beat.
  void on_asked(TimePoint now) { asked_at_ = now; }

 private:
  ViewVerdict judge_lower(const Sender& from, const ClusterView& view, TimePoint now);
  void confirm(TimePoint now);
  void hold(std::shared_ptr<const ClusterView> view, TimePoint now);
  bool has_seen(std::uint32_t mid) const;

  const Options options_;

  // State of the worker thread.
  std::shared_ptr<const ClusterView> view_;
  Hex64 hash_ = format_hex64(0);
  std::string weblogic_hash_;
  TimePoint confirmed_at_ = TimePoint::min();
  std::optional<TimePoint> rival_since_;
  std::optional<TimePoint> asked_at_;
  std::string dismissed_;                // the last text that was signed, but older
  std::uint64_t replaced_ = 0;           // version of the view before this one
  std::deque<std::uint32_t> mids_seen_;  // of views that are no longer in force
  ViewRefusal last_refusal_ = ViewRefusal::kNone;
};

}  // namespace understudy::routing
