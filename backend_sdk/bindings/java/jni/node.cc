// SPDX-License-Identifier: Apache-2.0
// The native methods of io.understudy.Native about the library, its log and a node. A handle is a
// number that the SDK checks (handle_table.h), so one that is closed is a code and never memory.
//
// Hooks and the log's lines come on threads of the SDK; each is attached once, as a daemon, and
// detached when it ends.
#include <jni.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "backend_sdk/bindings/java/jni/border.h"

using namespace understudy::jni;

namespace {

JavaVM* vm = nullptr;
jclass native_class = nullptr;  // global, for the life of the library
jmethodID on_readiness = nullptr;
jmethodID on_session_lost = nullptr;
jmethodID on_log = nullptr;

// --- calls into Java ----------------------------------------------------------------------------

class Attachment final {
 public:
  Attachment() {
    void* env = nullptr;
    if (vm->GetEnv(&env, JNI_VERSION_10) == JNI_OK) {
      env_ = static_cast<JNIEnv*>(env);
      return;
    }
    std::array<char, 16> name{"understudy"};
    JavaVMAttachArgs args{JNI_VERSION_10, name.data(), nullptr};
    is_ours_ = vm->AttachCurrentThreadAsDaemon(&env, &args) == JNI_OK;
    if (is_ours_) env_ = static_cast<JNIEnv*>(env);
  }
  ~Attachment() {
    if (is_ours_) vm->DetachCurrentThread();
  }
  Attachment(const Attachment&) = delete;
  JNIEnv* env() const { return env_; }  // null: the machine refused

 private:
  JNIEnv* env_ = nullptr;
  bool is_ours_ = false;
};

JNIEnv* env_here() {
  thread_local const Attachment attachment;
  return attachment.env();
}

// A Java object that native code keeps. Its last owner may be any thread.
class Kept final {
 public:
  Kept(JNIEnv* env, jobject object) : object_(env->NewGlobalRef(object)) {}
  ~Kept() {
    if (JNIEnv* env = env_here()) env->DeleteGlobalRef(object_);
  }
  Kept(const Kept&) = delete;
  jobject object() const { return object_; }

 private:
  jobject object_;
};

// The Java side catches what its listener throws; anything else ends here.
void end_call(JNIEnv* env, jbyteArray array) {
  if (array) env->DeleteLocalRef(array);
  if (env->ExceptionCheck()) env->ExceptionClear();
}

void readiness_changed(void* context, understudy_readiness readiness) {
  JNIEnv* env = env_here();
  if (!env) return;
  env->CallStaticVoidMethod(native_class, on_readiness, static_cast<Kept*>(context)->object(),
                            static_cast<jint>(readiness));
  end_call(env, nullptr);
}

void session_lost(void* context, understudy_text id) {
  JNIEnv* env = env_here();
  if (!env) return;
  jbyteArray array = array_of(env, view(id));
  if (array) {
    env->CallStaticVoidMethod(native_class, on_session_lost, static_cast<Kept*>(context)->object(),
                              array);
  }
  end_call(env, array);
}

std::mutex log_mutex;

// Guarded by log_mutex. Never destroyed: the process may end, and the JVM be gone, while it is set.
std::shared_ptr<const Kept>& log_writer() {
  static auto* const writer = new std::shared_ptr<const Kept>();
  return *writer;
}

void log_line(void*, understudy_severity severity, understudy_text line) {
  JNIEnv* env = env_here();
  std::shared_ptr<const Kept> writer;
  {
    const std::lock_guard lock(log_mutex);
    writer = log_writer();
  }
  if (!env || !writer || env->ExceptionCheck()) return;
  jbyteArray array = array_of(env, view(line));
  if (array) {
    env->CallStaticVoidMethod(native_class, on_log, writer->object(), static_cast<jint>(severity),
                              array);
  }
  end_call(env, array);
}

}  // namespace

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* machine, void*) {
  vm = machine;
  void* raw = nullptr;
  if (vm->GetEnv(&raw, JNI_VERSION_10) != JNI_OK) return JNI_ERR;
  auto* env = static_cast<JNIEnv*>(raw);
  jclass found = env->FindClass("io/understudy/Native");
  if (!found) return JNI_ERR;
  native_class = static_cast<jclass>(env->NewGlobalRef(found));
  env->DeleteLocalRef(found);
  on_readiness = env->GetStaticMethodID(native_class, "onReadiness", "(Lio/understudy/Hooks;I)V");
  on_session_lost =
      env->GetStaticMethodID(native_class, "onSessionLost", "(Lio/understudy/Hooks;[B)V");
  on_log = env->GetStaticMethodID(native_class, "onLog", "(Lio/understudy/LogWriter;I[B)V");
  return on_readiness && on_session_lost && on_log ? JNI_VERSION_10 : JNI_ERR;
}

