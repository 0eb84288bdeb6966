// SPDX-License-Identifier: Apache-2.0
// Sharded: a std::unordered_map or _set in 64 parts, by the key's hash. A table that grows walks
// over all that it holds, and one that is cleared frees all of it: with 200,000 entries either is a
// long turn of the loop. Here a part grows alone, with a 64th of the entries, each at another load
// so that they do not all grow together, and clear_shard() frees one part. The same calls mean what
// they mean in the standard's tables; the order of a walk depends only on what was done with the
// table. Not thread-safe, like them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace understudy {

template <typename Table>
class Sharded final {
  static constexpr size_t kShards = 64;
  using Shards = std::array<Table, kShards>;

  template <typename Parts, typename Inner>
  class Walk {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = typename Table::value_type;
    using difference_type = std::ptrdiff_t;
    using reference = decltype(*std::declval<Inner>());
    using pointer = decltype(&*std::declval<Inner>());

    Walk() = default;
    reference operator*() const { return *inner_; }
    pointer operator->() const { return &*inner_; }
    Walk& operator++() {
      ++inner_;
      settle();
      return *this;
    }
    Walk operator++(int) { return std::exchange(*this, std::next(*this)); }
    bool operator==(const Walk& other) const {
      return shard_ == other.shard_ && (shard_ == kShards || inner_ == other.inner_);
    }

   private:
    friend class Sharded;
    Walk(Parts* shards, size_t shard, Inner inner)
        : shards_(shards), shard_(shard), inner_(inner) {}
    // Behind the last entry of a shard comes the first of the next one that has any.
    void settle() {
      while (inner_ == (*shards_)[shard_].end()) {
        if (++shard_ == kShards) return;
        inner_ = (*shards_)[shard_].begin();
      }
    }
    Parts* shards_ = nullptr;
    size_t shard_ = kShards;
    Inner inner_{};
  };

 public:
  using key_type = typename Table::key_type;
  using value_type = typename Table::value_type;
  using node_type = typename Table::node_type;
  using iterator = Walk<Shards, typename Table::iterator>;
  using const_iterator = Walk<const Shards, typename Table::const_iterator>;

  Sharded() {
    for (size_t shard = 0; shard < kShards; ++shard) shards_[shard] = empty_shard(shard);
  }
  Sharded(Sharded&& other) noexcept
      : shards_(std::move(other.shards_)), size_(std::exchange(other.size_, 0)) {}
  Sharded& operator=(Sharded&& other) noexcept {
    shards_ = std::move(other.shards_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool contains(const key_type& key) const { return shards_[shard_of(key)].contains(key); }

  iterator find(const key_type& key) { return find_in<iterator>(shards_, key); }
  const_iterator find(const key_type& key) const { return find_in<const_iterator>(shards_, key); }
  iterator begin() { return first_of<iterator>(shards_); }
  const_iterator begin() const { return first_of<const_iterator>(shards_); }
  iterator end() { return {}; }
  const_iterator end() const { return {}; }

  template <typename... Arguments>
  std::pair<iterator, bool> emplace(const key_type& key, Arguments&&... arguments) {
    const size_t shard = shard_of(key);
    const auto [inner, is_new] = shards_[shard].emplace(key, std::forward<Arguments>(arguments)...);
    size_ += is_new ? 1 : 0;
    return {iterator(&shards_, shard, inner), is_new};
  }
  // Of a map: the value of that key, made where there is none.
  auto& operator[](const key_type& key) {
    Table& shard = shards_[shard_of(key)];
    const size_t before = shard.size();
    auto& value = shard[key];
    size_ += shard.size() - before;
    return value;
  }
  // False, and the node's entry is gone: its key is taken.
  bool insert(node_type&& node) {
    Table& shard = shards_[shard_of(key_of(node))];
    const bool is_new = shard.insert(std::move(node)).inserted;
    size_ += is_new ? 1 : 0;
    return is_new;
  }
  node_type extract(const key_type& key) {
    node_type node = shards_[shard_of(key)].extract(key);
    size_ -= node.empty() ? 0 : 1;
    return node;
  }
  size_t erase(const key_type& key) {
    const size_t erased = shards_[shard_of(key)].erase(key);
    size_ -= erased;
    return erased;
  }
  void erase(iterator entry) {
    shards_[entry.shard_].erase(entry.inner_);
    --size_;
  }
  // Frees the first part that holds anything. Called until the table is empty, a part a turn.
  void clear_shard() {
    const iterator first = begin();
    if (first == end()) return;
    Table freed = std::exchange(shards_[first.shard_], empty_shard(first.shard_));
    size_ -= freed.size();
  }

 private:
  // The tables take the hash's low bits, which are the number itself for a number: the shard is
  // taken from the high bits of a product (Fibonacci hashing).
  static size_t shard_of(const key_type& key) {
    constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
    static_assert(kShards == 1 << 6);
    return static_cast<uint64_t>(typename Table::hasher()(key)) * kGolden >> 58;
  }
  // Keys that are counted up fill all parts at the same rate.
  static Table empty_shard(size_t shard) {
    Table table;
    table.max_load_factor(0.7f + 0.6f * static_cast<float>(shard) / kShards);
    return table;
  }
  static const key_type& key_of(const node_type& node) {
    if constexpr (requires { node.key(); }) {
      return node.key();
    } else {
      return node.value();
    }
  }
  template <typename Iterator, typename Parts>
  static Iterator find_in(Parts& shards, const key_type& key) {
    const size_t shard = shard_of(key);
    const auto inner = shards[shard].find(key);
    return inner == shards[shard].end() ? Iterator() : Iterator(&shards, shard, inner);
  }
  template <typename Iterator, typename Parts>
  static Iterator first_of(Parts& shards) {
    Iterator first(&shards, 0, shards[0].begin());
    first.settle();
    return first;
  }

  Shards shards_;
  size_t size_ = 0;
};

}  // namespace understudy
