// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or the Error that explains why there is none. For what happens in the world
// (network, peer, file, configuration); a bug of ours is a CHECK instead. A subset of
// std::expected, so that C++23 makes it an alias. Values; any thread.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace understudy {

// Flat on purpose: one line of meaning each. What follows from one is decided by who asked:
// proxy/exchange/retry for a member's connection.
enum class ErrorCode {
  kConnectRefused,  // the peer's machine answered that nothing listens there
  kConnectTimeout,  // no answer to connect() in time
  kConnectFailed,   // any other failure of connect()
  kNoMember,        // no member has that name
  kReset,           // the connection broke in the middle
  kClosed,          // the peer closed in an orderly way, too early
  kTimeout,         // the peer sent nothing for too long
  kUnreachable,     // the network has given up on a connection, or on a route to the peer
  kProtocol,        // the peer broke the protocol it speaks with us
  kTooLarge,        // a limit of ours was exceeded
  kUnavailable,     // refused for now: draining, overload, partition
  kTls,             // the TLS layer failed
  kSystem,          // the operating system refused; detail holds errno's text
  kInvalid,         // input that no retry will make valid
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string detail;  // a sentence: where, what, what to do
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool has_value() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }
  T value_or(T other) const& { return has_value() ? **this : std::move(other); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  explicit operator bool() const { return ok_; }
  bool has_value() const { return ok_; }
  Error& error() & { return error_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace understudy
