// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/quorum.h"

#include <gtest/gtest.h>

#include "backend_sdk/membership/election.h"

namespace understudy {
namespace {

// One letter for each member, oldest first: A counted and alive, S counted and suspect, D counted
// and dead; small letters are not counted, p is proven dead.
MemberView view_of(const std::string& members) {
  MemberView view;
  for (const char kind : members) {
    Member member;
    member.mid = member.join_seq = static_cast<uint32_t>(view.members.size() + 1);
    member.is_counted = kind < 'a';
    member.is_confirmed = true;
    member.is_proven = kind == 'p';
    if (kind == 'S') member.liveness = Liveness::kSuspect;
    if (kind == 'D' || kind == 'd' || kind == 'p') member.liveness = Liveness::kDead;
    view.members.push_back(member);
  }
  return view;
}

TEST(Quorum, IsMoreThanHalfOrHalfWithTheOldest) {
  const struct {
    const char* members;
    bool is_quorate;
  } cases[] = {
      {"A", true},      {"AA", true},   {"AD", true},   {"DA", false},   {"AAD", true},
      {"DAA", true},    {"ADD", false}, {"AADD", true}, {"DDAA", false}, {"DAAD", false},
      {"DAAA", true},   {"AS", true},   {"SA", false},  {"ASS", false},  {"AADDD", false},
      {"AAADD", true},  {"pA", true},   {"pDA", false}, {"pAD", true},   {"ppA", true},
      {"Daaaa", false}, {"Aaa", true},  {"aaa", false}, {"", false},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(item.members);
    EXPECT_EQ(is_quorate(view_of(item.members)), item.is_quorate);
  }
}

TEST(Quorum, AMemberThatIsNotConfirmedIsNotCountedNext) {
  MemberView view = view_of("Aaa");
  view.members[2].is_confirmed = false;
  ASSERT_TRUE(propose(view));
  EXPECT_TRUE(view.members[1].is_next);
  EXPECT_FALSE(view.members[2].is_next);
}

TEST(Quorum, AVoteOfAnotherTermDoesNotElect) {
  Election election(1);
  election.stand(4);
  election.on_vote(4, 2);
  const Election::Voters voters{.others = {2}, .may_leader_live = true};
  EXPECT_FALSE(election.is_won(voters));
  election.on_vote(5, 2);
  EXPECT_TRUE(election.is_won(voters));
}

TEST(Quorum, NoTwoPartsOfAMembershipBothHaveOne) {
  for (int count = 1; count <= 8; ++count) {
    for (int split = 0; split < (1 << count); ++split) {
      std::string one, other;
      for (int i = 0; i < count; ++i) {
        one += split & (1 << i) ? 'A' : 'D';
        other += split & (1 << i) ? 'D' : 'A';
      }
      EXPECT_TRUE(is_quorate(view_of(one)) != is_quorate(view_of(other))) << one;
    }
  }
}

TEST(Quorum, SettlingMakesTheUsableTheMeasure) {
  MemberView view = view_of("AADa");
  EXPECT_TRUE(propose(view));
  EXPECT_FALSE(propose(view)) << "proposed already";
  commit_measure(view);
  EXPECT_FALSE(view.members[2].is_counted);
  EXPECT_TRUE(view.members[3].is_counted);
  EXPECT_FALSE(propose(view)) << "settled already";
}

TEST(Quorum, AMinorityNeverSettles) {
  MemberView view = view_of("ADDaaaa");
  const MemberView before = view;
  EXPECT_FALSE(propose(view));
  EXPECT_EQ(view, before);
}

TEST(Quorum, WhoDiesBeforeOurEyesIsNotCountedAnyMore) {
  MemberView view = view_of("DA");
  EXPECT_FALSE(is_quorate(view));
  bury(view, 1);
  EXPECT_TRUE(is_quorate(view));
}

TEST(Quorum, TheLastOneCountedIsInheritedByWhoeverRemains) {
  MemberView view = view_of("Aaadp");
  view.members[0].liveness = Liveness::kDead;
  view.members[0].is_proven = true;
  bury(view, 1);
  std::string counted;
  for (const Member& member : view.members) counted += member.is_counted ? '1' : '0';
  EXPECT_EQ(counted, "01110");
  EXPECT_TRUE(is_quorate(view));
}

// C is counted and proven dead.
TEST(Quorum, TheSurvivorsAreProposedWhenNoCountedMemberMayLive) {
  const struct {
    const char* members;
    const char* next;  // empty: not proposed
  } cases[] = {
      {"Caa", "011"}, {"aa", "11"}, {"CCa", "001"}, {"paa", "011"}, {"CAa", ""},
      {"CDa", ""},    {"Cda", ""},  {"CSa", ""},    {"CC", "00"},   {"Cna", ""},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(item.members);
    std::string kinds = item.members;
    for (char& kind : kinds) kind = kind == 'C' ? 'D' : kind == 'n' ? 'a' : kind;
    MemberView view = view_of(kinds);
    for (size_t i = 0; i < view.members.size(); ++i) {
      if (item.members[i] == 'C') view.members[i].is_proven = true;
      if (item.members[i] == 'n') view.members[i].is_confirmed = false;
    }
    const MemberView before = view;
    const bool is_proposed = propose_survivors(view);
    EXPECT_EQ(is_proposed, item.next[0] != '\0');
    if (!is_proposed) {
      EXPECT_EQ(view, before);
      continue;
    }
    std::string next;
    for (const Member& member : view.members) {
      next += member.is_next ? '1' : '0';
      EXPECT_FALSE(member.is_counted);
    }
    EXPECT_EQ(next, item.next);
  }
}

TEST(Quorum, AGroupThatYieldsProposesNoSurvivors) {
  MemberView view = view_of("aa");
  view.yields.group = 9;
  EXPECT_FALSE(propose_survivors(view));
}

Election::Voters voters_of(MemberId others, bool may_leader_live) {
  Election::Voters voters{.others = {}, .may_leader_live = may_leader_live};
  for (MemberId other = 1; other <= others; ++other) voters.others.insert(other);
  return voters;
}

TEST(Election, MoreThanHalfOfThoseThatMayLiveMustAgree) {
  const size_t needed[] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 5};
  for (size_t others = 0; others < std::size(needed); ++others) {
    EXPECT_EQ(voters_of(others, false).needed(), needed[others]);
    EXPECT_GT(2 * (needed[others] + 1), others + 1);
  }
}

TEST(Election, AnOldLeaderThatMayLiveCountsAgainstTheCandidate) {
  Election::Voters none = voters_of(0, true);
  EXPECT_EQ(none.needed(), 0u) << "of two members, one goes on alone";
  none.may_go_on_alone = false;
  EXPECT_EQ(none.needed(), 1u) << "more than it can get";
  for (size_t others = 1; others < 10; ++others) {
    const size_t needed = voters_of(others, true).needed();
    EXPECT_GT(2 * (needed + 1), others + 2) << others;
    EXPECT_LE(2 * needed, others + 2) << others << ": no more than that";
  }
}

TEST(Election, IsWonByVotesOfItsTermAndOfThoseWhoCount) {
  Election election(1);
  const Election::Voters voters{.others = {2, 3, 4}};
  election.stand(7);
  EXPECT_EQ(election.term(), 8u);
  election.on_vote(7, 2);
  election.on_vote(8, 9);
  election.on_vote(8, 2);
  election.on_vote(8, 2);
  EXPECT_FALSE(election.is_won(voters));
  election.on_vote(8, 3);
  EXPECT_TRUE(election.is_won(voters));
  election.stand_down();
  EXPECT_FALSE(election.is_won({}));
}

TEST(Election, NobodyVotesTwiceInATerm) {
  Election voter(1);
  EXPECT_TRUE(voter.vote(3, 2));
  EXPECT_TRUE(voter.vote(3, 2)) << "the same answer to the same question";
  EXPECT_FALSE(voter.vote(3, 4));
  EXPECT_FALSE(voter.vote(2, 4));
  EXPECT_TRUE(voter.vote(4, 4));
  voter.stand(3);
  EXPECT_EQ(voter.term(), 5u) << "above what it voted in";
  EXPECT_FALSE(voter.vote(5, 4)) << "a candidate has voted for itself";
}

TEST(Election, ARefusedCandidateStandsAboveTheRefusal) {
  Election election(1);
  election.stand(1);
  election.stand(1);
  EXPECT_EQ(election.term(), 2u) << "goes on in its term";
  election.on_refusal(9);
  election.stand(1);
  EXPECT_EQ(election.term(), 10u);
  election.on_refusal(10);
  election.stand(1);
  EXPECT_EQ(election.term(), 11u) << "the voter had voted in this very term";
}

}  // namespace
}  // namespace understudy
