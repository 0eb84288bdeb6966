// SPDX-License-Identifier: Apache-2.0
// What the native methods of io.understudy.Native share: bytes and numbers at the border between
// Java and understudy.h. What has several parts is one array, packed as Packet says (Packet.java
// reads it). No exception of C++ leaves a method: memory that is used up becomes an
// OutOfMemoryError. Included by node.cc and session.cc only.
#pragma once

#include <jni.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "understudy/understudy.h"

#define UNDERSTUDY_NATIVE(type, name) \
  extern "C" JNIEXPORT type JNICALL Java_io_understudy_Native_##name

namespace understudy::jni {

constexpr std::size_t kMessageBytes = 4096;
constexpr std::size_t kTextsMax = 2002;  // method, target and 1,000 headers

template <typename Result, typename Work>
Result guarded(JNIEnv* env, Result otherwise, Work work) noexcept {
  try {
    return work();
  } catch (...) {
    if (!env->ExceptionCheck()) {
      if (jclass error = env->FindClass("java/lang/OutOfMemoryError")) {
        env->ThrowNew(error, "understudy: no native memory");
      }
    }
    return otherwise;
  }
}

inline std::string bytes_of(JNIEnv* env, jbyteArray array) {
  std::string bytes;
  if (!array) return bytes;
  const jsize size = env->GetArrayLength(array);
  bytes.resize(static_cast<std::size_t>(size));
  env->GetByteArrayRegion(array, 0, size, reinterpret_cast<jbyte*>(bytes.data()));
  return bytes;
}

// Null with a pending OutOfMemoryError when there is no room.
inline jbyteArray array_of(JNIEnv* env, std::string_view bytes) {
  const auto size = static_cast<jsize>(bytes.size());
  jbyteArray array = env->NewByteArray(size);
  if (array) {
    env->SetByteArrayRegion(array, 0, size, reinterpret_cast<const jbyte*>(bytes.data()));
  }
  return array;
}

inline understudy_text text_of(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

inline std::string_view view(understudy_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

// Big-endian numbers; a text is its size (u32) and its bytes.
class Packet final {
 public:
  Packet& u32(std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes_ += static_cast<char>(number >> shift);
    return *this;
  }
  Packet& u64(std::uint64_t number) {
    return u32(static_cast<std::uint32_t>(number >> 32)).u32(static_cast<std::uint32_t>(number));
  }
  Packet& text(std::string_view text) {
    u32(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// The texts of a packed array, as views into it; nothing of one that is no such array.
inline std::vector<understudy_text> texts_of(std::string_view packed) {
  std::vector<understudy_text> texts;
  while (packed.size() >= 4 && texts.size() < kTextsMax) {
    std::uint32_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(packed[i]);
    packed.remove_prefix(4);
    if (size > packed.size()) return {};
    texts.push_back(text_of(packed.substr(0, size)));
    packed.remove_prefix(size);
  }
  return texts;
}

inline std::vector<understudy_header> headers_of(const std::vector<understudy_text>& texts,
                                                 std::size_t from) {
  std::vector<understudy_header> headers;
  for (std::size_t i = from; i + 1 < texts.size(); i += 2) {
    headers.push_back({texts[i], texts[i + 1]});
  }
  return headers;
}

template <typename Handle>
Handle* handle(jlong number) {
  return reinterpret_cast<Handle*>(static_cast<std::uintptr_t>(number));
}

inline std::uint64_t number(const void* handle) {
  return reinterpret_cast<std::uintptr_t>(handle);
}

inline jbyteArray code_and_message(JNIEnv* env, understudy_code code, const char* message) {
  return array_of(env, Packet().u32(code).text(message).bytes());
}

}  // namespace understudy::jni
