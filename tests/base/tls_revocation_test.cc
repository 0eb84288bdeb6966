// SPDX-License-Identifier: Apache-2.0
// Certificates that were taken back, in both directions, with lists made on the spot.
#include "base/tls_revocation.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "base/clock.h"
#include "base/tls_dialer.h"
#include "tests/base/tls_pair.h"

namespace understudy {
namespace {

// root -> middle -> leaf, and one more leaf.
class Revocation : public testing::Test {
 protected:
  TestCertificate signed_by(const TestCertificate& issuer, TestCertificateOptions options) {
    options.issuer = &issuer;
    return make_test_certificate(options);
  }
  // The test's client shows its own certificate alone.
  std::string trusts_all() const { return middle.chain; }
  // All lists there are, with these taken back.
  std::string lists(const std::vector<TestCertificate>& by_root,
                    const std::vector<TestCertificate>& by_middle) {
    return make_test_revocation_list(root, by_root) + make_test_revocation_list(middle, by_middle);
  }
  bool lets_in(const TestCertificate& client, const TlsRevocation& revocation) {
    const auto server = server_of({host_of({.client_certificate = ClientCertificate::kRequired,
                                            .client_authorities = trusts_all(),
                                            .client_chain_depth_max = 2,
                                            .client_revocation = revocation})},
                                  tickets);
    TlsPair pair(*server, {.certificate = &client});
    return pair.shake_hands();
  }

