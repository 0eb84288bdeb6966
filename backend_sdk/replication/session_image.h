// SPDX-License-Identifier: Apache-2.0
// SessionImage: the whole content of a session, as its primary serves it and its secondary keeps
// it; SessionDelta: what one commit changes in it. Both travel in FULL and REPL (payloads.h).
// Nothing here knows who serves what. Values; the bytes behind the pointers never change, so that
// snapshots may be read on any thread.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/wire/ids.h"
#include "base/clock.h"

namespace understudy {

using Bytes = std::shared_ptr<const std::string>;
using Attributes = std::map<std::string, Bytes, std::less<>>;

struct AttributeChange {
  std::string name;
  Bytes value;  // null: removed
};

// One request that has been committed. Its answer, if the handler asked to keep it.
struct CommittedRequest {
  RequestId id = 0;
  uint64_t version = 0;  // the session's, after it
  Bytes response;        // null: not kept
  // Not sent; by the clock of the member that holds it: since when it is remembered here.
  TimePoint since{};
};

// The committed requests of a session that a proxy may send again, so that none of them is executed
// twice (S11). The primary forgets one when its proxy has the answer, or when the time is over in
// which a proxy sends again; the secondary forgets what the primary forgets.
class RequestMemory final {
 public:
  static constexpr size_t kMax = 256;  // in a FULL; RequestsRemembered is at most this
  const CommittedRequest* find(RequestId id) const;
  void add(CommittedRequest request);  // CHECKs that it is new and that there is room
  bool forget(RequestId id);           // false: it was not there
  void set_since(TimePoint now);       // of all: this member has them from now on
  const std::vector<CommittedRequest>& oldest_first() const { return requests_; }
  size_t size() const { return requests_.size(); }
  size_t bytes() const;

 private:
  std::vector<CommittedRequest> requests_;  // at most kMax
};

struct SessionDelta {
  Position position;  // after it: the same epoch, base + 1
  uint64_t base = 0;
  RequestId request_id = 0;
  Bytes response;
  Duration ttl{};
  std::vector<AttributeChange> changes;
  std::vector<RequestId> forgotten;  // before this one is added
};

// It was served again from a copy that its primary had passed over before it died.
struct Recovered {
  uint32_t epoch = 0;  // since when
  Position from;       // of that copy: a client who was shown more has lost something
  // Not sent; by the clock of the member that holds it. What was shown of more had left before.
  TimePoint sure_since{};
};

struct SessionImage {
  Position position;
  Duration ttl{};
  std::shared_ptr<const Attributes> attributes = std::make_shared<const Attributes>();
  RequestMemory requests;
  // The login that gave the session its present id: sent again, its answer names that id (I6).
  // 0: none, or one that is not known.
  RequestId named_by = 0;
  std::optional<Recovered> recovery;

  // CHECKs that the delta follows: position and base fit.
  void apply(const SessionDelta& delta, TimePoint now);
  size_t bytes() const;  // content only; what limits count
};

// What the attributes would be; the values are shared, not copied.
std::shared_ptr<const Attributes> merged(const Attributes& attributes,
                                         const std::vector<AttributeChange>& changes);
size_t content_bytes(const Attributes& attributes);

}  // namespace understudy
