/* SPDX-License-Identifier: Apache-2.0
 * Two groups that were founded apart meet and become one. W = {0, 1, 2}, led by 0, yields to
 * S = {3, 4, 5}, led by 3; each group may elect a second leader (1, 4) at any moment. Views are
 * read late, or never: that is also every cut, every pause and every death.
 *   spin -a merge.pml && gcc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m900000
 * -DGROW begins when all of W have come over, and makes them part of the measure of S's quorums.
 * Each of these seeded faults must be found:
 * -DBUG_NOCONFIRM   MERGE is sent before a quorum of W has the view that yields
 * -DBUG_EARLYADOPT  a member of W goes over to a view that a quorum of S has not got yet
 * -DBUG_OLDVOTE     the report of a member that has voted in a later term confirms a view
 * -DBUG_TAKEBACK    W takes its yield back though S may have taken MERGE already
 * -DBUG_LONELYNO    a leader of S that has no quorum refuses MERGE
 * -DBUG_FORGETYIELD a new leader of W does not inherit the yield
 * -DGROW -DBUG_COUNTATONCE  the measure grows in one step, not by a view that is measured by both
 * What holds: a group has one quorum at most; W has none while a quorum of S names its members;
 * and no member that lives finds itself missing in a newer view of its group.
 */
/* verify: */
/* verify: -DGROW */
/* finds: -DBUG_NOCONFIRM */
/* finds: -DBUG_EARLYADOPT */
/* finds: -DBUG_OLDVOTE */
/* finds: -DBUG_TAKEBACK */
/* finds: -DBUG_LONELYNO */
/* finds: -DBUG_FORGETYIELD */
/* finds: -DGROW -DBUG_COUNTATONCE */
/* pan: -m900000 */
/* g: the group (0 W, 1 S); v: the version held there; vt: the highest term voted in */
byte g[6], v[6], vt[6];
/* W's views: 1 base, 2 yields, 3 taken back, all of term 1; 4 is the first of term 2, then 5. */
bool wPub[6], wY[6];
bool wSent;                /* MERGE went out in term 1 */
byte mTo[5];               /* MERGE to 3 and to 4: the version that it carries */
byte target[2] = { 3, 3 }; /* of each leader of W */
byte no[5];                /* the version that 3 and 4 have refused */
/* S's views: 1..3 of term 1, 4..6 of term 2. sSt: 0 apart, 1 W is admitted, 2 a quorum of S has that
 * view, 3 measured with and without W, 4 with W. sVer: the version of W that was merged. */
bool sPub[7];
byte sSt[7], sVer[7];
byte k;

#define WIN(x, low, high) (g[x] == 0 && v[x] >= low && v[x] <= high)
#define SIN(x, low, high) (g[x] == 1 && v[x] >= low && v[x] <= high)
#ifdef BUG_OLDVOTE
#define FRESH(x, term) 1
#else
#define FRESH(x, term) (vt[x] <= term)
#endif
/* who follows a leader, and whether they are a quorum */
#define WF(x, low, high, term) (WIN(x, low, high) && vt[x] <= term)
#define WQ(low, high, term) \
  (WF(0, low, high, term) + WF(1, low, high, term) + WF(2, low, high, term) >= 2)
#define WQ1 (WIN(0, 1, 3) && vt[0] < 2 && !wY[v[0]] && WQ(1, 3, 1))
#define WQ2 (WIN(1, 4, 5) && !wY[v[1]] && WQ(4, 5, 2))
#define SF(x, low, high, term) (SIN(x, low, high) && vt[x] <= term)
#define SOLD(low, high, term) (SF(3, low, high, term) + SF(4, low, high, term) + \
  SF(5, low, high, term))
#define SALL(low, high, term) (SOLD(low, high, term) + SF(0, low, high, term) + \
  SF(1, low, high, term) + SF(2, low, high, term))
/* more than half, or half with the oldest, which is 3 */
#define SNEW(low, high, term) (SALL(low, high, term) > 3 || \
  (SALL(low, high, term) == 3 && SF(3, low, high, term)))
#define SQ(at, low, high, term) ((sSt[at] == 4 || SOLD(low, high, term) >= 2) && \
  (sSt[at] < 3 || SNEW(low, high, term)))
