// SPDX-License-Identifier: Apache-2.0
// Sessions as JavaScript holds them: an external that drops its session when it is collected, and
// functions that take it first. The loop's thread.
#pragma once

#include <node_api.h>

#include "understudy/understudy.h"

namespace understudy_js {

// What the external points to. Null when the session was finished or dropped.
struct HeldSession {
  understudy_session* session = nullptr;
};

napi_value hold_session(napi_env env, understudy_session* session);
// Null, and a pending exception, when the value is none.
HeldSession* held_session(napi_env env, napi_value value);
// sessionGet, sessionSet ... into `exports`.
void add_session_calls(napi_env env, napi_value exports);

}  // namespace understudy_js
