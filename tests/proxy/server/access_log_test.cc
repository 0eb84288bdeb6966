// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace understudy {
namespace {

class AccessLogFile : public ::testing::Test {
 protected:
  AccessLogFile() {
    std::string pattern = ::testing::TempDir() + "access-log-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    loop_ = *EventLoop::open();
    record_.method = "GET";
  }
  ~AccessLogFile() override { std::filesystem::remove_all(directory_); }

  std::string path() const { return directory_ + "/access.log"; }
  static std::string text(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  std::vector<AccessLogTarget> targets(const std::string& path, std::string_view format = "%m") {
    return {{.file = *files_.open(path),
             .format = std::make_shared<const LogFormat>(*LogFormat::compile(format))}};
  }

  std::string directory_;
  std::unique_ptr<EventLoop> loop_;
  LogFiles files_;
  Client client_;
  AccessRecord record_{.client = client_};
};

TEST_F(AccessLogFile, GetsTheLinesWhenTheirTimeHasCome) {
  BufferedAccessLog log(*loop_, targets(path()), "");
  log.write(record_);
  EXPECT_EQ(text(path()), "GET\n") << "at once when nothing was written a moment ago";
  log.write(record_);
  log.write(record_);
  EXPECT_EQ(text(path()), "GET\n");
  const TimePoint end = loop_->now() + std::chrono::seconds(3);
  while (text(path()).size() == 4 && loop_->now() < end) loop_->run_once(kLogDelayMax);
  EXPECT_EQ(text(path()), "GET\nGET\nGET\n");
}

TEST_F(AccessLogFile, GetsWholeLinesWhenTheBufferIsFull) {
  BufferedAccessLog log(*loop_, targets(path()), "");
  for (std::size_t bytes = 0; bytes < kLogBufferBytes; bytes += 4) log.write(record_);
  const std::string written = text(path());
  EXPECT_FALSE(written.empty());
  EXPECT_EQ(written.size() % 4, 0U);
}

TEST_F(AccessLogFile, GetsTheRestAtTheEnd) {
  { BufferedAccessLog(*loop_, targets(path()), "").write(record_); }
  EXPECT_EQ(text(path()), "GET\n");
}

TEST_F(AccessLogFile, IsOneForAllThatNameIt) {
  EXPECT_EQ(*files_.open(path()), *files_.open(path()));
}

TEST_F(AccessLogFile, IsMadeAnewAfterItWasMovedAway) {
  BufferedAccessLog log(*loop_, targets(path()), "");
  log.write(record_);
  log.flush();
  std::filesystem::rename(path(), path() + ".1");
  files_.reopen();
  log.write(record_);
  log.flush();
  EXPECT_EQ(text(path() + ".1"), "GET\n");
  EXPECT_EQ(text(path()), "GET\n");
}

TEST_F(AccessLogFile, ThatCannotBeOpenedSaysWhich) {
  const auto opened = files_.open(directory_ + "/none/access.log");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("/none/access.log"), std::string::npos);
}

TEST_F(AccessLogFile, ThatTakesNothingLosesLinesAndNothingElse) {
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Fd reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK));
  BufferedAccessLog log(*loop_, targets(pipe), "");
  for (int i = 0; i < 500'000; ++i) log.write(record_);  // far more than a pipe holds
}

}  // namespace
}  // namespace understudy