#define SQ1 (SIN(3, 1, 3) && vt[3] < 2 && SQ(v[3], 1, 3, 1))
#define SQ2 (SIN(4, 4, 6) && SQ(v[4], 4, 6, 2))
/* a quorum of the old measure has reported this version, or a later one of the same term */
#define SREP(x, at, high, term) (SIN(x, at, high) && FRESH(x, term))
#define SKNOWN(at, high, term) \
  (SREP(3, at, high, term) + SREP(4, at, high, term) + SREP(5, at, high, term) >= 2)
#define WREP(x, at, high, term) (WIN(x, at, high) && FRESH(x, term))
#ifdef BUG_NOCONFIRM
#define WKNOWN(at, high, term) 1
#else
#define WKNOWN(at, high, term) \
  (WREP(0, at, high, term) + WREP(1, at, high, term) + WREP(2, at, high, term) >= 2)
#endif
#ifdef BUG_EARLYADOPT
#define ADOPTABLE 1
#else
#define ADOPTABLE 2
#endif

inline wpublish(leader, yields) {
  v[leader] = v[leader] + 1; wPub[v[leader]] = 1; wY[v[leader]] = yields
}
inline spublish(leader, stage, version) {
  v[leader] = v[leader] + 1; sPub[v[leader]] = 1; sSt[v[leader]] = stage; sVer[v[leader]] = version
}
#define EACH_OF_W(what) what(0) what(1) what(2)
/* A member of W reads a newer view of W, or one of S that has absorbed W; only the newest of a term
 * (an older one would have been read before). */
#define WREAD(x, m, next) :: atomic { g[x] == 0 && wPub[m] && !next && m > v[x] -> v[x] = m }
#define WREADS(x) WREAD(x, 2, wPub[3]) WREAD(x, 3, 0) WREAD(x, 4, wPub[5]) WREAD(x, 5, 0)
#define GO(x, m, next) :: atomic { g[x] == 0 && sPub[m] && !next && sSt[m] >= ADOPTABLE && \
  (v[x] <= sVer[m] || wY[v[x]]) -> g[x] = 1; v[x] = m; vt[x] = 0 }
#define GOES(x) GO(x, 2, sPub[3]) GO(x, 3, 0) GO(x, 4, sPub[5]) GO(x, 5, sPub[6]) GO(x, 6, 0)
/* A member of W that were missing in it would be expelled. */
#define SREAD(x, m, next) :: atomic { g[x] == 1 && sPub[m] && !next && m > v[x] -> \
  assert(x >= 3 || sSt[m] > 0); v[x] = m }
#define SREADS(x) SREAD(x, 2, sPub[3]) SREAD(x, 3, 0) SREAD(x, 4, sPub[5]) SREAD(x, 5, sPub[6]) \
  SREAD(x, 6, 0)
/* A leader of S: takes MERGE, refuses it, makes a step when a quorum has the last one. */
#define SLEADS(l, low, last, term, quorum) \
  :: atomic { SIN(l, low, last - 1) && mTo[l] > sVer[v[l]] && mTo[l] > no[l] && sSt[v[l]] <= 1 -> \
       k = mTo[l]; spublish(l, 1, k); k = 0 } \
  :: atomic { SIN(l, low, last) && sSt[v[l]] == 0 && mTo[l] > no[l] && REFUSES(quorum) -> \
       no[l] = mTo[l] } \
  :: atomic { SIN(l, low, last - 1) && sSt[v[l]] == 1 && SKNOWN(v[l], last, term) -> \
       k = sVer[v[l]]; spublish(l, 2, k); k = 0 }
#define SGROWS(l, low, last, term) \
  :: atomic { SIN(l, low, last - 1) && sSt[v[l]] == 2 -> spublish(l, GROWN, 0) } \
  :: atomic { SIN(l, low, last - 1) && sSt[v[l]] == 3 && SKNOWN(v[l], last, term) -> \
       spublish(l, 4, 0) }
#ifdef BUG_LONELYNO
#define REFUSES(quorum) 1
#else
#define REFUSES(quorum) quorum
#endif
#ifdef BUG_COUNTATONCE
#define GROWN 4
#else
#define GROWN 3
#endif
/* May vote for 4: has nothing newer, and has not voted yet. */
#define SVOTES(x) (SIN(x, 1, 3) && v[x] <= v[4] && vt[x] < 2)

