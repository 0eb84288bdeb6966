// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/body_pipe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace understudy {
namespace {

struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    a = Fd(ends[0]);
    b = Fd(ends[1]);
  }
  Fd a;
  Fd b;
};

TEST(BodyPipe, MovesWhatComesAndNoMore) {
  PipePool pool;
  BodyPipe pipe(pool);
  Pair from;
  Pair to;
  ASSERT_TRUE(pipe.open());
  ASSERT_EQ(::write(from.a.value(), "hello world", 11), 11);
  EXPECT_EQ(pipe.fill(from.b.value(), 5).bytes, 5u);
  EXPECT_EQ(pipe.held(), 5u);
  EXPECT_EQ(pipe.drain(to.a.value()).bytes, 5u);
  char text[16];
  EXPECT_EQ(::read(to.b.value(), text, sizeof text), 5);
  EXPECT_EQ(std::string(text, 5), "hello");
}

TEST(BodyPipe, SaysWhenTheSourceIsDryAndWhenItHasEnded) {
  PipePool pool;
  BodyPipe pipe(pool);
  Pair from;
  ASSERT_TRUE(pipe.open());
  EXPECT_EQ(pipe.fill(from.b.value(), 5).state, BodyPipe::State::kWouldBlock);
  from.a.reset();
  EXPECT_EQ(pipe.fill(from.b.value(), 5).state, BodyPipe::State::kEnd);
}

TEST(BodyPipe, AnEmptyPipeIsKeptForTheNextBodyAndAFullOneIsNot) {
  PipePool pool;
  Pair from;
  int first = -1;
  {
    BodyPipe pipe(pool);
    ASSERT_TRUE(pipe.open());
    first = ::fcntl(0, F_DUPFD, 3);  // the next descriptors are above this one
  }
  ::close(first);
  PipePool::Pipe kept = pool.take();
  const int number = kept.out.value();
  pool.give_back(std::move(kept));
  {
    BodyPipe pipe(pool);
    ASSERT_TRUE(pipe.open());
    ASSERT_EQ(::write(from.a.value(), "x", 1), 1);
    ASSERT_EQ(pipe.fill(from.b.value(), 1).bytes, 1u);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1) << "a pipe with a stranger's bytes was kept";
}

TEST(BodyPipe, KeepsNoMorePipesThanItsLimit) {
  PipePool pool;
  std::vector<PipePool::Pipe> pipes;
  for (std::size_t i = 0; i <= kPipesKeptMax; ++i) {
    pipes.push_back(pool.take());
    ASSERT_TRUE(pipes.back());
  }
  std::vector<int> numbers;
  for (auto& pipe : pipes) {
    numbers.push_back(pipe.out.value());
    pool.give_back(std::move(pipe));
  }
  EXPECT_NE(::fcntl(numbers[kPipesKeptMax - 1], F_GETFD), -1);
  pipes.clear();
  EXPECT_EQ(::fcntl(numbers[kPipesKeptMax], F_GETFD), -1);
}

TEST(BodyPipe, PipesThatNobodyNeedsAreClosed) {
  PipePool pool;
  PipePool::Pipe pipe = pool.take();
  ASSERT_TRUE(pipe);
  const int number = pipe.out.value();
  pool.give_back(std::move(pipe));
  pool.shrink();
  EXPECT_NE(::fcntl(number, F_GETFD), -1) << "it was in use a moment ago";
  pool.shrink();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace understudy
