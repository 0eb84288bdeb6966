// SPDX-License-Identifier: Apache-2.0
#include "cookies/session_text.h"

#include <algorithm>

namespace understudy {
namespace {

constexpr std::string_view kForeignMark = "1~";

void copy_replaced(std::string_view from, char old_one, char new_one, NativeRoom& room) {
  std::replace_copy(from.begin(), from.end(), room.begin(), old_one, new_one);
}

}  // namespace

std::optional<AffinityText> write_session_text(const SessionText& session) {
  if (session.native.size() > kNativeValueBytesMax) return std::nullopt;
  NativeRoom room;
  copy_replaced(session.native, '.', '~', room);
  AffinityToken token{.dialect = session.dialect,
                      .id = {room.data(), session.native.size()},
                      .primary = session.primary,
                      .secondary = session.secondary,
                      .route = session.route};
  return AffinityCodec({.dialect = session.dialect}).encode(token);
}

ReadSessionText read_session_text(std::string_view value, NativeRoom& room) {
  ReadSessionText read{.native = value};
  if (!value.starts_with(kForeignMark)) return read;
  const bool is_weblogic = value.find('!') != std::string_view::npos;
  const DecodedAffinity decoded = is_weblogic ? decode_weblogic(value) : decode_route(value);
  if (!decoded || decoded.token.id.size() > room.size()) return read;
  read.dialect = decoded.token.dialect;
  copy_replaced(decoded.token.id, '~', '.', room);
  read.native = {room.data(), decoded.token.id.size()};
  return read;
}

}  // namespace understudy
