// SPDX-License-Identifier: Apache-2.0
// Changing the cluster's key while members run, each from a key file of its own.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {
namespace {

std::string key_line(char id, char digit) {
  return std::string(1, id) + ' ' + std::string(64, digit) + '\n';
}
const std::string kOld = key_line('1', 'a');
const std::string kNew = key_line('2', 'b');

// 1 and 16 characters at the end: the key's id, and the mac.
char key_of(const std::string& cookie) {
  return cookie.size() < 17 ? '?' : cookie[cookie.size() - 17];
}

class Keys : public testing::Test {
 protected:
  Keys() {
    std::string pattern = testing::TempDir() + "/keys-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~Keys() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& member) const { return directory_ + "/" + member + ".key"; }
  void write(const std::string& member, const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path(member)) << text;
    ASSERT_EQ(::chmod(path(member).c_str(), mode), 0);
  }
  // Each member has the old key.
  std::unique_ptr<TestCluster> cluster(const std::vector<std::string>& names) {
    return std::make_unique<TestCluster>(names, [this](Options& options) {
      write(options.member_name, kOld);
      options.heartbeat_interval = std::chrono::seconds(1);  // nobody is late on a busy machine
      options.cluster_insecure = false;
      options.cluster_key_file = path(options.member_name);
    });
  }
  std::optional<Failure> change(TestCluster& cluster, const std::string& member,
                                const std::string& text) {
    write(member, text);
    return cluster.node(member).reload_keys();
  }

  std::string directory_;
};

TEST_F(Keys, AClusterChangesItsKeyAndLosesNoSessionAndNoMember) {
  const auto three = cluster({"a", "b", "c"});
  TestClient client(*three);
  client.run("a", count);
  long counted = 1;
  for (const std::string& text : {kOld + kNew, kNew + kOld, kNew}) {
    for (const std::string& member : three->names()) {
      const auto failure = change(*three, member, text);
      ASSERT_FALSE(failure) << failure->text;
      client.run("a", count);
      EXPECT_EQ(client.get("a", "count"), std::to_string(++counted));
    }
    EXPECT_EQ(key_of(client.cookie()), text.front()) << "given anew before its key is removed";
  }
  // Links of now are of the new key: a copy is made, and found when the primary dies.
  const std::string heir = client.secondary();
  three->kill("a");
  EXPECT_EQ(client.get(heir, "count", TestClient::failover()), std::to_string(counted));
  for (const std::string& member : three->names()) {
    EXPECT_EQ(three->node(member).statistics().lives, 1u) << member;
  }
}

TEST_F(Keys, ACookieKeepsItsBytesWhileItsKeySigns) {
  const auto one = cluster({"a"});
  TestClient client(*one);
  client.run("a", count);
  const std::string cookie = client.cookie();
  ASSERT_FALSE(change(*one, "a", kOld + kNew));
  client.get("a", "count");
  EXPECT_EQ(client.cookie(), cookie);
  ASSERT_FALSE(change(*one, "a", kNew + kOld));
  client.get("a", "count");
  EXPECT_EQ(key_of(client.cookie()), '2');
}

TEST_F(Keys, AWrongFileIsSaidAndTheOldKeysStay) {
  const auto one = cluster({"a"});
  TestClient client(*one);
  client.run("a", count);
  struct Case {
    std::string text;
    mode_t mode;
    std::string expected;
  };
  const Case kCases[] = {
      {kNew, 0644, "chmod 600 "},
      {"2 tooshort\n", 0600, ":1: "},
      {"", 0600, "there is no key"},
      {key_line('1', 'c'), 0600, "key '1' is not the key that had this id until now"},
      {kNew + key_line('1', 'c'), 0600, "give a new key an id of its own"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.expected);
    write("a", c.text, c.mode);
    const auto failure = one->node("a").reload_keys();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, FailureCode::kKeyFile);
    EXPECT_NE(failure->text.find(path("a")), std::string::npos) << failure->text;
    EXPECT_NE(failure->text.find(c.expected), std::string::npos) << failure->text;
    client.run("a", count);
    EXPECT_EQ(key_of(client.cookie()), '1');
  }
  std::filesystem::remove(path("a"));
  EXPECT_TRUE(one->node("a").reload_keys());
  EXPECT_EQ(client.get("a", "count"), "6");
}

TEST_F(Keys, MayBeReadAgainInACallbackAndByManyThreads) {
  const auto one = cluster({"a"});
  TestClient client(*one);
  client.run("a", count);
  write("a", kOld + kNew);
  Awaited<bool> done;
  Asked asked;
  const AskedView view(asked);
  one->node("a").begin(view.view(), {}, [&, told = done.callback()](Decision) {
    told(!one->node("a").reload_keys());
  });
  EXPECT_TRUE(done.take());
  write("a", kNew + kOld);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_FALSE(one->node("a").reload_keys()); });
  }
  for (std::thread& thread : threads) thread.join();
  client.get("a", "count");
  EXPECT_EQ(key_of(client.cookie()), '2');
}

TEST_F(Keys, ANodeThatIsGoneOrHasNoFileSaysSo) {
  const auto one = cluster({"a"});
  one->node("a").abandon();
  const auto gone = one->node("a").reload_keys();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->code, FailureCode::kSystem);

  TestCluster insecure({"b"});
  const auto none = insecure.node("b").reload_keys();
  ASSERT_TRUE(none);
  EXPECT_EQ(none->code, FailureCode::kConfiguration);
  EXPECT_NE(none->text.find("ClusterKeyFile"), std::string::npos);
}

}  // namespace
}  // namespace understudy
