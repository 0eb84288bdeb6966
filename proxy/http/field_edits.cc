// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/field_edits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "proxy/http/char_class.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/list.h"

namespace understudy::http {
namespace {

using Action = FieldEdit::Action;
using Groups = std::array<std::string_view, Pattern::kGroupsMax>;

constexpr FieldSet kNeverEdited{
    FieldId::kConnection, FieldId::kKeepAlive,     FieldId::kProxyConnection,
    FieldId::kTe,         FieldId::kTrailer,       FieldId::kTransferEncoding,
    FieldId::kUpgrade,    FieldId::kHttp2Settings, FieldId::kContentLength,
    FieldId::kHost,       FieldId::kExpect};

// A value while it is put together.
class Value final {
 public:
  std::string_view view() const { return text_.text(); }
  bool ok() const { return text_.ok(); }
  void append(std::string_view bytes) { text_.append(bytes); }
  void append_number(uint64_t number) { text_.append_number(number); }

 private:
  std::array<char, kEditedValueBytesMax> block_;
  LineArena text_{block_};
};

void append_value(const FieldEdit& edit, const EditFacts& facts, const Groups& groups, Value& out) {
  for (const ValuePart& part : edit.value) {
    switch (part.kind) {
      case ValuePart::Kind::kText:
        out.append(part.text);
        break;
      case ValuePart::Kind::kGroup:
        out.append(groups[part.group]);
        break;
      case ValuePart::Kind::kReceived:
        out.append("t=");
        out.append_number(static_cast<uint64_t>(facts.received_us()));
        break;
      case ValuePart::Kind::kDuration:
        out.append("D=");
        out.append_number(static_cast<uint64_t>(facts.duration_us()));
        break;
      case ValuePart::Kind::kTls: {
        const std::string_view text = facts.tls(part.fact);
        out.append(text.empty() ? std::string_view("(null)") : text);
        break;
      }
      case ValuePart::Kind::kMade: {
        std::string text = part.made->text(facts);
        // No byte of it may end the line.
        std::replace_if(
            text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; },
            ' ');
        out.append(text);
        break;
      }
    }
  }
}

// One pass over one edit: what is received, then what has been added.
class Editor final {
 public:
  Editor(const FieldEdit& edit, const EditFacts& facts, const EditedHead& head)
      : edit_(edit), facts_(facts), head_(head) {}

  void run() {
    switch (edit_.action) {
      case Action::kSet:
        remove_all();
        return add({});
      case Action::kAdd:
        return add({});
      case Action::kUnset:
        return remove_all();
      case Action::kSetIfEmpty:
        if (!has_any()) add({});
        return;
      case Action::kAppend:
        return append_to_last();
      case Action::kMerge:
        if (!has_element()) append_to_last();
        return;
      case Action::kEdit:
      case Action::kEditAll:
        return edit_each();
    }
  }

 private:
  struct Line {
    size_t at = 0;
    size_t bytes = 0;  // with CRLF
    std::string_view value;
    bool is_meant = false;
  };

  bool is_meant(const Field& field) const {
    if (field.id != edit_.id) return false;
    return edit_.id != FieldId::kOther || equals_ignoring_case(field.name, edit_.name);
  }

  bool is_here(size_t index) const {
    return !head_.dropped.test(index) && is_meant(head_.fields[index]);
  }

  bool may_be_received() const { return edit_.id == FieldId::kOther || head_.fields.has(edit_.id); }

  // The added line at `at`. They were written by us, each with its ": " and its CRLF.
  Line line_at(size_t at) const {
    const std::string_view rest = head_.lines.text().substr(at);
    const size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    const size_t colon = line.find(':');
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    return {.at = at,
            .bytes = end + 2,
            .value = value,
            .is_meant = equals_ignoring_case(line.substr(0, colon), edit_.name)};
  }

  size_t lines_size() const { return head_.lines.text().size(); }

  void remove_all() {
    for (size_t i = 0; may_be_received() && i < head_.fields.size(); ++i) {
      if (is_here(i)) head_.dropped.set(i);
    }
    for (size_t at = 0; at < lines_size();) {
      const Line line = line_at(at);
      if (line.is_meant) {
        head_.lines.erase(at, line.bytes);
      } else {
        at += line.bytes;
      }
    }
  }

