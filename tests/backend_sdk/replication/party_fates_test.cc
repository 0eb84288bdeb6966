// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/party_fates.h"

#include <gtest/gtest.h>

#include "backend_sdk/replication/lease.h"

namespace understudy {
namespace {

constexpr Duration kLease = std::chrono::milliseconds(600);
constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));

TEST(PartyFates, WithoutAWitnessPolicyDecidesAboutABelievedDeath) {
  struct {
    Fate partner;
    NoWitnessPolicy policy;
    bool expected;
  } table[] = {{Fate::kUsable, NoWitnessPolicy::kAvailable, false},
               {Fate::kDead, NoWitnessPolicy::kAvailable, true},
               {Fate::kDead, NoWitnessPolicy::kRefuse, false},
               {Fate::kRefused, NoWitnessPolicy::kAvailable, false},
               {Fate::kRefused, NoWitnessPolicy::kRefuse, false},
               {Fate::kDeadAndRefused, NoWitnessPolicy::kAvailable, true},
               {Fate::kDeadAndRefused, NoWitnessPolicy::kRefuse, false},
               {Fate::kProven, NoWitnessPolicy::kAvailable, true},
               {Fate::kProven, NoWitnessPolicy::kRefuse, true}};
  for (const auto& row : table) {
    SCOPED_TRACE(testing::Message() << int(row.partner) << " " << int(row.policy));
    PartyFates fates;
    fates.update(row.partner, Fate::kProven, true, kNow);
    EXPECT_EQ(fates.may_go_on_alone(row.policy), row.expected);
  }
}

TEST(PartyFates, WhoMustBeDeadBeforeNoMemberCanDecide) {
  struct {
    Fate partner;
    Fate witness;
    bool has_quorum;
    bool expected;
  } table[] = {
      {Fate::kUsable, Fate::kProven, true, false}, {Fate::kProven, Fate::kUsable, true, false},
      {Fate::kDead, Fate::kDead, true, true},      {Fate::kDead, Fate::kDead, false, false},
      {Fate::kProven, Fate::kDead, false, false},  {Fate::kProven, Fate::kProven, false, true}};
  for (const auto& row : table) {
    SCOPED_TRACE(testing::Message() << int(row.partner) << int(row.witness) << row.has_quorum);
    PartyFates fates;
    fates.update(row.partner, row.witness, row.has_quorum, kNow);
    const TimePoint late = kNow + 2 * grace_of(kLease);
    EXPECT_FALSE(fates.is_undecidable(kLease, late - Duration(1)));
    EXPECT_EQ(fates.is_undecidable(kLease, late), row.expected);
  }
}

TEST(PartyFates, ASignOfLifeBeginsTheWaitAnew) {
  PartyFates fates;
  fates.update(Fate::kProven, Fate::kProven, true, kNow);
  fates.update(Fate::kUsable, Fate::kProven, true, kNow + kLease);
  fates.update(Fate::kProven, Fate::kProven, true, kNow + 2 * kLease);
  EXPECT_FALSE(fates.is_undecidable(kLease, kNow + 2 * grace_of(kLease)));
  EXPECT_TRUE(fates.is_undecidable(kLease, kNow + 2 * kLease + 2 * grace_of(kLease)));
}

TEST(PartyFates, APartnerIsGoneSinceItsRefusalUntilASignOfLife) {
  PartyFates fates;
  fates.update(Fate::kRefused, Fate::kUsable, true, kNow);
  fates.update(Fate::kProven, Fate::kUsable, true, kNow + kLease);
  EXPECT_EQ(fates.gone_since(), kNow);
  fates.update(Fate::kUsable, Fate::kUsable, true, kNow + kLease);
  EXPECT_EQ(fates.gone_since(), TimePoint::max());
}

}  // namespace
}  // namespace understudy
