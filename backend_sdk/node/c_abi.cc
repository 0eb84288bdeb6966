// SPDX-License-Identifier: Apache-2.0
// understudy.h over node.h. Whatever is thrown below (memory, a thread that cannot be made) ends
// here, as UNDERSTUDY_SYSTEM.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "understudy/node.h"
#include "understudy/options.h"
#include "understudy/session.h"
#include "understudy/understudy.h"

struct understudy_options {
  understudy::Options options;
};

struct understudy_node {
  std::unique_ptr<understudy::Node> node;
};

struct understudy_session {
  understudy::Session session;
  understudy::Node* node = nullptr;
};

struct understudy_reply {
  int status = 0;
  std::vector<understudy::Header> headers;
  std::string body;
  understudy::SessionNote note = understudy::SessionNote::kNone;
};

namespace understudy {
namespace {

constexpr std::size_t kHeadersMax = 1000;
constexpr std::size_t kSessionIdBytes = 22;

void say(const std::string& text, char* message, std::size_t size) {
  if (message == nullptr || size == 0) return;
  const std::size_t count = std::min(text.size(), size - 1);
  std::memcpy(message, text.data(), count);
  message[count] = '\0';
}

understudy_code code_of(FailureCode code) {
  switch (code) {
    case FailureCode::kConfiguration:
      return UNDERSTUDY_CONFIGURATION;
    case FailureCode::kKeyFile:
      return UNDERSTUDY_KEY_FILE;
    case FailureCode::kAddress:
      return UNDERSTUDY_ADDRESS;
    case FailureCode::kSystem:
      break;
  }
  return UNDERSTUDY_SYSTEM;
}

template <typename Work>
understudy_code guarded(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return UNDERSTUDY_SYSTEM;
  }
}

bool is_text(understudy_text text) {
  return text.data != nullptr || text.size == 0;
}

std::string_view view(understudy_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

understudy_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

bool are_headers(const understudy_header* headers, std::size_t count) {
  if (count > kHeadersMax || (headers == nullptr && count != 0)) return false;
  return std::all_of(headers, headers + count, [](const understudy_header& header) {
    return is_text(header.name) && is_text(header.value);
  });
}

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
  }
  ReadRequest(const ReadRequest&) = delete;
  bool is_valid() const { return is_valid_; }
  const RequestView& view_of() const { return view_; }
  bool is_exclusive() const { return is_exclusive_; }

 private:
  bool is_valid_ = false;
  bool is_exclusive_ = false;
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

understudy_note note_of(SessionNote note) {
  switch (note) {
    case SessionNote::kNone:
      return UNDERSTUDY_NOTE_NONE;
    case SessionNote::kSolo:
      return UNDERSTUDY_NOTE_SOLO;
    case SessionNote::kLost:
      return UNDERSTUDY_NOTE_LOST;
    case SessionNote::kRecovered:
      return UNDERSTUDY_NOTE_RECOVERED;
  }
  return UNDERSTUDY_NOTE_NONE;
}

understudy_code begin(understudy_node* node, const understudy_request* request,
                      std::function<void(Decision)> callback) {
  const ReadRequest read(request);
  if (node == nullptr || !read.is_valid()) return UNDERSTUDY_ARGUMENT;
  node->node->begin(read.view_of(), {.exclusive = read.is_exclusive()}, std::move(callback));
  return UNDERSTUDY_OK;
}

// What a decision is for the caller: one of both.
struct Begun {
  std::unique_ptr<understudy_session> session;
  std::unique_ptr<understudy_reply> reply;
};

Begun begun_of(Decision decision, Node* node) {
  Begun begun;
  if (decision.reply) {
    begun.reply = reply_of(*std::move(decision.reply));
  } else {
    begun.session = std::make_unique<understudy_session>();
    begun.session->session = std::move(decision.session);
    begun.session->node = node;
  }
  return begun;
}

template <typename Change>
understudy_code change(understudy_session* session, Change apply) {
  if (session == nullptr) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    apply(session->session);
    return session->session.refusal().empty() ? UNDERSTUDY_OK : UNDERSTUDY_REFUSED;
  });
}

}  // namespace
}  // namespace understudy

using namespace understudy;

uint32_t understudy_abi_version(void) {
  return UNDERSTUDY_ABI_VERSION;
}

// --- options -----------------------------------------------------------------------------------

