// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/proxy/http/heads.h"

namespace understudy::http {
namespace {

constexpr std::string_view kEnd = " HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr size_t kAroundTarget = std::string_view("GET  HTTP/1.1").size();

std::string request_line_of(size_t bytes) {
  return "GET /" + std::string(bytes - kAroundTarget - 1, 'x') + std::string(kEnd);
}

TEST(HeadLimits, RequestLineOfTheMaximumPassesAndOneMoreIsRefused) {
  const HeadLimits limits;
  EXPECT_TRUE(ParsedRequest(request_line_of(8190)).complete());
  EXPECT_EQ(refusal_of_request(request_line_of(8191)), Refusal::kFirstLineTooLong);
  EXPECT_EQ(status_of(Refusal::kFirstLineTooLong), 414u);
  const HeadLimits small{.first_line_bytes_max = 20};
  EXPECT_TRUE(ParsedRequest(request_line_of(20), small).complete());
  EXPECT_EQ(refusal_of_request(request_line_of(21), small), Refusal::kFirstLineTooLong);
}

TEST(HeadLimits, LineWithoutEndIsRefusedWhenItIsTooLongAlready) {
  EXPECT_EQ(refusal_of_request(std::string(8190, 'x')), Refusal::kNone);
  EXPECT_EQ(refusal_of_request(std::string(8191, 'x')), Refusal::kFirstLineTooLong);
  EXPECT_EQ(refusal_of_request("GET /" + std::string(8191, 'x')), Refusal::kFirstLineTooLong);
  const std::string head = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(refusal_of_request(head + std::string(8191, 'x')), Refusal::kFieldTooLarge);
  EXPECT_EQ(refusal_of_request(head + "A: " + std::string(8191, 'x')), Refusal::kFieldTooLarge);
  EXPECT_EQ(refusal_of_response("HTTP/1.1 200 " + std::string(8191, 'x')),
            Refusal::kFirstLineTooLong);
}

TEST(HeadLimits, FieldOfTheMaximumPassesAndOneMoreIsRefused) {
  const std::string most = "A: " + std::string(8187, 'x');
  EXPECT_TRUE(ParsedRequest(get_with(most + "\r\n")).complete());
  EXPECT_EQ(refusal_of_request(get_with(most + "x\r\n")), Refusal::kFieldTooLarge);
  EXPECT_EQ(refusal_of_response(ok_with(most + "x\r\n")), Refusal::kFieldTooLarge);
  EXPECT_EQ(status_of(Refusal::kFieldTooLarge), 431u);
}

std::string lines(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "A: b\r\n";
  return text;
}

TEST(HeadLimits, FieldsOfTheMaximumPassAndOneMoreIsRefused) {
  EXPECT_TRUE(ParsedRequest(get_with(lines(99))).complete());
  EXPECT_EQ(refusal_of_request(get_with(lines(100))), Refusal::kTooManyFields);
  EXPECT_TRUE(ParsedResponse(ok_with(lines(100))).complete());
  EXPECT_EQ(refusal_of_response(ok_with(lines(101))), Refusal::kTooManyFields);
}

TEST(HeadLimits, ScratchBoundsTheFieldsToo) {
  const HeadLimits limits{.fields_max = 100'000};
  EXPECT_TRUE(ParsedRequest(get_with(lines(kFieldsMax - 1)), limits).complete());
  EXPECT_EQ(refusal_of_request(get_with(lines(kFieldsMax)), limits), Refusal::kTooManyFields);
}

// FieldMask and HeadSpans are of that size.
TEST(HeadLimits, NeitherLimitNorScratchGoBeyondTheProgramsOwn) {
  const HeadLimits limits{.fields_max = 100'000};
  std::array<Field, kFieldsMax + 10> fields;
  RequestHead head;
  for (const size_t count : {kFieldsMax, kFieldsMax + 1}) {
    HeadProgress progress;
    const std::string text = get_with(lines(count - 1));
    const HeadResult result =
        parse_request_head(text, {.limits = limits, .fields = fields}, progress, head);
    EXPECT_EQ(result.refusal, count > kFieldsMax ? Refusal::kTooManyFields : Refusal::kNone);
  }
}

// A request whose head has exactly so many bytes.
std::string head_of(size_t bytes) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  while (bytes - text.size() > 4200) text += "A: " + std::string(4091, 'x') + "\r\n";
  text += "A: " + std::string(bytes - text.size() - 7, 'x') + "\r\n\r\n";
  return text;
}

TEST(HeadLimits, HeadOfTheMaximumPassesAndOneMoreIsRefused) {
  ASSERT_EQ(head_of(kHeadBytesMax).size(), kHeadBytesMax);
  EXPECT_TRUE(ParsedRequest(head_of(kHeadBytesMax)).complete());
  EXPECT_TRUE(ParsedRequest(head_of(kHeadBytesMax) + "more").complete());
  EXPECT_EQ(refusal_of_request(head_of(kHeadBytesMax + 1)), Refusal::kHeadTooLarge);
  EXPECT_EQ(refusal_of_request(head_of(kHeadBytesMax + 1).substr(0, kHeadBytesMax)),
            Refusal::kHeadTooLarge);
  const HeadLimits small{.head_bytes_max = 100};
  EXPECT_TRUE(ParsedRequest(head_of(100), small).complete());
  EXPECT_EQ(refusal_of_request(head_of(101), small), Refusal::kHeadTooLarge);
}

TEST(HeadLimits, NominationsOfTheMaximumPassAndOneMoreIsRefused) {
  std::string value = "close, keep-alive, upgrade";
  for (unsigned i = 0; i < kNominationsMax; ++i) value += ", x" + std::to_string(i);
  EXPECT_TRUE(ParsedRequest(get_with("Connection: " + value + "\r\n")).complete());
  EXPECT_EQ(refusal_of_request(get_with("Connection: " + value + ", y\r\n")),
            Refusal::kTooManyNominations);
  EXPECT_EQ(refusal_of_request(get_with("Connection: " + value + "\r\nConnection: y\r\n")),
            Refusal::kTooManyNominations);
}

}  // namespace
}  // namespace understudy::http
