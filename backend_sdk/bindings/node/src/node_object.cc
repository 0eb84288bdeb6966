// SPDX-License-Identifier: Apache-2.0
#include "node_object.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "js.h"
#include "session_calls.h"

namespace understudy_js {
namespace {

constexpr const char* kClosed = "the node was closed before";

// The keys are read by a thread of the pool, because that waits for the node's thread.
struct KeyReading {
  understudy_node* node;
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  understudy_code code = UNDERSTUDY_OK;
  char message[kMessageBytes] = "";
};

void read_keys(napi_env, void* data) {
  auto& reading = *static_cast<KeyReading*>(data);
  reading.code = understudy_reload_keys(reading.node, reading.message, sizeof reading.message);
}

void on_keys_read(napi_env env, napi_status, void* data) {
  const std::unique_ptr<KeyReading> reading(static_cast<KeyReading*>(data));
  if (reading->code == UNDERSTUDY_OK) {
    napi_resolve_deferred(env, reading->deferred, undefined(env));
  } else {
    napi_reject_deferred(env, reading->deferred, error_of(env, reading->code, reading->message));
  }
  napi_delete_async_work(env, reading->work);
}

struct Counter {
  const char* name;
  std::uint64_t understudy_statistics::*value;
};
constexpr Counter kCounters[] = {
    {"requests", &understudy_statistics::requests},
    {"commits", &understudy_statistics::commits},
    {"replays", &understudy_statistics::replays},
    {"sessionsCreated", &understudy_statistics::sessions_created},
    {"sessionsPromoted", &understudy_statistics::sessions_promoted},
    {"sessionsLost", &understudy_statistics::sessions_lost},
    {"sessionsRecovered", &understudy_statistics::sessions_recovered},
    {"sessionsExpired", &understudy_statistics::sessions_expired},
    {"soloResponses", &understudy_statistics::solo_responses},
    {"rerouted", &understudy_statistics::rerouted},
    {"unavailable", &understudy_statistics::unavailable},
    {"fenced", &understudy_statistics::fenced},
    {"conflicts", &understudy_statistics::conflicts},
    {"lives", &understudy_statistics::lives},
    {"sessionsPrimary", &understudy_statistics::sessions_primary},
    {"sessionsSolo", &understudy_statistics::sessions_solo},
    {"sessionsSecondary", &understudy_statistics::sessions_secondary},
    {"replicaBytes", &understudy_statistics::replica_bytes},
    {"requestsUnderWay", &understudy_statistics::requests_under_way},
    {"membersAlive", &understudy_statistics::members_alive},
};

}  // namespace

void NodeObject::define(napi_env env, napi_value exports) {
  const auto method = [](const char* name, napi_callback call) {
    return napi_property_descriptor{.utf8name = name,
                                    .name = nullptr,
                                    .method = call,
                                    .getter = nullptr,
                                    .setter = nullptr,
                                    .value = nullptr,
                                    .attributes = napi_default,
                                    .data = nullptr};
  };
  const napi_property_descriptor methods[] = {method("begin", begin),
                                              method("finish", finish),
                                              method("drain", drain),
                                              method("reloadKeys", reload_keys),
                                              method("headersFor", headers_for),
                                              method("readiness", readiness),
                                              method("statistics", statistics),
                                              method("metrics", metrics),
                                              method("close", close)};
  napi_value type = nullptr;
  napi_define_class(env, "NativeNode", NAPI_AUTO_LENGTH, make, nullptr, std::size(methods), methods,
                    &type);
  set(env, exports, "NativeNode", type);
}

napi_value NodeObject::make(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto* node = new NodeObject(env);
  if (!node->open(arguments.self(), bytes_of(env, arguments[0]), arguments[1])) {
    if (node->to_loop_ == nullptr) {
      delete node;
    } else {
      node->end();
    }
    return nullptr;
  }
  set(env, arguments.self(), "memberName", to_js(env, node->member_name_));
  set(env, arguments.self(), "listen", to_js(env, node->listen_));
  return arguments.self();
}

bool NodeObject::open(napi_value self, const std::string& config, napi_value on_readiness) {
  char message[kMessageBytes] = "";
  understudy_options* options = nullptr;
  understudy_code code = understudy_options_load(config.c_str(), &options, message, sizeof message);
  if (code != UNDERSTUDY_OK) return fail(env_, code, message) != nullptr;
  member_name_ = understudy_options_member_name(options);
  listen_ = understudy_options_listen(options);
  const auto finalize = [](napi_env, void* data, void*) {
    static_cast<NodeObject*>(data)->to_loop_ = nullptr;
    static_cast<NodeObject*>(data)->disown();
  };
  const napi_status made = napi_create_threadsafe_function(
      env_, on_readiness, nullptr, to_js(env_, std::string("understudy")), 0, 1, this, finalize,
      this, &NodeObject::receive, &to_loop_);
  if (made == napi_ok) {
    napi_unref_threadsafe_function(env_, to_loop_);
    // Runs before that of the threadsafe function, which was added before it.
    napi_add_env_cleanup_hook(env_, &NodeObject::on_env_ends, this);
    understudy_hooks hooks{};
    hooks.struct_size = sizeof hooks;
    hooks.context = this;
    hooks.on_readiness = [](void* context, understudy_readiness now) {
      auto* its = static_cast<NodeObject*>(context);
      auto* said = new Message{.node = its, .kind = Message::Kind::kReadiness};
      said->readiness = now;
      its->send(said);
    };
    code = understudy_node_open_with(options, &hooks, &node_, message, sizeof message);
  } else {
    code = UNDERSTUDY_SYSTEM;
  }
  understudy_options_free(options);
  if (code != UNDERSTUDY_OK) return fail(env_, code, message) != nullptr;
  const auto collected = [](napi_env env, void* data, void*) {
    auto* its = static_cast<NodeObject*>(data);
    napi_delete_reference(env, its->self_);
    its->end();
    its->disown();
  };
  if (napi_wrap(env_, self, this, collected, nullptr, &self_) != napi_ok) return false;
  owners_ = 2;
  return true;
}

// The node leaves; the threadsafe function goes when it has nothing left to say.
void NodeObject::end() {
  understudy_node_free(std::exchange(node_, nullptr));
  if (to_loop_ != nullptr) {
    napi_remove_env_cleanup_hook(env_, &NodeObject::on_env_ends, this);
    napi_release_threadsafe_function(to_loop_, napi_tsfn_release);
  }
}

void NodeObject::disown() {
  if (--owners_ == 0) delete this;
}

// After this the node's thread has nothing more to say.
void NodeObject::on_env_ends(void* self) {
  understudy_node_free(std::exchange(static_cast<NodeObject*>(self)->node_, nullptr));
}

NodeObject* NodeObject::of(napi_env env, napi_value self) {
  void* data = nullptr;
  if (napi_unwrap(env, self, &data) != napi_ok) fail(env, UNDERSTUDY_ARGUMENT);
  return static_cast<NodeObject*>(data);
}

void NodeObject::hold() {
  if (held_++ > 0) return;
  napi_ref_threadsafe_function(env_, to_loop_);
  napi_reference_ref(env_, self_, nullptr);
}

void NodeObject::release() {
  if (--held_ > 0) return;
  napi_unref_threadsafe_function(env_, to_loop_);
  napi_reference_unref(env_, self_, nullptr);
}

napi_value NodeObject::promise(Message& message) {
  napi_value promised = nullptr;
  napi_create_promise(env_, &message.deferred, &promised);
  hold();
  return promised;
}

void NodeObject::reject(Message* message, understudy_code code) {
  const char* why = code == UNDERSTUDY_CLOSED && node_ == nullptr ? kClosed : "";
  napi_reject_deferred(env_, message->deferred, error_of(env_, code, why));
  release();
  delete message;
}

void NodeObject::send(Message* message) {
  if (napi_call_threadsafe_function(to_loop_, message, napi_tsfn_nonblocking) == napi_ok) return;
  understudy_session_drop(message->session);
  understudy_reply_free(message->reply);
  delete message;
}

void NodeObject::receive(napi_env env, napi_value on_readiness, void*, void* data) {
  const std::unique_ptr<Message> message(static_cast<Message*>(data));
  if (env == nullptr) {
    understudy_session_drop(message->session);
    understudy_reply_free(message->reply);
  } else if (message->kind != Message::Kind::kReadiness) {
    message->node->settle(*message);
  } else if (on_readiness != nullptr) {
    napi_value now = to_js(env, static_cast<double>(message->readiness));
    napi_call_function(env, undefined(env), on_readiness, 1, &now, nullptr);
  }
}

void NodeObject::settle(const Message& message) {
  napi_value value = undefined(env_);
  if (message.session != nullptr) {
    value = hold_session(env_, message.session);
  } else if (message.reply != nullptr) {
    value = take_reply(env_, message.reply);
  }
  napi_resolve_deferred(env_, message.deferred, value);
  release();
}

napi_value NodeObject::begin(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  NodeObject* node = of(env, arguments.self());
  const Request request(env, arguments);
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (node == nullptr || is_pending) return nullptr;
  auto* message = new Message{.node = node, .kind = Message::Kind::kBegun};
  napi_value promised = node->promise(*message);
  const understudy_code code = understudy_begin_then(
      node->node_, request.get(),
      [](void* context, understudy_session* session, understudy_reply* reply) {
        auto* its = static_cast<Message*>(context);
        its->session = session;
        its->reply = reply;
        its->node->send(its);
      },
      message);
  if (code != UNDERSTUDY_OK) {
    node->reject(message, node->node_ == nullptr ? UNDERSTUDY_CLOSED : code);
  }
  return promised;
}

napi_value NodeObject::finish(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  NodeObject* node = of(env, arguments.self());
  HeldSession* held = held_session(env, arguments[0]);
  if (node == nullptr || held == nullptr) return nullptr;
  auto* message = new Message{.node = node, .kind = Message::Kind::kFinished};
  napi_value promised = node->promise(*message);
  understudy_session* session = std::exchange(held->session, nullptr);
  const understudy_code code = understudy_finish_then(
      session,
      [](void* context, understudy_reply* reply) {
        auto* its = static_cast<Message*>(context);
        its->reply = reply;
        its->node->send(its);
      },
      message);
  if (code != UNDERSTUDY_OK) {
    node->reject(message, session == nullptr ? UNDERSTUDY_CLOSED : code);
  }
  return promised;
}

napi_value NodeObject::drain(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  NodeObject* node = of(env, arguments.self());
  if (node == nullptr) return nullptr;
  auto* message = new Message{.node = node, .kind = Message::Kind::kDrained};
  napi_value promised = node->promise(*message);
  const understudy_code code = understudy_node_drain_then(
      node->node_,
      [](void* context) {
        auto* its = static_cast<Message*>(context);
        its->node->send(its);
      },
      message);
  if (code != UNDERSTUDY_OK) node->reject(message, UNDERSTUDY_CLOSED);
  return promised;
}

napi_value NodeObject::reload_keys(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  NodeObject* node = of(env, arguments.self());
  if (node == nullptr) return nullptr;
  if (node->node_ == nullptr) return fail(env, UNDERSTUDY_CLOSED, kClosed);
  auto reading = std::make_unique<KeyReading>(KeyReading{.node = node->node_});
  napi_value promised = nullptr;
  napi_create_promise(env, &reading->deferred, &promised);
  napi_create_async_work(env, nullptr, to_js(env, std::string("understudy")), &read_keys,
                         &on_keys_read, reading.get(), &reading->work);
  napi_queue_async_work(env, reading->work);
  static_cast<void>(reading.release());  // on_keys_read
  return promised;
}

napi_value NodeObject::headers_for(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  NodeObject* node = of(env, arguments.self());
  const Request request(env, arguments);
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (node == nullptr || is_pending) return nullptr;
  if (node->node_ == nullptr) return fail(env, UNDERSTUDY_CLOSED, kClosed);
  understudy_reply* reply = nullptr;
  const understudy_code code = understudy_headers_for(node->node_, request.get(), &reply);
  if (code != UNDERSTUDY_OK) return fail(env, code);
  napi_value headers = headers_to_js(env, reply);
  understudy_reply_free(reply);
  return headers;
}

napi_value NodeObject::readiness(napi_env env, napi_callback_info info) {
  const NodeObject* node = of(env, Arguments(env, info).self());
  if (node == nullptr) return nullptr;
  return to_js(env, static_cast<double>(understudy_node_readiness(node->node_)));
}

napi_value NodeObject::statistics(napi_env env, napi_callback_info info) {
  const NodeObject* node = of(env, Arguments(env, info).self());
  if (node == nullptr) return nullptr;
  if (node->node_ == nullptr) return fail(env, UNDERSTUDY_CLOSED, kClosed);
  understudy_statistics now{};
  now.struct_size = sizeof now;
  const understudy_code code = understudy_node_statistics(node->node_, &now);
  if (code != UNDERSTUDY_OK) return fail(env, code);
  napi_value object = nullptr;
  napi_create_object(env, &object);
  for (const Counter& counter : kCounters) {
    set(env, object, counter.name, to_js(env, static_cast<double>(now.*counter.value)));
  }
  return object;
}

napi_value NodeObject::metrics(napi_env env, napi_callback_info info) {
  const NodeObject* node = of(env, Arguments(env, info).self());
  if (node == nullptr) return nullptr;
  std::string text(understudy_node_metrics(node->node_, nullptr, 0) + kMessageBytes, '\0');
  text.resize(
      std::min(text.size(), understudy_node_metrics(node->node_, text.data(), text.size())));
  return to_js(env, text);
}

napi_value NodeObject::close(napi_env env, napi_callback_info info) {
  NodeObject* node = of(env, Arguments(env, info).self());
  if (node == nullptr) return nullptr;
  understudy_node_free(std::exchange(node->node_, nullptr));
  return undefined(env);
}

}  // namespace understudy_js
