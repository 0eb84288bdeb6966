// SPDX-License-Identifier: Apache-2.0
// NodeObject: a node of understudy.h behind a JavaScript object. What the node's thread has to say
// (a request begun, finished, a drain's end, another readiness) goes through one threadsafe
// function to the loop, which resolves promises there: neither thread ever waits for the other.
// Both JavaScript's object and the threadsafe function own this one; either may go first.
#pragma once

#include <node_api.h>

#include <string>

#include "understudy/understudy.h"

namespace understudy_js {

class NodeObject final {
 public:
  // NativeNode(config, onReadiness) into `exports`.
  static void define(napi_env env, napi_value exports);
  NodeObject(const NodeObject&) = delete;

 private:
  // One way from the node's thread to the loop.
  struct Message {
    enum class Kind { kBegun, kFinished, kDrained, kReadiness };
    NodeObject* node;
    Kind kind;
    napi_deferred deferred = nullptr;
    understudy_session* session = nullptr;
    understudy_reply* reply = nullptr;
    understudy_readiness readiness = UNDERSTUDY_JOINING;
  };

  explicit NodeObject(napi_env env) : env_(env) {}
  ~NodeObject() = default;

  static napi_value make(napi_env env, napi_callback_info info);
  static NodeObject* of(napi_env env, napi_value self);
  static napi_value begin(napi_env env, napi_callback_info info);
  static napi_value finish(napi_env env, napi_callback_info info);
  static napi_value drain(napi_env env, napi_callback_info info);
  static napi_value reload_keys(napi_env env, napi_callback_info info);
  static napi_value headers_for(napi_env env, napi_callback_info info);
  static napi_value readiness(napi_env env, napi_callback_info info);
  static napi_value statistics(napi_env env, napi_callback_info info);
  static napi_value metrics(napi_env env, napi_callback_info info);
  static napi_value close(napi_env env, napi_callback_info info);

  // False, and a pending exception, when it cannot be opened.
  bool open(napi_value self, const std::string& config, napi_value on_readiness);
  // A promise, which the message settles; it keeps the loop and this object alive until then.
  napi_value promise(Message& message);
  // The call was refused: the promise that was made is rejected.
  void reject(Message* message, understudy_code code);
  void hold();
  void release();
  // The node leaves, and the threadsafe function is let go of.
  void end();
  void disown();
  static void on_env_ends(void* self);

  // On the node's thread.
  void send(Message* message);
  // On the loop's. `env` is null when that has ended.
  static void receive(napi_env env, napi_value on_readiness, void* context, void* data);
  void settle(const Message& message);

  const napi_env env_;
  napi_ref self_ = nullptr;
  napi_threadsafe_function to_loop_ = nullptr;
  understudy_node* node_ = nullptr;
  int owners_ = 1;     // the threadsafe function, and JavaScript's object when that is made
  unsigned held_ = 0;  // promises that are not settled
  std::string member_name_;
  std::string listen_;
};

}  // namespace understudy_js
