// SPDX-License-Identifier: Apache-2.0
#include "cookies/view_header.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "cookies/base64url.h"

namespace understudy {
namespace {

// <hash>;2,<cluster>,<version>,<beat>,<group>+<absorbed>...;<entry>,<entry>...;<key id><mac>
// entry: <mid>!<name>!<address>!<machine>!<alive><operator>!<weight>
constexpr std::string_view kFormat = "2";
constexpr std::string_view kAliveLetters = "asdl";    // in the order of AliveState
constexpr std::string_view kOperatorLetters = "rdx";  // in the order of OperatorState
constexpr std::size_t kEntryFields = 6;
constexpr std::size_t kHeadFields = 5;
constexpr std::string_view kDigestMark = "understudy-view-2;";  // nothing else has these digests

// What stands for itself in a text field; every other byte is written as %XX.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == ':' || c == '[' || c == ']' || c == '/' || c == '@';
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (char c : text) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

int upper_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void append_decimal(std::string& out, std::uint64_t value) {
  out += std::to_string(value);
}

bool are_limits_kept(const ViewEntry& entry) {
  return !entry.name.empty() && entry.name.size() <= kViewNameBytesMax && !entry.address.empty() &&
         entry.address.size() <= kViewAddressBytesMax &&
         entry.machine.size() <= kViewNameBytesMax && entry.weight >= 1 &&
         entry.weight <= kViewWeightMax;
}

void append_entry(std::string& out, const ViewEntry& entry) {
  const MidText mid = format_mid(entry.mid);
  out.append(mid.data(), mid.size()) += '!';
  append_escaped(out, entry.name);
  out += '!';
  append_escaped(out, entry.address);
  out += '!';
  append_escaped(out, entry.machine);
  out += '!';
  out += kAliveLetters[static_cast<std::size_t>(entry.alive)];
  out += kOperatorLetters[static_cast<std::size_t>(entry.operator_state)];
  out += '!';
  append_decimal(out, entry.weight);
}

// The entries in the order of their mids, or nothing if a limit is broken or a mid comes twice.
std::optional<std::string> canonical_entries(const ClusterView& view) {
  if (view.entries.size() > kViewMembersMax) return std::nullopt;
  std::vector<const ViewEntry*> order;
  order.reserve(view.entries.size());
  for (const ViewEntry& entry : view.entries) {
    if (!are_limits_kept(entry)) return std::nullopt;
    order.push_back(&entry);
  }
  std::sort(order.begin(), order.end(),
            [](const ViewEntry* a, const ViewEntry* b) { return a->mid < b->mid; });
  std::string text;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && order[i - 1]->mid == order[i]->mid) return std::nullopt;
    if (i > 0) text += ',';
    append_entry(text, *order[i]);
  }
  return text;
}

bool are_limits_kept(const ClusterView& view) {
  return !view.cluster.empty() && view.cluster.size() <= kViewNameBytesMax &&
         view.beat >= view.beat.zero() && view.beat <= kViewBeatMax;
}

// The group and those that it has absorbed, ascending, or nothing if a limit is broken or a group
// comes twice.
std::optional<std::string> canonical_groups(const ClusterView& view) {
  if (view.absorbed.size() > kViewAbsorbedMax) return std::nullopt;
  std::vector<std::uint64_t> order = view.absorbed;
  std::sort(order.begin(), order.end());
  const Hex64 own = format_hex64(view.group);
  std::string text(own.data(), own.size());
  std::uint64_t last = 0;
  for (const std::uint64_t group : order) {
    if (group == last || group == view.group) return std::nullopt;
    last = group;
    const Hex64 hex = format_hex64(group);
    text.append("+").append(hex.data(), hex.size());
  }
  return text;
}

ViewRefusal parse_groups(std::string_view text, ClusterView& view) {
  const auto own = parse_hex64(text.substr(0, kHex64Bytes));
  if (!own) return ViewRefusal::kMalformed;
  view.group = *own;
  for (text.remove_prefix(kHex64Bytes); !text.empty(); text.remove_prefix(kHex64Bytes + 1)) {
    if (view.absorbed.size() == kViewAbsorbedMax) return ViewRefusal::kOverlong;
    const auto group =
        text[0] == '+' ? parse_hex64(text.substr(1, kHex64Bytes)) : std::optional<std::uint64_t>();
    if (!group || *group == 0 || *group == view.group) return ViewRefusal::kMalformed;
    if (!view.absorbed.empty() && view.absorbed.back() >= *group) return ViewRefusal::kNotCanonical;
    view.absorbed.push_back(*group);
  }
  return ViewRefusal::kNone;
}

// Of what stands in the digest, as it stands in the text.
struct Content {
  std::string_view cluster;
  std::string_view beat;
  std::string_view groups;
  std::string_view entries;
};

std::uint64_t digest(const Content& what) {
  std::string content(kDigestMark);
  content.append(what.cluster).append(",").append(what.beat).append(",").append(what.groups);
  content.append(";").append(what.entries);
  const Digest bytes = sha256(content);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < sizeof hash; ++i) hash = hash << 8 | bytes[i];
  return hash;
}

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