understudy_code understudy_options_load(const char* path, understudy_options** options,
                                        char* message, size_t message_size) {
  if (path == nullptr || options == nullptr) return UNDERSTUDY_ARGUMENT;
  *options = nullptr;
  return guarded([&] {
    Outcome<Options> loaded = Options::load(path);
    if (!loaded) {
      say(loaded.failure().text, message, message_size);
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
      say(opened.failure().text, message, message_size);
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
    say(failure->text, message, message_size);
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
    Begun begun = begun_of(decision.get(), node->node.get());
    *session = begun.session.release();
    *reply = begun.reply.release();
    return UNDERSTUDY_OK;
  });
}

understudy_code understudy_begin_then(understudy_node* node, const understudy_request* request,
                                      understudy_begun callback, void* context) {
  if (callback == nullptr) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    return begin(node, request, [node, callback, context](Decision made) {
      Begun begun = begun_of(std::move(made), node->node.get());
      callback(context, begun.session.release(), begun.reply.release());
    });
  });
}

understudy_code understudy_finish(understudy_session* session, understudy_reply** reply) {
  if (session == nullptr || reply == nullptr) return UNDERSTUDY_ARGUMENT;
  *reply = nullptr;
  return guarded([&] {
    const std::unique_ptr<understudy_session> owned(session);
    auto done = std::make_shared<std::promise<Release>>();
    std::future<Release> released = done->get_future();
    owned->node->finish(std::move(owned->session),
                        [done](Release made) { done->set_value(std::move(made)); });
    *reply = reply_of(released.get()).release();
    return UNDERSTUDY_OK;
  });
}

understudy_code understudy_finish_then(understudy_session* session, understudy_finished callback,
                                       void* context) {
  if (session == nullptr || callback == nullptr) return UNDERSTUDY_ARGUMENT;
  return guarded([&] {
    const std::unique_ptr<understudy_session> owned(session);
    owned->node->finish(std::move(owned->session), [callback, context](Release made) {
      callback(context, reply_of(std::move(made)).release());
    });
    return UNDERSTUDY_OK;
  });
}

void understudy_session_drop(understudy_session* session) {
  delete session;
}

understudy_code understudy_headers_for(understudy_node* node, const understudy_request* request,
                                       understudy_reply** reply) {
  if (node == nullptr || reply == nullptr) return UNDERSTUDY_ARGUMENT;
  *reply = nullptr;
  return guarded([&] {
    const ReadRequest read(request);
    if (!read.is_valid()) return UNDERSTUDY_ARGUMENT;
    auto made = std::make_unique<understudy_reply>();
    made->headers = node->node->headers_for(read.view_of());
    *reply = made.release();
    return UNDERSTUDY_OK;
  });
}

// --- session -----------------------------------------------------------------------------------

int understudy_session_id(const understudy_session* session, char* id, size_t size) {
  if (session == nullptr || id == nullptr || size <= kSessionIdBytes) return 0;
  return guarded([&] {
           say(session->session.id(), id, size);
           return UNDERSTUDY_OK;
         }) == UNDERSTUDY_OK
             ? 1
             : 0;
}

int understudy_session_is_new(const understudy_session* session) {
  return session != nullptr && session->session.is_new() ? 1 : 0;
}

int understudy_session_is_replayed(const understudy_session* session) {
  return session != nullptr && session->session.replayed() ? 1 : 0;
}

understudy_note understudy_session_note(const understudy_session* session) {
  return session == nullptr ? UNDERSTUDY_NOTE_NONE : note_of(session->session.note());
}

uint32_t understudy_session_epoch(const understudy_session* session) {
  return session == nullptr ? 0 : session->session.epoch();
}

uint64_t understudy_session_version(const understudy_session* session) {
  return session == nullptr ? 0 : session->session.version();
}

int understudy_session_get(const understudy_session* session, understudy_text name,
                           understudy_text* value) {
  if (session == nullptr || value == nullptr || !is_text(name)) return 0;
  const auto found = session->session.get(view(name));
  if (!found) return 0;
  *value = text_of(*found);
  return 1;
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
  return session == nullptr ? understudy_text{} : text_of(session->session.refusal());
}

// --- reply -------------------------------------------------------------------------------------

int understudy_reply_status(const understudy_reply* reply) {
  return reply == nullptr ? 0 : reply->status;
}

understudy_note understudy_reply_note(const understudy_reply* reply) {
  return reply == nullptr ? UNDERSTUDY_NOTE_NONE : note_of(reply->note);
}

size_t understudy_reply_header_count(const understudy_reply* reply) {
  return reply == nullptr ? 0 : reply->headers.size();
}

int understudy_reply_header(const understudy_reply* reply, size_t index,
                            understudy_header* header) {
  if (reply == nullptr || header == nullptr || index >= reply->headers.size()) return 0;
  *header = {text_of(reply->headers[index].name), text_of(reply->headers[index].value)};
  return 1;
}

understudy_text understudy_reply_body(const understudy_reply* reply) {
  return reply == nullptr ? understudy_text{} : text_of(reply->body);
}

void understudy_reply_free(understudy_reply* reply) {
  delete reply;
}
