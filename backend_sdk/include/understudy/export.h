// SPDX-License-Identifier: Apache-2.0
// What libunderstudy.so shows to those who link it: the classes and functions that a public header
// marks with UNDERSTUDY_API, and nothing else. A class that is named inside of one and belongs to
// the SDK alone is marked UNDERSTUDY_LOCAL. Both mean nothing where the library is linked
// statically.
#pragma once

#if defined(__GNUC__)
#define UNDERSTUDY_API __attribute__((visibility("default")))
#define UNDERSTUDY_LOCAL __attribute__((visibility("hidden")))
#else
#define UNDERSTUDY_API
#define UNDERSTUDY_LOCAL
#endif
