// SPDX-License-Identifier: Apache-2.0
// Security bugs of other proxies that concern HTTP/1.1, from the client's socket to the member's.
// README.md has all of them, and where each is tested.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using namespace std::string_literals;

const std::string kInner = "GET /inner HTTP/1.1\r\nHost: a\r\n\r\n";

// A member that keeps what it is asked, and answers.
class Asked {
 public:
  Asked() : Asked(TestProxy::Options{}) {}
  explicit Asked(const TestProxy::Options& options) : proxy(options) {
    proxy.member().answer = [this](std::string_view request) {
      requests.emplace_back(request);
      return ok("answered");
    };
  }
  // What the client gets, up to its connection's end.
  std::string until_closed(const std::string& bytes) {
    Peer& client = proxy.connect();
    client.send(bytes);
    EXPECT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
    return client.take();
  }
  // What the client gets, up to `count` answers of the member.
  std::string until_answered(const std::string& bytes, std::size_t count = 1) {
    Peer& client = proxy.connect();
    client.send(bytes);
    EXPECT_TRUE(proxy.run_until([&] { return count_of(client.received(), "answered") == count; }));
    return client.take();
  }

  TestProxy proxy;
  std::vector<std::string> requests;
};

// nghttpx: a body under Upgrade on a connection that was used again.
TEST(SecurityBugs, CVE_2026_58055_UpgradeWithABodyIsOneOrdinaryRequest) {
  Asked asked;
  asked.until_answered(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: " +
          std::to_string(kInner.size()) + "\r\n\r\n" + kInner +
          "GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
      2);
  ASSERT_EQ(asked.requests.size(), 2u);
  EXPECT_TRUE(asked.requests[0].ends_with(kInner));
  EXPECT_EQ(asked.requests[0].find("Upgrade"), std::string::npos);
  EXPECT_TRUE(asked.requests[1].starts_with("GET /next "));
}

// The same without a body: the member did not switch, so its connection is not used again.
TEST(SecurityBugs, CVE_2026_58055_AMemberThatDidNotSwitchIsNotAskedOnThatConnection) {
  Asked asked;
  asked.until_answered(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n" + kInner, 2);
  ASSERT_EQ(asked.requests.size(), 2u);
  EXPECT_NE(asked.requests[0].find("Upgrade: foo\r\n"), std::string::npos);
  EXPECT_EQ(asked.requests[1].substr(0, 11), "GET /inner ");
  EXPECT_EQ(asked.proxy.member().accepted(), 2u);
}

// Pingora: bytes of the client reached the member before its 101.
TEST(SecurityBugs, CVE_2026_2833_NothingPassesBeforeThe101) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n" +
              kInner);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  client.send(kInner);
  proxy.run_a_little();
  EXPECT_EQ(count_of(proxy.member().received(), "\r\n\r\n"), 1u);
  EXPECT_EQ(proxy.member().received().find("/inner"), std::string::npos);
}

TEST(SecurityBugs, CVE_2026_2833_A101ThatWasNotAskedForIs502) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) {
    return "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n"s;
  };
  Peer& client = proxy.connect();
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.received().substr(9, 3), "502");
}

// Pingora: two ways to say where a body ends, and requests that end with the connection.
TEST(SecurityBugs, CVE_2026_2835_TwoFramingsAreRefused) {
  const std::string rows[] = {
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
      "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
  };
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    Asked asked;
    EXPECT_EQ(asked.until_closed(row + "0\r\n\r\n" + kInner).substr(9, 3), "400");
    EXPECT_TRUE(asked.requests.empty());
  }
}

TEST(SecurityBugs, CVE_2026_2836_ARequestOfHttp10HasNoBodyUntilClose) {
  Asked asked;
  asked.until_closed("POST /x HTTP/1.0\r\nHost: a\r\n\r\n" + kInner);
  ASSERT_EQ(asked.requests.size(), 1u);
  EXPECT_EQ(asked.requests[0].find("/inner"), std::string::npos);
}

// Pingora: an early answer left the body to be read as a request.
TEST(SecurityBugs, CVE_2025_4366_ABodyBehindAnEarlyAnswerIsNoRequest) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kInner.size()) +
              "\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.member().connection().send("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  client.take();
  std::vector<std::string> seen;
  proxy.member().answer = [&](std::string_view request) {
    seen.emplace_back(request);
    return ok("next");
  };
  client.send(kInner + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("next"); }));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(seen[0].starts_with("GET /next "));
}

