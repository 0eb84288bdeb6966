// SPDX-License-Identifier: Apache-2.0
// Header edits as an operator configures them (Apache's RequestHeader and Header), compiled, and
// their application to a head that is about to be forwarded: what is received is only marked as
// dropped, what is new goes to the lines that are added. Fields that frame a message, belong to one
// connection or are between proxy and members cannot be named, so no edit can change where a
// message ends or who a client is. Pure; any thread. Called by exchange/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "base/tls_peer.h"
#include "proxy/http/line_arena.h"
#include "proxy/http/message.h"

namespace understudy::apache {
struct Request;
}

namespace understudy::http {

class EditFacts;
class FieldMask;

// What only Apache's rules know; they are above this room.
class EditCondition {
 public:
  virtual ~EditCondition() = default;
  virtual bool holds(const EditFacts& facts) const = 0;
};
class EditText {
 public:
  virtual ~EditText() = default;
  virtual std::string text(const EditFacts& facts) const = 0;
};

inline constexpr std::size_t kEditedValueBytesMax = 8190;

// A part of a value.
struct ValuePart {
  enum class Kind : uint8_t {
    kText,
    kGroup,     // $0 to $9 of the pattern
    kReceived,  // %t: t=MICROSECONDS since 1970
    kDuration,  // %D: D=MICROSECONDS since then
    kTls,       // %{NAME}s; "(null)" where there is nothing, as in Apache
    kMade,      // by Apache's rules: %{NAME}e, expr=
  };
  Kind kind = Kind::kText;
  std::string text = {};
  unsigned group = 0;
  TlsFact fact = TlsFact::kProtocol;
  std::shared_ptr<const EditText> made = {};
};

struct FieldEdit {
  enum class Action : uint8_t {
    kSet,
    kAppend,  // to what is there, behind a comma
    kAdd,     // one more line
    kMerge,   // as kAppend, unless the list holds it already
    kUnset,
    kSetIfEmpty,
    kEdit,     // the first match in each line of the name
    kEditAll,  // every match
  };
  Action action = Action::kSet;
  bool always = false;  // also in answers of the proxy itself
  bool early = false;   // requests: before the proxy's own lines are added
  std::string name = {};
  FieldId id = FieldId::kOther;  // of the name
  std::vector<ValuePart> value = {};
  std::shared_ptr<const Pattern> pattern = {};          // of the two edits
  std::shared_ptr<const EditCondition> condition = {};  // null: always

  // Whether it speaks of what only Apache's rules know.
  bool asks_rules() const;
};

using FieldEdits = std::vector<FieldEdit>;

// Whether an edit may name the field; if not, why, as the end of a sentence.
std::string_view why_not_editable(std::string_view name);

// What the values may speak of.
class EditFacts {
 public:
  virtual ~EditFacts() = default;
  virtual int64_t received_us() const = 0;  // since 1970
  virtual int64_t duration_us() const = 0;
  virtual std::string_view tls(TlsFact fact) const = 0;  // empty: nothing
  // Null: no rule of Apache's is about the request.
  virtual const apache::Request* request() const { return nullptr; }
};

struct EditedHead {
  const FieldList& fields;
  FieldMask& dropped;
  LineArena& lines;
};

void apply_edit(const FieldEdit& edit, const EditFacts& facts, const EditedHead& head);

}  // namespace understudy::http
