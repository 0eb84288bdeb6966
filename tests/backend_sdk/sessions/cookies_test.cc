// SPDX-License-Identifier: Apache-2.0
// Which of several cookies counts, when their paths or domains differ and all of them verify.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

class Cookies : public Stage {
 protected:
  std::optional<SessionToken> chosen(SimMember& at, std::vector<SessionToken> tokens) {
    return at.core().choose(tokens);
  }
};

TEST_F(Cookies, TheSessionThatIsHereGoesBeforeOneThatHasEnded) {
  boot(3);
  const SessionToken gone = new_session();
  Change logout;
  logout.invalidate = true;
  commit(member(0), begin(member(0), gone).handle, logout);
  const SessionToken live = new_session();
  EXPECT_EQ(chosen(member(0), {gone, live}), live);
  EXPECT_EQ(chosen(member(0), {live, gone}), live);
  EXPECT_EQ(chosen(member_of(live.secondary), {gone, live}), live);
  EXPECT_EQ(chosen(member(0), {gone}), gone);
  EXPECT_EQ(chosen(member(0), {}), std::nullopt);
}

// The proxy has followed the stale cookie, which names this member.
TEST_F(Cookies, AnotherMembersGoesBeforeOneOfThisMembersThatIsNotHere) {
  boot(3);
  const SessionToken live = new_session();
  for (size_t index = 1; index < 3; ++index) {
    SimMember& other = member(index);
    if (&other == &member_of(live.secondary)) continue;
    SessionToken unknown = live;
    unknown.sid.bytes.fill(7);
    unknown.primary = other.mid();
    EXPECT_EQ(chosen(other, {unknown, live}), live);
  }
}

TEST_F(Cookies, OfTwoSessionsThatLiveTheFirstCounts) {
  boot(3);
  const SessionToken first = new_session();
  const SessionToken second = new_session();
  EXPECT_EQ(chosen(member(0), {first, second}), first);
  EXPECT_EQ(chosen(member(0), {second, first}), second);
}

}  // namespace
}  // namespace understudy::sim
