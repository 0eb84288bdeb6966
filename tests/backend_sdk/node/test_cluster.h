// SPDX-License-Identifier: Apache-2.0
// A few real Nodes in this process, on loopback with ports of the kernel's choice, and a client
// that keeps its cookie. Waits are for events, with an upper bound; nothing sleeps.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "understudy/node.h"

namespace understudy {

inline constexpr std::chrono::seconds kPatience{20};

// Options of a member that joins `seed` (empty: it is the first), with a fast beat and no key file.
Options test_options(const std::string& name, const std::string& seed);

// Waits at most kPatience for a callback's value.
template <typename T>
class Awaited {
 public:
  std::function<void(T)> callback() {
    return [state = state_](T value) {
      const std::lock_guard lock(state->mutex);
      state->value = std::make_unique<T>(std::move(value));
      state->arrived.notify_all();
    };
  }
  bool is_here() const {
    const std::lock_guard lock(state_->mutex);
    return state_->value != nullptr;
  }
  T take() {
    std::unique_lock lock(state_->mutex);
    EXPECT_TRUE(state_->arrived.wait_for(lock, kPatience, [this] { return !!state_->value; }));
    return state_->value ? std::move(*state_->value) : T{};
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable arrived;
    std::unique_ptr<T> value;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

struct Asked {
  std::string method = "GET";
  std::string target = "/";
  std::vector<Header> headers;
  bool exclusive = false;
};

// What begin() needs of it stays valid as long as this lives.
class AskedView {
 public:
  explicit AskedView(const Asked& asked);
  RequestView view() const;

 private:
  const Asked& asked_;
  std::vector<HeaderView> headers_;
};

std::string header_of(const std::vector<Header>& headers, std::string_view name);

class TestCluster {
 public:
  explicit TestCluster(const std::vector<std::string>& names,
                       const std::function<void(Options&)>& change = {});
  ~TestCluster();

  Node& node(const std::string& name);
  Node& node_of_mid(std::uint32_t mid);
  std::vector<std::string> names() const;
  // Until every living node sees exactly so many alive.
  void wait_for_members(std::size_t alive);
  void kill(const std::string& name);   // no LEAVE
  void close(const std::string& name);  // LEAVE, without draining

 private:
  struct Watched {
    std::unique_ptr<Node> node;
    std::size_t alive = 0;
  };
  void add(const std::string& name, const std::function<void(Options&)>& change);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::size_t> alive_;  // guarded by mutex_
  std::map<std::string, std::unique_ptr<Node>> nodes_;
};

// One client: sends requests to a node of its choice, keeps the cookie it is given.
class TestClient {
 public:
  explicit TestClient(TestCluster& cluster) : cluster_(cluster) {}

  Decision begin(const std::string& at, Asked asked = {});
  Release finish(const std::string& at, Session session);
  // begin, `handler`, finish; expects both to succeed.
  void run(const std::string& at, const std::function<void(Session&)>& handler, Asked asked = {});
  std::string get(const std::string& at, std::string_view attribute, Asked asked = {});

  void keep_cookie(const std::vector<Header>& headers);
  const std::string& cookie() const { return cookie_; }
  void set_cookie(std::string cookie) { cookie_ = std::move(cookie); }
  bool has_session() const { return !cookie_.empty(); }
  // By the cookie's fields, as a proxy would route.
  std::string primary() const;
  std::string secondary() const;
  // As a proxy would ask whoever is next when the primary does not answer.
  static Asked failover();

 private:
  std::string name_of(std::size_t field) const;

  TestCluster& cluster_;
  std::string cookie_;
};

// What a handler does that counts its session's requests.
inline void count(Session& session) {
  const std::string_view before = session.get("count").value_or("0");
  session.set("count", std::to_string(std::stol(std::string(before)) + 1));
}

}  // namespace understudy