  SystemClock clock;
  TlsTickets tickets{clock};
  TestCertificate root = make_test_certificate({.names = {"root"}, .is_authority = true});
  TestCertificate middle = signed_by(root, {.names = {"middle"}, .is_authority = true});
  TestCertificate leaf = signed_by(middle, {.names = {"leaf"}});
  TestCertificate other = signed_by(middle, {.names = {"other"}});
};

TEST_F(Revocation, ATakenBackClientIsRefusedAndNobodyElse) {
  for (const auto check : {RevocationCheck::kLeaf, RevocationCheck::kChain}) {
    SCOPED_TRACE(static_cast<int>(check));
    const TlsRevocation revocation{.check = check, .lists = lists({}, {leaf})};
    EXPECT_FALSE(lets_in(leaf, revocation));
    EXPECT_TRUE(lets_in(other, revocation));
  }
  EXPECT_TRUE(lets_in(leaf, {.lists = lists({}, {leaf})})) << "nobody looks";
}

TEST_F(Revocation, ATakenBackAuthorityCountsInTheChainOnly) {
  const std::string text = lists({middle}, {});
  EXPECT_FALSE(lets_in(leaf, {.check = RevocationCheck::kChain, .lists = text}));
  EXPECT_TRUE(lets_in(leaf, {.check = RevocationCheck::kLeaf, .lists = text}));
}

TEST_F(Revocation, WithoutAListOfItsAuthorityACertificateIsRefusedUnlessThatIsAllowed) {
  const std::string of_root = make_test_revocation_list(root, {});
  EXPECT_FALSE(lets_in(leaf, {.check = RevocationCheck::kChain, .lists = of_root}));
  EXPECT_FALSE(lets_in(leaf, {.check = RevocationCheck::kLeaf, .lists = of_root}));
  EXPECT_TRUE(lets_in(
      leaf, {.check = RevocationCheck::kChain, .lists = of_root, .accepts_unlisted = true}));
  const std::string of_middle = make_test_revocation_list(middle, {leaf});
  EXPECT_FALSE(lets_in(
      leaf, {.check = RevocationCheck::kChain, .lists = of_middle, .accepts_unlisted = true}))
      << "what is on a list is refused all the same";
}

TEST_F(Revocation, AnOldListRefusesEverybodyOfItsAuthority) {
  const std::string old =
      make_test_revocation_list(root, {}) + make_test_revocation_list(middle, {}, -3600);
  EXPECT_FALSE(lets_in(other, {.check = RevocationCheck::kChain, .lists = old}));
  EXPECT_FALSE(
      lets_in(other, {.check = RevocationCheck::kChain, .lists = old, .accepts_unlisted = true}));
}

TEST_F(Revocation, AListOfAStrangerSaysNothing) {
  const auto stranger = make_test_certificate({.names = {"middle"}, .is_authority = true});
  const std::string forged = make_test_revocation_list(stranger, {leaf});
  EXPECT_TRUE(lets_in(leaf, {.check = RevocationCheck::kLeaf,
                             .lists = make_test_revocation_list(middle, {}) + forged}));
}

TEST_F(Revocation, ATicketOfBeforeOpensNothingAfterwards) {
  const auto host = [&](const std::string& text) {
    return server_of(
        {host_of({.names = {"a"},
                  .client_certificate = ClientCertificate::kRequired,
                  .client_authorities = trusts_all(),
                  .client_chain_depth_max = 2,
                  .client_revocation = {.check = RevocationCheck::kLeaf, .lists = text}})},
        tickets);
  };
  const auto before = host(lists({}, {}));
  const auto after = host(lists({}, {leaf}));
  TlsPair first(*before, {.server_name = "a", .certificate = &leaf});
  ASSERT_TRUE(first.shake_hands());
  const std::unique_ptr<ssl_session_st, void (*)(ssl_session_st*)> session(
      first.client->take_session(), free_session);
  ASSERT_TRUE(session);
  TlsPair again(*before, {.server_name = "a", .certificate = &leaf, .session = session.get()});
  EXPECT_TRUE(again.shake_hands());
  TlsPair late(*after, {.server_name = "a", .certificate = &leaf, .session = session.get()});
  EXPECT_FALSE(late.shake_hands());
}

TEST_F(Revocation, ATakenBackServerIsNotSpokenTo) {
  const auto server_as = [&](const TestCertificate& shown) {
    TlsHost::Options options;
    options.certificates.push_back(usable(shown));
    return server_of({host_of(std::move(options))}, tickets);
  };
  const auto speaks_to = [&](const TestCertificate& shown, const std::string& name,
                             const TlsRevocation& revocation) {
    const auto server = server_as(shown);
    auto dialer = TlsDialer::make({.authorities = trusts_all(), .revocation = revocation});
    EXPECT_TRUE(dialer);
    TlsTarget target(*dialer, name);
    auto [mine, theirs] = socket_pair();
    TlsStream ours(target, std::move(mine));
    TlsStream accepted(*server, std::move(theirs));
    std::array<char, 64> room;
    for (int turn = 0; turn < 8; ++turn) {
      if (ours.shake_hands().state == IoResult::State::kError) return false;
      static_cast<void>(accepted.read(room));
    }
    return ours.is_established();
  };
  for (const auto check : {RevocationCheck::kLeaf, RevocationCheck::kChain}) {
    SCOPED_TRACE(static_cast<int>(check));
    const TlsRevocation revocation{.check = check, .lists = lists({}, {leaf})};
    EXPECT_FALSE(speaks_to(leaf, "leaf", revocation));
    EXPECT_TRUE(speaks_to(other, "other", revocation));
  }
  EXPECT_TRUE(speaks_to(leaf, "leaf", {}));
}

TEST_F(Revocation, AListSaysWhenItIsDue) {
  const auto due = check_revocation_lists(make_test_revocation_list(root, {}, 7200) +
                                          make_test_revocation_list(middle, {}, 3600));
  ASSERT_TRUE(due);
  const int64_t now = wall_clock_us() / 1'000'000;
  EXPECT_NEAR(static_cast<double>(*due - now), 3600, 60);
  EXPECT_FALSE(check_revocation_lists(""));
  EXPECT_FALSE(check_revocation_lists(root.chain));
  EXPECT_FALSE(check_revocation_lists("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"));
}

}  // namespace
}  // namespace understudy
