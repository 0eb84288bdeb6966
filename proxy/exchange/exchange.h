// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and its response on their way through the proxy. It knows neither side's
// protocol and owns neither connection: it maps the request to a cluster, chooses members one after
// another, relays both bodies with back-pressure, and decides with retry.h what happens when a
// member fails. Its phases stand in exchange.cc in the order in which they come, what they change
// in heads in exchange_heads.cc, what happens when one does not go well in exchange_failure.cc,
// second tries of slow reads in exchange_hedge.cc, and tunnels in exchange_tunnel.cc. One object
// serves many exchanges, one after the other. Owned by a Downstream; worker thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/timer_wheel.h"
#include "proxy/exchange/access_record.h"
#include "proxy/exchange/body_pipe.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/hedge.h"
#include "proxy/exchange/inserted_cookie.h"
#include "proxy/exchange/retry.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/tunnel.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/routing/affinity_choice.h"
#include "proxy/upstream/upstream.h"
#include "proxy/upstream/waiting.h"

namespace understudy {

class FormSearch;
enum class Wants : uint8_t;
class MemberConnections;
class WorkerCluster;

// A silent member is looked at this often: an edge may have been lost in a reset (Upstream::check).
inline constexpr Duration kSilenceCheck = std::chrono::seconds(1);
// Moved through a pipe in one turn of the loop before others get theirs.
// Nobody could be asked: the first look after that, each next one in twice the time, as long as the
// first ConnectRetrySecs have not passed.
inline constexpr Duration kFirstLook = std::chrono::milliseconds(50);
inline constexpr std::size_t kSplicePerTurnBytesMax = std::size_t{4} * 1024 * 1024;

class Exchange final : private Upstream::User, private Waiter, private Hedge::Owner {
 public:
  Exchange(WorkerContext& worker, Downstream& downstream);
  ~Exchange() override;

  // Begins with a request of which at least the head is here; the views in `head` die with the
  // call. May end within it.
  void start(const http::RequestHead& head, std::size_t site);
  // The request could not be understood, or did not come: a page says why, and then the connection
  // ends.
  void refuse(unsigned status, std::string_view sentence, std::size_t site);
  bool is_active() const { return phase_ != Phase::kNone; }
  bool has_response_begun() const { return phase_ == Phase::kRelaying || phase_ == Phase::kTunnel; }

  // There may be more of the request's body, or it has broken off.
  void on_request_body();
  void on_downstream_writable();
  // The client did not send its body in time.
  void on_request_timeout();
  // The client is gone: Downstream is not called any more for this exchange.
  void on_downstream_gone();

 private:
  enum class Phase : uint8_t {
    kNone,
    kGathering,   // the request's body may name the session: nobody is asked before it is here
    kChoosing,    // within one call
    kQueued,      // for a connection, to one member or to anybody
    kConnecting,  // to member_
    kWaiting,     // the request is on its way or sent; the response's head is not there
    kRelaying,    // the response's body
    kTunnel,      // the member has switched protocols
    kPausing,     // nobody could be asked; at most ConnectRetrySecs until the next pass
  };

  // Upstream::User and Waiter.
  void on_connected(Upstream& connection) override;
  void on_interim_response(const http::ResponseHead& head) override;
  void on_response_head(const http::ResponseHead& head) override;
  void on_response_body() override;
  void on_upstream_writable() override;
  void on_upstream_failed(ErrorCode code, std::string_view detail) override;
  void on_member_gone() override;
  void on_room(uint64_t serial) override;

  // The phases.
  void receive(std::size_t site);
  bool map(const http::RequestHead& head, std::size_t site);
  void note_resends(const http::RequestHead& head);
  std::optional<std::string_view> session_value(const http::RequestHead& head);
  void begin_affinity(std::optional<std::string_view> session);
  void note_shown(const AffinityToken& token);
  bool begin_gathering(const http::RequestHead& head);
  void gather();
  void choose(const http::RequestHead& head);
  bool approach(const routing::Choice& choice, const http::RequestHead& head);
  void queue(MemberConnections* connections);
  bool ask(const http::RequestHead& head);
  bool connect();
  void send_request(const http::RequestHead& head);
  // The heads' contents, in exchange_heads.cc: what is dropped and added, in the worker's scratch.
  void compose_request_lines(const http::RequestHead& head, bool upgrades);
  // The whole of it, for member_; false: there is no room for our lines.
  bool compose_request(const http::RequestHead& head, bool upgrades, http::RequestRewrite& rewrite);
  void edit_request(const http::RequestHead& head, bool early);
  void add_request_id(const http::RequestHead& head);
  // Who the client is, and how it came, as far as anybody is believed.
  void meet_client(const http::RequestHead& head);
  std::string_view forwarded_target(const http::RequestHead& head);
  void compose_response_lines(const http::ResponseHead& head);
  // For the access log, which wants them when all is over.
  void note_response(const http::FieldList& fields);
  // Of an answer of our own; what comes back is in the worker's scratch, or `lines` itself.
  std::string_view edited_page_lines(std::string_view lines);
  void relay_request_body();
  void collect_request_body();
  bool is_body_too_large() const;
  void send_response_head(const http::ResponseHead& head);
  void relay_response_body();
  void splice_response_body();
  void finish();

