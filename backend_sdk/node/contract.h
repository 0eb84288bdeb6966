// SPDX-License-Identifier: Apache-2.0
// HttpContract: between HTTP headers and what the session layer asks and answers: reads the
// affinity cookie, the request id, the view that the proxy has seen; writes statuses, Set-Cookie
// and the headers for the proxy. It keeps no session and no list. Immutable but for its keys, which
// may be changed at any time, and the board it reads; any thread. Called by running.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/node/relay_mark.h"
#include "backend_sdk/node/view_board.h"
#include "backend_sdk/sessions/requests.h"
#include "cookies/affinity.h"
#include "cookies/cookie_header.h"
#include "understudy/node.h"

namespace understudy {

// What a request says to the SDK. Values, so that they outlive the request's buffers.
struct ContractFacts {
  // Of the cookies that verify, as the client sent them; at most kTokensMax. Browsers send several
  // of one name when their paths or domains differ, a stale one first as likely as not.
  std::vector<SessionToken> tokens = {};
  RequestId request_id = 0;
  bool failover = false;
  bool moved = false;        // with failover: an operator wants the session away from its primary
  bool unreachable = false;  // with failover: no connection to the primary could be made
  bool broken_off = false;   // with failover: the connection broke while the primary had it
  bool move = false;         // an operator wants all sessions away from this member
  std::chrono::milliseconds waited{0};  // at the proxy
  // Earlier requests whose answers have come to the proxy whole; of any session.
  std::vector<RequestId> answered = {};
  std::optional<std::uint64_t> view_seen;  // nothing: not asked by a proxy that wants a view
  bool tls = false;
  bool from_proxy = false;  // ours: it follows routes itself
  bool is_relayed = false;  // another member says that it relayed it; see holds_mark()
};

inline constexpr std::size_t kTokensMax = 8;

// GET kViewPath.
struct ViewQuestion {
  std::optional<std::uint64_t> seen;
  std::chrono::milliseconds wait{0};
};

class HttpContract final {
 public:
  struct Options {
    std::shared_ptr<const Keyring> keyring;
    std::string cluster;
    std::string cookie_name;
    CookieAttributes attributes = {};
    Dialect dialect = Dialect::kNative;  // of the cookies that are written
    std::string parameter = {};          // of the path; empty: none
    std::string form_field = {};         // of the query, or of a form; empty: none
  };
  HttpContract(const Options& options, const ViewBoard& board);

  // Cookies are checked and signed with these from now on. A cookie that bears another key than the
  // first is accepted and replaced with the response.
  void use_keys(std::shared_ptr<const Keyring> keyring);

  static bool is_view_path(const RequestView& request);
  static ViewQuestion read_view_question(const RequestView& request);
  // `body`: as far as it is known; only a form is looked into.
  ContractFacts read(const RequestView& request, std::string_view body = {}) const;

  // Of a request that is_relayed: whether a member of the cluster sent it to this life.
  bool holds_mark(const RequestView& request, MemberId self) const;
  std::string relay_mark(const RelayedRequest& request, MemberId from) const;
  // For a request whose mark does not hold.
  Reply refused_mark(const ContractFacts& facts) const;

  // The headers of a response that needs nothing but the view.
  std::vector<Header> view_headers(const ContractFacts& facts) const;
  // A BeginOutcome that is not kProceed, as the response it stands for.
  Reply reply_to(const ContractFacts& facts, const BeginOutcome& outcome) const;
  // Any CommitOutcome.
  Release release(const ContractFacts& facts, const CommitOutcome& outcome) const;
  Reply refused_change(const ContractFacts& facts, std::string_view why) const;
  Reply view_reply(const ViewQuestion& question) const;
  // For a node that is going down, or refuses by itself.
  static Reply unavailable(std::string_view why, Duration retry_after);

 private:
  std::shared_ptr<const AffinityCodec> codec() const;
  std::shared_ptr<const RelayMark> mark() const;
  void read_cookies(std::string_view line, std::vector<SessionToken>& tokens) const;
  void read_value(std::string_view value, std::vector<SessionToken>& tokens) const;
  void read_elsewhere(const RequestView& request, std::string_view body,
                      std::vector<SessionToken>& tokens) const;
  std::string name_of(MemberId member) const;
  void add_view(const ContractFacts& facts, std::vector<Header>& headers) const;
  void add_cookie(const ContractFacts& facts, const SessionToken& token,
                  std::vector<Header>& headers) const;
  void clear_cookie(const ContractFacts& facts, std::vector<Header>& headers) const;
  Reply redirect(const ContractFacts& facts, MemberId route) const;

  // Constant after construction.
  const std::string cluster_;
  const std::string cookie_name_;
  const CookieAttributes attributes_;
  const Dialect dialect_;
  const std::string parameter_;
  const std::string form_field_;
  const ViewBoard& board_;

  mutable std::mutex mutex_;
  std::shared_ptr<const AffinityCodec> codec_;  // guarded by mutex_
  std::shared_ptr<const RelayMark> mark_;       // guarded by mutex_
};

}  // namespace understudy
