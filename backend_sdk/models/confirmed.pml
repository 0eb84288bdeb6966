/* SPDX-License-Identifier: Apache-2.0
 * Which members must be asked before a copy is served that may be old (PROTOCOL 3.5). A has sealed its
 * channel to C and gives the session a copy elsewhere; C keeps the copy that was passed over. D and
 * then E join, while C or Q may be paused for as long as it likes: each member reads views late or
 * not at all. A dies; C knows that it did, and asks the members of its view. It serves what it has
 * (recovery.pml has the rest) when all of them have answered or are dead, no answer comes from a
 * newer view, and those that answered are a quorum with C.
 * Views, all of one leader, A or Q: 1 {A, C, Q}; 2 D joins; 3 D is confirmed, for a quorum has 2, and
 * is to count: until 4 a quorum is one with D and one without; 4 D counts, for a quorum has 3; 5 E
 * joins; 6 E is confirmed. A gives copies to Q, and to D and E once they are confirmed.
 * Seeded faults: BUG_STALE_VIEW (C does not look at the view of an answer), BUG_UNCONFIRMED (A gives a
 * copy to a member before it is confirmed), BUG_SILENCE (C takes a silent member for a dead one),
 * BUG_FORGOTTEN (the next life of Q speaks for it at once, though it has forgotten which newcomers Q
 * knew; two deaths), BUG_NOQUORUM (those that answered need not be a quorum; two deaths),
 * BUG_COUNTATONCE (D counts before a quorum without it knows; two deaths), BUG_NOFENCE (a member that
 * has answered still takes frames of A).
 */
/* verify: */
/* verify: -DCRASHES=2 */
/* verify: -DNEXT_LIFE -DCRASHES=2 */
/* finds: -DBUG_STALE_VIEW */
/* finds: -DBUG_UNCONFIRMED */
/* finds: -DBUG_SILENCE */
/* finds: -DBUG_FORGOTTEN -DCRASHES=2 */
/* finds: -DBUG_NOQUORUM -DCRASHES=2 */
/* finds: -DBUG_COUNTATONCE -DCRASHES=2 */
/* finds: -DBUG_NOFENCE */
/* reaches: -DREACH_RECOVERED */
/* reaches: -DREACH_ASKED_AGAIN */
/* pan: -m100000 */
#ifndef CRASHES
#define CRASHES 1
#endif
#define A 0
#define C 1
#define Q 2
#define D 3
#define E 4
bool up[5] = { 1, 1, 1, 1, 1 };
byte crashes = 0;
byte ver[5];       /* the view that each has; 0: no member yet */
byte newest = 1;   /* the leader's */
bool leadsQ = 0;   /* Q leads, otherwise A */
byte at = 9;       /* to whom A has sent the copy; 9: to none yet */
bool fly = 0, held = 0; /* the copy is on its way; it is there */
bool fenced[5];    /* has answered in A's name: takes nothing more of A */
bool cOwn = 0, xOwn = 0, routed = 0;
bool asking = 0, again = 0;
byte cVer = 0;     /* the view in which C asks */
byte ans[5];       /* 0 asked, 1 answered: nothing here, 2: it is here; 3: C has heard the former */
byte ansVer[5];
bool looked[5];    /* a newcomer without a leader has found C */

#define LEADER (leadsQ -> up[Q] : up[A])
#define HAS(m, n) (ver[m] >= n)
/* more than half, or half with the oldest, which is A */
#define OLD(n) (HAS(A, n) + HAS(C, n) + HAS(Q, n) >= 2)
#define SEEN(n) (HAS(A, n) + HAS(C, n) + HAS(Q, n) + HAS(D, n))
#define NEW(n) (SEEN(n) >= 3 || (SEEN(n) == 2 && HAS(A, n)))
#ifdef BUG_COUNTATONCE
#define MAY_COUNT 1
#else
#define MAY_COUNT (OLD(3) && NEW(3))
#endif
#ifdef BUG_UNCONFIRMED
#define USABLE(m) (m == Q || (m == D && ver[A] >= 2) || (m == E && ver[A] >= 5))
#else
#define USABLE(m) (m == Q || (m == D && ver[A] >= 3) || (m == E && ver[A] >= 6))
#endif
/* of the view in which C asks */
#define ASKED(m) (m == Q || (m == D && cVer >= 2) || (m == E && cVer >= 5))
#ifdef BUG_SILENCE
#define DONE(m) (!ASKED(m) || ans[m] == 3 || ans[m] == 0)
#else
#define DONE(m) (!ASKED(m) || ans[m] == 3 || !up[m])
#endif
/* NEXT_LIFE: a dead Q is back, knows what C's side has told it, and speaks for Q when each newcomer that
 * lives and has lost its leader had the time to look for C (J5); one that is cut off as well does not
 * come in this model */
#define HAS_LOOKED(m) (!up[m] || ver[m] == 0 || looked[m])
#ifdef BUG_FORGOTTEN
#define SEEN_Q (ans[Q] == 3 || !up[Q])
#else
#ifdef NEXT_LIFE
#define SEEN_Q (ans[Q] == 3 || (!up[Q] && HAS_LOOKED(D) && HAS_LOOKED(E)))
#else
#define SEEN_Q (ans[Q] == 3)
#endif
#endif
#ifdef BUG_NOQUORUM
#define QUORUM 1
#else
/* A, the oldest, is dead: more than half, then */
#define QUORUM ((cVer > 3 || 1 + SEEN_Q >= 2) && (cVer < 3 || 1 + SEEN_Q + (ans[D] == 3) >= 3))
#endif