  // Tunnels.
  Wants wants() const;
  bool open_tunnel(const http::RequestHead& head);
  // False: the response is an ordinary one.
  bool answer_upgrade(const http::ResponseHead& head);
  void begin_tunnel(const http::ResponseHead& head);
  void move_to_member();
  void move_to_client();
  void on_tunnel(Tunnel::State state);
  void wait_in_tunnel(TimePoint now);
  void on_tunnel_timer();

  // When it does not go well.
  void fail_try(TryFailure failure);
  // False when the response is to be given to the client after all.
  bool ask_elsewhere(TryFailure failure, const http::ResponseHead& head);
  FailedTry describe(TryFailure failure) const;
  bool counts_as_resend(TryFailure failure) const;
  void give_up_queueing(std::string_view why);
  void mark_member(TryFailure failure);
  void try_again(NextStep step);
  void rely_on_hedge(TryFailure failure, NextStep step);
  void end_pass();
  void give_up(unsigned status, std::string_view sentence);
  void give_up_after(TryFailure failure, Reason reason);
  bool has_page_for_no_member() const;
  void answer(unsigned status, std::string_view sentence, bool close);
  void on_request_broken();
  void abort(std::string_view why);

  // A second try beside the first.
  bool may_be_hedged() const;
  bool is_hedging() const;
  void begin_hedge(TimePoint now);
  void swap_try(Hedge::Try& other);
  void send_hedge();
  void drop_hedge();
  void take_over_hedge();
  void on_hedge_connected() override;
  void on_hedge_answer(const http::ResponseHead& head) override;
  void on_hedge_failed(ErrorCode code) override;
  void on_hedge_member_gone() override;

  // Time.
  void on_timer();
  void on_connect_timeout();
  void on_silence();
  void wait_in_silence(TimePoint now);
  bool is_cut_off();
  void on_cut_off();

  // The end.
  void leave_member();
  void release_upstream();
  void hold(MemberConnections* connections);
  void turn_to(routing::Member& member);
  void vacate();
  void end(bool aborted);
  void log(bool aborted) const;
  std::string_view kept_request_id(std::string_view head) const;
  void note_resend(TryFailure failure, bool counts);

  // What must be fresh for each exchange.
  struct Account {
    TimePoint started{};
    TimePoint heard{};  // from the member, or asked: silence is counted from here
    uint64_t request_id = 0;
    uint64_t body_bytes_received = 0;
    uint64_t body_bytes_sent = 0;
    uint64_t bytes_moved = 0;  // when last looked at
    InsertedCookie::Shown shown = {};
    InsertedCookie::Given given = {};
    std::optional<uint32_t> primary = {};
    std::optional<uint32_t> secondary = {};
    std::string_view failure = {};  // a constant
    uint16_t status = 0;
    http::Method method = http::Method::kOther;
    BodyForm form = BodyForm::kPayload;  // of the response
    bool has_body = false;
    bool is_idempotent = false;
    bool request_sent = false;  // to its end, in the present try
    bool tried_fresh = false;   // the present member, on a fresh connection
    bool path_is_normal = true;
    bool met_full_member = false;   // in this pass
    uint8_t quick_looks = 0;        // passes within the first ConnectRetrySecs
    bool has_failed_over = false;   // it has been sent to another member once already
    bool is_resend = false;         // counted as such
    bool body_has_begun = false;    // so that Expect has been answered
    bool is_tls = false;            // the client's side, a trusted proxy's word included
    bool keeps_request_id = false;  // a trusted proxy's
    bool may_hedge = false;         // after HedgeDelay
    bool speaks_contract = false;   // the member whose answer this is: it sent a view
    bool may_be_unread = false;     // a member fell silent that may read the request yet
    HedgeOutcome hedge = HedgeOutcome::kNone;
  };

  // Constant after construction.
  WorkerContext& worker_;
  Downstream& downstream_;

  // Owned.
  Timer timer_;
  BodyPipe pipe_;
  std::unique_ptr<FormSearch> form_;  // in kGathering
  std::unique_ptr<Tunnel> tunnel_;    // of a request that asks for one
  std::unique_ptr<Hedge> hedge_;      // made with the first

  // State of the present exchange; what is borrowed lives as long as the exchange.
  Phase phase_ = Phase::kNone;
  Routes* routes_ = nullptr;  // counts us
  const config::VirtualHost* host_ = nullptr;
  const config::Location* location_ = nullptr;  // null until it is known
  AccessLog* access_log_ = nullptr;
  std::string noted_;  // response fields for it; its room is kept
  WorkerCluster* cluster_ = nullptr;
  routing::Member* member_ = nullptr;         // while we wait for it
  MemberConnections* connections_ = nullptr;  // of the member asked last; held
  uint64_t occupied_ = 0;                     // serial of the member that counts us; 0: none
  Upstream* upstream_ = nullptr;
  Account account_;
  http::RemoteClient client_;  // where host_ trusts anybody, else nothing
  routing::Attempt attempt_;
  uint32_t serial_ = 0;  // tells a callback's exchange from the next one
};

}  // namespace understudy
