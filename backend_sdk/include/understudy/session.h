// SPDX-License-Identifier: Apache-2.0
// Session: one request's handle on one HTTP session: a snapshot taken by Node::begin() plus the
// changes this request has made. Nothing is shared or sent before Node::finish() or Node::commit()
// commits the changes: all of them or none. Not thread-safe, but may be handed from thread to
// thread. Move-only; dropping it without finish() drops the changes and lets go of exclusivity.
//
// Two requests of one session may overlap. Attributes are merged one by one, the later commit
// wins; a handler that reads, computes and writes asks for exclusivity (BeginOptions::exclusive).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "understudy/export.h"
#include "understudy/http.h"

namespace understudy {

// What the client's session has been through.
enum class SessionNote : std::uint8_t {
  kNone,       // protected: a second member holds what this client is shown
  kSolo,       // at the moment no other member holds a copy
  kLost,       // the client named a session that is gone; this is a new one in its place
  kRecovered,  // served from the surviving copy without the last proof that it is the newest
};
UNDERSTUDY_API std::string_view to_text(SessionNote note);  // "", "solo", "lost", "recovered"

inline constexpr std::size_t kAttributeNameBytesMax = 256;

class UNDERSTUDY_API Session final {
 public:
  Session();  // holds nothing; see is_empty()
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // True for a handle that was moved from, default-constructed, or given to a request that runs
  // without a session. Reading it then yields nothing, changing it is refused.
  bool is_empty() const;

  // 22 characters; the client's secret: do not log it whole. A new session's id exists at once, the
  // session itself only if this request leaves something in it.
  std::string id() const;
  bool is_new() const;
  SessionNote note() const;
  // The fencing token: rises whenever the session changes its place. A system outside that must
  // not be written by a member which has been overtaken compares it.
  std::uint32_t epoch() const;
  // Commits so far, this request's not included.
  std::uint64_t version() const;
  // True when this very request has run before and been committed (the answer was lost on its way,
  // and was not stored): repeat the answer from what the session holds. Changes have no effect.
  bool replayed() const;
  // The member that holds the copy, by MemberName; empty while solo.
  std::string_view secondary() const;

  // Views stay valid until the attribute is changed or the handle goes.
  std::optional<std::string_view> get(std::string_view name) const;
  bool contains(std::string_view name) const;
  std::vector<std::string_view> names() const;  // sorted

  // Names have 1 .. kAttributeNameBytesMax bytes. A change that is refused (for its name, after a
  // commit, by an empty handle) makes refusal() say why and the whole request fail with 500. So
  // does, found at the commit, a session above MaxSessionBytes. Nothing of the request happens.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  // Ends the session: the id is never served again. The attributes are gone at once.
  void invalidate();
  // Same content, new id: after login, so that an id known from before is worth nothing. id() is
  // the new one from now on, and this answer alone tells it to the client. Requests with the old id
  // are served when they came before the login, or up to 1 s later; any other gets a new session.
  // When another login was quicker, what this one has seen and changed is a session of its own.
  void rotate_id();
  // Keeps this answer with the session, under the request's id: when the proxy has to send the
  // request again, the answer is repeated and the handler does not run. One above StoredResponseMax
  // is not kept; the handler is then asked again with replayed().
  void store_response(Reply reply);

  // Why a change was refused; empty when none was.
  std::string_view refusal() const;
  // Whether the request would commit anything.
  bool is_changed() const;

  // The SDK's own side of the handle; defined in backend_sdk/node/.
  struct UNDERSTUDY_LOCAL State;
  explicit Session(std::unique_ptr<State> state);
  State* state() { return state_.get(); }

 private:
  std::unique_ptr<State> state_;
  bool was_changed_empty_ = false;
};

}  // namespace understudy
