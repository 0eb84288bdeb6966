// SPDX-License-Identifier: Apache-2.0
// The native methods of io.understudy.Native about a request: begin, the session, finish. What is
// asked with each request (the id, whether it is new or replayed) comes with begin, so that a
// request costs few crossings of the border.
#include <memory>

#include "backend_sdk/bindings/java/jni/border.h"

using namespace understudy::jni;

namespace {

constexpr std::size_t kIdBytes = 23;

// Adds the reply, and frees it.
void add_reply(Packet& packet, understudy_reply* reply) {
  const std::unique_ptr<understudy_reply, void (*)(understudy_reply*)> freed(
      reply, &understudy_reply_free);
  packet.u32(static_cast<std::uint32_t>(understudy_reply_status(reply)));
  packet.u32(understudy_reply_note(reply));
  packet.text(view(understudy_reply_body(reply)));
  const std::size_t count = understudy_reply_header_count(reply);
  packet.u32(static_cast<std::uint32_t>(count));
  understudy_header header;
  for (std::size_t i = 0; understudy_reply_header(reply, i, &header); ++i) {
    packet.text(view(header.name)).text(view(header.value));
  }
}

// A request whose texts live as long as `packed`.
class PackedRequest final {
 public:
  PackedRequest(JNIEnv* env, jbyteArray packed, bool is_tls, bool is_exclusive)
      : bytes_(bytes_of(env, packed)), texts_(texts_of(bytes_)), headers_(headers_of(texts_, 2)) {
    request_.struct_size = sizeof request_;
    if (texts_.size() >= 2) {
      request_.method = texts_[0];
      request_.target = texts_[1];
    }
    request_.headers = headers_.data();
    request_.header_count = headers_.size();
    request_.is_tls = is_tls ? 1 : 0;
    request_.is_exclusive = is_exclusive ? 1 : 0;
  }
  PackedRequest(const PackedRequest&) = delete;
  const understudy_request* get() const { return &request_; }

 private:
  const std::string bytes_;
  const std::vector<understudy_text> texts_;
  const std::vector<understudy_header> headers_;
  understudy_request request_{};
};

void add_session(Packet& packet, const understudy_session* session) {
  std::array<char, kIdBytes> id{};
  understudy_session_id(session, id.data(), id.size());
  packet.text(id.data());
  packet.u32(static_cast<std::uint32_t>(understudy_session_is_new(session)));
  packet.u32(static_cast<std::uint32_t>(understudy_session_is_replayed(session)));
  packet.u32(understudy_session_note(session));
  packet.u32(understudy_session_epoch(session));
  packet.u64(understudy_session_version(session));
}

}  // namespace

// Gives the session's handle and what is known of it, or handle 0 and the reply.
UNDERSTUDY_NATIVE(jbyteArray, begin)
(JNIEnv* env, jclass, jlong node, jbyteArray packed, jboolean is_tls, jboolean is_exclusive) {
  return guarded(env, jbyteArray{}, [&] {
    const PackedRequest request(env, packed, is_tls, is_exclusive);
    understudy_session* session = nullptr;
    understudy_reply* reply = nullptr;
    Packet packet;
    packet.u32(understudy_begin(handle<understudy_node>(node), request.get(), &session, &reply));
    packet.text("").u64(number(session));
    if (session) {
      add_session(packet, session);
    } else if (reply) {
      add_reply(packet, reply);
    }
    jbyteArray array = array_of(env, packet.bytes());
    if (!array) understudy_session_drop(session);
    return array;
  });
}

UNDERSTUDY_NATIVE(jbyteArray, finish)(JNIEnv* env, jclass, jlong session) {
  return guarded(env, jbyteArray{}, [&] {
    understudy_reply* reply = nullptr;
    Packet packet;
    packet.u32(understudy_finish(handle<understudy_session>(session), &reply)).text("");
    if (reply) add_reply(packet, reply);
    return array_of(env, packet.bytes());
  });
}

UNDERSTUDY_NATIVE(void, drop)(JNIEnv*, jclass, jlong session) {
  understudy_session_drop(handle<understudy_session>(session));
}

