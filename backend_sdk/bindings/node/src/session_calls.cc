// SPDX-License-Identifier: Apache-2.0
#include "session_calls.h"

#include <cstdint>
#include <string>
#include <vector>

#include "js.h"

namespace understudy_js {
namespace {

constexpr std::size_t kIdBytes = 23;

// Of the first argument; null after finish and drop, which understudy.h answers with an error.
understudy_session* session_of(napi_env env, const Arguments& arguments) {
  HeldSession* held = held_session(env, arguments[0]);
  return held != nullptr ? held->session : nullptr;
}

// The result of a change.
napi_value changed(napi_env env, understudy_session* session, understudy_code code) {
  if (session == nullptr) code = UNDERSTUDY_CLOSED;
  if (code == UNDERSTUDY_OK) return undefined(env);
  const understudy_text why = understudy_session_refusal(session);
  return fail(env, code, std::string(why.data, why.size));
}

napi_value facts(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const understudy_session* session = session_of(env, arguments);
  char id[kIdBytes];
  if (understudy_session_id(session, id, sizeof id) != 1) return fail(env, UNDERSTUDY_CLOSED);
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set(env, object, "id", to_js(env, std::string(id)));
  set(env, object, "isNew", to_js(env, understudy_session_is_new(session) == 1));
  set(env, object, "isReplayed", to_js(env, understudy_session_is_replayed(session) == 1));
  set(env, object, "note", to_js(env, static_cast<double>(understudy_session_note(session))));
  set(env, object, "epoch", to_js(env, static_cast<double>(understudy_session_epoch(session))));
  set(env, object, "version", to_js(env, static_cast<double>(understudy_session_version(session))));
  return object;
}

// A Buffer, or undefined.
napi_value get(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const understudy_session* session = session_of(env, arguments);
  if (session == nullptr) return fail(env, UNDERSTUDY_CLOSED);
  const std::string name = bytes_of(env, arguments[1]);
  understudy_text value{};
  if (understudy_session_get(session, text_of(name), &value) == 0) return undefined(env);
  return to_buffer(env, value);
}

// [name, Buffer, name, Buffer ...], sorted.
napi_value all(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  struct Visit {
    napi_env env;
    napi_value list;
    std::uint32_t count;
  } visit{.env = env, .list = nullptr, .count = 0};
  napi_create_array(env, &visit.list);
  const auto add = [](void* context, understudy_text name, understudy_text value) {
    auto& to = *static_cast<Visit*>(context);
    napi_set_element(to.env, to.list, to.count++, to_js(to.env, std::string(name.data, name.size)));
    napi_set_element(to.env, to.list, to.count++, to_buffer(to.env, value));
  };
  const understudy_session* session = session_of(env, arguments);
  if (session == nullptr) return fail(env, UNDERSTUDY_CLOSED);
  const understudy_code code = understudy_session_visit(session, add, &visit);
  return code == UNDERSTUDY_OK ? visit.list : fail(env, code);
}

napi_value set_attribute(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  understudy_session* session = session_of(env, arguments);
  const std::string name = bytes_of(env, arguments[1]);
  const std::string value = bytes_of(env, arguments[2]);
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (is_pending) return nullptr;
  return changed(env, session, understudy_session_set(session, text_of(name), text_of(value)));
}

napi_value remove(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  understudy_session* session = session_of(env, arguments);
  const std::string name = bytes_of(env, arguments[1]);
  return changed(env, session, understudy_session_remove(session, text_of(name)));
}

napi_value invalidate(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  understudy_session* session = session_of(env, arguments);
  return changed(env, session, understudy_session_invalidate(session));
}

napi_value rotate_id(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  understudy_session* session = session_of(env, arguments);
  return changed(env, session, understudy_session_rotate_id(session));
}

// (session, status, [name, value, ...], body)
napi_value store_response(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  understudy_session* session = session_of(env, arguments);
  const std::vector<std::string> lines = lines_of(env, arguments[2]);
  const std::vector<understudy_header> headers = headers_of(lines);
  const std::string body = bytes_of(env, arguments[3]);
  return changed(env, session,
                 understudy_session_store_response(session, int_of(env, arguments[1]),
                                                   headers.data(), headers.size(), text_of(body)));
}

napi_value refusal(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const understudy_text why = understudy_session_refusal(session_of(env, arguments));
  return to_js(env, std::string(why.data, why.size));
}

napi_value drop(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  if (HeldSession* held = held_session(env, arguments[0])) {
    understudy_session_drop(held->session);
    held->session = nullptr;
  }
  return undefined(env);
}

}  // namespace

napi_value hold_session(napi_env env, understudy_session* session) {
  napi_value external = nullptr;
  auto* held = new HeldSession{session};
  const auto collected = [](napi_env, void* data, void*) {
    auto* its = static_cast<HeldSession*>(data);
    understudy_session_drop(its->session);
    delete its;
  };
  if (napi_create_external(env, held, collected, nullptr, &external) != napi_ok) {
    collected(env, held, nullptr);
  }
  return external;
}

HeldSession* held_session(napi_env env, napi_value value) {
  void* data = nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok) fail(env, UNDERSTUDY_ARGUMENT);
  return static_cast<HeldSession*>(data);
}

void add_session_calls(napi_env env, napi_value exports) {
  const struct {
    const char* name;
    napi_callback call;
  } calls[] = {{"sessionFacts", facts},
               {"sessionGet", get},
               {"sessionAll", all},
               {"sessionSet", set_attribute},
               {"sessionRemove", remove},
               {"sessionInvalidate", invalidate},
               {"sessionRotateId", rotate_id},
               {"sessionStoreResponse", store_response},
               {"sessionRefusal", refusal},
               {"sessionDrop", drop}};
  for (const auto& each : calls) {
    napi_value function = nullptr;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.call, nullptr, &function);
    set(env, exports, each.name, function);
  }
}

}  // namespace understudy_js
