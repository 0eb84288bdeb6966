// SPDX-License-Identifier: Apache-2.0
// LineMemo alone, and under the parser: with it and without it every head reads the same.
#include "proxy/http/http1/line_memo.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "proxy/http/http1/http1_parser.h"

namespace understudy::http {
namespace {

constexpr std::string_view kRest = "Next: something behind it\r\n\r\n";

struct Parsed {
  HeadResult result;
  RequestHead head;
  std::vector<Field> fields;
};

Parsed parse(std::string_view text, LineMemo* memo, const HeadLimits& limits = {}) {
  Parsed out;
  out.fields.resize(kFieldsMax);
  HeadProgress progress;
  out.result = parse_request_head(text, {.limits = limits, .fields = out.fields, .memo = memo},
                                  progress, out.head);
  return out;
}

void expect_same(std::string_view text, LineMemo& memo, const HeadLimits& limits = {}) {
  SCOPED_TRACE(text);
  const Parsed plain = parse(text, nullptr, limits);
  const Parsed quick = parse(text, &memo, limits);
  ASSERT_EQ(quick.result.progress, plain.result.progress);
  EXPECT_EQ(quick.result.refusal, plain.result.refusal);
  EXPECT_EQ(quick.result.head_bytes, plain.result.head_bytes);
  if (plain.result.progress != Progress::kComplete) return;
  ASSERT_EQ(quick.head.fields.size(), plain.head.fields.size());
  EXPECT_EQ(quick.head.fields.present(), plain.head.fields.present());
  EXPECT_EQ(quick.head.authority, plain.head.authority);
  EXPECT_EQ(quick.head.keep_alive, plain.head.keep_alive);
  for (size_t i = 0; i < plain.head.fields.size(); ++i) {
    EXPECT_EQ(quick.head.fields[i].name, plain.head.fields[i].name);
    EXPECT_EQ(quick.head.fields[i].value, plain.head.fields[i].value);
    EXPECT_EQ(quick.head.fields[i].name.data(), plain.head.fields[i].name.data());
    EXPECT_EQ(quick.head.fields[i].id, plain.head.fields[i].id);
  }
}

// Offers `line` as the parser would and asks for it again in a copy.
bool remembers(LineMemo& memo, std::string_view line, FieldId id) {
  const std::string first = std::string(line) + std::string(kRest);
  const size_t colon = first.find(':');
  const Field field{.name = {first.data(), colon},
                    .value = {first.data() + colon + 2, line.size() - colon - 4},
                    .id = id};
  const char* const end = first.data() + first.size();
  memo.offer(first.data(), end, first.data() + line.size(), field);
  const std::string again = first;
  Field found;
  const char* const next = memo.find(again.data(), again.data() + again.size(), found);
  if (next == nullptr) return false;
  EXPECT_EQ(next, again.data() + line.size());
  EXPECT_EQ(found.name.data(), again.data());
  EXPECT_EQ(found.name, field.name);
  EXPECT_EQ(found.value, field.value);
  EXPECT_EQ(found.id, id);
  return true;
}

TEST(LineMemo, KnowsALineOfAnyLengthUpToItsLimit) {
  for (size_t bytes = 10; bytes <= LineMemo::kLineBytesMax + 2; ++bytes) {
    SCOPED_TRACE(bytes);
    LineMemo memo(LineMemo::kOfRequests);
    const std::string line = "Host: " + std::string(bytes - 8, 'a') + "\r\n";
    EXPECT_EQ(remembers(memo, line, FieldId::kHost), bytes <= LineMemo::kLineBytesMax);
  }
}

TEST(LineMemo, TellsLinesApartByEveryByte) {
  for (const size_t bytes : {12u, 16u, 17u, 31u, 32u, 33u, 64u, 120u}) {
    const std::string line = "Host: " + std::string(bytes - 8, 'a') + "\r\n";
    const std::string text = line + std::string(kRest);
    const Field field{
        .name = {text.data(), 4}, .value = {text.data() + 6, bytes - 8}, .id = FieldId::kHost};
    for (size_t at = 0; at < bytes; ++at) {
      SCOPED_TRACE(std::to_string(at) + " of " + std::to_string(bytes));
      LineMemo memo(LineMemo::kOfRequests);
      memo.offer(text.data(), text.data() + text.size(), text.data() + bytes, field);
      std::string other = text;
      other[at] = '!';
      Field found;
      EXPECT_EQ(memo.find(other.data(), other.data() + other.size(), found), nullptr);
    }
  }
}

TEST(LineMemo, NeverHoldsWhatMayBeASecret) {
  LineMemo requests(LineMemo::kOfRequests);
  EXPECT_FALSE(remembers(requests, "Cookie: sid=0123456789abcdef\r\n", FieldId::kCookie));
  EXPECT_FALSE(
      remembers(requests, "Authorization: Basic QWxhZGRpbjo=\r\n", FieldId::kAuthorization));
  EXPECT_FALSE(remembers(requests, "X-Api-Key: 0123456789abcdef\r\n", FieldId::kOther));
  EXPECT_FALSE(remembers(requests, "Referer: http://a.example/?token=1\r\n", FieldId::kReferer));
  LineMemo responses(LineMemo::kOfResponses);
  EXPECT_FALSE(remembers(responses, "Set-Cookie: sid=0123456789abcdef\r\n", FieldId::kSetCookie));
}

TEST(LineMemo, AWholeLineMustBeThere) {
  LineMemo memo(LineMemo::kOfRequests);
  const std::string line = "User-Agent: a browser of some kind\r\n";
  ASSERT_TRUE(remembers(memo, line, FieldId::kUserAgent));
  Field found;
  for (size_t bytes = 0; bytes < line.size(); ++bytes) {
    const std::string part = line.substr(0, bytes);
    EXPECT_EQ(memo.find(part.data(), part.data() + part.size(), found), nullptr) << bytes;
  }
}

TEST(LineMemo, AnotherLineTakesThePlaceOnceItIsMetOftener) {
  // Equal in their first 16 bytes, and so rivals for one place.
  LineMemo memo(LineMemo::kOfRequests);
  ASSERT_TRUE(remembers(memo, "User-Agent: browser one\r\n", FieldId::kUserAgent));
  unsigned offers = 1;
  while (!remembers(memo, "User-Agent: browser two\r\n", FieldId::kUserAgent)) ++offers;
  EXPECT_EQ(offers, 4u);
}

TEST(LineMemo, HeadsReadTheSameWithIt) {
  const std::string begin = "GET / HTTP/1.1\r\n";
  const std::string_view kHeads[] = {
      "Host: a.example\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n",
      "Host: a.example\r\nAccept:  text/html \t\r\nConnection: close\r\n\r\n",
      "Host: a.example\r\nHost: a.example\r\n\r\n",
      "host: a.example\r\naccept:*/*;q=0.123456789\r\n\r\n",
      "Host: a.example\r\nAccept-Encoding: gzip, deflate, br\r\nContent-Type: text/plain\r\n\r\n",
      "Host: a.example\r\nUser-Agent: x\ny: z and more bytes\r\n\r\n",
      "Host: a.example\r\nUser-Agent: browser\r\n folded line of it\r\n\r\n",
      "Host: a.example\r\nConnection: x, y, keep-alive\r\nX: y\r\nY: z\r\n\r\n",
      "Host: a.example\r\nUser-Agent: \r\nAccept: \r\n\r\n",
      "Host: a.example\r\nAccept: text/plain\r\nAccept: text/html",
  };
  LineMemo memo(LineMemo::kOfRequests);
  for (int round = 0; round < 6; ++round) {
    for (const std::string_view head : kHeads) expect_same(begin + std::string(head), memo);
  }
}

TEST(LineMemo, LimitsHoldForLinesItKnows) {
  LineMemo memo(LineMemo::kOfRequests);
  const std::string text =
      "GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: " + std::string(60, 'u') + "\r\n\r\n";
  expect_same(text, memo);
  expect_same(text, memo);
  for (const uint32_t bytes_max : {71u, 72u, 119u, 120u}) {
    expect_same(text, memo, {.field_bytes_max = bytes_max});
  }
  expect_same(text, memo, {.fields_max = 1});
  expect_same(text, memo, {.fields_max = 2});
}

}  // namespace
}  // namespace understudy::http
