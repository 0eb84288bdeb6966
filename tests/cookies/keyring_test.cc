// SPDX-License-Identifier: Apache-2.0
#include "cookies/keyring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/cookies/test_keys.h"

namespace understudy {
namespace {

const std::string kHexKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string kBase64Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

std::string hex(const SubKey& key) {
  std::string text;
  for (std::uint8_t byte : key) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// A directory of its own for each test, and gone after it.
class KeyFile : public testing::Test {
 protected:
  KeyFile() {
    std::string pattern = testing::TempDir() + "keyring_XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    path_ = directory_ + "/cluster.key";
  }
  ~KeyFile() override {
    ::unlink(path_.c_str());
    ::rmdir(directory_.c_str());
  }
  void write(const std::string& text, mode_t mode) {
    std::ofstream(path_) << text;
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }

  std::string directory_;
  std::string path_;
};

// Computed with Python's hmac: HKDF-SHA256(key 00 01 .. 1f, salt "understudy", info = purpose).
TEST(Keyring, DerivesAKeyForEachPurpose) {
  const auto ring = test::ring();
  EXPECT_EQ(hex(ring->sub_key(0, KeyPurpose::kCookie)),
            "5cf3b36280482deb57cf4c7b613c503cbf7e3a42907e68d83d7f3a7ce40d8a81");
  EXPECT_EQ(hex(ring->sub_key(0, KeyPurpose::kView)),
            "5b3e2f6da0e52ffcea3a3fc697494067cedca9ad115ccfaa72444491ff16b74d");
  EXPECT_EQ(hex(ring->sub_key(0, KeyPurpose::kBeat)),
            "60423d54aa24f17f34d4b50fedaf6158eccccef9c7a5d5165602546ce8246c6d");
  EXPECT_EQ(hex(ring->sub_key(0, KeyPurpose::kLink)),
            "4274924ac05fd3374031a718a8fa30e9e92bfb25d031ac856179473f2b8477db");
}

TEST(Keyring, ReadsHexAndBothKindsOfBase64AsTheSameKey) {
  const auto expected = test::ring();
  std::string upper = kHexKey;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const std::string& key : {kHexKey, upper, kBase64Key, kBase64Key + "="}) {
    SCOPED_TRACE(key);
    const KeyringResult result = Keyring::parse("1 " + key, "k");
    ASSERT_TRUE(result) << result.error;
    EXPECT_EQ(result.keyring->sub_key(0, KeyPurpose::kView),
              expected->sub_key(0, KeyPurpose::kView));
  }
  const std::string letters(41, 'A');
  const KeyringResult plain = Keyring::parse("1 " + letters + "+/A=", "k");
  const KeyringResult url = Keyring::parse("1 " + letters + "-_A", "k");
  ASSERT_TRUE(plain && url) << plain.error << url.error;
  EXPECT_EQ(plain.keyring->sub_key(0, KeyPurpose::kView),
            url.keyring->sub_key(0, KeyPurpose::kView));
}

TEST(Keyring, KeepsTheOrderOfTheFileAndSkipsCommentsAndEmptyLines) {
  const KeyringResult result = Keyring::parse(
      "# rotation\r\n\n  b  " + kHexKey + "  \r\n\t#c\n_ " + kBase64Key + "\n1 " + kHexKey, "k");
  ASSERT_TRUE(result) << result.error;
  ASSERT_EQ(result.keyring->size(), kKeySlotsMax);
  EXPECT_EQ(result.keyring->id(0), 'b');
  EXPECT_EQ(result.keyring->id(1), '_');
  EXPECT_EQ(result.keyring->id(2), '1');
}

TEST(Keyring, RefusesABrokenTextWithItsLineAndTheReason) {
  const std::string good = "1 " + kHexKey + "\n";
  struct Case {
    std::string text;
    std::string error;
  };
  const Case cases[] = {
      {"", "k: there is no key"},
      {"# nothing\n", "k: there is no key"},
      {"1\n", "k:1: expected a line `id key`, such as `1 <64 hexadecimal digits>`"},
      {good + "2 " + kHexKey + " x", "k:2: expected a line"},
      {"12 " + kHexKey, "k:1: a key's id is one character"},
      {"! " + kHexKey, "k:1: a key's id is one character"},
      {good + "\n" + good, "k:3: an earlier key has the same id"},
      {"1 abc!", "k:1: the key is neither hexadecimal nor base64"},
      {"1 A", "k:1: the key is neither hexadecimal nor base64"},
      {"1 =", "k:1: the key is too short; a key has 32 to 64 bytes"},
      {"1 " + std::string(42, 'A'), "k:1: the key is too short"},
      {"1 " + kHexKey.substr(0, 61), "k:1: the key is neither hexadecimal nor base64"},
      {"1 " + std::string(130, 'a'), "k:1: the key is too long; a key has 32 to 64 bytes"},
      {"1 " + std::string(87, 'Z'), "k:1: the key is too long"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const KeyringResult result = Keyring::parse(c.text, "k");
    EXPECT_FALSE(result);
    EXPECT_TRUE(result.error.starts_with(c.error)) << result.error;
    EXPECT_EQ(result.error.find(kHexKey.substr(0, 16)), std::string::npos);
  }
}

TEST(Keyring, HoldsThreeKeysAndNotFour) {
  std::string text = "1 " + kHexKey + "\n2 " + kHexKey + "\n3 " + kHexKey + "\n";
  EXPECT_TRUE(Keyring::parse(text, "k"));
  EXPECT_EQ(Keyring::parse(text + "4 " + kHexKey, "k").error,
            "k:4: there are more than 3 keys; remove the oldest");
  EXPECT_EQ(test::ring("1234"), nullptr);
}

TEST(Keyring, HoldsKeysOf32To64Bytes) {
  for (std::size_t size : {31U, 32U, 64U, 65U}) {
    const std::vector<std::uint8_t> bytes(size, 7);
    const std::array<Keyring::NamedKey, 1> keys = {{{.id = 'a', .bytes = bytes}}};
    EXPECT_EQ(static_cast<bool>(Keyring::from_keys(keys)), size >= 32 && size <= 64) << size;
    const std::string hex_text = "a " + std::string(2 * size, 'e');
    EXPECT_EQ(static_cast<bool>(Keyring::parse(hex_text, "k")), size >= 32 && size <= 64) << size;
  }
}

TEST(Keyring, RefusesATextAboveItsLimit) {
  std::string text = "1 " + kHexKey + "\n#";
  text.resize(kKeyFileBytesMax, 'x');
  EXPECT_TRUE(Keyring::parse(text, "k"));
  EXPECT_EQ(Keyring::parse(text + "x", "k").error,
            "k: longer than 8192 bytes, this is no key file");
}

TEST_F(KeyFile, IsReadWhenOnlyItsOwnerMay) {
  for (mode_t mode : {0600, 0400}) {
    write("1 " + kHexKey, mode);
    const KeyringResult result = Keyring::load(path_);
    EXPECT_TRUE(result) << result.error;
    ::unlink(path_.c_str());
  }
}

TEST_F(KeyFile, IsRefusedInAnyOtherModeWithTheCommandThatRepairsIt) {
  for (mode_t mode : {0644, 0640, 0660, 0666, 0700, 0604, 0620, 02600}) {
    write("1 " + kHexKey, 0600);
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    char octal[8];
    std::snprintf(octal, sizeof octal, "%04o", static_cast<unsigned>(mode));
    EXPECT_EQ(Keyring::load(path_).error, path_ + ": the key file has mode " + octal +
                                              ", but only its owner may have access; run: chmod "
                                              "600 " +
                                              path_);
  }
}

TEST_F(KeyFile, IsRefusedUnlessRegular) {
  EXPECT_EQ(Keyring::load(directory_).error, directory_ + ": the key file is not a regular file");
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(Keyring::load(path_).error, path_ + ": the key file is not a regular file");
  ::unlink(path_.c_str());
  EXPECT_EQ(Keyring::load(path_).error,
            path_ + ": cannot open the key file: No such file or directory");
}

TEST_F(KeyFile, IsRefusedAboveItsLimit) {
  write(std::string(kKeyFileBytesMax, '#'), 0600);
  EXPECT_EQ(Keyring::load(path_).error, path_ + ": there is no key");
  write(std::string(kKeyFileBytesMax + 1, '#'), 0600);
  EXPECT_EQ(Keyring::load(path_).error, path_ + ": longer than 8192 bytes, this is no key file");
}

TEST_F(KeyFile, IsGeneratedReadyForUseAndNeverOverwritten) {
  ASSERT_EQ(Keyring::generate(path_), "");
  const KeyringResult first = Keyring::load(path_);
  ASSERT_TRUE(first) << first.error;
  EXPECT_EQ(first.keyring->size(), 1U);
  EXPECT_EQ(Keyring::generate(path_), path_ + ": cannot create the key file: File exists");
  ::unlink(path_.c_str());
  ASSERT_EQ(Keyring::generate(path_), "");
  EXPECT_NE(Keyring::load(path_).keyring->sub_key(0, KeyPurpose::kCookie),
            first.keyring->sub_key(0, KeyPurpose::kCookie));
}

TEST(Keyring, MayNotFollowOneThatHasAnotherKeyOfTheSameId) {
  const auto old = Keyring::parse(std::string("1 ") + kHexKey, "k").keyring;
  const auto other =
      Keyring::parse("2 " + std::string(64, 'c') + "\n1 " + std::string(64, 'd'), "k");
  ASSERT_TRUE(other) << other.error;
  EXPECT_EQ(other.keyring->why_not_after(*old),
            "key '1' is not the key that had this id until now; give a new key an id of its own");
  EXPECT_EQ(old->why_not_after(*old), "");
}

TEST(Keyring, WarnsOfAStepThatWasLeftOut) {
  struct Case {
    const char* before;
    const char* after;
    const char* expected;
  };
  constexpr Case kCases[] = {
      {"1", "12", ""},   // install
      {"12", "21", ""},  // use
      {"21", "2", ""},   // remove
      {"1", "1", ""},
      {"1", "21", "key '2' signs at once: "},
      {"1", "2", "key '2' signs at once: "},
      {"12", "2", "key '1' signed until now and is gone: "},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(std::string(c.before) + " " + c.after);
    const std::string warning = test::ring(c.after)->warning_after(*test::ring(c.before));
    EXPECT_EQ(warning.substr(0, std::string(c.expected).size()), c.expected);
    EXPECT_EQ(warning.empty(), std::string(c.expected).empty()) << warning;
    EXPECT_EQ(test::ring(c.after)->why_not_after(*test::ring(c.before)), "");
  }
  EXPECT_EQ(test::ring("21")->ids_text(), "2, 1");
}

}  // namespace
}  // namespace understudy
