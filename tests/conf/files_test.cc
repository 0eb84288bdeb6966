// SPDX-License-Identifier: Apache-2.0
#include "conf/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace understudy::conf {
namespace {

class DiskFilesTest : public ::testing::Test {
 protected:
  DiskFilesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "conf_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DiskFilesTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
  DiskFiles files_;
};

TEST_F(DiskFilesTest, ReadsUpToTheLimit) {
  const std::string path = write("a", "12345");
  EXPECT_EQ(files_.read(path, 5).text, "12345");
  EXPECT_EQ(files_.read(path, 4).text, std::nullopt);
  EXPECT_EQ(files_.read(path, 4).error, "it is larger than 4 bytes");
}

TEST_F(DiskFilesTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(files_.read(folder_, 10).error, "it is a directory");
  EXPECT_EQ(files_.read(folder_ + "/none", 10).error, "No such file or directory");
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(files_.read(fifo, 10).error, "it is not a regular file");
}

TEST_F(DiskFilesTest, FindsAPatternSortedAndOneMoreThanAllowed) {
  const std::string b = write("b.conf", "");
  const std::string a = write("a.conf", "");
  write("c.txt", "");
  EXPECT_EQ(files_.matching(folder_ + "/*.conf", 10), (std::vector<std::string>{a, b}));
  EXPECT_EQ(files_.matching(folder_ + "/*", 1).size(), 2u);
  EXPECT_TRUE(files_.matching(folder_ + "/x*", 1).empty());
}

}  // namespace
}  // namespace understudy::conf