// Cuts `text` at every `separator` into exactly `fields.size()` fields.
bool split(std::string_view text, char separator, std::span<std::string_view> fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t end = text.find(separator);
    if ((end == std::string_view::npos) != (i + 1 == fields.size())) return false;
    fields[i] = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return true;
}

ViewRefusal unescape(std::string_view text, std::size_t bytes_max, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (out.size() == bytes_max) return ViewRefusal::kOverlong;
    if (is_plain(text[i])) {
      out += text[i];
      continue;
    }
    if (text[i] != '%' || text.size() - i < 3) return ViewRefusal::kMalformed;
    const int high = upper_hex_digit(text[i + 1]);
    const int low = upper_hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return ViewRefusal::kMalformed;
    const char c = static_cast<char>(high << 4 | low);
    if (is_plain(c)) return ViewRefusal::kNotCanonical;
    out += c;
    i += 2;
  }
  return ViewRefusal::kNone;
}

ViewRefusal parse_decimal(std::string_view text, std::uint64_t max, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return ViewRefusal::kOverlong;
  if (error != std::errc() || end != text.data() + text.size()) return ViewRefusal::kMalformed;
  if (text.size() > 1 && text[0] == '0') return ViewRefusal::kNotCanonical;
  return value <= max ? ViewRefusal::kNone : ViewRefusal::kOverlong;
}

ViewRefusal parse_states(std::string_view text, ViewEntry& entry) {
  if (text.size() != 2) return ViewRefusal::kMalformed;
  const std::size_t alive = kAliveLetters.find(text[0]);
  const std::size_t operator_state = kOperatorLetters.find(text[1]);
  if (alive == std::string_view::npos || operator_state == std::string_view::npos) {
    return ViewRefusal::kMalformed;
  }
  entry.alive = static_cast<AliveState>(alive);
  entry.operator_state = static_cast<OperatorState>(operator_state);
  return ViewRefusal::kNone;
}

ViewRefusal parse_entry(std::string_view text, ViewEntry& entry) {
  std::array<std::string_view, kEntryFields> fields;
  if (!split(text, '!', fields)) return ViewRefusal::kMalformed;
  const auto mid = parse_mid(fields[0]);
  if (!mid || fields[1].empty() || fields[2].empty()) return ViewRefusal::kMalformed;
  entry.mid = *mid;
  std::uint64_t weight = 0;
  for (ViewRefusal refusal :
       {unescape(fields[1], kViewNameBytesMax, entry.name),
        unescape(fields[2], kViewAddressBytesMax, entry.address),
        unescape(fields[3], kViewNameBytesMax, entry.machine), parse_states(fields[4], entry),
        parse_decimal(fields[5], kViewWeightMax, weight)}) {
    if (refusal != ViewRefusal::kNone) return refusal;
  }
  entry.weight = static_cast<std::uint16_t>(weight);
  return weight >= 1 ? ViewRefusal::kNone : ViewRefusal::kMalformed;
}

ViewRefusal parse_entries(std::string_view text, std::vector<ViewEntry>& entries) {
  while (!text.empty()) {
    if (entries.size() == kViewMembersMax) return ViewRefusal::kOverlong;
    const std::size_t end = text.find(',');
    ViewEntry entry;
    const ViewRefusal refusal = parse_entry(text.substr(0, end), entry);
    if (refusal != ViewRefusal::kNone) return refusal;
    if (!entries.empty() && entries.back().mid >= entry.mid) return ViewRefusal::kNotCanonical;
    entries.push_back(std::move(entry));
    if (end == std::string_view::npos) return ViewRefusal::kNone;
    text.remove_prefix(end + 1);
    if (text.empty()) return ViewRefusal::kMalformed;  // a comma and nothing behind it
  }
  return ViewRefusal::kNone;
}

// A signed text taken apart into what stands between its semicolons.
struct Parts {
  std::string_view hash;
  std::string_view head;
  std::string_view entries;
  std::string_view signature;
};

ViewRefusal split_parts(std::string_view text, Parts& parts) {
  if (text.size() > kViewTextBytesMax) return ViewRefusal::kOverlong;
  std::array<std::string_view, 4> fields;
  if (text.size() == kHex64Bytes && parse_hex64(text)) return ViewRefusal::kNoList;
  if (!split(text, ';', fields)) return ViewRefusal::kMalformed;
  parts = {.hash = fields[0], .head = fields[1], .entries = fields[2], .signature = fields[3]};
  return parts.signature.size() == kSignatureChars ? ViewRefusal::kNone : ViewRefusal::kMalformed;
}

