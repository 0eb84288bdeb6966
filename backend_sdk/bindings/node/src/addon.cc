// SPDX-License-Identifier: Apache-2.0
// The addon understudy.node: what lib/ makes an interface of. One in each context (worker threads
// have their own); it keeps nothing global.
#include <node_api.h>

#include "js.h"
#include "node_object.h"
#include "session_calls.h"

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  understudy_js::NodeObject::define(env, exports);
  understudy_js::add_session_calls(env, exports);
  understudy_js::set(env, exports, "abiVersion",
                     understudy_js::to_js(env, static_cast<double>(understudy_abi_version())));
  return exports;
}