  bool has_any() const {
    for (size_t i = 0; may_be_received() && i < head_.fields.size(); ++i) {
      if (is_here(i)) return true;
    }
    for (size_t at = 0; at < lines_size();) {
      const Line line = line_at(at);
      if (line.is_meant) return true;
      at += line.bytes;
    }
    return false;
  }

  static bool holds(std::string_view list, std::string_view wanted) {
    ListReader elements(list);
    while (const auto element = elements.next()) {
      if (*element == wanted) return true;
    }
    return false;
  }

  bool has_element() const {
    Value wanted;
    append_value(edit_, facts_, {}, wanted);
    for (size_t i = 0; may_be_received() && i < head_.fields.size(); ++i) {
      if (is_here(i) && holds(head_.fields[i].value, wanted.view())) return true;
    }
    for (size_t at = 0; at < lines_size();) {
      const Line line = line_at(at);
      if (line.is_meant && holds(line.value, wanted.view())) return true;
      at += line.bytes;
    }
    return false;
  }

  // A line of its own: `before`, and behind it the value.
  void add(std::string_view before) {
    Value value;
    value.append(before);
    if (!before.empty()) value.append(", ");
    append_value(edit_, facts_, {}, value);
    add_line(value);
  }

  void add_line(const Value& value) {
    if (value.ok()) return head_.lines.add_line(edit_.name, value.view());
    head_.lines.fail();
  }

  void append_to_last() {
    std::optional<Line> last;
    for (size_t at = 0; at < lines_size();) {
      const Line line = line_at(at);
      if (line.is_meant) last = line;
      at += line.bytes;
    }
    if (last) {
      Value before;
      before.append(last->value);
      head_.lines.erase(last->at, last->bytes);
      return add(before.view());
    }
    for (size_t i = head_.fields.size(); may_be_received() && i-- > 0;) {
      if (!is_here(i)) continue;
      head_.dropped.set(i);
      return add(head_.fields[i].value);
    }
    add({});
  }

  void edit_each() {
    // What is added in here stands behind `end` and is not looked at again.
    size_t end = lines_size();
    for (size_t i = 0; may_be_received() && i < head_.fields.size(); ++i) {
      if (!is_here(i)) continue;
      Value value;
      if (!replace(head_.fields[i].value, value)) continue;
      head_.dropped.set(i);
      add_line(value);
    }
    for (size_t at = 0; at < end;) {
      const Line line = line_at(at);
      Value value;
      if (!line.is_meant || !replace(line.value, value)) {
        at += line.bytes;
        continue;
      }
      head_.lines.erase(at, line.bytes);
      end -= line.bytes;
      add_line(value);
    }
  }

  // False when nothing matches.
  bool replace(std::string_view text, Value& out) const {
    Groups groups;
    size_t copied = 0;
    size_t from = 0;
    bool has_matched = false;
    while (from <= text.size() && edit_.pattern->find(text, from, groups)) {
      const auto match_at = static_cast<size_t>(groups[0].data() - text.data());
      out.append(text.substr(copied, match_at - copied));
      append_value(edit_, facts_, groups, out);
      copied = match_at + groups[0].size();
      // An empty match moves on by one byte, which is copied with the next piece.
      from = groups[0].empty() ? copied + 1 : copied;
      has_matched = true;
      if (edit_.action == Action::kEdit) break;
    }
    if (has_matched) out.append(text.substr(copied));
    return has_matched;
  }

  const FieldEdit& edit_;
  const EditFacts& facts_;
  const EditedHead& head_;
};

}  // namespace

std::string_view why_not_editable(std::string_view name) {
  if (name.empty() || !all(kToken, name)) return "that is no name of a header field";
  const FieldId id = field_id(name);
  if (kContractFields.has(id)) return "it is between the proxy and the members";
  if (id == FieldId::kHost) return "members get the client's";
  if (kNeverEdited.has(id)) return "it belongs to the connection or says where the message ends";
  return {};
}

bool FieldEdit::asks_rules() const {
  return condition != nullptr || std::any_of(value.begin(), value.end(), [](const auto& part) {
           return part.kind == ValuePart::Kind::kMade;
         });
}

void apply_edit(const FieldEdit& edit, const EditFacts& facts, const EditedHead& head) {
  if (edit.condition && !edit.condition->holds(facts)) return;
  Editor(edit, facts, head).run();
}

}  // namespace understudy::http
