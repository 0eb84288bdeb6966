// SPDX-License-Identifier: Apache-2.0
#include "loadtest/response_reader.h"

#include <gtest/gtest.h>

namespace understudy::loadtest {
namespace {

using State = ResponseReader::State;

struct Case {
  const char* name;
  std::string bytes;
  int status;
  std::string body;
};

const Case kWhole[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
    {"chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: "
     "1\r\n\r\n",
     200, "abcde"},
    {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
    {"continue first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     200, ""},
};

TEST(ResponseReader, ReadsTheSameWhereverTheBytesAreCut) {
  for (const auto& c : kWhole) {
    SCOPED_TRACE(c.name);
    for (size_t cut = 0; cut < c.bytes.size(); ++cut) {
      ResponseReader reader(1000);
      reader.start(false);
      if (cut > 0) {
        ASSERT_EQ(reader.feed(std::string_view(c.bytes).substr(0, cut)), State::kMore) << cut;
      }
      ASSERT_EQ(reader.feed(std::string_view(c.bytes).substr(cut)), State::kDone) << cut;
      EXPECT_EQ(reader.response().status, c.status);
      EXPECT_EQ(reader.response().body, c.body);
      EXPECT_TRUE(reader.keep_alive());
    }
  }
}

TEST(ResponseReader, ABodyWithoutLengthEndsWithTheConnection) {
  ResponseReader reader(1000);
  reader.start(false);
  EXPECT_EQ(reader.feed("HTTP/1.1 200 OK\r\n\r\nabc"), State::kMore);
  EXPECT_EQ(reader.end(), State::kDone);
  EXPECT_EQ(reader.response().body, "abc");
  EXPECT_FALSE(reader.keep_alive());
}

TEST(ResponseReader, RefusesWhatIsBroken) {
  for (const char* bytes :
       {"HTTP/2 200\r\n\r\n", "HTTP/1.1 xyz\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"}) {
    SCOPED_TRACE(bytes);
    ResponseReader reader(1000);
    reader.start(false);
    EXPECT_EQ(reader.feed(bytes), State::kBroken);
    EXPECT_EQ(reader.response().status, 0);
    EXPECT_FALSE(reader.response().error.empty());
  }
}

TEST(ResponseReader, HoldsTheBodysLimit) {
  for (const size_t size : {size_t{10}, size_t{11}}) {
    ResponseReader reader(10);
    reader.start(false);
    const auto state = reader.feed("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) +
                                   "\r\n\r\n" + std::string(size, 'x'));
    EXPECT_EQ(state, size == 10 ? State::kDone : State::kBroken);
  }
}

TEST(ResponseReader, AClosedConnectionWithoutAnswerSaysSo) {
  ResponseReader reader(10);
  reader.start(false);
  EXPECT_EQ(reader.end(), State::kBroken);
  EXPECT_EQ(reader.response().error, "closed without an answer");
}

}  // namespace
}  // namespace understudy::loadtest
