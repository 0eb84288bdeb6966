// SPDX-License-Identifier: Apache-2.0
#include "base/piped_program.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "base/log.h"

namespace understudy {
namespace {

using Words = std::vector<std::string>;

TEST(PipedProgram, IsWrittenAsInApache) {
  EXPECT_EQ(PipedProgram::words_of("|/usr/bin/rotatelogs logs/a 86400"),
            (Words{"/usr/bin/rotatelogs", "logs/a", "86400"}));
  EXPECT_EQ(PipedProgram::words_of("||p  'an argument' \"b c\"d"),
            (Words{"p", "an argument", "b cd"}));
  EXPECT_EQ(PipedProgram::words_of("|$cat > x; date"), (Words{"/bin/sh", "-c", "cat > x; date"}));
  EXPECT_EQ(PipedProgram::words_of("| cat"), (Words{"cat"}));
  EXPECT_EQ(PipedProgram::words_of("|"), Words());
  EXPECT_EQ(PipedProgram::words_of("||"), Words());
}

// A fifo whose reader tells when the program has written.
class Fifo {
 public:
  Fifo() {
    static int made = 0;
    path_ = ::testing::TempDir() + "understudy-fifo-" + std::to_string(::getpid()) + "-" +
            std::to_string(++made);
    std::remove(path_.c_str());
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    // Its own writing end keeps the end of one program from being the end of the fifo.
    fd_ = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  ~Fifo() {
    ::close(fd_);
    std::remove(path_.c_str());
  }
  const std::string& path() const { return path_; }
  // The next bytes, waited for.
  std::string read() const {
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 20'000) != 1) return "nothing came";
    char bytes[512];
    const ssize_t size = ::read(fd_, bytes, sizeof bytes);
    return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : "";
  }

 private:
  std::string path_;
  int fd_ = -1;
};

TEST(PipedProgram, ReadsWhatIsWrittenToIt) {
  const Fifo fifo;
  auto program = PipedProgram::open("|$cat > " + fifo.path());
  ASSERT_TRUE(program) << program.error().detail;
  ASSERT_EQ(::write(program->fd(), "a line\n", 7), 7);
  EXPECT_EQ(fifo.read(), "a line\n");
}

TEST(PipedProgram, OneThatIsNotThereIsAnError) {
  const auto program = PipedProgram::open("|/nonexistent/rotatelogs x");
  ASSERT_FALSE(program);
  EXPECT_NE(program.error().detail.find("/nonexistent/rotatelogs"), std::string::npos);
}

// EPIPE says that it has ended.
void wait_for_end(const PipedProgram& program) {
  pollfd ended{.fd = program.fd(), .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 20'000), 1);
}

TEST(PipedProgram, StartsAgainWhenItHasEndedButNotAtOnceAgain) {
  ::signal(SIGPIPE, SIG_IGN);
  const Fifo fifo;
  auto program = PipedProgram::open("|$read line; echo \"got $line\" > " + fifo.path());
  ASSERT_TRUE(program);
  const int fd = program->fd();
  ASSERT_EQ(::write(fd, "one\n", 4), 4);
  EXPECT_EQ(fifo.read(), "got one\n");
  wait_for_end(*program);
  EXPECT_EQ(::write(fd, "two\n", 4), -1);
  EXPECT_EQ(errno, EPIPE);
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  ASSERT_TRUE(program->start_again(now));
  EXPECT_EQ(program->fd(), fd);
  ASSERT_EQ(::write(fd, "two\n", 4), 4);
  EXPECT_EQ(fifo.read(), "got two\n");
  wait_for_end(*program);
  EXPECT_FALSE(program->start_again(now + std::chrono::milliseconds(900)));
  EXPECT_TRUE(program->start_again(now + std::chrono::milliseconds(1000)));
}

TEST(Log, ALineGoesToTheLogOfItsPath) {
  const Fifo first;
  const std::string path = "|$cat > " + first.path();
  ASSERT_TRUE(open_more_log(path));
  ASSERT_TRUE(open_more_log(path)) << "open already";
  log_line(LogLevel::kError, "of one host", path);
  EXPECT_NE(first.read().find("[error] of one host\n"), std::string::npos);
  EXPECT_FALSE(open_more_log("/nonexistent/directory/error.log"));
}

TEST(Log, KnowsTheFacilitiesOfSyslog) {
  EXPECT_TRUE(is_syslog("syslog"));
  EXPECT_TRUE(is_syslog("syslog:local3:shop"));
  EXPECT_FALSE(is_syslog("syslogs/error.log"));
  EXPECT_EQ(why_no_syslog("syslog"), "");
  EXPECT_EQ(why_no_syslog("syslog:local3"), "");
  EXPECT_EQ(why_no_syslog("syslog::tag"), "");
  EXPECT_NE(why_no_syslog("syslog:mail2"), "");
}

}  // namespace
}  // namespace understudy
