// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/remote_client.h"

#include "proxy/http/char_class.h"
#include "proxy/http/line_arena.h"
#include "proxy/http/list.h"

namespace understudy::http {
namespace {

bool is_meant(const Field& field, const TrustedHops& trusted) {
  if (field.id != trusted.id) return false;
  return trusted.id != FieldId::kOther || equals_ignoring_case(field.name, trusted.header);
}

// From the right: the last element was added by the proxy next to us.
class BackwardReader final {
 public:
  BackwardReader(const FieldList& fields, const TrustedHops& trusted)
      : fields_(fields), trusted_(trusted), index_(fields.size()) {}

  // Empty: there is no further one.
  std::string_view next() {
    for (;;) {
      while (!rest_.empty()) {
        const size_t comma = rest_.rfind(',');
        const size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
        const std::string_view element = without_blanks(rest_.substr(begin));
        rest_ = rest_.substr(0, begin == 0 ? 0 : comma);
        if (!element.empty()) return element;
      }
      do {
        if (index_ == 0) return {};
        --index_;
      } while (!is_meant(fields_[index_], trusted_));
      rest_ = fields_[index_].value;
    }
  }

 private:
  const FieldList& fields_;
  const TrustedHops& trusted_;
  size_t index_;
  std::string_view rest_;
};

}  // namespace

RemoteClient find_remote_client(const TrustedHops& trusted, const FieldList& fields,
                                const IpAddress& peer) {
  RemoteClient out{.address = peer};
  out.peer_is_trusted = trusted.trusts(peer);
  if (!out.peer_is_trusted || !fields.has(trusted.id)) return out;
  BackwardReader elements(fields, trusted);
  bool is_internal = contains(trusted.internal, peer);
  for (std::string_view element = elements.next(); !element.empty(); element = elements.next()) {
    const IpAddress address = IpAddress::parse(element);
    if (!address.is_set() || (!is_internal && address.is_private())) break;
    out.address = address;
    ++out.hops;
    if (!trusted.trusts(address)) break;
    is_internal = contains(trusted.internal, address);
  }
  return out;
}

void append_last_elements(const FieldList& fields, const TrustedHops& trusted, size_t count,
                          LineArena& lines) {
  size_t all = 0;
  for (const Field& field : fields) {
    if (!is_meant(field, trusted)) continue;
    ListReader elements(field.value);
    while (elements.next()) ++all;
  }
  for (const Field& field : fields) {
    if (!is_meant(field, trusted)) continue;
    ListReader elements(field.value);
    while (const auto element = elements.next()) {
      if (all-- > count) continue;
      lines.append(*element, ", ");
    }
  }
}

}  // namespace understudy::http
