// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

using Action = http::FieldEdit::Action;
using Kind = http::ValuePart::Kind;

HeaderEdits edits_of(const std::string& directives) {
  return only_host(*config_of(directives + "\n" + kShop)).edits;
}

TEST(HeaderEdits, AreReadInApachesForm) {
  const HeaderEdits edits = edits_of(
      "RequestHeader set X-A: \"a b\"\nRequestHeader unset Proxy early\n"
      "RequestHeader edit* X-B \"a(.)\" \"$1-\\$1-%%\"\nHeader always set X-C \"%t %D "
      "%{SSL_PROTOCOL}s\"\nHeader onsuccess merge X-D v\nHeader setifempty X-E $1");
  ASSERT_EQ(edits.request.size(), 3u);
  EXPECT_EQ(edits.request[0].action, Action::kSet);
  EXPECT_EQ(edits.request[0].name, "X-A");
  EXPECT_EQ(edits.request[0].value.at(0).text, "a b");
  EXPECT_EQ(edits.request[1].action, Action::kUnset);
  EXPECT_TRUE(edits.request[1].early);
  EXPECT_EQ(edits.request[2].action, Action::kEditAll);
  EXPECT_EQ(edits.request[2].value.at(0).kind, Kind::kGroup);
  EXPECT_EQ(edits.request[2].value.at(1).text, "-$1-%");
  ASSERT_EQ(edits.response.size(), 3u);
  EXPECT_TRUE(edits.response[0].always);
  EXPECT_EQ(edits.response[0].value.size(), 5u);
  EXPECT_EQ(edits.response[0].value.at(4).fact, TlsFact::kProtocol);
  EXPECT_FALSE(edits.response[1].always);
  EXPECT_EQ(edits.response[2].value.at(0).text, "$1");
}

TEST(HeaderEdits, OfTheHostComeBeforeThoseOfTheLocationAndBehindThoseOutside) {
  const auto config = config_of(
      "Header set X outside\n<VirtualHost *:8080>\nHeader set X host\n<Location />\nHeader set X "
      "location\nBackendCluster a:1\nSessionCookieFormat route\n</Location>\n</VirtualHost>");
  const VirtualHost& host = config->hosts.all().at(1);
  ASSERT_EQ(host.edits.response.size(), 2u);
  EXPECT_EQ(host.edits.response[0].value.at(0).text, "outside");
  EXPECT_EQ(host.edits.response[1].value.at(0).text, "host");
  ASSERT_EQ(host.locations.at(0).edits.response.size(), 1u);
}

TEST(HeaderEdits, SayWhatIsWrongWhereItStands) {
  const struct {
    std::string text, said;
  } kCases[] = {
      {"Header sett X v",
       "8: error: Header has set, append, add, merge, unset, setifempty, edit and edit*, not "
       "'sett'; did you mean set?"},
      {"RequestHeader always set X v",
       "15: error: RequestHeader has set, append, add, merge, unset, setifempty, edit and edit*, "
       "not 'always'"},
      {"Header always set", "1: error: Header needs the name of a field"},
      {"Header set X", "1: error: Header set needs a value"},
      {"Header edit X v", "1: error: Header edit needs a regular expression and its replacement"},
      {"Header unset X v", "16: error: 'v' is one word too many"},
      {"Header set X v env=", "16: error: env= needs the name of a variable"},
      {"Header set X v expr=true=", "16: error: no expression: expected the end before '='"},
      {"Header set X expr=%{NO_SUCH}",
       "14: error: no expression: expected a variable that a proxy has before '%{NO_SUCH}'"},
      {"Header set X v early", "16: error: 'early' is one word too many"},
      {"Header set \"a b\" v",
       "12: error: a b cannot be edited: that is no name of a header field"},
      {"Header unset Content-Length",
       "14: error: Content-Length cannot be edited: it belongs to the connection or says where the "
       "message ends"},
      {"RequestHeader set Understudy-Request-Id 1",
       "19: error: Understudy-Request-Id cannot be edited: it is between the proxy and the "
       "members"},
      {"RequestHeader edit Host x y",
       "20: error: Host can be set to a text only, by RequestHeader set Host NAME outside of "
       "patterns and <If>, and without a condition"},
      {"Header edit X ( y", "15: error: no regular expression: missing ): ("},
      {"Header edit X (a) $2", "19: error: the regular expression has no group 2"},
      {"Header set X %x", "14: error: a value knows %t, %D, %%, %{NAME}e and %{NAME}s, not '%x'"},
      {"Header set X %{NO_SUCH}s",
       "14: error: a value knows %t, %D, %%, %{NAME}e and %{NAME}s (SSL_PROTOCOL, "
       "SSL_CLIENT_S_DN ...), not '%{NO_SUCH}s'"},
      {"Header set X %{PATH",
       "14: error: a value knows %t, %D, %%, %{NAME}e and %{NAME}s, not '%{'"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.text);
    EXPECT_EQ(said_of(test.text + "\n" + kShop), "t.conf:1:" + test.said);
  }
}

}  // namespace
}  // namespace understudy::config
