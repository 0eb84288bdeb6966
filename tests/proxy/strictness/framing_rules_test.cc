// SPDX-License-Identifier: Apache-2.0
// RFC 9112 6 and 7: where a message ends. Each rule is asked with another request right behind it:
// whoever reads the end in another place would see that one.
#include "tests/proxy/strictness/http2_text.h"
#include "tests/proxy/strictness/site.h"

namespace understudy::test {
namespace {

using namespace std::string_literals;

std::string post(const std::string& lines, const std::string& body = {}) {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body;
}
std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}
std::string length(const std::string& value) {
  return post("Content-Length:" + value + "\r\n", "12345");
}
// Why HTTP/2 has no such row.
constexpr const char* kNoChunks = "HTTP/2 has frames in place of chunks";
constexpr const char* kNoLines = "HTTP/2 has no lines";
std::string coding(const std::string& value) {
  return post("Transfer-Encoding:" + value + "\r\n", "5\r\n12345\r\n0\r\n\r\n");
}

class FramingRules : public ::testing::TestWithParam<Way> {
 protected:
  void check(const Rules& rules) {
    for (const Rule& rule : rules) Site(GetParam()).check(rule);
  }
};
INSTANTIATE_TEST_SUITE_P(Ways, FramingRules, ::testing::ValuesIn(all_ways()), name_of);

TEST_P(FramingRules, ContentLength) {
  const std::string both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
  check({
      {"6.2: digits", length(" 5"), 0, "\r\n\r\n12345"},
      {"6.2: with zeros before", length(" 005"), 0, "\r\n\r\n12345"},
      {"6.3: none means no body", post(""), 0, "POST /x HTTP/1.1\r\n"},
      {"6.3: zero", post("Content-Length: 0\r\n"), 0, "Content-Length: 0\r\n"},
      {"6.2: nothing", length(""), 400},
      {"6.2: a comma", length(" ,"), 400},
      {"6.2: an empty member of a list", length(" 5,"), 400},
      {"6.3: a list of the same", length(" 5, 5"), 400},
      {"6.3: a list that differs", length(" 5, 6"), 400},
      {"6.3: twice the same", post("Content-Length: 5\r\nContent-Length: 5\r\n", "12345"), 400},
      {"6.3: twice, and not the same", post("Content-Length: 5\r\nContent-Length: 0\r\n", "12345"),
       400},
      {"6.2: a sign", length(" +5"), 400},
      {"6.2: another sign", length(" -5"), 400},
      {"6.2: hexadecimal", length(" 0x5"), 400},
      {"6.2: a fraction", length(" 5.0"), 400},
      {"6.2: a blank in it", length(" 5 5"), 400},
      {"6.2: quotes", length(" \"5\""), 400},
      {"6.2: letters behind it", length(" 5a"), 400},
      {"6.2: digits of another script", length(" \xd9\xa5"), 400},
      {"6.2: a form feed before it", length(" \f5"), 400},
      {"2^63 - 1 and one more", length(" 9223372036854775808"), 413},
      {"2^64 + 5", length(" 18446744073709551621"), 413},
      {"6.3: beside a Transfer-Encoding", post(both, "5\r\n12345\r\n0\r\n\r\n"), 400},
      {"6.3: the other way round",
       post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
      {"6.3: zero beside a Transfer-Encoding",
       post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n"), 400},
  });
}

TEST_P(FramingRules, TransferEncoding) {
  check({
      {"6.1: chunked", coding(" chunked"), 0, "5\r\n12345\r\n0\r\n\r\n"},
      {"7: in any letters", coding(" CHUNKED"), 0, "5\r\n12345\r\n0\r\n\r\n"},
      {"6.1: nothing", coding(""), 400},
      {"6.1: identity", coding(" identity"), 400},
      {"6.3: chunked is not the last", coding(" chunked, gzip"), 400},
      {"6.3: no chunked at all", coding(" gzip"), 400},
      {"6.1: another coding before it", coding(" gzip, chunked"), 501},
      {"6.1: chunked twice", coding(" chunked, chunked"), 400},
      {"6.1: chunked in two fields",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"6.1: two fields that differ",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), 400},
      {"a prefix", coding(" xchunked"), 400},
      {"a suffix", coding(" chunkedx"), 400},
      {"a parameter", coding(" chunked;a=b"), 400},
      {"quotes", coding(" \"chunked\""), 400},
      {"a comma before it", coding(" ,chunked"), 400},
      {"a comma behind it", coding(" chunked,"), 400},
      {"a vertical tab before it", coding(" \vchunked"), 400},
      {"a blank in its name", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
      {"a twin with an underscore frames nothing",
       post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", "12345"), 0, "\r\n\r\n12345",
       "chunked"},
      {"6.1: of a GET too",
       "GET /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 0,
       "1\r\nx\r\n0\r\n\r\n"},
  });
  check(text_only(
      "HTTP/2 requests name no version",
      {
          {"6.1: on HTTP/1.0",
           "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      }));
}

TEST_P(FramingRules, Chunks) {
  const std::string most(http::kChunkLineBytesMax - 2, 'x');
  check({
      {"7.1: several", chunked("1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n"), 0, "0123456789"},
      {"7.1: zeros before a size", chunked("0001\r\na\r\n000\r\n\r\n"), 0, "a\r\n"},
      {"7.1: data that look like the end", chunked("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), 0,
       "5\r\n0\r\n\r\n\r\n0\r\n\r\n"},
      {"7.1.1: an extension", chunked("1;a=b\r\nx\r\n0;c\r\n\r\n"), 0, "x"},
      {"7.1.1: a quoted one", chunked("1;a=\"b;\\\"c\"\r\nx\r\n0\r\n\r\n"), 0, "x"},
      {"the longest size line", chunked("1;" + most + "\r\nx\r\n0\r\n\r\n"), 0, "x"},
  });
  check(
      text_only(kNoChunks,
                {
                    {"7.1: no size", chunked("\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: no hexadecimal digit", chunked("g\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: 0x", chunked("0x1\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: a sign", chunked("+1\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: a negative size", chunked("-1\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: a blank before", chunked(" 1\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: a blank behind", chunked("1 \r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: an underscore", chunked("1_0\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: 17 digits", chunked("00000000000000001\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: 2^63", chunked("8000000000000000\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: 2^64 + 1", chunked("10000000000000001\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: LF behind a size", chunked("1\nx\r\n0\r\n\r\n"), 400},
                    {"7.1: CR behind a size", chunked("1\rx\r\n0\r\n\r\n"), 400},
                    {"7.1: LF behind the data", chunked("1\r\nx\n0\r\n\r\n"), 400},
                    {"7.1: data longer than their size", chunked("1\r\nxy\r\n0\r\n\r\n"), 400},
                    {"7.1: nothing behind the data", chunked("1\r\nx0\r\n\r\n"), 400},
                    {"7.1.1: an extension without a name", chunked("1;\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1.1: one without a value", chunked("1;a=\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1.1: LF in one (CVE-2025-22871)", chunked("1;a\nb\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1.1: CR in one", chunked("1;a\rb\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1.1: CRLF within quotes", chunked("1;a=\"b\r\nc\"\r\nx\r\n0\r\n\r\n"), 400},
                    {"7.1.1: NUL in one", chunked("1;a=\"\0\"\r\nx\r\n0\r\n\r\n"s), 400},
                    {"7.1.1: a blank before one", chunked("1 ;a\r\nx\r\n0\r\n\r\n")},
                    {"a byte more than the longest size line",
                     chunked("1;" + most + "x\r\nx\r\n0\r\n\r\n"), 400},
                }));
}

TEST_P(FramingRules, Trailers) {
  std::string most;
  for (unsigned i = 0; i < http::kTrailerFieldsMax; ++i) most += "A: b\r\n";
  check({
      {"7.1.2: are forwarded", chunked("1\r\nx\r\n0\r\nX-Sum: 7\r\n\r\n"), 0,
       "0\r\nX-Sum: 7\r\n\r\n"},
      {"as many as allowed", chunked("0\r\n" + most + "\r\n"), 0, "A: b\r\n"},
      {"and one more", chunked("0\r\n" + most + "A: b\r\n\r\n"), 400},
      {"a blank before the colon", chunked("0\r\nA : b\r\n\r\n"), 400},
      {"an empty name", chunked("0\r\n: b\r\n\r\n"), 400},
      {"CR in one", chunked("0\r\nA: b\rc\r\n\r\n"), 400},
      {"NUL in one", chunked("0\r\nA: b\0\r\n\r\n"s), 400},
      {"9110 6.5.1: no host", chunked("0\r\nHost: b\r\nA: b\r\n\r\n"), 0, "0\r\nA: b\r\n\r\n"},
      {"9110 6.5.1: no credentials", chunked("0\r\nAuthorization: x\r\nA: b\r\n\r\n"), 0,
       "0\r\nA: b\r\n\r\n"},
      {"no cookie", chunked("0\r\nCookie: a=b\r\nA: b\r\n\r\n"), 0, "0\r\nA: b\r\n\r\n"},
      {"no address of another client", chunked("0\r\nX-Forwarded-For: 1.2.3.4\r\nA: b\r\n\r\n"), 0,
       "0\r\nA: b\r\n\r\n"},
      {"nothing of the contract with members", chunked("0\r\nUnderstudy-View: x\r\nA: b\r\n\r\n"),
       0, "0\r\nA: b\r\n\r\n"},
  });
  check(refused_over_http2(
      "9113 8.2.2: there they are malformed",
      {
          {"9110 6.5.1: no length", chunked("0\r\nContent-Length: 5\r\nA: b\r\n\r\n"), 0,
           "0\r\nA: b\r\n\r\n"},
          {"9110 6.5.1: no coding", chunked("0\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"), 0,
           "0\r\nA: b\r\n\r\n"},
      }));
  check(text_only(kNoLines, {
                                {"LF at the end", chunked("0\r\n\n"), 400},
                                {"LF behind one", chunked("0\r\nA: b\n\r\n"), 400},
                                {"obs-fold", chunked("0\r\nA: b\r\n c\r\n\r\n"), 400},
                                {"no colon", chunked("0\r\nA\r\n\r\n"), 400},
                            }));
}

// RFC 9112 8 and RFC 9113 8.1: a body that breaks off is no body.
TEST_P(FramingRules, IncompleteBodies) {
  struct Row {
    const char* rule;
    std::string request;
    std::string data;      // what stands in frames for the body; empty: nothing does,
    const char* why = "";  // for this reason
  };
  const Row rows[] = {
      {"within a length", post("Content-Length: 6\r\n", "12345"), "12345"},
      {"within a chunk", chunked("5\r\n1234"), "1234"},
      {"behind a chunk", chunked("5\r\n12345\r\n"), "12345"},
      {"within the last chunk", chunked("5\r\n12345\r\n0\r\n"), {}, kNoChunks},
      {"within the trailers", chunked("5\r\n12345\r\n0\r\nA: b\r\n"), {}, kNoLines},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.rule);
    const bool speaks_http2 = GetParam().client == Speaks::kHttp2;
    EXPECT_EQ(row.data.empty(), *row.why != '\0') << "a row needs its reason";
    if (speaks_http2 && row.data.empty()) continue;
    TestProxy proxy(options_for(GetParam()));
    MemberEnd member(proxy, GetParam().member);
    Peer& client = connect(proxy, GetParam());
    const auto until = [&](const std::function<bool()>& done) {
      return proxy.run_until([&] {
        member.pump();
        return done();
      });
    };
    client.send(speaks_http2
                    ? Http2Client::greeting() + head_frame_of(row.request, 1) + data(1, row.data)
                    : row.request);
    ASSERT_TRUE(until([&] { return member.is_asked(); }));
    if (speaks_http2) {
      client.send(reset(1));
      EXPECT_TRUE(until([&] { return member.was_broken_off(); }));
      continue;
    }
    client.shutdown_write();
    EXPECT_TRUE(until([&] { return member.was_broken_off(); }));
    ASSERT_TRUE(until([&] { return client.is_closed(); }));
    EXPECT_EQ(client.received().substr(0, 13), "HTTP/1.1 400 ");
  }
}

}  // namespace
}  // namespace understudy::test
