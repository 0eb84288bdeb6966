/* SPDX-License-Identifier: Apache-2.0
 * A channel O (primary A, secondary B, witness W1) and its successor N (the same A and B, witness
 * W2): in one step of B all copies move from O to N. Either may be sealed, by two votes of three.
 *   spin -a adoption.pml && gcc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m400000
 * Seeded faults that must be found: -DBUG_ONESEAL (A is content with O alone while the adoption is
 * in doubt), -DBUG_LATEADOPT (B adopts after it has voted), -DBUG_GAP (B adopts with frames missing),
 * -DBUG_UNLEASED (A owns without a vote when B is dead, lease or not).
 */
/* verify: -DMAXV=1 */
/* finds: -DMAXV=1 -DBUG_ONESEAL */
/* finds: -DMAXV=1 -DBUG_LATEADOPT */
/* finds: -DMAXV=1 -DBUG_GAP */
/* finds: -DMAXV=1 -DBUG_UNLEASED -DCRASHES=2 */
/* pan: -m400000 */
/* shallow: -m60 */
#ifndef MAXV
#define MAXV 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#define ADOPT 99
#define ON_N 20
bool aUp = 1, bUp = 1, w1Up = 1, w2Up = 1;
byte crashes = 0;
byte aVoteO = 0, aVoteN = 0, bVoteO = 0, bVoteN = 0, w1 = 0, w2 = 0; /* 0 none, 1 A, 2 B */
bool aWonO = 0, aWonN = 0, bWonO = 0, bWonN = 0;
bool adoptSent = 0, adopted = 0, lease = 1, bClaim = 0, gapO = 0, gapN = 0, bNew = 0;
byte hold = 1; /* the channel that B's copies are in; 0: dropped */
byte aVer = 0, aAck = 0, bVer = 0, resp = 0, m;
chan repl = [3] of { byte };
chan ack = [2] of { byte };
chan aw = [1] of { byte }; chan wa = [1] of { byte };
chan bw = [1] of { byte }; chan wb = [1] of { byte };
chan ab = [1] of { byte }; chan ba = [1] of { byte };

#ifdef BUG_ONESEAL
#define AOWN ((!adopted && aWonO) || (adopted && aWonN))
#else
#define AOWN ((!adoptSent && aWonO) || (adoptSent && !adopted && aWonO && aWonN) || (adopted && aWonN))
#endif
#define BOWN ((hold == 1 && bWonO) || (hold == 2 && bWonN))
#define CLAIMING (aVoteO == 1 || aVoteN == 1)
#define SAFE assert(!(AOWN && BOWN))
#define MAXR(x) if :: x > resp -> resp = x :: else -> skip fi

