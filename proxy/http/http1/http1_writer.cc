// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http1/http1_writer.h"
#include "proxy/http/hop_by_hop.h"

#include <cstring>

namespace understudy::http {
namespace {

constexpr std::string_view kVersionText = "HTTP/1.1";
constexpr size_t kEmptyLineBytes = 2;

// Where field line `index` ends: where the next one begins.
const char* end_of_line(const FieldList& fields, size_t index, std::string_view head) {
  if (index + 1 < fields.size()) return fields[index + 1].name.data();
  return head.data() + head.size() - kEmptyLineBytes;
}

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

void add_kept_lines(const FieldList& fields, std::string_view head, const FieldMask& dropped,
                    LineArena& arena, HeadSpans& spans) {
  const size_t size = fields.size();
  const size_t arena_before = arena.text().size();
  for (size_t i = dropped.next_clear(0, size); i < size;) {
    const size_t run_end = dropped.next_set(i, size);
    if (!head.empty()) {
      spans.add(between(fields[i].name.data(), end_of_line(fields, run_end - 1, head)));
    } else {
      for (; i < run_end; ++i) arena.add_line(fields[i].name, fields[i].value);
    }
    i = dropped.next_clear(run_end, size);
  }
  spans.add(arena.text().substr(arena_before));
}

// The received first line, CRLF included.
std::string_view first_line(const FieldList& fields, std::string_view head) {
  const char* const end =
      fields.size() != 0 ? fields[0].name.data() : head.data() + head.size() - kEmptyLineBytes;
  return between(head.data(), end);
}

// What stands behind the kept lines: the caller's lines, ours since `tail_from`, the empty line.
void add_end(std::string_view head, std::string_view added, size_t tail_from, LineArena& arena,
             HeadSpans& spans) {
  if (added.empty() && arena.text().size() == tail_from && !head.empty()) {
    spans.add(head.substr(head.size() - kEmptyLineBytes));
    return;
  }
  arena.append("\r\n");
  spans.add(added);
  spans.add(arena.text().substr(tail_from));
}

bool keeps_request_line(const RequestHead& head, const RequestRewrite& rewrite) {
  return !head.bytes.empty() && rewrite.target.empty() &&
         head.target_form != TargetForm::kAbsolute &&
         std::memcmp(head.target.data() + head.target.size() + 1, kVersionText.data(),
                     kVersionText.size()) == 0;
}

void add_request_line(const RequestHead& head, const RequestRewrite& rewrite, LineArena& arena,
                      HeadSpans& spans) {
  if (keeps_request_line(head, rewrite)) {
    spans.add(first_line(head.fields, head.bytes));
    return;
  }
  const size_t begin = arena.text().size();
  arena.append(head.method_text, " ");
  if (!rewrite.target.empty()) {
    arena.append(rewrite.target);
  } else if (head.target_form == TargetForm::kAuthority) {
    arena.append(head.target);
  } else {
    arena.append(head.path, head.query);
  }
  arena.append(" ", kVersionText, "\r\n");
  spans.add(arena.text().substr(begin));
}

void add_connection_line(ConnectionLine line, bool names_te, LineArena& arena) {
  static constexpr std::array<std::string_view, 4> kOptions = {"", "close", "keep-alive",
                                                               "upgrade"};
  if (line == ConnectionLine::kNone && !names_te) return;
  arena.append("Connection: ");
  arena.append(kOptions[static_cast<size_t>(line)]);
  if (names_te) arena.append(line == ConnectionLine::kNone ? "TE" : ", TE");
  arena.append("\r\n");
}

}  // namespace

void HeadSpans::copy_to(char* out) const {
  for (const iovec& piece : pieces()) {
    std::memcpy(out, piece.iov_base, piece.iov_len);
    out += piece.iov_len;
  }
}

bool compose_request(const RequestHead& head, const RequestRewrite& rewrite, LineArena& arena,
                     HeadSpans& spans) {
  DCHECK(head.bytes.empty() || head.bytes.ends_with("\r\n\r\n"), "views into a dead buffer");
  DCHECK(!rewrite.add_chunked || head.body.kind != Framing::kNone, "a body out of nothing");
  spans.clear();
  add_request_line(head, rewrite, arena, spans);

  const bool replaces_host = !rewrite.host.empty() || head.target_form == TargetForm::kAbsolute;
  if (replaces_host && head.fields.has(FieldId::kHost)) {
    FieldMask dropped = rewrite.dropped;
    drop_fields(head.fields, {FieldId::kHost}, dropped);
    add_kept_lines(head.fields, head.bytes, dropped, arena, spans);
  } else {
    add_kept_lines(head.fields, head.bytes, rewrite.dropped, arena, spans);
  }

  const size_t tail_from = arena.text().size();
  if (replaces_host || !head.fields.has(FieldId::kHost)) {
    arena.add_line("Host", rewrite.host.empty() ? head.authority : rewrite.host);
  }
  if (rewrite.add_chunked) arena.append("Transfer-Encoding: chunked\r\n");
  // RFC 9110 10.1.4: who sends TE says so in Connection, for it concerns this connection only.
  if (head.accepts_trailers) arena.append("TE: trailers\r\n");
  const ConnectionLine line = rewrite.add_upgrade ? ConnectionLine::kUpgrade
                              : rewrite.add_close ? ConnectionLine::kClose
                                                  : ConnectionLine::kNone;
  add_connection_line(line, head.accepts_trailers, arena);
  add_end(head.bytes, rewrite.added, tail_from, arena, spans);
  return arena.ok();
}

bool compose_response(const ResponseHead& head, const ResponseRewrite& rewrite, LineArena& arena,
                      HeadSpans& spans) {
  DCHECK(head.bytes.empty() || head.bytes.ends_with("\r\n\r\n"), "views into a dead buffer");
  DCHECK(head.status >= 100 && head.status <= 599);
  spans.clear();
  // "HTTP/1.1 200 ": a reason may be missing, the blank before it may not (RFC 9112 4).
  if (!head.bytes.empty() && head.bytes.starts_with(kVersionText) && head.bytes[12] == ' ') {
    spans.add(first_line(head.fields, head.bytes));
  } else {
    const size_t begin = arena.text().size();
    arena.append(kVersionText, " ");
    arena.append_number(head.status);
    arena.append(" ", head.reason, "\r\n");
    spans.add(arena.text().substr(begin));
  }
  add_kept_lines(head.fields, head.bytes, rewrite.dropped, arena, spans);

  const size_t tail_from = arena.text().size();
  if (rewrite.add_chunked) arena.append("Transfer-Encoding: chunked\r\n");
  add_connection_line(rewrite.connection, false, arena);
  add_end(head.bytes, rewrite.added, tail_from, arena, spans);
  return arena.ok();
}

}  // namespace understudy::http