// HAProxy: an empty name ended the list of fields.
TEST(SecurityBugs, CVE_2023_25725_AnEmptyHeaderNameIsRefused) {
  for (const char* line : {":\r\n", ": x\r\n", " : x\r\n", "\t: x\r\n"}) {
    SCOPED_TRACE(line);
    Asked asked;
    const std::string answer = asked.until_closed("GET /x HTTP/1.1\r\nHost: a\r\n" +
                                                  std::string(line) + "Content-Length: 5\r\n\r\n");
    EXPECT_EQ(answer.substr(9, 3), "400");
    EXPECT_TRUE(asked.requests.empty());
  }
}

// HAProxy: an empty Content-Length was passed on.
TEST(SecurityBugs, CVE_2023_40225_AnEmptyContentLengthIsRefused) {
  for (const char* value : {"", " ", " ,", " 5,", " ,5", " +5", " 0x5"}) {
    SCOPED_TRACE(value);
    Asked asked;
    const std::string answer = asked.until_closed(
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length:" + std::string(value) + "\r\n\r\n12345");
    EXPECT_EQ(answer.substr(9, 3), "400");
    EXPECT_TRUE(asked.requests.empty());
  }
}

// HAProxy: the length of a name was kept in too few bits, and a Content-Length appeared out of it.
TEST(SecurityBugs, CVE_2021_40346_ContentLengthOverflowIsRefused) {
  for (const std::size_t bytes : {255u, 256u, 257u, 270u, 4096u, 8190u, 65535u, 65536u, 65600u}) {
    SCOPED_TRACE(bytes);
    std::string name = "Content-Length0";
    name.append(bytes - name.size(), 'a');
    Asked asked;
    Peer& client = asked.proxy.connect();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\n" + name + ":\r\nContent-Length: 4\r\n\r\nbody" +
                kInner);
    ASSERT_TRUE(asked.proxy.run_until(
        [&] { return client.is_closed() || count_of(client.received(), "answered") == 2; }));
    if (bytes + 1 <= 8190) {
      ASSERT_EQ(asked.requests.size(), 2u);
      EXPECT_TRUE(asked.requests[0].ends_with("\r\n\r\nbody"));
    } else {
      EXPECT_EQ(client.received().substr(9, 3), "431");
      EXPECT_TRUE(asked.requests.empty());
    }
  }
}

// HAProxy: a hostile backend made the proxy fall over.
TEST(SecurityBugs, CVE_2023_0056_HostileMembersGet502OrAreCutOff) {
  std::string interims;
  for (unsigned i = 0; i <= http::kInterimResponsesMax; ++i) {
    interims += "HTTP/1.1 103 Early Hints\r\n\r\n";
  }
  std::string fields = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 1000; ++i) fields += "X: y\r\n";
  const std::string rows[] = {
      interims + ok("x"),
      fields + "\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'y') + "\r\n\r\n",
      "HTTP/1.1 99 No\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
      "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n"s,
  };
  for (const std::string& row : rows) {
    SCOPED_TRACE(row.substr(0, 80));
    TestProxy proxy;
    Peer& client = proxy.connect();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
    proxy.member().connection().send_some(row);
    ASSERT_TRUE(
        proxy.run_until([&] { return client.received().find(" 502 ") != std::string::npos; }));
    ASSERT_TRUE(proxy.run_until([&] { return proxy.member().connection().is_closed(); }));
  }
}

// Traefik, httpd: Connection named what the proxy adds, and it was dropped.
TEST(SecurityBugs, CVE_2024_45410_ConnectionTakesNothingAwayThatWeAdd) {
  Asked asked;
  asked.until_answered(
      "GET /x HTTP/1.1\r\nHost: a\r\nCookie: JSESSIONID=x\r\n"
      "Connection: close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Cookie, Host\r\n"
      "\r\n");
  ASSERT_EQ(asked.requests.size(), 1u);
  for (const char* name : {"X-Forwarded-For: ", "X-Forwarded-Proto: ", "X-Forwarded-Host: ",
                           "Cookie: JSESSIONID=x", "Host: a\r\n"}) {
    EXPECT_NE(asked.requests[0].find(name), std::string::npos) << name << asked.requests[0];
  }
}