UNDERSTUDY_NATIVE(jbyteArray, headersFor)
(JNIEnv* env, jclass, jlong node, jbyteArray packed, jboolean is_tls) {
  return guarded(env, jbyteArray{}, [&] {
    const PackedRequest request(env, packed, is_tls, false);
    understudy_reply* reply = nullptr;
    Packet packet;
    packet.u32(understudy_headers_for(handle<understudy_node>(node), request.get(), &reply));
    packet.text("");
    if (reply) add_reply(packet, reply);
    return array_of(env, packet.bytes());
  });
}

// --- session ------------------------------------------------------------------------------------

UNDERSTUDY_NATIVE(jbyteArray, get)(JNIEnv* env, jclass, jlong session, jbyteArray name) {
  return guarded(env, jbyteArray{}, [&] {
    const std::string key = bytes_of(env, name);
    understudy_text value;
    return understudy_session_get(handle<understudy_session>(session), text_of(key), &value)
               ? array_of(env, view(value))
               : nullptr;
  });
}

UNDERSTUDY_NATIVE(jbyteArray, names)(JNIEnv* env, jclass, jlong session) {
  return guarded(env, jbyteArray{}, [&] {
    Packet names;
    const auto add = [](void* to, understudy_text name, understudy_text) {
      static_cast<Packet*>(to)->text(view(name));
    };
    const understudy_code code =
        understudy_session_visit(handle<understudy_session>(session), add, &names);
    return array_of(env, Packet().u32(code).text("").bytes() + names.bytes());
  });
}

UNDERSTUDY_NATIVE(jint, set)
(JNIEnv* env, jclass, jlong session, jbyteArray name, jbyteArray value) {
  return guarded(env, jint{UNDERSTUDY_SYSTEM}, [&]() -> jint {
    const std::string key = bytes_of(env, name);
    const std::string bytes = bytes_of(env, value);
    return understudy_session_set(handle<understudy_session>(session), text_of(key),
                                  text_of(bytes));
  });
}

UNDERSTUDY_NATIVE(jint, remove)(JNIEnv* env, jclass, jlong session, jbyteArray name) {
  return guarded(env, jint{UNDERSTUDY_SYSTEM}, [&]() -> jint {
    const std::string key = bytes_of(env, name);
    return understudy_session_remove(handle<understudy_session>(session), text_of(key));
  });
}

UNDERSTUDY_NATIVE(jint, invalidate)(JNIEnv*, jclass, jlong session) {
  return understudy_session_invalidate(handle<understudy_session>(session));
}

// Gives the new id.
UNDERSTUDY_NATIVE(jbyteArray, rotateId)(JNIEnv* env, jclass, jlong session) {
  return guarded(env, jbyteArray{}, [&] {
    auto* its = handle<understudy_session>(session);
    const understudy_code code = understudy_session_rotate_id(its);
    std::array<char, kIdBytes> id{};
    understudy_session_id(its, id.data(), id.size());
    Packet packet;
    packet.u32(code).text(view(understudy_session_refusal(its))).text(id.data());
    return array_of(env, packet.bytes());
  });
}

UNDERSTUDY_NATIVE(jint, storeResponse)
(JNIEnv* env, jclass, jlong session, jint status, jbyteArray packed_headers, jbyteArray body) {
  return guarded(env, jint{UNDERSTUDY_SYSTEM}, [&]() -> jint {
    const std::string packed = bytes_of(env, packed_headers);
    const auto headers = headers_of(texts_of(packed), 0);
    const std::string bytes = bytes_of(env, body);
    return understudy_session_store_response(handle<understudy_session>(session), status,
                                             headers.data(), headers.size(), text_of(bytes));
  });
}

UNDERSTUDY_NATIVE(jbyteArray, refusal)(JNIEnv* env, jclass, jlong session) {
  return guarded(env, jbyteArray{}, [&] {
    return array_of(env, view(understudy_session_refusal(handle<understudy_session>(session))));
  });
}