UNDERSTUDY_NATIVE(jint, abiVersion)(JNIEnv*, jclass) {
  return static_cast<jint>(understudy_abi_version());
}

UNDERSTUDY_NATIVE(void, setLog)(JNIEnv* env, jclass, jobject writer) {
  guarded(env, 0, [&] {
    auto kept = writer ? std::make_shared<const Kept>(env, writer) : nullptr;
    const bool is_set = kept != nullptr;
    {
      const std::lock_guard lock(log_mutex);
      log_writer().swap(kept);
    }
    understudy_set_log(is_set ? &log_line : nullptr, nullptr);
    return 0;
  });
}

// --- node ---------------------------------------------------------------------------------------

UNDERSTUDY_NATIVE(jbyteArray, loadOptions)(JNIEnv* env, jclass, jbyteArray path) {
  return guarded(env, jbyteArray{}, [&] {
    std::array<char, kMessageBytes> message{};
    understudy_options* options = nullptr;
    const understudy_code code = understudy_options_load(bytes_of(env, path).c_str(), &options,
                                                         message.data(), message.size());
    Packet packet;
    packet.u32(code).text(message.data()).u64(number(options));
    if (code == UNDERSTUDY_OK) {
      packet.text(understudy_options_member_name(options)).text(understudy_options_listen(options));
    }
    return array_of(env, packet.bytes());
  });
}

UNDERSTUDY_NATIVE(void, freeOptions)(JNIEnv*, jclass, jlong options) {
  understudy_options_free(handle<understudy_options>(options));
}

// Gives the node, and what keeps the hooks until free().
UNDERSTUDY_NATIVE(jbyteArray, open)(JNIEnv* env, jclass, jlong options, jobject hooks) {
  return guarded(env, jbyteArray{}, [&] {
    auto kept = std::make_unique<Kept>(env, hooks);
    const understudy_hooks calls{sizeof calls, kept.get(), &readiness_changed, &session_lost};
    std::array<char, kMessageBytes> message{};
    understudy_node* node = nullptr;
    const understudy_code code = understudy_node_open_with(
        handle<understudy_options>(options), &calls, &node, message.data(), message.size());
    Packet packet;
    packet.u32(code).text(message.data()).u64(number(node));
    packet.u64(code == UNDERSTUDY_OK ? number(kept.release()) : 0);
    return array_of(env, packet.bytes());
  });
}

UNDERSTUDY_NATIVE(void, free)(JNIEnv*, jclass, jlong node, jlong hooks) {
  understudy_node_free(handle<understudy_node>(node));
  delete handle<Kept>(hooks);
}

UNDERSTUDY_NATIVE(jint, readiness)(JNIEnv*, jclass, jlong node) {
  return understudy_node_readiness(handle<understudy_node>(node));
}

UNDERSTUDY_NATIVE(jbyteArray, waitReady)
(JNIEnv* env, jclass, jlong node, jint least, jint milliseconds) {
  return guarded(env, jbyteArray{}, [&] {
    std::array<char, kMessageBytes> message{};
    const understudy_code code = understudy_node_wait_ready(
        handle<understudy_node>(node), static_cast<understudy_readiness>(least),
        static_cast<std::uint32_t>(milliseconds), message.data(), message.size());
    return code_and_message(env, code, message.data());
  });
}

UNDERSTUDY_NATIVE(void, drain)(JNIEnv*, jclass, jlong node) {
  understudy_node_drain(handle<understudy_node>(node));
}

UNDERSTUDY_NATIVE(jbyteArray, reloadKeys)(JNIEnv* env, jclass, jlong node) {
  return guarded(env, jbyteArray{}, [&] {
    std::array<char, kMessageBytes> message{};
    const understudy_code code =
        understudy_reload_keys(handle<understudy_node>(node), message.data(), message.size());
    return code_and_message(env, code, message.data());
  });
}

UNDERSTUDY_NATIVE(jbyteArray, statistics)(JNIEnv* env, jclass, jlong node) {
  return guarded(env, jbyteArray{}, [&] {
    understudy_statistics its{};
    its.struct_size = sizeof its;
    Packet packet;
    packet.u32(understudy_node_statistics(handle<understudy_node>(node), &its)).text("");
    for (const std::uint64_t* at = &its.requests; at <= &its.members_alive; ++at) packet.u64(*at);
    return array_of(env, packet.bytes());
  });
}

UNDERSTUDY_NATIVE(jbyteArray, metrics)(JNIEnv* env, jclass, jlong node) {
  return guarded(env, jbyteArray{}, [&] {
    auto* its = handle<understudy_node>(node);
    std::string text(understudy_node_metrics(its, nullptr, 0) + kMessageBytes, '\0');
    const std::size_t size = understudy_node_metrics(its, text.data(), text.size());
    text.resize(size < text.size() ? size : text.size());
    return array_of(env, text);
  });
}
