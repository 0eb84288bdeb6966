// SPDX-License-Identifier: Apache-2.0
// The C ABI over options.h, node.h and log.h: what an application does once.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <future>
#include <optional>
#include <utility>

#include "backend_sdk/node/c_abi.h"
#include "understudy/log.h"

namespace understudy {
namespace {

constexpr const char* kClosed = "the node was freed before";

// A node's handle, or why there is none, told in the message as well.
HandleTable<understudy_node>::Found node_of(const understudy_node* handle, char* message,
                                            size_t message_size) {
  auto found = handles<understudy_node>().find(handle);
  if (found.code == UNDERSTUDY_CLOSED) copy_text(kClosed, message, message_size);
  if (found.code == UNDERSTUDY_FORKED) copy_text(kForked, message, message_size);
  return found;
}

Hooks hooks_of(const understudy_hooks& its) {
  Hooks hooks;
  if (its.on_readiness != nullptr) {
    hooks.on_readiness = [its](Readiness readiness) {
      its.on_readiness(its.context, static_cast<understudy_readiness>(readiness));
    };
  }
  if (its.on_session_lost != nullptr) {
    hooks.on_session_lost = [its](std::string_view id, std::uint32_t, std::uint64_t) {
      its.on_session_lost(its.context, text_of(id));
    };
  }
  return hooks;
}

static_assert(static_cast<int>(Readiness::kLeaving) == UNDERSTUDY_LEAVING);
static_assert(static_cast<int>(Severity::kError) == UNDERSTUDY_ERROR);
// The fields are the same, in the same order.
static_assert(sizeof(understudy_statistics) == sizeof(size_t) + sizeof(NodeStatistics));

}  // namespace
}  // namespace understudy

using namespace understudy;

// --- options -----------------------------------------------------------------------------------

understudy_code understudy_options_load(const char* path, understudy_options** options,
                                        char* message, size_t message_size) {
  if (path == nullptr || options == nullptr) return UNDERSTUDY_ARGUMENT;
  *options = nullptr;
  return guarded([&] {
    Outcome<Options> loaded = Options::load(path);
    if (!loaded) {
      copy_text(loaded.failure().text, message, message_size);
      return code_of(loaded.failure().code);
    }
    auto made = std::make_shared<understudy_options>(understudy_options{*std::move(loaded)});
    *options = handles<understudy_options>().add(std::move(made));
    return UNDERSTUDY_OK;
  });
}

void understudy_options_free(understudy_options* options) {
  guarded([&] { return handles<understudy_options>().take(options).code; });
}

const char* understudy_options_member_name(const understudy_options* options) {
  const auto found = handles<understudy_options>().find(options);
  return found.object ? found.object->options.member_name.c_str() : "";
}

const char* understudy_options_listen(const understudy_options* options) {
  const auto found = handles<understudy_options>().find(options);
  return found.object ? found.object->options.listen.c_str() : "";
}

// --- node --------------------------------------------------------------------------------------

understudy_code understudy_node_open(const understudy_options* options, understudy_node** node,
                                     char* message, size_t message_size) {
  const understudy_hooks none{.struct_size = sizeof none,
                              .context = nullptr,
                              .on_readiness = nullptr,
                              .on_session_lost = nullptr};
  return understudy_node_open_with(options, &none, node, message, message_size);
}

understudy_code understudy_node_open_with(const understudy_options* options,
                                          const understudy_hooks* hooks, understudy_node** node,
                                          char* message, size_t message_size) {
  if (node == nullptr) return UNDERSTUDY_ARGUMENT;
  *node = nullptr;
  if (hooks == nullptr || hooks->struct_size < sizeof *hooks) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    const auto found = handles<understudy_options>().find(options);
    if (!found.object) return found.code;
    Outcome<std::unique_ptr<Node>> opened = Node::open(found.object->options, hooks_of(*hooks));
    if (!opened) {
      copy_text(opened.failure().text, message, message_size);
      return code_of(opened.failure().code);
    }
    auto made = std::make_shared<understudy_node>(understudy_node{*std::move(opened)});
    *node = handles<understudy_node>().add(std::move(made));
    return UNDERSTUDY_OK;
  });
}

