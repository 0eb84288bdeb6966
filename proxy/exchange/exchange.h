// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and its response on their way through the proxy. It knows neither side's
// protocol and owns neither connection: it maps the request to a cluster, chooses members one after
// another, relays both bodies with back-pressure, and decides with retry.h what happens when a
// member fails. What it has of the member that it asks is a Try (try.h), and while a slow read is
// hedged a second one. What Apache's rules say of the request is asked in exchange_rules.cc. Its
// phases stand in exchange.cc in the order in which they come; heads
// are composed in forwarded_heads.cc; large bodies and forms are in exchange_body.cc, what happens
// when a phase does not go well in exchange_failure.cc, second tries of slow reads in
// exchange_hedge.cc, and tunnels in exchange_tunnel.cc. One object serves many exchanges, one after
// the other. Owned by a Downstream; worker thread only.
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
#include "proxy/apache/passage.h"
#include "proxy/exchange/access_record.h"
#include "proxy/exchange/body_pipe.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/forwarded_heads.h"
#include "proxy/exchange/inserted_cookie.h"
#include "proxy/exchange/retry.h"
#include "proxy/exchange/try.h"
#include "proxy/exchange/tunnel.h"
#include "proxy/routing/affinity_choice.h"
#include "proxy/upstream/waiting.h"

namespace understudy {

class FormSearch;
class ExchangeRules;
class WorkerCluster;
struct Routes;
struct WorkerContext;

// No member could be asked: the first look after that, each next one in twice the time, as long as
// the first ConnectRetrySecs have not passed.
inline constexpr Duration kFirstLook = std::chrono::milliseconds(50);
// Moved through a pipe in one turn of the loop before others get theirs.
inline constexpr std::size_t kSplicePerTurnBytesMax = std::size_t{4} * 1024 * 1024;

class Exchange final : private Try::Owner, private Waiter {
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
  friend class ExchangeRules;  // exchange_rules.h: what Apache's rules make of the request

  enum class Phase : uint8_t {
    kNone,
    kGathering,    // the request's body may name the session: no member is asked before it is here
    kLearning,     // members are asked for the ids that the session names (weblogic dialect)
    kChoosing,     // within one call
    kQueued,       // for a connection, to one member or to any
    kAsking,       // try_ connects, or waits for the response's head
    kRelaying,     // the response's body
    kTunnel,       // the member has switched protocols
    kQuarantined,  // until its turn at the member that was chosen (quarantine.h)
    kPausing,      // no member could be asked; at most ConnectRetrySecs until the next pass
  };

  // Try::Owner.
  void on_connected(Try& which) override;
  void on_interim_response(Try& which, const http::ResponseHead& head) override;
  void on_answer(Try& which, const http::ResponseHead& head) override;
  void on_response_body(Try& which) override;
  void on_member_writable(Try& which) override;
  void on_failed(Try& which, TryFailure failure, std::string_view detail) override;
  // Waiter, in a queue.
  void on_member_gone() override;
  void on_room(uint64_t serial) override;

  // The phases.
  void receive(std::size_t site);
  bool map(const http::RequestHead& head, std::size_t site);
  void note_resends(const http::RequestHead& head);
  bool find_session(const http::RequestHead& head);
  void begin_affinity(std::optional<std::string_view> session);
  bool waits_for_ids();
  bool begin_gathering(const http::RequestHead& head);
  void gather();
  void choose(const http::RequestHead& head);
  bool approach(const routing::Choice& choice, const http::RequestHead& head);
  void queue(MemberConnections* connections);
  bool ask(const routing::Choice& choice, const http::RequestHead& head, bool fresh = false);
  void send_request(Try& to, const http::RequestHead& head);
  HeadFacts head_facts() const;
  void relay_request_body();
  void send_response_head(const http::ResponseHead& head);
  void relay_response_body();
  void splice_response_body();
  void finish();

  // Tunnels.
  // With the lines that send_response_head has composed.
  void begin_tunnel(const http::ResponseHead& head);
  void on_tunnel(Tunnel::State state);
  void on_tunnel_timer();

  // When it does not go well.
  // False when the response is to be given to the client after all.
  bool ask_elsewhere(TryFailure failure, const http::ResponseHead& head);
  FailedTry describe(TryFailure failure, bool not_handled = false) const;
  void begin_resend(const FailedTry& failed, bool adds_load);
  void end_pass();
  void give_up(unsigned status, std::string_view sentence);
  void give_up_queueing(std::string_view why);
  void give_up_after(TryFailure failure, Reason reason, std::string_view detail);
  // With `lines` of its own, each with CRLF.
  void answer(unsigned status, std::string_view sentence, bool close, std::string_view lines = {});
  void on_request_broken();
  void abort(std::string_view why);

  // Tries.
  Try& start_try(MemberConnections& connections, const routing::Choice& choice, bool fresh);
  void drop(Try*& which);
  // A second one beside the first.
  void begin_hedge(TimePoint now);
  bool is_better(const http::ResponseHead& head);
  void promote_second();

  // Time.
  void wait_for_tries(TimePoint now);
  void on_timer();
  bool look_at(Try& which, TimePoint now);

  // The end.
  void end(bool aborted);
  void log(bool aborted) const;

  // What must be fresh for each exchange.
  struct Account {
    TimePoint started{};
    uint64_t request_id = 0;
    uint64_t body_bytes_received = 0;
    uint64_t body_bytes_sent = 0;
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
    bool sends_path_as_is = true;
    bool met_full_member = false;   // in this pass
    uint8_t quick_looks = 0;        // passes within the first ConnectRetrySecs
    uint8_t breaks = 0;             // tries that broke: is_break()
    uint64_t broke_at = 0;          // the first of those members: its serial
    TimePoint quarantined{};        // when it first had to wait there
    uint64_t waits_for = 0;         // in kQuarantined: the member's serial
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
  std::unique_ptr<FormSearch> form_;          // in kGathering
  std::unique_ptr<Tunnel> tunnel_;            // of a request that asks for one
  std::unique_ptr<apache::Passage> passage_;  // null: no rule of Apache's is about the request
  std::array<std::optional<Try>, 2> tries_;

  // State of the present exchange; what is borrowed lives as long as the exchange.
  Phase phase_ = Phase::kNone;
  Routes* routes_ = nullptr;  // counts us
  const Client* peer_ = nullptr;
  const config::VirtualHost* host_ = nullptr;
  const config::Location* location_ = nullptr;  // null until it is known
  AccessLog* access_log_ = nullptr;
  std::string noted_;  // response fields for it; its room is kept
  WorkerCluster* cluster_ = nullptr;
  Try* try_ = nullptr;     // whose answer the client gets; one of tries_, as the next
  Try* second_ = nullptr;  // beside it, while a slow read is hedged
  MemberHold asked_;       // the member asked last, or waited for
  Account account_;
  http::RemoteClient client_;  // where host_ trusts a proxy, else nothing
  routing::Attempt attempt_;
  uint32_t serial_ = 0;  // tells an exchange, and its tries, from the next ones
};

}  // namespace understudy