inline ask() {
  asking = 1; cVer = ver[C];
  ans[Q] = 0; ans[D] = 0; ans[E] = 0; ansVer[Q] = 0; ansVer[D] = 0; ansVer[E] = 0
}

#define READS(m) :: atomic { up[m] && ver[m] > 0 && ver[m] < newest && LEADER -> ver[m] = newest }
#define SENDS(m) :: atomic { up[A] && at == 9 && USABLE(m) -> at = m; fly = 1 }
#define ANSWERS(m) :: atomic { asking && ASKED(m) && ans[m] == 0 && up[m] -> \
  fenced[m] = 1; ansVer[m] = ver[m]; if :: at == m && held -> ans[m] = 2 :: else -> ans[m] = 1 fi }
#ifdef BUG_STALE_VIEW
#define IS_NEWER(m) 0
#else
#define IS_NEWER(m) (ansVer[m] > cVer)
#endif
/* "it is here" ends the question; an answer from a newer view brings that view */
#define HEARS(m) :: atomic { asking && (ans[m] == 1 || ans[m] == 2) -> \
  if \
  :: ans[m] == 2 -> asking = 0; routed = 1 \
  :: ans[m] == 1 && IS_NEWER(m) -> \
       if :: ansVer[m] > ver[C] -> ver[C] = ansVer[m] :: else -> skip fi; again = 1; ask() \
  :: else -> ans[m] = 3 \
  fi }
/* C gets its view; or C's side has written a later one meanwhile, and it starts a new life (M14) */
#define LOOKS(m) :: atomic { up[m] && ver[m] > 0 && !LEADER && !up[A] && !fly && !looked[m] && \
  up[C] -> looked[m] = 1; \
  if \
  :: ver[m] > ver[C] -> ver[C] = ver[m]; if :: asking -> again = 1; ask() :: else -> skip fi \
  :: at == m -> held = 0; xOwn = 0; fenced[m] = 1 \
  :: else -> skip \
  fi }
#define DIES(m) :: atomic { crashes < CRASHES && up[m] -> up[m] = 0; crashes++ }

active proctype sys() {
  atomic {
    ver[A] = 1; ver[C] = 1; ver[Q] = 1;
    if :: leadsQ = 1 :: leadsQ = 0 fi
  }
  do
  /* the leader writes; a newcomer has the view that lets it in */
  :: atomic { LEADER && newest == 1 -> newest = 2; ver[D] = 2; ver[(leadsQ -> Q : A)] = 2 }
  :: atomic { LEADER && newest == 2 && OLD(2) -> newest = 3; ver[(leadsQ -> Q : A)] = 3 }
  :: atomic { LEADER && newest == 3 && MAY_COUNT -> newest = 4; ver[(leadsQ -> Q : A)] = 4 }
  :: atomic { LEADER && newest == 4 -> newest = 5; ver[E] = 5; ver[(leadsQ -> Q : A)] = 5 }
  :: atomic { LEADER && newest == 5 && NEW(5) -> newest = 6; ver[(leadsQ -> Q : A)] = 6 }
  READS(A) READS(C) READS(Q) READS(D) READS(E)
  /* A gives the session a copy; the frame may be lost, or come after A's death */
  SENDS(Q) SENDS(D) SENDS(E)
  :: atomic { fly -> fly = 0 }
#ifdef BUG_NOFENCE
  :: atomic { fly && up[at] && !xOwn -> fly = 0; held = 1 }
#else
  :: atomic { fly && up[at] && !fenced[at] -> fly = 0; held = 1 }
#endif
  /* its holder learns of A's death, and takes over */
  :: atomic { !up[A] && at != 9 && held && up[at] && !xOwn -> xOwn = 1; assert(!cOwn) }
  /* C asks when it knows of A's death, and again when the question led nowhere */
  :: atomic { !up[A] && !asking && !cOwn && !routed && up[C] -> ask() }
  ANSWERS(Q) ANSWERS(D) ANSWERS(E)
#ifdef NEXT_LIFE
  LOOKS(D) LOOKS(E)
#endif
  HEARS(Q) HEARS(D) HEARS(E)
  /* all have answered or are dead: no member that lives has a newer copy. What died with its owner
   * is recovery.pml's matter: the copy is flagged, and the cookie's floor is looked at */
  :: atomic { asking && !cOwn && DONE(Q) && DONE(D) && DONE(E) && QUORUM ->
       asking = 0; cOwn = 1; assert(!(held && up[at]))
#ifdef REACH_RECOVERED
       ; assert(cVer < 5)
#endif
     }
#ifdef REACH_ASKED_AGAIN
  :: atomic { cOwn && again -> assert(0) }
#endif
  DIES(A) DIES(Q) DIES(D) DIES(E)
  /* nothing can happen any more: some member serves it, unless two are gone */
  :: timeout -> assert(up[A] || crashes > 1 || cOwn || xOwn); break
  od
}
