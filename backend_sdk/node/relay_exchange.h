// SPDX-License-Identifier: Apache-2.0
// RelayExchange: one request at one other member: connect or take a kept connection, send, read the
// answer's head, then its body as it is asked for. Owned by Relays until it is over; who reads the
// answer holds it as well. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/node/answer_reader.h"
#include "backend_sdk/node/relay_request.h"
#include "backend_sdk/wire/ids.h"
#include "base/address.h"
#include "base/clock.h"
#include "understudy/relayed.h"

struct bufferevent;

namespace understudy {

enum class RelayFault : uint8_t {
  kNone,         // the answer's head is there
  kFull,         // RelayConnections
  kUnreachable,  // no byte was sent
  kBroken,       // it may have run: the connection ended, fell silent, or said what is no HTTP
};

struct RelayLimits {
  std::size_t connections_max = 1024;
  std::size_t buffer_bytes_max = 64u << 10;
  Duration connect_timeout{};
  Duration timeout{};
};

// What is sent where.
struct RelayOrder {
  MemberId to = kNobody;
  Address address;
  std::string text;
  bool is_head = false;
  RequestId request_id = 0;  // 0: another may send it again, so its end is not told
};

class RelayExchange final {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Once. `stream`, if not null, can carry another request to the same address.
    virtual void on_over(RelayExchange& exchange, bool is_whole, bufferevent* stream) = 0;
  };
  using Begun = std::function<void(RelayFault)>;

  RelayExchange(Owner& owner, const RelayLimits& limits, RelayOrder order, Begun begun);
  ~RelayExchange();
  RelayExchange(const RelayExchange&) = delete;

  // `stream`: fresh, or kept.
  void start(bufferevent* stream, bool is_kept);
  // The next piece of the body, once it is there.
  void read(std::function<void(RelayedChunk)> callback);
  // The client has gone; or, with a fault, the member. Harmless when it is over.
  void close(RelayFault fault = RelayFault::kBroken);

  const RelayOrder& order() const { return order_; }
  int status() const { return answer_.status(); }
  std::vector<Header>& headers() { return answer_.headers(); }

 private:
  void send();
  void take_input();
  void settle();
  void finish(bool is_whole, bufferevent* kept);
  void give();
  static void on_read(bufferevent* stream, void* self);
  static void on_event(bufferevent* stream, short what, void* self);

  // Constant after construction.
  Owner& owner_;
  const RelayLimits limits_;
  const RelayOrder order_;

  Begun begun_;  // empty once called
  AnswerReader answer_;
  bufferevent* stream_ = nullptr;  // ours while the exchange goes on
  bool is_sent_ = false;
  bool is_over_ = false;
  bool is_broken_ = false;
  bool is_paused_ = false;
  std::string body_;  // not asked for yet
  std::function<void(RelayedChunk)> reader_;
};

}  // namespace understudy
