// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/ajp/ajp_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/ajp.h"

namespace understudy::http {
namespace {

namespace ajp = test::ajp;
using namespace std::string_literals;

// What is read of `bytes` when they come in pieces of `piece`: a letter for each step, payload as
// it is, and "!why" where they are refused.
std::string read(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  AjpReader reader;
  std::string out;
  std::string here;
  while (!bytes.empty()) {
    here += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      const AjpStep step = reader.next(here);
      if (step.what == AjpStep::What::kRefused) return out + "!" + std::string(step.why);
      if (step.what == AjpStep::What::kHead) out += "H";
      if (step.what == AjpStep::What::kPayload) out += step.content;
      if (step.what == AjpStep::What::kAsked) out += "?" + std::to_string(step.asked);
      if (step.what == AjpStep::What::kPong) out += "P";
      if (step.what == AjpStep::What::kEnd) out += step.may_go_on ? "E" : "e";
      here.erase(0, step.consumed);
      if (step.what == AjpStep::What::kMore) break;
    }
  }
  return here.empty() ? out : out + "..." + std::to_string(here.size());
}

TEST(AjpReader, ReadsEveryKindOfPacketInWhateverPiecesItCame) {
  const std::string bytes = ajp::pong() + ajp::ask(8186) + ajp::head(200, {{"A", "b"}}) +
                            ajp::chunk("hello ") + ajp::chunk("") + ajp::chunk("world") +
                            ajp::end() + ajp::head(204) + ajp::end(false);
  for (const std::size_t piece : {1ul, 2ul, 3ul, 5ul, 7ul, 1000ul}) {
    SCOPED_TRACE(piece);
    EXPECT_EQ(read(bytes, piece), "P?8186Hhello worldEHe");
  }
}

TEST(AjpReader, AZeroBehindAChunkMayBeMissing) {
  EXPECT_EQ(read(ajp::packet("\3\0\2hi"s) + ajp::end()), "hiE");
}

TEST(AjpReader, ManyEmptyChunksAreNothing) {
  std::string bytes;
  for (int i = 0; i < 20'000; ++i) bytes += ajp::chunk("");
  EXPECT_EQ(read(bytes + ajp::end()), "E");
}

TEST(AjpReader, RefusesWhatIsNoPacket) {
  const struct {
    std::string bytes;
    std::string said;
  } kCases[] = {
      {"HTTP/1.1 200 OK\r\n\r\n", "!what came is no AJP packet"},
      {"A", "...1"},
      {"AC", "!what came is no AJP packet"},
      {"\x12\x34", "!what came is no AJP packet"},
      {"AB\0\0"s, "!an AJP packet without content"},
      {ajp::packet("\7"), "!an AJP packet of a kind that is not known"},
      {ajp::packet("\2"), "!an AJP packet of a kind that is not known"},
      {ajp::packet("\5"), "!an AJP End Response without its flag"},
      {ajp::packet("\6\1"), "!an AJP Get Body Chunk without its length"},
      {ajp::packet("\3\0\5hi"s), "!an AJP body chunk whose two lengths do not agree"},
      {ajp::packet("\3\0\1hi!"s), "!an AJP body chunk whose two lengths do not agree"},
      {ajp::packet("\3\0"s) + "\1"s, "!an AJP body chunk whose two lengths do not agree"},
      {ajp::chunk("x") + "junk", "x!what came is no AJP packet"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(testing::PrintToString(test.bytes));
    EXPECT_EQ(read(test.bytes), test.said);
  }
}

std::string text_of(std::string_view content) {
  std::string text;
  const AjpHeadText head = ajp_head_text(content, text);
  return head.refused.empty() ? text : "!" + std::string(head.refused);
}

TEST(AjpReader, WritesAHeadAsHttpDoes) {
  const std::string coded = "\0\xc8"s + ajp::text("200") + ajp::number(3) + "\xa0\x01"s +
                            ajp::text("text/html") + "\xa0\x07"s + ajp::text("a=b; Path=/") +
                            ajp::text("X-Odd") + ajp::text("");
  EXPECT_EQ(text_of(coded),
            "HTTP/1.1 200 \r\nContent-Type: text/html\r\nSet-Cookie: a=b; Path=/\r\nX-Odd: \r\n");
  const std::string missing = "\1\x94\xff\xff"s + ajp::number(1) + "\xa0\x0b\xff\xff"s;
  EXPECT_EQ(text_of(missing), "HTTP/1.1 404 \r\nWWW-Authenticate: \r\n");
}

TEST(AjpReader, TheMemberDoesNotSayHowTheBodyIsFramed) {
  const std::string packet =
      ajp::head(200, {{"transfer-encoding", "chunked"}, {"content-length", "3"}}, "Fine");
  std::string text;
  const AjpHeadText head = ajp_head_text(std::string_view(packet).substr(5), text);
  EXPECT_EQ(text, "HTTP/1.1 200 Fine\r\ncontent-length: 3\r\n");
  EXPECT_EQ(head.status, 200u);
  EXPECT_TRUE(head.has_length);
}

TEST(AjpReader, RefusesAHeadThatWouldBeAnotherAsText) {
  const std::string ok = "\0\xc8"s + ajp::text("OK");
  const struct {
    std::string content;
    std::string said;
  } kCases[] = {
      {"", "!AJP headers that end too early"},
      {"\0\xc8"s, "!AJP headers that end too early"},
      {ok, "!AJP headers that end too early"},
      {ok + ajp::number(1), "!AJP headers that end too early"},
      {ok + ajp::number(1) + ajp::text("A"), "!AJP headers that end too early"},
      {ok + ajp::number(1) + ajp::text("A") + "\0\2b\0"s, "!AJP headers that end too early"},
      {ok + ajp::number(1) + ajp::text("A") + "\0\1bc"s, "!AJP headers that end too early"},
      {ok + ajp::number(1) + "\xa0\x0c"s + ajp::text("b"), "!AJP headers that end too early"},
      {ok + ajp::number(1) + "\xa0\x00"s + ajp::text("b"), "!AJP headers that end too early"},
      {ok + ajp::number(0) + "x", "!bytes behind the last AJP header"},
      {ok + ajp::number(1) + ajp::text("") + ajp::text("b"), "!an AJP header without a name"},
      {ok + ajp::number(1) + ajp::text("A: b") + ajp::text("b"), "!an AJP header without a name"},
      {ok + ajp::number(1) + ajp::text("A\r\nB") + ajp::text("b"), "!an AJP header without a name"},
      {ok + ajp::number(1) + ajp::text("A") + ajp::text("b\r\nSet-Cookie: c"),
       "!a control byte in an AJP header"},
      {ok + ajp::number(1) + ajp::text("A") + ajp::text("b\0c"s),
       "!a control byte in an AJP header"},
      {"\0\x63"s + ajp::text("OK") + ajp::number(0), "!an AJP status that is none"},
      {"\2\x58"s + ajp::text("OK") + ajp::number(0), "!an AJP status that is none"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(testing::PrintToString(test.content));
    EXPECT_EQ(text_of(test.content), test.said);
  }
  // A reason that could not stand in a status line is left out.
  EXPECT_EQ(text_of("\0\xc8"s + ajp::text("O\r\nA: b") + ajp::number(0)), "HTTP/1.1 200 \r\n");
}

}  // namespace
}  // namespace understudy::http
