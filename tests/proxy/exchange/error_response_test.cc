// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/error_response.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy {
namespace {

TEST(ErrorResponse, SaysWhatHappenedAndWhichRequestItWas) {
  const ErrorResponse response(
      {.status = 502, .sentence = "It broke off.", .request_id = 0x1234, .close = true});
  const Page& page = response.page();
  EXPECT_EQ(page.status, 502u);
  EXPECT_EQ(page.reason, "Bad Gateway");
  EXPECT_TRUE(page.close);
  EXPECT_NE(page.body.find("It broke off."), std::string_view::npos);
  EXPECT_NE(page.body.find("0000000000001234"), std::string_view::npos);
  EXPECT_TRUE(page.body.ends_with("</html>\n"));
}

TEST(ErrorResponse, IsNeverStored) {
  const ErrorResponse response({.status = 404, .sentence = "Nothing."});
  EXPECT_NE(response.page().lines.find("Cache-Control: no-store\r\n"), std::string_view::npos);
  EXPECT_TRUE(response.page().lines.ends_with("\r\n"));
}

TEST(ErrorResponse, A503SaysWhenToComeBackAndA405WhatIsAllowed) {
  const ErrorResponse unavailable({.status = 503, .sentence = "s"});
  EXPECT_NE(unavailable.page().lines.find("Retry-After: 1\r\n"), std::string_view::npos);
  const ErrorResponse method({.status = 405, .sentence = "s"});
  EXPECT_NE(method.page().lines.find("Allow: GET"), std::string_view::npos);
}

TEST(ErrorResponse, TheLongestSentenceStillEndsAsAPage) {
  const std::string sentence(256, 'x');
  const ErrorResponse response({.status = 503, .sentence = sentence, .request_id = ~0ull});
  EXPECT_TRUE(response.page().body.ends_with("</html>\n"));
}

TEST(ErrorResponse, EveryStatusThatIsGivenHasAReason) {
  for (const unsigned status :
       {400u, 404u, 405u, 408u, 413u, 414u, 417u, 431u, 500u, 501u, 502u, 503u, 504u, 505u}) {
    SCOPED_TRACE(status);
    EXPECT_FALSE(reason_phrase(status).empty());
  }
}

struct Row {
  TryFailure failure;
  unsigned status;
};

TEST(ErrorResponse, NoConnectionIs503NoAnswerInTime504AndABrokenOne502) {
  constexpr Row kTable[] = {
      {TryFailure::kConnectRefused, 503}, {TryFailure::kConnectTimeout, 503},
      {TryFailure::kConnectFailed, 503},  {TryFailure::kNoConnection, 503},
      {TryFailure::kTimeout, 504},        {TryFailure::kDropped, 502},
      {TryFailure::kBadResponse, 502},    {TryFailure::kMemberGone, 502},
      {TryFailure::kMisdirected, 502},    {TryFailure::kUnreachable, 502},
      {TryFailure::kUnavailable, 503},
  };
  for (const Row& row : kTable) {
    SCOPED_TRACE(std::string(to_text(row.failure)));
    EXPECT_EQ(status_of(row.failure), row.status);
  }
}

}  // namespace
}  // namespace understudy
