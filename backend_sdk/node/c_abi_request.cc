// SPDX-License-Identifier: Apache-2.0
// The C ABI over node.h: a request from its begin to its reply.
#include <functional>
#include <future>
#include <utility>

#include "backend_sdk/node/c_abi.h"
#include "backend_sdk/node/completions.h"

namespace understudy {
namespace {

// A request as its caller's version of the struct has it.
class ReadRequest {
 public:
  explicit ReadRequest(const understudy_request* request) {
    // Of version 1, the first.
    constexpr std::size_t kSizeMin =
        offsetof(understudy_request, is_exclusive) + sizeof(request->is_exclusive);
    if (request == nullptr || request->struct_size < kSizeMin) return;
    is_valid_ = is_text(request->method) && is_text(request->target) &&
                are_headers(request->headers, request->header_count);
    if (!is_valid_) return;
    for (std::size_t i = 0; i < request->header_count; ++i) {
      headers_.push_back({view(request->headers[i].name), view(request->headers[i].value)});
    }
    view_ = {.method = view(request->method),
             .target = view(request->target),
             .headers = headers_,
             .tls = request->is_tls != 0};
    is_exclusive_ = request->is_exclusive != 0;
    constexpr std::size_t kSizeOfRelay = offsetof(understudy_request, body) + sizeof(request->body);
    if (request->struct_size < kSizeOfRelay || request->can_relay == 0) return;
    is_valid_ = is_text(request->body);
    if (is_valid_) relay_ = RelayBody{.bytes = view(request->body)};
  }
  ReadRequest(const ReadRequest&) = delete;
  bool is_valid() const { return is_valid_; }
  const RequestView& view_of() const { return view_; }
  bool is_exclusive() const { return is_exclusive_; }
  const std::optional<RelayBody>& relay() const { return relay_; }

 private:
  bool is_valid_ = false;
  bool is_exclusive_ = false;
  std::optional<RelayBody> relay_;
  std::vector<HeaderView> headers_;
  RequestView view_;
};

std::unique_ptr<understudy_reply> reply_of(Reply reply) {
  auto out = std::make_unique<understudy_reply>();
  out->status = reply.status;
  out->headers = std::move(reply.headers);
  out->body = std::move(reply.body);
  return out;
}

std::unique_ptr<understudy_reply> reply_of(Release release) {
  auto out =
      release.reply ? reply_of(*std::move(release.reply)) : std::make_unique<understudy_reply>();
  if (out->status == 0) out->headers = std::move(release.headers);
  out->note = release.note;
  return out;
}

understudy_code begin(understudy_node* node, const understudy_request* request,
                      std::function<void(Decision)> callback) {
  const ReadRequest read(request);
  if (!read.is_valid()) return UNDERSTUDY_ARGUMENT;
  const auto found = handles<understudy_node>().find(node);
  if (!found.object) return found.code;
  found.object->node->begin(read.view_of(),
                            {.exclusive = read.is_exclusive(), .relay = read.relay()},
                            std::move(callback));
  return UNDERSTUDY_OK;
}

// Takes the session for good; its node is asked to finish it, if that is still there.
understudy_code finish(understudy_session* session, std::function<void(Release)> callback) {
  const auto taken = handles<understudy_session>().take(session);
  if (!taken.object) return taken.code;
  const auto found = handles<understudy_node>().find(taken.object->node);
  if (!found.object) return found.code;
  found.object->node->finish(std::move(taken.object->session), std::move(callback));
  return UNDERSTUDY_OK;
}

// What a decision is for the caller: one of both.
struct Begun {
  understudy_session* session = nullptr;
  understudy_reply* reply = nullptr;
};

Begun begun_of(Decision decision, understudy_node* node) {
  Begun begun;
  if (decision.reply) {
    begun.reply = handles<understudy_reply>().add(reply_of(*std::move(decision.reply)));
  } else {
    auto session = std::make_shared<understudy_session>();
    session->session = std::move(decision.session);
    session->node = node;
    begun.session = handles<understudy_session>().add(std::move(session));
  }
  return begun;
}

}  // namespace
}  // namespace understudy

using namespace understudy;

// --- a request ---------------------------------------------------------------------------------

understudy_code understudy_begin(understudy_node* node, const understudy_request* request,
                                 understudy_session** session, understudy_reply** reply) {
  if (session == nullptr || reply == nullptr) return UNDERSTUDY_ARGUMENT;
  *session = nullptr;
  *reply = nullptr;
  return guarded([&] {
    auto decided = std::make_shared<std::promise<Decision>>();
    std::future<Decision> decision = decided->get_future();
    const understudy_code code =
        begin(node, request, [decided](Decision made) { decided->set_value(std::move(made)); });
    if (code != UNDERSTUDY_OK) return code;
    const Begun begun = begun_of(decision.get(), node);
    *session = begun.session;
    *reply = begun.reply;
    return UNDERSTUDY_OK;
  });
}

