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
};

// The last few requests of a session, so that one sent again is not executed again (S11).
class RequestRing final {
 public:
  static constexpr size_t kSize = 8;
  const CommittedRequest* find(RequestId id) const;
  void add(CommittedRequest request);  // the oldest goes
  const std::vector<CommittedRequest>& oldest_first() const { return requests_; }
  size_t bytes() const;

 private:
  std::vector<CommittedRequest> requests_;  // at most kSize
};

struct SessionDelta {
  Position position;  // after it: the same epoch, base + 1
  uint64_t base = 0;
  RequestId request_id = 0;
  Bytes response;
  Duration ttl{};
  std::vector<AttributeChange> changes;
};

// It was served again from a copy that its primary had passed over before it died.
struct Recovery {
  uint32_t epoch = 0;  // since when
  Position from;       // of that copy: a client who was shown more has lost something
  // Not sent; by the clock of whoever holds it. What was shown of more had left before.
  TimePoint sure_since{};
};

struct SessionImage {
  Position position;
  Duration ttl{};
  std::shared_ptr<const Attributes> attributes = std::make_shared<const Attributes>();
  RequestRing requests;
  std::optional<Recovery> recovery;

  // CHECKs that the delta follows: position and base fit.
  void apply(const SessionDelta& delta);
  size_t bytes() const;  // content only; what limits count
};

// What the attributes would be; the values are shared, not copied.
std::shared_ptr<const Attributes> merged(const Attributes& attributes,
                                         const std::vector<AttributeChange>& changes);
size_t content_bytes(const Attributes& attributes);

}  // namespace understudy
