// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http1/chunked.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/http/heads.h"

namespace understudy::http {
namespace {

// What is left out counts as consumed.
ChunkResult scan_all(std::string_view bytes, ChunkScanner scanner = ChunkScanner()) {
  ChunkResult all;
  for (;;) {
    const ChunkResult result = scanner.scan(bytes.substr(all.consumed));
    all.progress = result.progress;
    all.refusal = result.refusal;
    all.consumed += result.consumed + result.left_out;
    if (result.left_out == 0) return all;
  }
}

// What is forwarded of a body that comes in reads of so many bytes.
std::string forwarded(std::string_view body, size_t read_bytes,
                      ChunkScanner scanner = ChunkScanner()) {
  std::string out;
  std::string held;
  while (!body.empty()) {
    std::string read = held + std::string(body.substr(0, read_bytes));
    body.remove_prefix(std::min(read_bytes, body.size()));
    const SiftedChunks sifted = scanner.sift(read);
    if (sifted.progress == Progress::kRefused) return "refused";
    out.append(read, 0, sifted.body_bytes);
    held.assign(read, sifted.body_bytes, sifted.bytes - sifted.body_bytes);
    if (sifted.progress == Progress::kComplete) break;
  }
  EXPECT_TRUE(scanner.is_complete());
  return out + held + std::string(body);
}

std::string payload_of(std::string_view bytes) {
  ChunkScanner scanner;
  std::string payload;
  ChunkPiece piece;
  while (!bytes.empty() && piece.progress == Progress::kIncomplete) {
    piece = scanner.next(bytes);
    payload += piece.payload;
    bytes.remove_prefix(piece.consumed);
  }
  EXPECT_EQ(piece.progress, Progress::kComplete);
  return payload;
}

constexpr std::string_view kBodies[] = {
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "A\r\n0123456789\r\n001\r\nx\r\n00\r\n\r\n",
    "5;a\r\nhello\r\n0;b=c\r\n\r\n",
    "5;a=b;c=\"d\\\"e ;\t\xff\";f\r\nhello\r\n0\r\n\r\n",
    "3\r\nabc\r\n0\r\nX-Sum: 12\r\nEmpty:\r\n\r\n",
    "3\r\n\r\n0\r\n0\r\n\r\n",
};

TEST(ChunkScanner, TakesTheBodyAndNothingBehindIt) {
  for (std::string_view body : kBodies) {
    SCOPED_TRACE(std::string(body));
    const ChunkResult result = scan_all(std::string(body) + "GET / HTTP/1.1\r\n");
    EXPECT_EQ(result.progress, Progress::kComplete);
    EXPECT_EQ(result.consumed, body.size());
  }
}

TEST(ChunkScanner, TakesTheSameInPiecesCutAtAnyByte) {
  for (std::string_view body : kBodies) {
    for (size_t cut = 0; cut < body.size(); ++cut) {
      SCOPED_TRACE(std::string(body) + " at " + std::to_string(cut));
      ChunkScanner scanner;
      const ChunkResult first = scanner.scan(body.substr(0, cut));
      ASSERT_EQ(first.progress, Progress::kIncomplete);
      ASSERT_LE(first.consumed, cut);  // less within the name of a trailer
      const ChunkResult second = scanner.scan(std::string(body.substr(first.consumed)) + "rest");
      ASSERT_EQ(second.progress, Progress::kComplete);
      EXPECT_EQ(second.consumed, body.size() - first.consumed);
    }
  }
}

TEST(ChunkScanner, GivesThePayloadAlone) {
  EXPECT_EQ(payload_of(kBodies[0]), "");
  EXPECT_EQ(payload_of(kBodies[1]), "hello");
  EXPECT_EQ(payload_of(kBodies[2]), "0123456789x");
  EXPECT_EQ(payload_of(kBodies[4]), "hello");
  EXPECT_EQ(payload_of(kBodies[5]), "abc");
  EXPECT_EQ(payload_of(kBodies[6]), "\r\n0");
}

TEST(ChunkScanner, CountsAChunkWhenItsSizeIsKnown) {
  ChunkScanner scanner;
  EXPECT_EQ(scanner.payload_bytes(), 0u);
  scanner.scan("ff\r");
  EXPECT_EQ(scanner.payload_bytes(), 0u);
  scanner.scan("\nabc");
  EXPECT_EQ(scanner.payload_bytes(), 255u);
  EXPECT_FALSE(scanner.is_complete());
}

TEST(ChunkScanner, StaysCompleteAndStaysRefused) {
  ChunkScanner done;
  done.scan("0\r\n\r\n");
  EXPECT_TRUE(done.is_complete());
  EXPECT_EQ(done.scan("5\r\nhello").consumed, 0u);
  EXPECT_EQ(done.scan("").progress, Progress::kComplete);
  ChunkScanner refused;
  refused.scan("x");
  EXPECT_EQ(refused.scan("0\r\n\r\n").progress, Progress::kRefused);
  EXPECT_EQ(refused.scan("0\r\n\r\n").refusal, Refusal::kInvalidChunkSize);
}

struct BadBody {
  std::string_view body;
  Refusal refusal;
  size_t consumed;
};

// RFC 9112 7.1.1: a recipient must take BWS around ';' and '='.
TEST(ChunkScanner, TakesBlanksAroundTheMarksOfAnExtension) {
  for (const std::string_view line :
       {"5 ; a = b", "5\t;a", "5; a", "5;a =b", "5;a= b", "5;a=\"b\" ;c", "5  ;  a  =  b  ;  c"}) {
    SCOPED_TRACE(std::string(line));
    const std::string body = std::string(line) + "\r\nhello\r\n0\r\n\r\n";
    EXPECT_EQ(scan_all(body).progress, Progress::kComplete);
    std::string plain = body;
    std::erase_if(plain, [](char c) { return c == ' ' || c == '\t'; });
    for (const size_t read_bytes : {size_t{1}, size_t{3}, body.size()}) {
      EXPECT_EQ(forwarded(body, read_bytes), plain);
    }
  }
  EXPECT_EQ(forwarded("1;a=\" \"\r\nx\r\n0\r\n\r\n", 1), "1;a=\" \"\r\nx\r\n0\r\n\r\n");
}

TEST(ChunkScanner, BearsWithAMembersPaddingAndZeros) {
  const ChunkScanner member(ChunkScanner::Sender::kMember);
  for (const size_t read_bytes : {size_t{1}, size_t{4}, size_t{100}}) {
    EXPECT_EQ(forwarded("5  \t \r\nhello\r\n0 \r\n\r\nrest", read_bytes, member),
              "5\r\nhello\r\n0\r\n\r\nrest");
    EXPECT_EQ(forwarded("5;a=b \r\nhello\r\n0;c \r\n\r\n", read_bytes, member),
              "5;a=b\r\nhello\r\n0;c\r\n\r\n");
  }
  const std::string zeros(200, '0');
  EXPECT_EQ(scan_all(zeros + "5\r\nhello\r\n0\r\n\r\n", member).progress, Progress::kComplete);
  EXPECT_EQ(scan_all(zeros + zeros + "5\r\n", member).refusal, Refusal::kChunkLineTooLong);
  EXPECT_EQ(scan_all("08000000000000000\r\n", member).refusal, Refusal::kInvalidChunkSize);
}

// RFC 9112 7.1, and stricter.
TEST(ChunkScanner, RefusesWhatAnotherParserCouldReadOtherwise) {
  using enum Refusal;
  using namespace std::string_view_literals;
  const BadBody cases[] = {
      {"\r\n", kBareCr, 0},
      {"g\r\n", kInvalidChunkSize, 0},
      {"0x5\r\nhello\r\n", kInvalidChunkSize, 1},
      {"+5\r\n", kInvalidChunkSize, 0},
      {"-5\r\n", kInvalidChunkSize, 0},
      {" 5\r\n", kInvalidChunkSize, 0},
      {"5 \r\n", kBareCr, 2},
      {"5\t\r\n", kBareCr, 2},
      {"5\nhello", kBareLf, 1},
      {"5\rhello", kBareCr, 2},
      {"5\r\nhello0\r\n\r\n", kMissingChunkEnd, 8},
      {"5\r\nhello\n0\r\n\r\n", kMissingChunkEnd, 8},
      {"5\r\nhello\r0\r\n\r\n", kMissingChunkEnd, 9},
      {"5\r\nhello\r\n\r\n", kBareCr, 10},
      {";a\r\n", kInvalidChunkSize, 0},
      {"5;\r\n", kBareCr, 2},
      {"5 a\r\n", kInvalidChunkExtension, 2},
      {"5; \r\n", kBareCr, 3},
      {"5;a \r\n", kBareCr, 4},
      {"5;a b\r\n", kInvalidChunkExtension, 4},
      {"5;a=b c\r\n", kInvalidChunkExtension, 6},
      {"5;a=b =c\r\n", kInvalidChunkExtension, 6},
      {"5;a= \r\n", kBareCr, 5},
      {"5;a=\r\n", kBareCr, 4},
      {"5;a=b=c\r\n", kInvalidChunkExtension, 5},
      {"5;a\nb\r\n", kBareLf, 3},
      {"5;a=\"b\nc\"\r\n", kBareLf, 6},
      {"5;a=\"b\r\nc\"\r\n", kBareCr, 6},
      {"5;a=\"b\\\nc\"\r\n", kBareLf, 7},
      {"5;a=\"b\0\"\r\n"sv, kControlByte, 6},
      {"5;a=\"b\"c\r\n", kInvalidChunkExtension, 7},
      {"0\r\n\n", kBareLf, 3},
      {"0\r\n\rx", kBareCr, 4},
      {"0\r\nA: b\n\r\n", kBareLf, 7},
      {"0\r\nA: b\rx\r\n", kBareCr, 8},
      {"0\r\nA : b\r\n\r\n", kBlankBeforeColon, 4},
      {"0\r\nA: b\r\n c\r\n\r\n", kFoldedLine, 9},
      {"0\r\n: b\r\n\r\n", kEmptyFieldName, 3},
      {"0\r\nA\r\n\r\n", kBareCr, 4},
      {"0\r\nA(: b\r\n\r\n", kInvalidFieldName, 4},
      {"0\r\nA: \x01\r\n\r\n", kControlByte, 6},
  };
  for (const BadBody& c : cases) {
    SCOPED_TRACE(std::string(c.body));
    const ChunkResult result = scan_all(c.body);
    EXPECT_EQ(result.progress, Progress::kRefused);
    EXPECT_EQ(result.refusal, c.refusal);
    EXPECT_EQ(result.consumed, c.consumed);
  }
}

// RFC 9110 6.5.1.
TEST(ChunkScanner, LeavesOutTrailersThatBelongIntoAHead) {
  for (const char* name :
       {"Content-Length", "transfer-encoding", "Host", "Cookie", "Set-Cookie", "Connection",
        "Understudy-View", "understudy_session", "X-WebLogic-Cluster-List", "wl-proxy-ssl",
        "X-Forwarded-For", "X_Forwarded_For", "Authorization", "Content-Type",
        "Understudy-A-Name-That-Is-Longer-Than-All-That-We-Keep"}) {
    SCOPED_TRACE(name);
    const std::string body =
        "0\r\nA: b\r\n" + std::string(name) + ": x\r\nX-Sum: 7\r\n\r\nGET / HTTP/1.1";
    for (const size_t read_bytes : {size_t{1}, size_t{7}, size_t{20}, body.size()}) {
      EXPECT_EQ(forwarded(body, read_bytes), "0\r\nA: b\r\nX-Sum: 7\r\n\r\nGET / HTTP/1.1");
    }
  }
  EXPECT_EQ(forwarded("0\r\nHost: x\ny\r\n\r\n", 1), "refused");
}

TEST(ChunkScanner, ATrailerWhoseNameHasNoRoomIsLeftOut) {
  ChunkScanner scanner;
  std::string read = "0\r\nX-Su";
  EXPECT_EQ(scanner.sift(read).body_bytes, 3u);
  scanner.leave_trailer_out();
  scanner.scan("X-Su");
  read = "m: 7\r\nA: b\r\n\r\n";
  const SiftedChunks sifted = scanner.sift(read);
  EXPECT_EQ(sifted.progress, Progress::kComplete);
  EXPECT_EQ(read.substr(0, sifted.bytes), "A: b\r\n\r\n");
}

TEST(ChunkScanner, SizeMayHave16DigitsAndBeBelow2To63) {
  EXPECT_EQ(scan_all("0000000000000005\r\nhello").progress, Progress::kIncomplete);
  EXPECT_EQ(scan_all("00000000000000005\r\nhello").refusal, Refusal::kInvalidChunkSize);
  EXPECT_EQ(scan_all("7fffffffffffffff\r\n").progress, Progress::kIncomplete);
  EXPECT_EQ(scan_all("8000000000000000\r\n").refusal, Refusal::kInvalidChunkSize);
  EXPECT_EQ(scan_all("ffffffffffffffff\r\n").refusal, Refusal::kInvalidChunkSize);
  EXPECT_EQ(scan_all("1\r\nx\r\n7ffffffffffffffe\r\n").progress, Progress::kIncomplete);
  EXPECT_EQ(scan_all("1\r\nx\r\n7fffffffffffffff\r\n").refusal, Refusal::kInvalidChunkSize);
}

TEST(ChunkScanner, SizeLineOfTheMaximumPassesAndOneMoreIsRefused) {
  const std::string most = "0;" + std::string(kChunkLineBytesMax - 2, 'x');
  EXPECT_EQ(scan_all(most + "\r\n\r\n").progress, Progress::kComplete);
  EXPECT_EQ(scan_all(most + "x\r\n\r\n").refusal, Refusal::kChunkLineTooLong);
}

TEST(ChunkScanner, TrailersOfTheMaximumPassAndOneMoreIsRefused) {
  std::string fields;
  for (unsigned i = 0; i < kTrailerFieldsMax; ++i) fields += "A: b\r\n";
  EXPECT_EQ(scan_all("0\r\n" + fields + "\r\n").progress, Progress::kComplete);
  EXPECT_EQ(scan_all("0\r\n" + fields + "A: b\r\n\r\n").refusal, Refusal::kTrailerTooLarge);
  // "A:", the value and two line ends make the maximum.
  const std::string most = "0\r\nA:" + std::string(kTrailerBytesMax - 6, 'x');
  EXPECT_EQ(scan_all(most + "\r\n\r\n").progress, Progress::kComplete);
  EXPECT_EQ(scan_all(most + "x\r\n\r\n").refusal, Refusal::kTrailerTooLarge);
}

TEST(ChunkHeader, IsReadByTheScanner) {
  for (uint64_t size : {uint64_t{1}, uint64_t{15}, uint64_t{16}, uint64_t{255}, uint64_t{65536},
                        uint64_t{INT64_MAX}}) {
    char out[kChunkHeaderBytesMax];
    const size_t bytes = write_chunk_header(size, out);
    ASSERT_LE(bytes, sizeof out);
    ChunkScanner scanner;
    EXPECT_EQ(scanner.scan({out, bytes}).consumed, bytes);
    EXPECT_EQ(scanner.payload_bytes(), size);
  }
  char out[kChunkHeaderBytesMax];
  EXPECT_EQ(write_chunk_header(UINT64_MAX, out), kChunkHeaderBytesMax);
  EXPECT_EQ(payload_of("1\r\nx" + std::string(kChunkEnd) + std::string(kLastChunk)), "x");
}

}  // namespace
}  // namespace understudy::http