understudy_code understudy_begin_then(understudy_node* node, const understudy_request* request,
                                      understudy_begun callback, void* context) {
  if (callback == nullptr) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    return begin(node, request, [node, callback, context](Decision made) {
      const Begun begun = begun_of(std::move(made), node);
      callback(context, begun.session, begun.reply);
    });
  });
}

understudy_code understudy_finish(understudy_session* session, understudy_reply** reply) {
  if (reply == nullptr) return UNDERSTUDY_ARGUMENT;
  *reply = nullptr;
  return guarded([&] {
    auto done = std::make_shared<std::promise<Release>>();
    std::future<Release> released = done->get_future();
    const understudy_code code =
        finish(session, [done](Release made) { done->set_value(std::move(made)); });
    if (code != UNDERSTUDY_OK) return code;
    *reply = handles<understudy_reply>().add(reply_of(released.get()));
    return UNDERSTUDY_OK;
  });
}

understudy_code understudy_finish_then(understudy_session* session, understudy_finished callback,
                                       void* context) {
  if (callback == nullptr) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    return finish(session, [callback, context](Release made) {
      callback(context, handles<understudy_reply>().add(reply_of(std::move(made))));
    });
  });
}

understudy_code understudy_begin_into(understudy_node* node, const understudy_request* request,
                                      understudy_completions* completions, uint64_t token) {
  return guarded([&] {
    const auto queue = handles<understudy_completions>().find(completions);
    if (!queue.object) return queue.code;
    return begin(node, request, [node, token, to = queue.object](Decision made) {
      const Begun begun = begun_of(std::move(made), node);
      to->queue->add({.token = token, .session = begun.session, .reply = begun.reply});
    });
  });
}

understudy_code understudy_finish_into(understudy_session* session,
                                       understudy_completions* completions, uint64_t token) {
  return guarded([&] {
    const auto queue = handles<understudy_completions>().find(completions);
    if (!queue.object) return queue.code;
    return finish(session, [token, to = queue.object](Release made) {
      understudy_reply* reply = handles<understudy_reply>().add(reply_of(std::move(made)));
      to->queue->add({.token = token, .session = nullptr, .reply = reply});
    });
  });
}

void understudy_session_drop(understudy_session* session) {
  guarded([&] { return handles<understudy_session>().take(session).code; });
}

understudy_code understudy_headers_for(understudy_node* node, const understudy_request* request,
                                       understudy_reply** reply) {
  if (reply == nullptr) return UNDERSTUDY_ARGUMENT;
  *reply = nullptr;
  return guarded([&] {
    const ReadRequest read(request);
    if (!read.is_valid()) return UNDERSTUDY_ARGUMENT;
    const auto found = handles<understudy_node>().find(node);
    if (!found.object) return found.code;
    auto made = std::make_shared<understudy_reply>();
    made->headers = found.object->node->headers_for(read.view_of());
    *reply = handles<understudy_reply>().add(std::move(made));
    return UNDERSTUDY_OK;
  });
}

// --- reply -------------------------------------------------------------------------------------

int understudy_reply_status(const understudy_reply* reply) {
  const auto found = handles<understudy_reply>().find(reply);
  return found.object ? found.object->status : 0;
}

understudy_note understudy_reply_note(const understudy_reply* reply) {
  const auto found = handles<understudy_reply>().find(reply);
  return found.object ? note_of(found.object->note) : UNDERSTUDY_NOTE_NONE;
}

size_t understudy_reply_header_count(const understudy_reply* reply) {
  const auto found = handles<understudy_reply>().find(reply);
  return found.object ? found.object->headers.size() : 0;
}

int understudy_reply_header(const understudy_reply* reply, size_t index,
                            understudy_header* header) {
  const auto found = handles<understudy_reply>().find(reply);
  if (!found.object || header == nullptr || index >= found.object->headers.size()) return 0;
  const Header& its = found.object->headers[index];
  *header = {text_of(its.name), text_of(its.value)};
  return 1;
}

understudy_text understudy_reply_body(const understudy_reply* reply) {
  const auto found = handles<understudy_reply>().find(reply);
  return found.object ? text_of(found.object->body) : understudy_text{};
}

void understudy_reply_free(understudy_reply* reply) {
  guarded([&] { return handles<understudy_reply>().take(reply).code; });
}
