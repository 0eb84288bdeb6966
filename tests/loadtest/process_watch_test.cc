// SPDX-License-Identifier: Apache-2.0
#include "loadtest/process_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "base/fd.h"
#include "loadtest/process.h"

namespace understudy::loadtest {
namespace {

using std::chrono::seconds;

constexpr size_t kManyBytes = size_t{32} << 20;

TEST(ProcessWatch, WhatAProcessTakesIsSeen) {
  const auto before = read_vitals(::getpid());
  ASSERT_TRUE(before);
  EXPECT_GE(before->threads, 1u);
  EXPECT_GE(before->resident_kib, before->anonymous_kib);
  EXPECT_GE(before->resident_kib, before->proportional_kib);

  void* many =
      ::mmap(nullptr, kManyBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(many, MAP_FAILED);
  std::memset(many, 1, kManyBytes);
  const Fd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto after = read_vitals(::getpid());
  ::munmap(many, kManyBytes);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->descriptors, before->descriptors + 2);
  EXPECT_GE(after->anonymous_kib, before->anonymous_kib + kManyBytes / 1024);
  EXPECT_GE(after->resident_kib, before->resident_kib + kManyBytes / 1024);
}

TEST(ProcessWatch, OfAProcessThatHasEndedNothingIsKept) {
  Process process({"/bin/true"}, "/dev/null");
  ASSERT_EQ(process.wait_exit(seconds(10)), 0);
  EXPECT_FALSE(read_vitals(process.pid()));
  ProcessWatch watch;
  watch.sample({}, "a", process.pid());
  EXPECT_TRUE(watch.lives().empty());
}

TEST(ProcessWatch, AProcessThatIsStartedAgainHasANewLife) {
  Process other({"/bin/sleep", "60"}, "/dev/null");
  ProcessWatch watch;
  watch.sample(seconds(1), "a", ::getpid());
  watch.sample(seconds(1), "b", other.pid());
  watch.sample(seconds(2), "a", ::getpid());
  watch.sample(seconds(3), "a", other.pid());
  ASSERT_EQ(watch.lives().size(), 3u);
  EXPECT_EQ(watch.lives()[0].samples.size(), 2u);
  EXPECT_EQ(watch.lives()[0].samples[1].at, Duration(seconds(2)));
  EXPECT_EQ(watch.lives()[2].name, "a");
  EXPECT_EQ(watch.lives()[2].number, 2);
}

}  // namespace
}  // namespace understudy::loadtest