// Traefik, Caddy: a name with '_' passed where the one with '-' was dropped.
TEST(SecurityBugs, CVE_2026_52845_UnderscoreTwinsReachNobody) {
  Asked asked;
  asked.until_answered(
      "GET /x HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: forged\r\nX-Forwarded_Proto: forged\r\n"
      "Understudy_View: forged\r\nX_WebLogic_Cluster_List: forged\r\nContent_Length: forged\r\n"
      "WL_Proxy_Client_IP: forged\r\n\r\n");
  ASSERT_EQ(asked.requests.size(), 1u);
  EXPECT_EQ(asked.requests[0].find("forged"), std::string::npos) << asked.requests[0];
}

// Traefik: of all the fields that the proxy sets, one was forgotten where the client's are dropped.
TEST(SecurityBugs, GHSA_6384_m2mw_rf54_NoForwardedFieldIsForgotten) {
  const char* names[] = {"X-Forwarded-Proto",
                         "X-Forwarded-Host",
                         "X-Forwarded-Port",
                         "Understudy-View",
                         "Understudy-View-Seen",
                         "Understudy-Session",
                         "Understudy-Route",
                         "Understudy-Request-Id",
                         "Understudy-Failover",
                         "X-WebLogic-Cluster-List",
                         "X-WebLogic-Cluster-Hash",
                         "X-WebLogic-JVMID",
                         "WL-Proxy-SSL",
                         "WL-Proxy-Client-IP",
                         "WL-Proxy-Client-Port",
                         "Understudy-Anything"};
  for (const char* name : names) {
    SCOPED_TRACE(name);
    Asked asked;
    asked.until_answered("GET /x HTTP/1.1\r\nHost: a\r\n" + std::string(name) + ": forged\r\n\r\n");
    ASSERT_EQ(asked.requests.size(), 1u);
    EXPECT_EQ(asked.requests[0].find("forged"), std::string::npos) << asked.requests[0];
  }
}

// FreeBSD's advisory for Go proxies: a final answer to Expect left the pooled connection out of
// step.
TEST(SecurityBugs, Go100ContinueDos_AnEarlyFinalAnswerLeavesThePoolInStep) {
  for (const char* status : {"417 No", "200 OK"}) {
    SCOPED_TRACE(status);
    TestProxy proxy;
    Peer& client = proxy.connect();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
    proxy.member().connection().send("HTTP/1.1 " + std::string(status) +
                                     "\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    proxy.member().connection().take();
    std::string seen;
    proxy.member().answer = [&](std::string_view request) {
      seen = request;
      return ok("next");
    };
    Peer& other = proxy.connect();
    other.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return other.received().ends_with("next"); }));
    EXPECT_TRUE(seen.starts_with("GET /next "));
  }
}

// The WebLogic plug-in: over-long parts of a request.
TEST(SecurityBugs, CVE_2008_3257_OverlongPartsAreRefusedOrForwardedWhole) {
  for (const std::size_t bytes : {8000u, 8190u, 8191u, 9000u, 65000u, 66000u}) {
    const std::string longest(bytes, 'A');
    const std::string rows[] = {
        longest + " /x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /" + longest + " HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x " + longest + "\r\nHost: a\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: " + longest + "\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\n" + longest + ": b\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\nB: " + longest + "\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\nCookie: JSESSIONID=" + longest + "\r\n\r\n",
        "GET /x;jsessionid=" + longest + " HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\nX-WebLogic-Cluster-List: " + longest + "\r\n\r\n",
    };
    for (const std::string& row : rows) {
      SCOPED_TRACE(row.substr(0, 60) + " with " + std::to_string(bytes));
      Asked asked;
      Peer& client = asked.proxy.connect();
      client.send(row);
      ASSERT_TRUE(asked.proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
      if (client.received().ends_with("answered")) continue;
      EXPECT_EQ(client.received()[9], '4') << client.received();
      EXPECT_TRUE(asked.requests.empty());
    }
  }
}

}  // namespace
}  // namespace understudy::test
