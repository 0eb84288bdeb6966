// SPDX-License-Identifier: Apache-2.0
// Failure and Outcome<T>: what the SDK could not do and why, as a value. The only error types of
// the public headers; nothing in the SDK throws. Failures of single requests are not among them:
// those are answers (http.h). Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace understudy {

enum class FailureCode : std::uint8_t {
  kConfiguration,  // a directive or an option is wrong; the text says which, where and why
  kKeyFile,        // the cluster's key file is missing, readable by others, or no key file
  kAddress,        // ClusterListen cannot be bound, or an address cannot be resolved
  kSystem,         // the operating system refused something else
};

struct Failure {
  FailureCode code = FailureCode::kSystem;
  std::string text;  // one or more sentences for the operator, ready for stderr
};

// A value, or the Failure that explains why there is none. Reading the absent one is a bug of the
// caller and ends the process (std::get on a variant).
template <typename T>
class [[nodiscard]] Outcome final {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Outcome(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

}  // namespace understudy