understudy_readiness understudy_node_readiness(const understudy_node* node) {
  const auto found = handles<understudy_node>().find(node);
  if (!found.object) return UNDERSTUDY_LEAVING;
  return static_cast<understudy_readiness>(found.object->node->readiness());
}

understudy_code understudy_node_wait_ready(const understudy_node* node, understudy_readiness least,
                                           uint32_t milliseconds, char* message,
                                           size_t message_size) {
  if (least > UNDERSTUDY_PROTECTED) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    const auto found = node_of(node, message, message_size);
    if (!found.object) return found.code;
    const std::optional<Failure> failure = found.object->node->wait_ready(
        std::chrono::milliseconds(milliseconds), static_cast<Readiness>(least));
    if (!failure) return UNDERSTUDY_OK;
    copy_text(failure->text, message, message_size);
    return UNDERSTUDY_NOT_READY;
  });
}

void understudy_node_drain(understudy_node* node) {
  guarded([&] {
    const auto found = handles<understudy_node>().find(node);
    if (!found.object) return found.code;
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> drained = done->get_future();
    found.object->node->drain([done] { done->set_value(); });
    drained.wait();
    return UNDERSTUDY_OK;
  });
}

understudy_code understudy_node_drain_then(understudy_node* node, void (*callback)(void* context),
                                           void* context) {
  if (callback == nullptr) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    const auto found = handles<understudy_node>().find(node);
    if (found.object) found.object->node->drain([callback, context] { callback(context); });
    return found.code;
  });
}

understudy_code understudy_reload_keys(understudy_node* node, char* message, size_t message_size) {
  return guarded([&] {
    const auto found = node_of(node, message, message_size);
    if (!found.object) return found.code;
    const std::optional<Failure> failure = found.object->node->reload_keys();
    if (!failure) return UNDERSTUDY_OK;
    copy_text(failure->text, message, message_size);
    return code_of(failure->code);
  });
}

void understudy_node_free(understudy_node* node) {
  guarded([&] { return handles<understudy_node>().take(node).code; });
}

size_t understudy_node_metrics(const understudy_node* node, char* text, size_t size) {
  size_t bytes = 0;
  guarded([&] {
    const auto found = handles<understudy_node>().find(node);
    if (!found.object) return found.code;
    const std::string metrics = found.object->node->metrics_text();
    bytes = metrics.size();
    if (text != nullptr) std::memcpy(text, metrics.data(), std::min(size, bytes));
    return UNDERSTUDY_OK;
  });
  return bytes;
}

understudy_code understudy_node_statistics(const understudy_node* node,
                                           understudy_statistics* statistics) {
  if (statistics == nullptr || statistics->struct_size < sizeof *statistics) {
    return UNDERSTUDY_ARGUMENT;
  }
  return guarded([&] {
    const auto found = handles<understudy_node>().find(node);
    if (!found.object) return found.code;
    const NodeStatistics now = found.object->node->statistics();
    std::memcpy(reinterpret_cast<char*>(statistics) + offsetof(understudy_statistics, requests),
                &now, sizeof now);
    return UNDERSTUDY_OK;
  });
}

// --- the log -----------------------------------------------------------------------------------

void understudy_set_log(void (*writer)(void* context, understudy_severity severity,
                                       understudy_text line),
                        void* context) {
  guarded([&] {
    if (writer == nullptr) {
      set_log(nullptr);
      return UNDERSTUDY_OK;
    }
    set_log([writer, context](Severity severity, std::string_view line) {
      writer(context, static_cast<understudy_severity>(severity), text_of(line));
    });
    return UNDERSTUDY_OK;
  });
}