active proctype sys() {
  atomic {
    g[3] = 1; g[4] = 1; g[5] = 1;
    v[0] = 1; v[1] = 1; v[2] = 1; v[3] = 1; v[4] = 1; v[5] = 1;
    wPub[1] = 1; sPub[1] = 1;
#ifdef GROW
    g[0] = 1; g[1] = 1; g[2] = 1; sSt[1] = 2
#endif
  }
end_sys:
  do
#ifdef GROW
  SGROWS(3, 1, 3, 1)
  SGROWS(4, 4, 6, 2)
  /* two of the four others agree; those of W are named last, so any of them may be the one */
  :: atomic { SIN(4, 1, 3) && vt[4] < 2 && SVOTES(5) && SVOTES(0) ->
       vt[4] = 2; vt[5] = 2; vt[0] = 2; sSt[4] = sSt[v[4]]; v[4] = 4; sPub[4] = 1 }
  :: atomic { SIN(4, 1, 3) && vt[4] < 2 && SVOTES(0) && SVOTES(1) ->
       vt[4] = 2; vt[1] = 2; vt[0] = 2; sSt[4] = sSt[v[4]]; v[4] = 4; sPub[4] = 1 }
#else
  /* --- W: its leaders yield, send MERGE, take the yield back, learn of S's new leader */
  :: atomic { WIN(0, 1, 1) -> wpublish(0, 1) }
  :: atomic { WIN(1, 4, 4) && !wY[4] -> wpublish(1, 1) }
  :: atomic { WIN(0, 1, 3) && wY[v[0]] && WKNOWN(v[0], 3, 1) && mTo[target[0]] < v[0] ->
       mTo[target[0]] = v[0]; wSent = 1 }
  :: atomic { WIN(1, 4, 5) && wY[v[1]] && WKNOWN(v[1], 5, 2) && mTo[target[1]] < v[1] ->
       mTo[target[1]] = v[1] }
#ifdef BUG_TAKEBACK
  :: atomic { WIN(0, 2, 2) -> wpublish(0, 0) }
#else
  :: atomic { WIN(0, 2, 2) && (!wSent || no[target[0]] == 2) -> wpublish(0, 0) }
#endif
  :: atomic { WIN(1, 4, 4) && wY[4] && no[target[1]] == 4 -> wpublish(1, 0) }
  :: atomic { WIN(0, 2, 2) && target[0] == 3 && sPub[4] -> target[0] = 4 }
  :: atomic { WIN(1, 4, 5) && target[1] == 3 && sPub[4] -> target[1] = 4 }
  /* --- W elects 1: 0 is lost for both others, and 2 knows nothing newer */
  :: atomic { WIN(1, 1, 3) && WIN(2, 1, 3) && v[2] <= v[1] && vt[2] < 2 ->
       vt[1] = 2; vt[2] = 2;
#ifndef BUG_FORGETYIELD
       wY[4] = wY[v[1]];
#endif
       v[1] = 4; wPub[4] = 1 }
  EACH_OF_W(WREADS)
  EACH_OF_W(GOES)
  SLEADS(3, 1, 3, 1, SQ1)
  SLEADS(4, 4, 6, 2, SQ2)
  /* --- S elects 4: 3 is lost for both others */
  :: atomic { SIN(4, 1, 3) && SVOTES(5) && vt[4] < 2 ->
       vt[4] = 2; vt[5] = 2; sSt[4] = sSt[v[4]]; sVer[4] = sVer[v[4]]; v[4] = 4; sPub[4] = 1 }
#endif
  EACH_OF_W(SREADS)
  SREADS(3) SREADS(4) SREADS(5)
  od
}

active proctype law() {
end_law:
  do
  :: atomic { WQ1 && WQ2 -> assert(0) }
  :: atomic { SQ1 && SQ2 -> assert(0) }
#ifndef GROW
  :: atomic { (WQ1 || WQ2) && ((SQ1 && sSt[v[3]] > 0) || (SQ2 && sSt[v[4]] > 0)) -> assert(0) }
#endif
  od
}
