// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/hop_by_hop.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "proxy/http/char_class.h"
#include "proxy/http/list.h"

namespace understudy::http {
namespace {

constexpr FieldSet kOneConnectionOnly{FieldId::kConnection, FieldId::kKeepAlive,
                                      FieldId::kProxyConnection, FieldId::kTe,
                                      FieldId::kHttp2Settings};
constexpr FieldSet kFramingFields{FieldId::kTransferEncoding, FieldId::kContentLength,
                                  FieldId::kTrailer};

// Connection may not take these away: without them the next hop would see another message or
// another client than we do (CVE-2024-45410, CVE-2022-31813).
constexpr FieldSet kNeverNominated{FieldId::kHost,
                                   FieldId::kContentLength,
                                   FieldId::kTransferEncoding,
                                   FieldId::kTrailer,
                                   FieldId::kExpect,
                                   FieldId::kContentType,
                                   FieldId::kContentRange,
                                   FieldId::kContentEncoding,
                                   FieldId::kRange,
                                   FieldId::kCookie,
                                   FieldId::kSetCookie,
                                   FieldId::kAuthorization,
                                   FieldId::kXForwardedFor,
                                   FieldId::kXForwardedProto,
                                   FieldId::kXForwardedHost,
                                   FieldId::kXForwardedPort,
                                   FieldId::kXForwardedServer,
                                   FieldId::kXForwardedPrefix,
                                   FieldId::kForwarded,
                                   FieldId::kXRealIp,
                                   FieldId::kVia,
                                   FieldId::kCacheControl,
                                   FieldId::kDate,
                                   FieldId::kUpgrade};

void drop_nominated(const FieldList& fields, std::string_view name, FieldMask& dropped) {
  const FieldId id = field_id(name);
  if (kNeverNominated.has(id) || !fields.has(id)) return;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].id == id && equals_ignoring_case(fields[i].name, name)) dropped.set(i);
  }
}

void drop_all_nominated(const FieldList& fields, FieldMask& dropped) {
  for (const Field& field : fields) {
    if (field.id != FieldId::kConnection) continue;
    ListReader names(field.value);
    while (const auto name = names.next()) drop_nominated(fields, *name, dropped);
  }
}

FieldSet dropped_by(const DropOptions& options, Framing framing) {
  FieldSet ids = kOneConnectionOnly | kContractFields;
  if (!options.keep_upgrade) ids.add(FieldId::kUpgrade);
  if (!options.keep_framing) ids = ids | kFramingFields;
  // RFC 9110 6.6.2: it announces the trailers of a chunked body.
  if (framing != Framing::kChunked) ids.add(FieldId::kTrailer);
  return ids;
}

// The first index from `from` on whose bit is set in the words as `word_at` gives them.
template <typename WordAt>
size_t next_bit(size_t from, size_t size, WordAt word_at) {
  while (from < size) {
    const uint64_t rest = word_at(from / 64) >> from % 64;
    if (rest != 0) return std::min(size, from + static_cast<size_t>(std::countr_zero(rest)));
    from = (from / 64 + 1) * 64;
  }
  return size;
}

}  // namespace

size_t FieldMask::next_set(size_t from, size_t size) const {
  return next_bit(from, size, [this](size_t word) { return words_[word]; });
}

size_t FieldMask::next_clear(size_t from, size_t size) const {
  return next_bit(from, size, [this](size_t word) { return ~words_[word]; });
}

void drop_fields(const FieldList& fields, FieldSet ids, FieldMask& dropped) {
  if (!fields.present().meets(ids)) return;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (ids.has(fields[i].id)) dropped.set(i);
  }
}

void drop_from_request(const RequestHead& head, const DropOptions& options, FieldMask& dropped) {
  FieldSet ids = dropped_by(options, head.body.kind);
  ids.add(FieldId::kTwin);
  if (!options.keep_expect || !head.expect_continue) ids.add(FieldId::kExpect);
  drop_fields(head.fields, ids, dropped);
  if (head.connection.nominated != 0) drop_all_nominated(head.fields, dropped);
}

void drop_from_response(const ResponseHead& head, const DropOptions& options, FieldMask& dropped) {
  FieldSet ids = dropped_by(options, head.body.kind);
  if (head.status < 200 || head.status == 204) ids = ids | kFramingFields;
  drop_fields(head.fields, ids, dropped);
  if (head.connection.nominated != 0) drop_all_nominated(head.fields, dropped);
}

std::optional<MaxForwards> max_forwards(const RequestHead& head) {
  for (size_t i = 0; i < head.fields.size(); ++i) {
    const Field& field = head.fields[i];
    if (!equals_ignoring_case(field.name, "Max-Forwards")) continue;
    MaxForwards out{.field = i};
    const char* const end = field.value.data() + field.value.size();
    const auto parsed = std::from_chars(field.value.data(), end, out.left);
    if (parsed.ec == std::errc() && parsed.ptr == end) return out;
  }
  return {};
}

}  // namespace understudy::http
