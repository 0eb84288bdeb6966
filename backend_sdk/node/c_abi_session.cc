// SPDX-License-Identifier: Apache-2.0
// The C ABI over session.h.
#include <utility>

#include "backend_sdk/node/c_abi.h"

namespace understudy {
namespace {

constexpr std::size_t kSessionIdBytes = 22;

template <typename Change>
understudy_code change(understudy_session* session, Change apply) {
  return guarded([&] {
    const auto found = handles<understudy_session>().find(session);
    if (!found.object) return found.code;
    apply(found.object->session);
    return found.object->session.refusal().empty() ? UNDERSTUDY_OK : UNDERSTUDY_REFUSED;
  });
}

// What `read` says of the session, or `otherwise` when there is none.
template <typename T, typename Read>
T ask(const understudy_session* session, T otherwise, Read read) {
  const auto found = handles<understudy_session>().find(session);
  return found.object ? read(found.object->session) : otherwise;
}

}  // namespace
}  // namespace understudy

using namespace understudy;

int understudy_session_id(const understudy_session* session, char* id, size_t size) {
  if (id == nullptr || size <= kSessionIdBytes) return 0;
  const understudy_code code = guarded([&] {
    const auto found = handles<understudy_session>().find(session);
    if (found.object) copy_text(found.object->session.id(), id, size);
    return found.code;
  });
  return code == UNDERSTUDY_OK ? 1 : 0;
}

int understudy_session_is_new(const understudy_session* session) {
  return ask(session, 0, [](const Session& its) { return its.is_new() ? 1 : 0; });
}

int understudy_session_is_replayed(const understudy_session* session) {
  return ask(session, 0, [](const Session& its) { return its.replayed() ? 1 : 0; });
}

understudy_note understudy_session_note(const understudy_session* session) {
  return ask(session, UNDERSTUDY_NOTE_NONE, [](const Session& its) { return note_of(its.note()); });
}

uint32_t understudy_session_epoch(const understudy_session* session) {
  return ask(session, uint32_t{0}, [](const Session& its) { return its.epoch(); });
}

uint64_t understudy_session_version(const understudy_session* session) {
  return ask(session, uint64_t{0}, [](const Session& its) { return its.version(); });
}

int understudy_session_get(const understudy_session* session, understudy_text name,
                           understudy_text* value) {
  if (value == nullptr || !is_text(name)) return 0;
  return ask(session, 0, [&](const Session& its) {
    const auto kept = its.get(view(name));
    if (kept) *value = text_of(*kept);
    return kept ? 1 : 0;
  });
}

understudy_code understudy_session_visit(const understudy_session* session,
                                         void (*visit)(void* context, understudy_text name,
                                                       understudy_text value),
                                         void* context) {
  if (visit == nullptr) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    const auto found = handles<understudy_session>().find(session);
    if (!found.object) return found.code;
    const Session& its = found.object->session;
    for (const std::string_view name : its.names()) {
      visit(context, text_of(name), text_of(its.get(name).value_or(std::string_view())));
    }
    return UNDERSTUDY_OK;
  });
}

understudy_code understudy_session_set(understudy_session* session, understudy_text name,
                                       understudy_text value) {
  if (!is_text(name) || !is_text(value)) return UNDERSTUDY_ARGUMENT;
  return change(session, [&](Session& its) { its.set(view(name), view(value)); });
}

understudy_code understudy_session_remove(understudy_session* session, understudy_text name) {
  if (!is_text(name)) return UNDERSTUDY_ARGUMENT;
  return change(session, [&](Session& its) { its.remove(view(name)); });
}

understudy_code understudy_session_invalidate(understudy_session* session) {
  return change(session, [](Session& its) { its.invalidate(); });
}

understudy_code understudy_session_rotate_id(understudy_session* session) {
  return change(session, [](Session& its) { its.rotate_id(); });
}

understudy_code understudy_session_store_response(understudy_session* session, int status,
                                                  const understudy_header* headers,
                                                  size_t header_count, understudy_text body) {
  const bool is_status = status >= 200 && status <= 599;
  if (!is_status || !are_headers(headers, header_count) || !is_text(body)) {
    return UNDERSTUDY_ARGUMENT;
  }
  return change(session, [&](Session& its) {
    Reply reply{.status = status, .headers = {}, .body = std::string(view(body))};
    for (size_t i = 0; i < header_count; ++i) {
      reply.headers.push_back(
          {std::string(view(headers[i].name)), std::string(view(headers[i].value))});
    }
    its.store_response(std::move(reply));
  });
}

understudy_text understudy_session_refusal(const understudy_session* session) {
  return ask(session, understudy_text{}, [](const Session& its) { return text_of(its.refusal()); });
}
