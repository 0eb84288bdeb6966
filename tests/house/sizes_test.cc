// SPDX-License-Identifier: Apache-2.0
// How large files and classes may be, and how deep includes go. The tables of what is larger today
// only shrink: a line that is no longer needed fails the test too.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/house/sources.h"

namespace understudy::house {
namespace {

constexpr std::size_t kLinesMax = 400;
constexpr std::size_t kFunctionsMaxOfBackend = 45;
constexpr std::size_t kFunctionsMax = 60;

// What may be longer than kLinesMax, and how long.
const std::map<std::string, std::size_t>& long_files() {
  static const std::map<std::string, std::size_t> files = {
      {"conf/table_proxy.cc", 500},
      {"loadtest/http2_client.cc", 500},
      {"proxy/exchange/exchange.cc", 500},
      {"proxy/upstream/http1_upstream.cc", 500},
      {"tests/proxy/downstream/http2_limits_test.cc", 500},
      {"tests/proxy/downstream/http2_member_test.cc", 500},
  };
  return files;
}

// What may have more functions, and how many: path, then name.
const std::map<std::string, std::size_t>& large_classes() {
  static const std::map<std::string, std::size_t> classes = {};
  return classes;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

// Holds `size` of `name` against `max`, or against its line of `allowed`.
void expect_within(const std::string& name, std::size_t size, std::size_t max,
                   const std::map<std::string, std::size_t>& allowed) {
  const auto known = allowed.find(name);
  if (known == allowed.end()) {
    EXPECT_LE(size, max) << name;
  } else {
    EXPECT_LE(size, known->second) << name << " has grown";
    EXPECT_GT(size, max) << name << " needs no line in the table any longer";
  }
}

void expect_all_seen(const std::map<std::string, std::size_t>& allowed,
                     const std::set<std::string>& seen) {
  for (const auto& [name, size] : allowed) {
    EXPECT_TRUE(seen.contains(name)) << name << " is no longer there";
  }
}

TEST(Sizes, NoFileIsLongerThan400Lines) {
  std::set<std::string> seen;
  for (const auto& file : read_sources(all_folders())) {
    expect_within(file.path, file.lines.size(), kLinesMax, long_files());
    seen.insert(file.path);
  }
  expect_all_seen(long_files(), seen);
}

TEST(Sizes, NoClassHasMoreFunctionsThanCanBeKnown) {
  std::set<std::string> seen;
  for (const auto& file : read_sources(product_folders())) {
    const bool is_backend = file.path.starts_with("backend_sdk/");
    for (const auto& size : class_sizes(joined(file.lines))) {
      const std::string name = file.path + " " + size.name;
      expect_within(name, size.functions, is_backend ? kFunctionsMaxOfBackend : kFunctionsMax,
                    large_classes());
      seen.insert(name);
    }
  }
  expect_all_seen(large_classes(), seen);
}

TEST(Sizes, FunctionsAreCountedOncePerDeclaration) {
  const auto sizes = class_sizes(R"(
    class Forward;
    enum class Colour { kRed, kGreen };
    // class Comment { void f(); };
    class UNDERSTUDY_API [[nodiscard]] Shop final : public Base<int(int)>, private Listener {
     public:
      explicit Shop(int items = count(), std::string name = {}) : items_{items}, name_(name) {}
      ~Shop() override;
      Shop(const Shop&) = delete;
      Shop& operator=(Shop&&) = default;
      bool operator==(const Shop& other) const { return items_ == other.items_; }
      const std::map<int, std::function<void(int)>>& doors() const { if (a) { b(); } return d_; }
      template <typename T>
      void sell(T what, std::function<void(bool)> then);
      static int next() noexcept;
      virtual void close() = 0;
      friend bool is_open(const Shop& shop);
      struct Item { int price() const; int cents = 1'000; };
      std::function<void(int)> on_sold_;
      int items_ = count();
      char sign_ = '{';
      using Call = void (*)(int);
      static_assert(sizeof(int) == 4);
      int price_[2] = {first(), second()};
    };
    inline Shop make() { struct Local { void one(); void two(); }; return {}; })");
  std::map<std::string, std::size_t> counted;
  for (const auto& size : sizes) counted[size.name] = size.functions;
  EXPECT_EQ(counted,
            (std::map<std::string, std::size_t>{{"Shop", 7}, {"Shop::Item", 1}, {"Local", 2}}));
}

// The longest way from a file through our own headers, by folder: printed, and no way may be longer
// than the longest of today.
TEST(Sizes, IncludesAreNotDeeperThanToday) {
  constexpr std::size_t kDepthMax = 17;  // of the SDK: node_core's
  constexpr std::size_t kProxyDepthMax = 9;
  std::map<std::string, std::vector<std::string>> edges;
  const auto files = read_sources(product_folders());
  for (const auto& file : files) {
    for (const auto& line : file.lines) {
      if (const auto name = included(line, '"', '"'); !name.empty()) {
        const bool is_public = name.starts_with("understudy/");
        edges[file.path].push_back(is_public ? "backend_sdk/include/" + name : name);
      }
    }
  }
  std::map<std::string, std::size_t> depths;
  std::function<std::size_t(const std::string&)> depth_of = [&](const std::string& name) {
    if (const auto known = depths.find(name); known != depths.end()) return known->second;
    std::size_t depth = 0;
    for (const auto& next : edges[name]) depth = std::max(depth, 1 + depth_of(next));
    return depths[name] = depth;
  };
  std::map<std::string, std::size_t> deepest;
  for (const auto& file : files) {
    const std::size_t depth = depth_of(file.path);
    EXPECT_LE(depth, file.path.starts_with("proxy/") ? kProxyDepthMax : kDepthMax) << file.path;
    auto& most = deepest[file.path.substr(0, file.path.rfind('/'))];
    most = std::max(most, depth);
  }
  for (const auto& [folder, depth] : deepest) std::cout << depth << "  " << folder << "\n";
}

}  // namespace
}  // namespace understudy::house
