// SPDX-License-Identifier: Apache-2.0
// Spares: objects that are not in use, kept for the next user, up to a bound
// and as long as there are such. Owned by a worker's pool; worker thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/unneeded_spares.h"

namespace understudy {

template <typename T>
class Spares final {
 public:
  static constexpr std::size_t kKeptMax = 1024;

  Spares() = default;
  ~Spares() {
    for (T* object : kept_) delete object;
  }
  Spares(const Spares&) = delete;

  // Null: there is none.
  T* take() {
    if (kept_.empty()) return nullptr;
    T* const object = kept_.back();
    kept_.pop_back();
    unneeded_.on_taken(kept_.size());
    return object;
  }
  // False: there are enough, and `object` is left as it was.
  bool keep(std::unique_ptr<T>& object) {
    if (kept_.size() >= kKeptMax) return false;
    kept_.push_back(object.release());
    return true;
  }
  // To be called every now and then, not from within a user: destroys half of those that no user
  // has needed since the last call.
  void shrink() {
    const std::size_t surplus = unneeded_.take_surplus(kept_.size());
    for (std::size_t i = 0; i < surplus; ++i) delete kept_[i];
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(surplus));
  }
  std::size_t size() const { return kept_.size(); }

 private:
  std::vector<T*> kept_;  // owned; the one that was used last is the last
  UnneededSpares unneeded_;
};

}  // namespace understudy
