// SPDX-License-Identifier: Apache-2.0
// How the session's cookie may look, and where else a request may name its session.
#include <gtest/gtest.h>

#include "backend_sdk/membership/view.h"
#include "backend_sdk/node/contract.h"
#include "tests/backend_sdk/node/test_cluster.h"

namespace understudy {
namespace {

std::shared_ptr<const Keyring> keys(std::uint8_t fill) {
  const std::vector<std::uint8_t> bytes(kKeyBytesMin, fill);
  const Keyring::NamedKey key{.id = 'a', .bytes = bytes};
  return Keyring::from_keys({&key, 1}).keyring;
}

class ContractLooks : public ::testing::Test {
 protected:
  ContractLooks() { publish(Liveness::kAlive); }

  void publish(Liveness liveness_of_b) {
    MemberView view;
    view.term = 1;
    view.seq = ++seq_;
    view.members = {member(10, "a", Liveness::kAlive), member(20, "b", liveness_of_b)};
    changed_ = board_.publish(view, 10);
  }
  static Member member(MemberId mid, const std::string& name, Liveness liveness) {
    Member member;
    member.mid = mid;
    member.name = name;
    member.http_address = "127.0.0.1:" + std::to_string(7000 + mid);
    member.liveness = liveness;
    return member;
  }
  ContractFacts read(const std::vector<Header>& headers) const {
    const Asked asked{.headers = headers};
    return contract_.read(AskedView(asked).view());
  }
  static SessionToken token() {
    return {.sid = {{1, 2, 3}}, .primary = 10, .secondary = 20, .floor = {3, 99}};
  }
  // The Set-Cookie value of a release for `token`.
  std::string cookie_line(const SessionToken& token, bool tls = false) const {
    ContractFacts facts;
    facts.tls = tls;
    CommitOutcome outcome;
    outcome.kind = CommitOutcome::Kind::kReleased;
    outcome.cookie = token;
    return header_of(contract_.release(facts, outcome).headers, "Set-Cookie");
  }
  static std::string value_of(const std::string& line) {
    return line.substr(4, line.find(';') - 4);
  }

  ViewBoard board_{*keys(1), "c", std::chrono::milliseconds(200)};
  HttpContract contract_{{.keyring = keys(1), .cluster = "c", .cookie_name = "SID"}, board_};
  std::uint32_t seq_ = 0;
  bool changed_ = false;
};

using Tokens = std::vector<SessionToken>;

// Another look is read, and replaced by this member's own.
TEST_F(ContractLooks, EachLookOfTheCookieIsReadByMembersOfEachLook) {
  for (const Dialect dialect : {Dialect::kNative, Dialect::kWeblogic, Dialect::kRoute}) {
    const HttpContract writer(
        {.keyring = keys(1), .cluster = "c", .cookie_name = "SID", .dialect = dialect}, board_);
    CommitOutcome outcome;
    outcome.kind = CommitOutcome::Kind::kReleased;
    outcome.cookie = token();
    const std::string value =
        value_of(header_of(writer.release({}, outcome).headers, "Set-Cookie"));
    if (dialect == Dialect::kWeblogic) {
      EXPECT_TRUE(value.ends_with("!10!20")) << value;
    }
    if (dialect == Dialect::kRoute) {
      EXPECT_TRUE(value.ends_with(".a")) << value;
    }
    SessionToken expected = token();
    expected.is_to_renew = dialect != Dialect::kNative;
    EXPECT_EQ(read({{"Cookie", "SID=" + value}}).tokens, Tokens{expected}) << value;
    const Asked asked{.headers = {{"Cookie", "SID=" + value}}};
    EXPECT_EQ(writer.read(AskedView(asked).view()).tokens, Tokens{token()}) << value;
  }
}

TEST_F(ContractLooks, PathQueryAndFormAreLookedIntoWhereNoCookieHasASession) {
  const HttpContract contract({.keyring = keys(1),
                               .cluster = "c",
                               .cookie_name = "SID",
                               .parameter = "sid",
                               .form_field = "session"},
                              board_);
  const std::string value = value_of(cookie_line(token()));
  SessionToken second = token();
  second.sid.bytes[0] = 9;
  const std::string other = value_of(cookie_line(second));
  const auto read_of = [&](Asked asked, std::string_view body = {}) {
    return contract.read(AskedView(asked).view(), body).tokens;
  };
  const Header form{"content-type", "application/x-www-form-urlencoded; charset=utf-8"};
  EXPECT_EQ(read_of({.target = "/a;SID=" + value + "?x"}), Tokens{token()});
  EXPECT_EQ(read_of({.target = "/a?x=1&session=" + value + "&y"}), Tokens{token()});
  const std::string body = "a=b&session=" + value;
  EXPECT_EQ(read_of({.method = "POST", .headers = {form}}, body), Tokens{token()});
  EXPECT_EQ(read_of({.method = "PUT", .headers = {form}}, body), Tokens{});
  EXPECT_EQ(read_of({.method = "POST"}, body), Tokens{});
  EXPECT_EQ(read_of({.target = "/a;sid=" + value + "?session=" + other}), Tokens{token()});
  EXPECT_EQ(read_of({.target = "/a;sid=" + value, .headers = {{"Cookie", "SID=" + other}}}),
            Tokens{second});
  EXPECT_EQ(read_of({.target = "/a;sid=forged?session=" + value}), Tokens{token()});
  const Asked unnamed{.target = "/a;sid=" + value + "?session=" + value};
  EXPECT_EQ(contract_.read(AskedView(unnamed).view()).tokens, Tokens{});
}

}  // namespace
}  // namespace understudy
