// SPDX-License-Identifier: Apache-2.0
// understudy.h: what the calls give, what they refuse, and what they survive. That real C compiles
// it and works through it is shown by examples/c_counter and c_member_test.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/socket.h"
#include "understudy/understudy.h"

namespace {

understudy_text text(const char* bytes) {
  return {bytes, std::char_traits<char>::length(bytes)};
}

std::string string_of(understudy_text bytes) {
  return bytes.size == 0 ? std::string() : std::string(bytes.data, bytes.size);
}

// A port that was free for TCP and UDP a moment ago.
std::string free_address() {
  using understudy::Address;
  for (int i = 0; i < 20; ++i) {
    const auto listener = understudy::listen_tcp(Address::loopback(0), {});
    if (!listener) continue;
    const Address found = understudy::local_address(*listener);
    if (understudy::bind_udp(found)) return found.to_string();
  }
  ADD_FAILURE() << "no free port";
  return {};
}

class CAbi : public testing::Test {
 protected:
  CAbi() {
    std::string pattern = testing::TempDir() + "/c-abi-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~CAbi() override {
    understudy_node_free(node_);
    understudy_options_free(options_);
    std::filesystem::remove_all(directory_);
  }
  understudy_code load(const std::string& lines) {
    const std::string path = directory_ + "/a.conf";
    std::ofstream(path) << lines;
    return understudy_options_load(path.c_str(), &options_, message_.data(), message_.size());
  }
  // One member alone: its sessions have no copy, and are served all the same.
  void open() {
    ASSERT_EQ(load("MemberName a\nListen 127.0.0.1:7001\nClusterListen " + free_address() +
                   "\nClusterInsecure On\nHeartbeatInterval 200ms\nSessionCookie SID\n"),
              UNDERSTUDY_OK)
        << message_.data();
    ASSERT_EQ(understudy_node_open(options_, &node_, message_.data(), message_.size()),
              UNDERSTUDY_OK)
        << message_.data();
    // Until it is admitted it answers 503.
    for (int i = 0; i < 2000; ++i) {
      Answer answer = ask("");
      if (answer.status == 0) return;
    }
    FAIL() << "never admitted";
  }
  struct Answer {
    int status = -1;
    std::string cookie;
    std::string value;
    understudy_note note = UNDERSTUDY_NOTE_NONE;
  };
  understudy_request request() {
    understudy_request out{};
    out.struct_size = sizeof out;
    out.method = text("GET");
    out.target = text("/");
    return out;
  }
  // With a cookie or without; `set`: writes "name".
  Answer ask(const std::string& cookie, const char* set = nullptr) {
    understudy_request asked = request();
    const std::string line = "SID=" + cookie;
    const understudy_header header{text("cookie"), text(line.c_str())};
    if (!cookie.empty()) {
      asked.headers = &header;
      asked.header_count = 1;
    }
    understudy_session* session = nullptr;
    understudy_reply* reply = nullptr;
    EXPECT_EQ(understudy_begin(node_, &asked, &session, &reply), UNDERSTUDY_OK);
    EXPECT_NE(session == nullptr, reply == nullptr) << "one of both";
    Answer answer;
    if (session != nullptr) {
      understudy_text value{};
      if (understudy_session_get(session, text("name"), &value) == 1) {
        answer.value = string_of(value);
      }
      if (set != nullptr) {
        EXPECT_EQ(understudy_session_set(session, text("name"), text(set)), UNDERSTUDY_OK);
      }
      EXPECT_EQ(understudy_finish(session, &reply), UNDERSTUDY_OK);
    }
    answer.status = understudy_reply_status(reply);
    answer.note = understudy_reply_note(reply);
    understudy_header got{};
    for (size_t i = 0; i < understudy_reply_header_count(reply); ++i) {
      EXPECT_EQ(understudy_reply_header(reply, i, &got), 1);
      if (string_of(got.name) != "Set-Cookie") continue;
      const std::string whole = string_of(got.value);
      answer.cookie = whole.substr(4, whole.find(';') - 4);
    }
    EXPECT_EQ(understudy_reply_header(reply, understudy_reply_header_count(reply), &got), 0);
    understudy_reply_free(reply);
    return answer;
  }