active proctype sys() {
  do
  /* A writes; nothing is sent while the adoption is under way or after a vote */
  :: atomic { aUp && !bNew && aVer < MAXV && AOWN -> aVer++ }
  :: atomic { aUp && !bNew && aVer < MAXV && !AOWN && lease && !CLAIMING &&
              (!adoptSent || adopted) && nfull(repl) ->
       aVer++; if :: adopted -> repl!(ON_N + aVer) :: else -> repl!aVer fi }
  :: atomic { aUp && !adoptSent && !CLAIMING && nfull(repl) -> adoptSent = 1; repl!ADOPT }
  /* B takes the stream */
  :: atomic { bUp && nempty(repl) -> repl?m;
       if
       :: m < ON_N && hold == 1 && bVoteO == 0 && !gapO ->
            bVer = m; if :: nfull(ack) -> ack!m :: else -> skip fi
       :: m > ON_N && m < ADOPT && hold == 2 && bVoteN == 0 && !gapN ->
            bVer = m - ON_N; if :: nfull(ack) -> ack!(m - ON_N) :: else -> skip fi
#ifdef BUG_LATEADOPT
       :: m == ADOPT && hold == 1 && !bWonO && bVoteN == 0 && !gapO ->
#else
#ifdef BUG_GAP
       :: m == ADOPT && hold == 1 && bVoteO == 0 && bVoteN == 0 ->
#else
       :: m == ADOPT && hold == 1 && bVoteO == 0 && bVoteN == 0 && !gapO ->
#endif
#endif
            hold = 2; bVoteO = 1; if :: nfull(ack) -> ack!ADOPT :: else -> skip fi
       :: else -> skip
       fi; m = 0 }
  :: atomic { nempty(repl) -> repl?m; if :: m > ON_N && m < ADOPT -> gapN = 1 :: else -> gapO = 1 fi; m = 0 }
  /* A hears B */
  :: atomic { aUp && nempty(ack) -> ack?m;
       if :: !bClaim -> lease = 1 :: else -> skip fi;
       if
       :: m == ADOPT && !CLAIMING -> adopted = 1; aAck = aVer; MAXR(aVer)
       :: m != ADOPT -> if :: m > aAck -> aAck = m :: else -> skip fi; MAXR(m)
       :: else -> skip
       fi; m = 0 }
  :: atomic { nempty(ack) -> ack?m; m = 0 }
  /* A answers a read */
  :: atomic { aUp && (lease || AOWN) && (aAck >= aVer || AOWN) ->
       assert(aVer >= resp && !bNew); MAXR(aVer) }
  /* time */
  :: atomic { lease -> lease = 0 }
  :: atomic { bUp && hold == 1 && bVoteO == 0 && (!lease || !aUp) -> lease = 0; bClaim = 1; bVoteO = 2 }
  :: atomic { bUp && hold == 2 && bVoteN == 0 && (!lease || !aUp) -> lease = 0; bClaim = 1; bVoteN = 2 }
  /* A claims what it has to */
  :: atomic { aUp && !CLAIMING ->
       if :: !adopted -> aVoteO = 1 :: else -> skip fi;
       if :: adoptSent -> aVoteN = 1 :: else -> skip fi }
  :: atomic { aUp && aVoteO == 1 && !aWonO && nfull(aw) -> aw!1 }
  :: atomic { aUp && aVoteN == 1 && !aWonN && nfull(aw) -> aw!2 }
  :: atomic { aUp && aVoteO == 1 && !aWonO && nfull(ab) -> ab!1 }
  :: atomic { aUp && aVoteN == 1 && !aWonN && nfull(ab) -> ab!2 }
  /* B's secondary provably died under the lease, and no vote can come */
#ifdef BUG_UNLEASED
  :: atomic { aUp && aVoteO == 1 && !aWonO && !bUp && !w1Up -> aWonO = 1; SAFE; assert(!BOWN && !bNew) }
#else
  :: atomic { aUp && aVoteO == 1 && !aWonO && !bUp && !w1Up && lease -> aWonO = 1; SAFE }
#endif
  :: atomic { aUp && aVoteN == 1 && !aWonN && !bUp && !w2Up && lease -> aWonN = 1; SAFE }
  /* witnesses: one vote each, the answer names channel and winner */
  :: atomic { nempty(aw) -> aw?m;
       if
       :: m == 1 && w1Up -> if :: w1 == 0 -> w1 = 1 :: else -> skip fi; if :: nfull(wa) -> wa!(10 + w1) :: else -> skip fi
       :: m == 2 && w2Up -> if :: w2 == 0 -> w2 = 1 :: else -> skip fi; if :: nfull(wa) -> wa!(20 + w2) :: else -> skip fi
       :: else -> skip
       fi; m = 0 }
  :: atomic { nempty(bw) -> bw?m;
       if
       :: m == 1 && w1Up -> if :: w1 == 0 -> w1 = 2 :: else -> skip fi; if :: nfull(wb) -> wb!(10 + w1) :: else -> skip fi
       :: m == 2 && w2Up -> if :: w2 == 0 -> w2 = 2 :: else -> skip fi; if :: nfull(wb) -> wb!(20 + w2) :: else -> skip fi
       :: else -> skip
       fi; m = 0 }
  :: atomic { aUp && nempty(wa) -> wa?m;
       if
       :: m == 11 && aVoteO == 1 -> aWonO = 1; SAFE
       :: m == 21 && aVoteN == 1 -> aWonN = 1; SAFE
       :: else -> skip
       fi; m = 0 }
  :: atomic { nempty(wa) -> wa?m; m = 0 }
  /* B asks for what it holds */
  :: atomic { bUp && hold == 1 && bVoteO == 2 && !bWonO && nfull(bw) -> bw!1 }
  :: atomic { bUp && hold == 2 && bVoteN == 2 && !bWonN && nfull(bw) -> bw!2 }
  :: atomic { bUp && nempty(wb) -> wb?m;
       if
       :: m == 12 && bVoteO == 2 -> bWonO = 1; SAFE; if :: hold == 1 -> assert(bVer >= resp) :: else -> skip fi
       :: m == 22 && bVoteN == 2 -> bWonN = 1; SAFE; if :: hold == 2 -> assert(bVer >= resp) :: else -> skip fi
       :: m == 11 && hold == 1 -> hold = 0
       :: m == 21 && hold == 2 -> hold = 0
       :: else -> skip
       fi; m = 0 }
  :: atomic { nempty(wb) -> wb?m; m = 0 }
  /* B hears A's claim: gives way unless it has won */
  :: atomic { bUp && nempty(ab) -> ab?m;
       if
       :: m == 1 && !bWonO -> bVoteO = 1; if :: hold == 1 -> hold = 0; bClaim = 0 :: else -> skip fi;
            if :: nfull(ba) -> ba!1 :: else -> skip fi
       :: m == 2 && !bWonN -> bVoteN = 1; if :: hold == 2 -> hold = 0; bClaim = 0 :: else -> skip fi;
            if :: nfull(ba) -> ba!2 :: else -> skip fi
       :: else -> skip
       fi; m = 0 }
  :: atomic { aUp && nempty(ba) -> ba?m;
       if
       :: m == 1 && aVoteO == 1 -> aWonO = 1; SAFE
       :: m == 2 && aVoteN == 1 -> aWonN = 1; SAFE
       :: else -> skip
       fi; m = 0 }
  :: atomic { nempty(ab) -> ab?m; m = 0 }
  :: atomic { nempty(ba) -> ba?m; m = 0 }
  /* B as the new primary */
  :: atomic { bUp && BOWN && !bNew -> bNew = 1; assert(resp <= bVer); bVer = bVer + 8; resp = bVer }
  /* crashes */
  :: atomic { crashes < CRASHES && aUp -> aUp = 0; crashes++ }
  :: atomic { crashes < CRASHES && bUp -> bUp = 0; crashes++ }
  :: atomic { crashes < CRASHES && w1Up -> w1Up = 0; crashes++ }
  :: atomic { crashes < CRASHES && w2Up -> w2Up = 0; crashes++ }
  :: timeout -> break
  od
}
