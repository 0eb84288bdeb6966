// SPDX-License-Identifier: Apache-2.0
// understudy.h: objects that are over, objects of another process, and what stands beside requests:
// readiness, hooks, statistics, the log.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "backend_sdk/node/c_abi.h"
#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {
namespace {

class CHandles : public testing::Test {
 protected:
  // A file cannot ask for any port, a program may.
  CHandles()
      : options_(handles<understudy_options>().add(
            std::make_shared<understudy_options>(understudy_options{test_options("a", "")}))) {
    hooks_.struct_size = sizeof hooks_;
    hooks_.context = this;
    hooks_.on_readiness = [](void* self, understudy_readiness now) {
      static_cast<CHandles*>(self)->heard_ = now;
    };
    char message[256] = "";
    EXPECT_EQ(understudy_node_open_with(options_, &hooks_, &node_, message, sizeof message),
              UNDERSTUDY_OK)
        << message;
    EXPECT_EQ(understudy_node_wait_ready(node_, UNDERSTUDY_JOINED, 20'000, message, sizeof message),
              UNDERSTUDY_OK)
        << message;
  }
  ~CHandles() override {
    understudy_node_free(node_);
    understudy_options_free(options_);
  }
  understudy_session* begin() {
    understudy_request request{};
    request.struct_size = sizeof request;
    request.method = text_of("GET");
    request.target = text_of("/");
    understudy_session* session = nullptr;
    understudy_reply* reply = nullptr;
    EXPECT_EQ(understudy_begin(node_, &request, &session, &reply), UNDERSTUDY_OK);
    EXPECT_NE(session, nullptr);
    understudy_reply_free(reply);
    return session;
  }

  std::atomic<understudy_readiness> heard_{UNDERSTUDY_JOINING};
  understudy_hooks hooks_{};
  understudy_options* options_ = nullptr;
  understudy_node* node_ = nullptr;
};

TEST_F(CHandles, ASecondFinishSaysSoAndIsNotTheNextSession) {
  understudy_session* session = begin();
  understudy_reply* reply = nullptr;
  ASSERT_EQ(understudy_finish(session, &reply), UNDERSTUDY_OK);
  // Whatever was opened since does not answer for the one that is over.
  std::vector<understudy_session*> others;
  for (int i = 0; i < 40; ++i) others.push_back(begin());
  understudy_reply* second = nullptr;
  EXPECT_EQ(understudy_finish(session, &second), UNDERSTUDY_CLOSED);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(understudy_session_set(session, text_of("a"), text_of("b")), UNDERSTUDY_CLOSED);
  understudy_session_drop(session);
  char id[23];
  EXPECT_EQ(understudy_session_id(session, id, sizeof id), 0);
  for (understudy_session* other : others) {
    EXPECT_EQ(understudy_session_id(other, id, sizeof id), 1);
    understudy_session_drop(other);
  }
  understudy_reply_free(reply);
  EXPECT_EQ(understudy_reply_header_count(reply), 0u);
  understudy_reply_free(reply);
}

TEST_F(CHandles, CallsWithANodeThatWasFreedSaySo) {
  understudy_session* session = begin();
  understudy_node* node = node_;
  understudy_node_free(node);
  understudy_node_free(node);
  understudy_reply* reply = nullptr;
  EXPECT_EQ(understudy_finish(session, &reply), UNDERSTUDY_CLOSED);
  char message[256] = "";
  EXPECT_EQ(understudy_reload_keys(node, message, sizeof message), UNDERSTUDY_CLOSED);
  EXPECT_STREQ(message, "the node was freed before");
  EXPECT_EQ(understudy_node_readiness(node), UNDERSTUDY_LEAVING);
  understudy_node_drain(node);
  understudy_statistics figures{};
  figures.struct_size = sizeof figures;
  EXPECT_EQ(understudy_node_statistics(node, &figures), UNDERSTUDY_CLOSED);
}

TEST_F(CHandles, AForkedChildIsToldSo) {
  understudy_session* session = begin();
  const pid_t child = fork();
  if (child == 0) {
    understudy_reply* reply = nullptr;
    char message[256] = "";
    if (understudy_finish(session, &reply) != UNDERSTUDY_FORKED) _exit(1);
    if (understudy_reload_keys(node_, message, sizeof message) != UNDERSTUDY_FORKED) _exit(2);
    if (std::string(message).find("forked") == std::string::npos) _exit(3);
    understudy_node_free(node_);
    _exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  understudy_reply* reply = nullptr;
  EXPECT_EQ(understudy_finish(session, &reply), UNDERSTUDY_OK);
  understudy_reply_free(reply);
}

TEST_F(CHandles, WhatIsVisitedIsTheRequestsOwnView) {
  understudy_session* session = begin();
  for (const char* name : {"b", "c", "a"}) {
    ASSERT_EQ(understudy_session_set(session, text_of(name), text_of("x")), UNDERSTUDY_OK);
  }
  ASSERT_EQ(understudy_session_remove(session, text_of("c")), UNDERSTUDY_OK);
  std::string seen;
  const auto visit = [](void* to, understudy_text name, understudy_text value) {
    *static_cast<std::string*>(to) +=
        std::string(view(name)) + '=' + std::string(view(value)) + ';';
  };
  EXPECT_EQ(understudy_session_visit(session, visit, &seen), UNDERSTUDY_OK);
  EXPECT_EQ(seen, "a=x;b=x;");
  understudy_session_drop(session);
  EXPECT_EQ(understudy_session_visit(session, visit, &seen), UNDERSTUDY_CLOSED);
  EXPECT_EQ(seen, "a=x;b=x;");
}

TEST_F(CHandles, CompletionsAreTakenWhereTheApplicationWaits) {
  understudy_completions* queue = nullptr;
  int fd = -1;
  ASSERT_EQ(understudy_completions_open(&queue, &fd), UNDERSTUDY_OK);
  const auto is_readable = [fd](int milliseconds) {
    pollfd waits{.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&waits, 1, milliseconds) == 1;
  };
  understudy_request request{};
  request.struct_size = sizeof request;
  request.method = text_of("GET");
  request.target = text_of("/");
  EXPECT_FALSE(is_readable(0));
  ASSERT_EQ(understudy_begin_into(node_, &request, queue, 7), UNDERSTUDY_OK);
  ASSERT_TRUE(is_readable(20'000));
  understudy_completion got[2] = {};
  ASSERT_EQ(understudy_completions_take(queue, got, 2), 1u);
  EXPECT_FALSE(is_readable(0));
  EXPECT_EQ(got[0].token, 7u);
  ASSERT_NE(got[0].session, nullptr);
  EXPECT_EQ(got[0].reply, nullptr);
  ASSERT_EQ(understudy_finish_into(got[0].session, queue, 8), UNDERSTUDY_OK);
  EXPECT_EQ(understudy_finish_into(got[0].session, queue, 9), UNDERSTUDY_CLOSED);
  ASSERT_TRUE(is_readable(20'000));
  ASSERT_EQ(understudy_completions_take(queue, got, 2), 1u);
  EXPECT_EQ(got[0].token, 8u);
  EXPECT_EQ(got[0].session, nullptr);
  EXPECT_EQ(understudy_reply_status(got[0].reply), 0);
  understudy_reply_free(got[0].reply);
  EXPECT_EQ(understudy_completions_take(queue, got, 2), 0u);
  understudy_completions_free(queue);
  EXPECT_EQ(understudy_begin_into(node_, &request, queue, 1), UNDERSTUDY_CLOSED);
}

// What comes after the end, or was not taken before it, is dropped: no request stays under way.
TEST_F(CHandles, CompletionsThatAreNotTakenAreDropped) {
  understudy_completions* queue = nullptr;
  int fd = -1;
  ASSERT_EQ(understudy_completions_open(&queue, &fd), UNDERSTUDY_OK);
  understudy_request request{};
  request.struct_size = sizeof request;
  request.method = text_of("GET");
  request.target = text_of("/");
  for (std::uint64_t token = 0; token < 50; ++token) {
    ASSERT_EQ(understudy_begin_into(node_, &request, queue, token), UNDERSTUDY_OK);
  }
  pollfd waits{.fd = fd, .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&waits, 1, 20'000), 1);
  understudy_completions_free(queue);
  // Waits for requests under way, for 30 s (DrainTimeout).
  const auto began = std::chrono::steady_clock::now();
  understudy_node_drain(node_);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(15));
}

TEST_F(CHandles, ReadinessStatisticsAndDrainAreTold) {
  EXPECT_EQ(heard_.load(), UNDERSTUDY_JOINED);
  char message[256] = "";
  EXPECT_EQ(understudy_node_wait_ready(node_, UNDERSTUDY_PROTECTED, 1, message, sizeof message),
            UNDERSTUDY_NOT_READY);
  EXPECT_NE(std::string(message).find("is not protected"), std::string::npos) << message;
  understudy_session_drop(begin());
  understudy_session_drop(begin());  // when it has begun, the figures have the first
  understudy_statistics figures{};
  EXPECT_EQ(understudy_node_statistics(node_, &figures), UNDERSTUDY_ARGUMENT);
  figures.struct_size = sizeof figures;
  ASSERT_EQ(understudy_node_statistics(node_, &figures), UNDERSTUDY_OK);
  EXPECT_GE(figures.requests, 1u);
  EXPECT_EQ(figures.lives, 1u);
  EXPECT_EQ(figures.members_alive, 1u);
  Awaited<int> drained;
  auto done = drained.callback();
  ASSERT_EQ(understudy_node_drain_then(
                node_, [](void* its) { (*static_cast<std::function<void(int)>*>(its))(1); }, &done),
            UNDERSTUDY_OK);
  EXPECT_EQ(drained.take(), 1);
  EXPECT_EQ(heard_.load(), UNDERSTUDY_LEAVING);
}

TEST_F(CHandles, TheLogIsTheProgramsWhenItWantsIt) {
  struct Kept {
    std::mutex mutex;
    std::string text;
  } kept;
  understudy_set_log(
      [](void* its, understudy_severity severity, understudy_text line) {
        auto& into = *static_cast<Kept*>(its);
        const std::lock_guard lock(into.mutex);
        into.text += std::to_string(severity) + " " + std::string(line.data, line.size) + "\n";
      },
      &kept);
  understudy_node_drain(node_);
  understudy_set_log(nullptr, nullptr);
  const std::lock_guard lock(kept.mutex);
  EXPECT_NE(kept.text.find("3 member a: draining"), std::string::npos) << kept.text;
}

}  // namespace
}  // namespace understudy
