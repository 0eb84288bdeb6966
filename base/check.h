// SPDX-License-Identifier: Apache-2.0
// CHECK: a promise that only a bug of ours can break; always on, aborts with the place and a note.
// DCHECK: the same for hot paths, in debug builds only. Input from outside is never CHECKed.
#pragma once

namespace understudy {

[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const char* note = "");

}  // namespace understudy

#define CHECK(condition, ...)                        \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::understudy::check_failed(#condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__))

#ifdef NDEBUG
#define DCHECK(condition, ...) static_cast<void>(sizeof(static_cast<bool>(condition)))
#else
#define DCHECK(condition, ...) CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#endif
