// SPDX-License-Identifier: Apache-2.0
// Relayed: the answer of the member that serves a session, to a request that came to another one
// (ThirdServer relay): its head at once, its body piece by piece as the door asks for it. A door
// that sends answers whole has no use for it: see BeginOptions. Not thread-safe, but may be handed
// from thread to thread. Move-only; dropping it ends the request at that member.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "understudy/export.h"
#include "understudy/http.h"

namespace understudy {

struct RelayedChunk {
  enum class Kind : std::uint8_t {
    kMore,    // more may come
    kLast,    // the body is whole with this
    kBroken,  // the rest will not come: the client must not take what it has for the whole
  };
  Kind kind = Kind::kBroken;
  std::string bytes;
};

class UNDERSTUDY_API Relayed final {
 public:
  Relayed();  // holds nothing
  ~Relayed();
  Relayed(Relayed&&) noexcept;
  Relayed& operator=(Relayed&&) noexcept;

  bool is_empty() const { return state_ == nullptr; }
  int status() const;
  // Complete but for the framing: Content-Length stands there where the member said it, Connection
  // and Transfer-Encoding are the HTTP library's business.
  const std::vector<Header>& headers() const;
  // The next piece, once it is there; on the executor given to begin(). The member is read no
  // faster than this is called, but for RelayBufferBytes. One call at a time; none after the last.
  void read(std::function<void(RelayedChunk)> callback);

  struct UNDERSTUDY_LOCAL State;
  explicit Relayed(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace understudy
