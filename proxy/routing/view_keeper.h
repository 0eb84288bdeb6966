// SPDX-License-Identifier: Apache-2.0
// Which view of a cluster to believe, and whether it is time to ask for one. A list counts only
// from a member of the table, only signed (or, in dialect weblogic, where the configuration says
// so), only of this cluster, and only when newer. It applies nothing (member_table.h does) and
// sends nothing. Owned by a Cluster; worker thread only; pure, time is passed in.
//
// Versions count within one group of members. A view of another group is judged so (relate()):
// - its group has absorbed ours (a merge): it is newer, whatever its version;
// - our group has absorbed its group: it is older;
// - neither: a rival. Two groups have not met yet, a member has founded one alone, or the cluster
//   was restarted as a whole. A rival is believed when more members speak for it than may still
//   hold to ours (rival_views.h): members whose last view was of its group, against members that
//   are alive in the view in force, do not fail here and have not given us another group's view
//   since. Silence speaks for the view in force. So a lone member is believed only when no other
//   member of that view is left, and a restarted cluster when most of its members have been heard.
// Two rivals of about the same size do not take turns: after one was believed, the next one waits
// for kRivalBeats, unless no member is left that holds to the view in force.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cookies/contract.h"
#include "cookies/view_header.h"
#include "cookies/weblogic_view.h"
#include "proxy/routing/member.h"
#include "proxy/routing/rival_views.h"

namespace understudy::routing {

inline constexpr Duration kBeatAssumed = std::chrono::seconds(1);  // while no view has told it
inline constexpr int kRivalBeats = 10;                             // from one rival to the next

enum class ViewVerdict : std::uint8_t {
  kHeld,     // the view in force, confirmed
  kNew,      // to be applied now
  kNoList,   // another hash and no list: ask for it
  kOlder,    // a lower version, or of a group that ours has absorbed
  kRival,    // of another group, not believed
  kStatic,   // DynamicServerList Off, or no means to check a signature
  kRefused,  // by the codec: unsigned, altered, of another cluster ...
};
std::string_view to_text(ViewVerdict verdict);

// How `next` stands to `held`.
enum class ViewRelation : std::uint8_t { kNewer, kOlder, kRival };
ViewRelation relate(const ClusterView& next, const ClusterView& held);

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
    std::span<const std::unique_ptr<Member>> members;  // all of the table
  };
  // A response had this Understudy-View. With kNew, view() is the new one.
  ViewVerdict on_header(const Sender& from, std::string_view header, TimePoint now);
  // The weblogic dialect's pair; an empty list says: the hash is the one that was sent.
  struct WeblogicView {
    std::string_view hash;
    std::string_view list;
  };
  ViewVerdict on_weblogic(const WeblogicView& view, TimePoint now);

  // What another worker of this process has believed, in place of the view that is named.
  struct Shared {
    std::shared_ptr<const ClusterView> view = {};
    std::uint64_t replaced_version = 0;
    std::uint64_t replaced_group = 0;
    std::string weblogic_hash = {};

    // Whether it is to be believed by who holds `held`: a rival only if it was believed in full
    // knowledge of that view.
    bool supersedes(const ClusterView& held) const;
  };
  ViewVerdict on_shared(const Shared& shared, TimePoint now);
  // The view in force, for the other workers. Null inside without one.
  Shared shared() const { return {view_, replaced_version_, replaced_group_, weblogic_hash_}; }

  // The view in force; null: none.
  const std::shared_ptr<const ClusterView>& view() const { return view_; }
  // For Understudy-View-Seen; all zeros without a view, so that a list is sent.
  const Hex64& hash() const { return hash_; }
  // For X-WebLogic-Cluster-Hash; empty without a view.
  std::string_view weblogic_hash() const { return weblogic_hash_; }
  Duration beat() const;
  // Members that have lately spoken for other groups than that of the view in force.
  const RivalViews& rivals() const { return rivals_; }
  // By the codec, with the last kRefused.
  ViewRefusal last_refusal() const { return last_refusal_; }

  // From when on a proxy whose exchange has been waiting since `waiting_since` asks another member
  // for the view; max() when views do not come at all here.
  TimePoint ask_due(TimePoint waiting_since) const;
  // The same for a question about a rival.
  TimePoint rival_ask_due() const { return asked_at_ ? *asked_at_ + beat() : TimePoint::min(); }
  // The question leaves now: no other exchange asks for a beat.
  void on_asked(TimePoint now) { asked_at_ = now; }

 private:
  ViewVerdict judge(const Sender& from, std::string_view header, TimePoint now);
  ViewVerdict judge_rival(const Sender& from, TimePoint now);
  void confirm(TimePoint now) { confirmed_at_ = now; }
  void hold(std::shared_ptr<const ClusterView> view, TimePoint now);

  const Options options_;

  // State of the worker thread.
  std::shared_ptr<const ClusterView> view_;
  Hex64 hash_ = format_hex64(0);
  std::string weblogic_hash_;
  TimePoint confirmed_at_ = TimePoint::min();
  std::optional<TimePoint> asked_at_;
  std::string dismissed_;                     // the last text that was signed, but older
  std::string rival_text_;                    // the last that was signed, but a rival,
  std::shared_ptr<const ClusterView> rival_;  // and what it says
  RivalViews rivals_;
  std::optional<TimePoint> rival_believed_at_;
  std::uint64_t replaced_version_ = 0;  // of the view before this one
  std::uint64_t replaced_group_ = 0;
  ViewRefusal last_refusal_ = ViewRefusal::kNone;
};

}  // namespace understudy::routing