ViewRefusal parse_content(const Parts& parts, ClusterView& view) {
  std::array<std::string_view, kHeadFields> head;
  if (!split(parts.head, ',', head) || head[0] != kFormat || head[1].empty()) {
    return ViewRefusal::kMalformed;
  }
  const auto hash = parse_hex64(parts.hash);
  const auto version = parse_hex64(head[2]);
  if (!hash || !version) return ViewRefusal::kMalformed;
  view.hash = *hash;
  view.version = *version;
  std::uint64_t beat = 0;
  for (ViewRefusal refusal :
       {unescape(head[1], kViewNameBytesMax, view.cluster),
        parse_decimal(head[3], static_cast<std::uint64_t>(kViewBeatMax.count()), beat),
        parse_groups(head[4], view), parse_entries(parts.entries, view.entries)}) {
    if (refusal != ViewRefusal::kNone) return refusal;
  }
  view.beat = std::chrono::milliseconds(beat);
  const Content content{
      .cluster = head[1], .beat = head[3], .groups = head[4], .entries = parts.entries};
  return digest(content) == view.hash ? ViewRefusal::kNone : ViewRefusal::kHashMismatch;
}

DecodedView refused(ViewRefusal refusal) {
  return {.view = {}, .refusal = refusal};
}

}  // namespace

std::string_view to_text(ViewRefusal refusal) {
  switch (refusal) {
    case ViewRefusal::kNone:
      return "none";
    case ViewRefusal::kNoList:
      return "no-list";
    case ViewRefusal::kOverlong:
      return "overlong";
    case ViewRefusal::kMalformed:
      return "malformed";
    case ViewRefusal::kNotCanonical:
      return "not-canonical";
    case ViewRefusal::kOtherCluster:
      return "other-cluster";
    case ViewRefusal::kUnknownKey:
      return "unknown-key";
    case ViewRefusal::kBadSignature:
      return "bad-signature";
    case ViewRefusal::kHashMismatch:
      return "hash-mismatch";
  }
  return "";
}

bool ClusterView::has_absorbed(std::uint64_t other) const {
  return std::binary_search(absorbed.begin(), absorbed.end(), other);
}

std::optional<std::uint64_t> view_hash(const ClusterView& view) {
  if (!are_limits_kept(view)) return std::nullopt;
  const auto entries = canonical_entries(view);
  const auto groups = canonical_groups(view);
  if (!entries || !groups) return std::nullopt;
  return digest({.cluster = escaped(view.cluster),
                 .beat = std::to_string(view.beat.count()),
                 .groups = *groups,
                 .entries = *entries});
}

ViewCodec::ViewCodec(const Keyring& keyring, std::string_view cluster)
    : cluster_(cluster), signer_(keyring, KeyPurpose::kView, cluster) {}

std::optional<std::string> ViewCodec::encode(const ClusterView& view) const {
  if (view.cluster != cluster_ || !are_limits_kept(view)) return std::nullopt;
  const auto entries = canonical_entries(view);
  const auto groups = canonical_groups(view);
  if (!entries || !groups) return std::nullopt;
  const std::string cluster = escaped(view.cluster);
  const std::string beat = std::to_string(view.beat.count());
  const Hex64 hash = format_hex64(
      digest({.cluster = cluster, .beat = beat, .groups = *groups, .entries = *entries}));
  const Hex64 version = format_hex64(view.version);

  std::string text;
  text.reserve(entries->size() + groups->size() + 3 * kViewNameBytesMax + 96);
  text.append(hash.data(), hash.size()).append(";").append(kFormat).append(",");
  text.append(cluster).append(",").append(version.data(), version.size()).append(",");
  text.append(beat).append(",").append(*groups).append(";").append(*entries).append(";");
  const std::size_t unsigned_size = text.size();
  text.resize(unsigned_size + kSignatureChars);
  signer_.sign(text.data(), text.data() + unsigned_size);
  if (text.size() > kViewTextBytesMax) return std::nullopt;
  return text;
}

DecodedView ViewCodec::decode(std::string_view text) const {
  Parts parts;
  ViewRefusal refusal = split_parts(text, parts);
  if (refusal != ViewRefusal::kNone) return refused(refusal);
  // The signature comes first: nothing that the cluster did not write is looked at more closely.
  // Another cluster's name makes it bad; the name is compared to give the reason a better word.
  const Signature signature = signer_.check(text);
  if (signature != Signature::kGood) {
    const std::string own_head = std::string(kFormat) + "," + escaped(cluster_) + ",";
    if (!parts.head.starts_with(own_head)) return refused(ViewRefusal::kOtherCluster);
    return refused(signature == Signature::kUnknownKey ? ViewRefusal::kUnknownKey
                                                       : ViewRefusal::kBadSignature);
  }
  DecodedView decoded;
  decoded.refusal = parse_content(parts, decoded.view);
  if (decoded.refusal != ViewRefusal::kNone) return refused(decoded.refusal);
  if (decoded.view.cluster != cluster_) return refused(ViewRefusal::kOtherCluster);
  return decoded;
}

std::optional<std::uint64_t> leading_view_hash(std::string_view header) {
  if (header.size() > kHex64Bytes && header[kHex64Bytes] != ';') return std::nullopt;
  return parse_hex64(header.substr(0, kHex64Bytes));
}

std::string_view view_header_value(std::string_view text) {
  return text.size() <= kViewHeaderBytesMax ? text : text.substr(0, kHex64Bytes);
}

}  // namespace understudy
