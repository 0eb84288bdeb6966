// SPDX-License-Identifier: Apache-2.0
// The C ABI over options.h and node.h: what an application does once.
#include <algorithm>
#include <cstring>
#include <future>
#include <optional>
#include <utility>

#include "backend_sdk/node/c_abi.h"

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
    *options = new understudy_options{*std::move(loaded)};
    return UNDERSTUDY_OK;
  });
}

void understudy_options_free(understudy_options* options) {
  delete options;
}

const char* understudy_options_member_name(const understudy_options* options) {
  return options == nullptr ? "" : options->options.member_name.c_str();
}

const char* understudy_options_listen(const understudy_options* options) {
  return options == nullptr ? "" : options->options.listen.c_str();
}

// --- node --------------------------------------------------------------------------------------

understudy_code understudy_node_open(const understudy_options* options, understudy_node** node,
                                     char* message, size_t message_size) {
  if (options == nullptr || node == nullptr) return UNDERSTUDY_ARGUMENT;
  *node = nullptr;
  return guarded([&] {
    Outcome<std::unique_ptr<Node>> opened = Node::open(options->options);
    if (!opened) {
      copy_text(opened.failure().text, message, message_size);
      return code_of(opened.failure().code);
    }
    *node = new understudy_node{*std::move(opened)};
    return UNDERSTUDY_OK;
  });
}

void understudy_node_drain(understudy_node* node) {
  if (node == nullptr) return;
  guarded([&] {
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> drained = done->get_future();
    node->node->drain([done] { done->set_value(); });
    drained.wait();
    return UNDERSTUDY_OK;
  });
}

understudy_code understudy_reload_keys(understudy_node* node, char* message, size_t message_size) {
  if (node == nullptr) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    const std::optional<Failure> failure = node->node->reload_keys();
    if (!failure) return UNDERSTUDY_OK;
    copy_text(failure->text, message, message_size);
    return code_of(failure->code);
  });
}

void understudy_node_free(understudy_node* node) {
  delete node;
}

size_t understudy_node_metrics(const understudy_node* node, char* text, size_t size) {
  size_t bytes = 0;
  if (node == nullptr) return bytes;
  guarded([&] {
    const std::string metrics = node->node->metrics_text();
    bytes = metrics.size();
    if (text != nullptr) std::memcpy(text, metrics.data(), std::min(size, bytes));
    return UNDERSTUDY_OK;
  });
  return bytes;
}
