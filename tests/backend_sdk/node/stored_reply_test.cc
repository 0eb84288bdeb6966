// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/stored_reply.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace understudy {
namespace {

Reply sample() {
  return {.status = 201,
          .headers = {{"Content-Type", "text/plain"}, {"X-Empty", ""}},
          .body = std::string("a\0b\r\n", 5)};
}

TEST(StoredReply, ComesBackAsItWas) {
  const auto bytes = encode_reply(sample());
  ASSERT_TRUE(bytes);
  const auto reply = decode_reply(*bytes);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 201);
  EXPECT_EQ(reply->headers, sample().headers);
  EXPECT_EQ(reply->body, sample().body);
}

TEST(StoredReply, TooManyHeadersOrNoStatusIsNotStored) {
  Reply reply = sample();
  reply.headers.assign(kStoredHeadersMax, {"A", "b"});
  EXPECT_TRUE(encode_reply(reply));
  reply.headers.push_back({"A", "b"});
  EXPECT_FALSE(encode_reply(reply));
  for (const int status : {0, 99, 1000, -1}) {
    reply = sample();
    reply.status = status;
    EXPECT_FALSE(encode_reply(reply)) << status;
  }
}

TEST(StoredReply, EveryCutOfTheHeadIsRefused) {
  const std::string bytes =
      *encode_reply(Reply{.status = 200, .headers = {{"Name", "value"}}, .body = ""});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_reply(bytes.substr(0, size))) << size;
  }
  EXPECT_TRUE(decode_reply(bytes));
}

TEST(StoredReply, NoiseNeverCrashes) {
  SeededRandom random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string noise = *encode_reply(sample());
    for (int flips = 0; flips < 4; ++flips) {
      noise[random.below(noise.size())] = static_cast<char>(random.below(256));
    }
    noise.resize(random.below(noise.size() + 1));
    static_cast<void>(decode_reply(noise));
  }
}

}  // namespace
}  // namespace understudy