  std::string directory_;
  std::array<char, 512> message_{};
  understudy_options* options_ = nullptr;
  understudy_node* node_ = nullptr;
};

TEST_F(CAbi, ASessionIsFoundAgainByItsCookie) {
  open();
  const Answer first = ask("", "x");
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(first.note, UNDERSTUDY_NOTE_SOLO);
  ASSERT_NE(first.cookie, "");
  EXPECT_EQ(ask(first.cookie).value, "x");
  EXPECT_EQ(ask("forged").value, "");
}

TEST_F(CAbi, CallbacksSayTheSame) {
  open();
  struct Context {
    std::atomic<understudy_session*> session{nullptr};
    std::atomic<int> status{-1};
    std::atomic<bool> begun{false};
  } context;
  const understudy_request asked = request();
  ASSERT_EQ(understudy_begin_then(
                node_, &asked,
                [](void* its, understudy_session* session, understudy_reply* reply) {
                  EXPECT_EQ(reply, nullptr);
                  static_cast<Context*>(its)->session = session;
                  static_cast<Context*>(its)->begun = true;
                  static_cast<Context*>(its)->begun.notify_all();
                },
                &context),
            UNDERSTUDY_OK);
  context.begun.wait(false);
  ASSERT_NE(context.session.load(), nullptr);
  ASSERT_EQ(understudy_finish_then(
                context.session,
                [](void* its, understudy_reply* reply) {
                  const int status = understudy_reply_status(reply);
                  understudy_reply_free(reply);
                  static_cast<Context*>(its)->status = status;
                  static_cast<Context*>(its)->status.notify_all();
                },
                &context),
            UNDERSTUDY_OK);
  context.status.wait(-1);
  EXPECT_EQ(context.status, 0);
}

TEST_F(CAbi, SaysWhatIsWrongWithAConfiguration) {
  EXPECT_EQ(load("MemberName a\nListen nowhere\n"), UNDERSTUDY_CONFIGURATION);
  EXPECT_EQ(options_, nullptr);
  EXPECT_NE(std::string(message_.data()).find("a.conf:2:8: error:"), std::string::npos)
      << message_.data();
  EXPECT_EQ(understudy_options_load("/nowhere.conf", &options_, nullptr, 0),
            UNDERSTUDY_CONFIGURATION);
}

TEST_F(CAbi, MessagesAreCutToTheRoomThereIs) {
  std::array<char, 8> room{};
  room.fill('#');
  EXPECT_NE(understudy_options_load("/nowhere.conf", &options_, room.data(), 5), UNDERSTUDY_OK);
  EXPECT_EQ(std::string(room.data()).size(), 4u);
  EXPECT_EQ(room[5], '#');
}

TEST_F(CAbi, AMemberThatHasNoKeyFileIsToldSo) {
  ASSERT_EQ(load("MemberName a\nListen 127.0.0.1:7001\nClusterListen " + free_address() +
                 "\nClusterKeyFile missing.key\n"),
            UNDERSTUDY_OK)
      << message_.data();
  EXPECT_EQ(understudy_node_open(options_, &node_, message_.data(), message_.size()),
            UNDERSTUDY_KEY_FILE);
  EXPECT_EQ(node_, nullptr);
  EXPECT_NE(std::string(message_.data()).find("missing.key"), std::string::npos);
}

TEST_F(CAbi, KeysAreReadAgainAndAWrongFileIsSaid) {
  const std::string path = directory_ + "/cluster.key";
  const auto write = [&](const std::string& keys) {
    std::ofstream(path) << keys;
    std::filesystem::permissions(path, std::filesystem::perms(0600));
  };
  const std::string old_key = "1 " + std::string(64, 'a') + "\n";
  write(old_key);
  ASSERT_EQ(load("MemberName a\nListen 127.0.0.1:7001\nClusterListen " + free_address() +
                 "\nClusterKeyFile cluster.key\n"),
            UNDERSTUDY_OK)
      << message_.data();
  ASSERT_EQ(understudy_node_open(options_, &node_, message_.data(), message_.size()), UNDERSTUDY_OK)
      << message_.data();
  write("2 " + std::string(64, 'b') + "\n" + old_key);
  EXPECT_EQ(understudy_reload_keys(node_, nullptr, 0), UNDERSTUDY_OK);
  write("no key");
  EXPECT_EQ(understudy_reload_keys(node_, message_.data(), message_.size()), UNDERSTUDY_KEY_FILE);
  EXPECT_NE(std::string(message_.data()).find("cluster.key:1: "), std::string::npos);
}

TEST_F(CAbi, WhatNoCallerMayPassIsRefusedAndNothingHappens) {
  open();
  understudy_session* session = nullptr;
  understudy_reply* reply = nullptr;
  understudy_request asked = request();
  EXPECT_EQ(understudy_begin(nullptr, &asked, &session, &reply), UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(understudy_begin(node_, nullptr, &session, &reply), UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(understudy_begin(node_, &asked, nullptr, &reply), UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(understudy_begin(node_, &asked, &session, nullptr), UNDERSTUDY_ARGUMENT);
  asked.struct_size = 8;
  EXPECT_EQ(understudy_begin(node_, &asked, &session, &reply), UNDERSTUDY_ARGUMENT);
  asked = request();
  asked.header_count = 1;
  EXPECT_EQ(understudy_begin(node_, &asked, &session, &reply), UNDERSTUDY_ARGUMENT);
  asked = request();
  asked.target = {nullptr, 1};
  EXPECT_EQ(understudy_begin(node_, &asked, &session, &reply), UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(understudy_begin_then(node_, &asked, nullptr, nullptr), UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(understudy_finish(nullptr, &reply), UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(understudy_options_load(nullptr, &options_, nullptr, 0), UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(session, nullptr);
  EXPECT_EQ(reply, nullptr);
  understudy_session_drop(nullptr);
  understudy_reply_free(nullptr);
  understudy_node_drain(nullptr);
  EXPECT_EQ(understudy_reload_keys(nullptr, nullptr, 0), UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(understudy_reply_status(nullptr), 0);
  EXPECT_EQ(understudy_session_epoch(nullptr), 0u);
}

TEST_F(CAbi, ARefusedChangeSaysWhyAndFailsTheRequest) {
  open();
  const understudy_request asked = request();
  understudy_session* session = nullptr;
  understudy_reply* reply = nullptr;
  ASSERT_EQ(understudy_begin(node_, &asked, &session, &reply), UNDERSTUDY_OK);
  EXPECT_EQ(string_of(understudy_session_refusal(session)), "");
  EXPECT_EQ(understudy_session_store_response(session, 99, nullptr, 0, text("")),
            UNDERSTUDY_ARGUMENT);
  EXPECT_EQ(understudy_session_set(session, text(""), text("x")), UNDERSTUDY_REFUSED);
  EXPECT_NE(string_of(understudy_session_refusal(session)), "");
  ASSERT_EQ(understudy_finish(session, &reply), UNDERSTUDY_OK);
  EXPECT_EQ(understudy_reply_status(reply), 500);
  understudy_reply_free(reply);
}

TEST_F(CAbi, WhatWasDroppedHasNotHappened) {
  open();
  const Answer first = ask("", "x");
  understudy_request asked = request();
  const std::string line = "SID=" + first.cookie;
  const understudy_header header{text("Cookie"), text(line.c_str())};
  asked.headers = &header;
  asked.header_count = 1;
  asked.is_exclusive = 1;
  understudy_session* session = nullptr;
  understudy_reply* reply = nullptr;
  ASSERT_EQ(understudy_begin(node_, &asked, &session, &reply), UNDERSTUDY_OK);
  ASSERT_NE(session, nullptr);
  std::array<char, 23> id{};
  EXPECT_EQ(understudy_session_id(session, id.data(), 22), 0);
  EXPECT_EQ(understudy_session_id(session, id.data(), 23), 1);
  EXPECT_EQ(std::string(id.data()).size(), 22u);
  EXPECT_EQ(understudy_session_is_new(session), 0);
  EXPECT_EQ(understudy_session_set(session, text("name"), text("y")), UNDERSTUDY_OK);
  understudy_session_drop(session);
  EXPECT_EQ(ask(first.cookie).value, "x");
}

TEST_F(CAbi, AVisitSeesEachAttributeOfTheRequestSortedByName) {
  open();
  const understudy_request asked = request();
  understudy_session* session = nullptr;
  understudy_reply* reply = nullptr;
  ASSERT_EQ(understudy_begin(node_, &asked, &session, &reply), UNDERSTUDY_OK);
  ASSERT_NE(session, nullptr);
  for (const char* name : {"b", "a", "c"}) understudy_session_set(session, text(name), text("1"));
  understudy_session_remove(session, text("c"));
  std::string seen;
  const auto visit = [](void* context, understudy_text name, understudy_text value) {
    *static_cast<std::string*>(context) += string_of(name) + "=" + string_of(value) + ";";
  };
  EXPECT_EQ(understudy_session_visit(session, visit, &seen), UNDERSTUDY_OK);
  EXPECT_EQ(seen, "a=1;b=1;");
  EXPECT_EQ(understudy_session_visit(session, nullptr, &seen), UNDERSTUDY_ARGUMENT);
  understudy_session_drop(session);
  EXPECT_EQ(understudy_session_visit(session, visit, &seen), UNDERSTUDY_CLOSED);
}

TEST_F(CAbi, TheLibrarySaysItsVersionAndItsFigures) {
  EXPECT_EQ(understudy_abi_version(), static_cast<uint32_t>(UNDERSTUDY_ABI_VERSION));
  open();
  EXPECT_STREQ(understudy_options_member_name(options_), "a");
  EXPECT_STREQ(understudy_options_listen(options_), "127.0.0.1:7001");
  const size_t size = understudy_node_metrics(node_, nullptr, 0);
  ASSERT_GT(size, 100u);
  std::string metrics(size + 100, '#');
  const size_t written = understudy_node_metrics(node_, metrics.data(), metrics.size());
  EXPECT_EQ(metrics[written], '#');
  EXPECT_NE(metrics.find("understudy_sessions_primary"), std::string::npos);
}

}  // namespace
