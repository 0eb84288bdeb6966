/* SPDX-License-Identifier: Apache-2.0
 * One replication channel: primary A, secondary B, witness W, each with one vote. Sealed at most
 * once, by two of three. A may hand the channel over (GRANT): it stops, and lets B claim at W
 * without waiting; it keeps its own vote, so that it can claim too when B falls silent. B may
 * believe that A is dead although it is not: W looks for itself before it votes on such grounds.
 *   spin -a channel.pml && gcc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m900000
 * After `calm` nothing more is lost and no process dies: then some member must come to serve.
 * Seeded faults that must be found: -DBUG_NOFENCE (B acknowledges after its vote), -DBUG_DIRTY (A
 * answers with what B does not hold), -DBUG_NOGRACE (B claims while A holds its lease), -DBUG_NOWITNESS
 * (a claimant needs no second vote), -DBUG_AMNESIA (W forgets its vote), -DBUG_GRANT_IS_A_VOTE (GRANT
 * seals the channel for B, although A may still claim), -DBUG_DEADEND (A waits for B's answer to
 * GRANT for ever), -DBUG_HEARSAY (W believes B that A is dead), -DBUG_DISCARD (A drops what it has
 * when B has won, although B is alone with it), -DBUG_ACKGRANT (A answers under a lease that came
 * after its GRANT).
 */
/* verify: */
/* finds: -DBUG_NOFENCE */
/* finds: -DBUG_DIRTY */
/* finds: -DBUG_NOGRACE */
/* finds: -DBUG_NOWITNESS */
/* finds: -DBUG_AMNESIA */
/* finds: -DBUG_GRANT_IS_A_VOTE */
/* finds: -DBUG_DEADEND */
/* finds: -DBUG_HEARSAY */
/* finds: -DBUG_DISCARD */
/* finds: -DBUG_ACKGRANT */
/* pan: -m900000 */
/* shallow: -m60 */
#ifndef MAXV
#define MAXV 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FALSE_PROOFS
#define FALSE_PROOFS 1
#endif
#define CLAIM 1    /* A to B and W */
#define GRANT 2    /* A to B */
#define VOTED 3    /* B to A: B's vote is A's */
#define STALE 4    /* B to A: B owns it */
#define SURE 2     /* B to W: grace is over, or A has granted */
#define PROOF 3    /* B to W: B holds A for dead */
bool aUp = 1, bUp = 1, wUp = 1, calm = 0;
byte crashes = 0, falseProofs = 0;
byte aVote = 0, bVote = 0, wVote = 0; /* 0 none, 1 A, 2 B */
bool aWon = 0, bWon = 0;
bool aStop = 0, aGranted = 0; /* A answers nothing; it has sent GRANT */
bool aOut = 0;                /* A knows that W voted for B */
bool aFenced = 0;             /* ... that B owns it */
bool aRec = 0;                /* A serves again what it has kept: B won, or may have, and is dead */
bool lease = 1;
byte bGrounds = 0; /* of B's claim: 0 none, SURE or PROOF */
byte aVer = 0, aAck = 0, bVer = 0, resp = 0;
bool bNew = 0, solo = 0;
chan repl = [2] of { byte }; /* A->B */
chan ack = [2] of { byte };  /* B->A */
chan aw = [1] of { byte }; chan wa = [1] of { byte };
chan bw = [1] of { byte }; chan wb = [1] of { byte };
chan ab = [1] of { byte }; chan ba = [1] of { byte };
byte m;
#define MAXR(x) if :: x > resp -> resp = x :: else fi
#define A_WINS aWon = 1; aStop = 0; aOut = 0; assert(!bWon)
#define B_WINS bWon = 1; assert(!aWon); assert(bVer >= resp)
/* Repeated for ever; once it is calm, only while it can be answered. */
#define MAY_SEND(there, out, in) (nfull(out) && (!calm || (there && empty(out) && empty(in))))

active proctype sys() {
  do
  /* A writes */
  :: atomic { aUp && !aStop && (lease || aWon) && !bNew && aVer < MAXV && (aWon || nfull(repl)) ->
       aVer++; if :: !aWon -> repl!aVer :: else fi }
  /* B applies and acknowledges; STALE once it claims, has given way, or won */
  :: atomic { bUp && nempty(repl) -> repl?m;
       if
#ifdef BUG_NOFENCE
       :: 1 -> bVer = m; if :: nfull(ack) -> ack!m :: else fi
#else
       :: bVote == 0 && !bWon -> bVer = m; if :: nfull(ack) -> ack!m :: else fi
       :: else
#endif
       fi; m = 0 }
  :: atomic { nempty(repl) -> repl?m; m = 0 } /* the link broke */
  /* A takes the acknowledgement: response, and lease unless B's grace is over (bound in time) */
  :: atomic { aUp && nempty(ack) -> ack?m; if :: m > aAck -> aAck = m :: else fi;
#ifdef BUG_ACKGRANT
       if :: bGrounds != SURE || aGranted -> lease = 1; aStop = 0 :: else fi;
#else
       if :: bGrounds != SURE && !aStop -> lease = 1 :: else fi;
#endif
       if :: !aStop -> MAXR(m) :: else fi; m = 0 }
  /* A answers a read */
  :: atomic { aUp && !aStop && (lease || aWon) ->
#ifdef BUG_DIRTY
       assert(aVer >= resp); MAXR(aVer)
#else
       if
       :: (aAck >= aVer || aWon) ->
            assert(aVer >= resp && !bNew); MAXR(aVer); if :: aWon -> solo = 1 :: else fi
       :: else
       fi
#endif
     }
  /* time: the lease runs out; later B's grace is over */
  :: atomic { lease -> lease = 0 }
#ifdef BUG_NOGRACE
  :: atomic { bUp && bVote == 0 && !bWon -> bGrounds = SURE; bVote = 2 }
#else
  :: atomic { bUp && bVote == 0 && !bWon && !lease -> bGrounds = SURE; bVote = 2 }
#endif
  :: atomic { bUp && bVote == 2 && bGrounds == PROOF && !lease -> bGrounds = SURE }
  /* B holds A for dead, rightly or not */
  :: atomic { bUp && bVote == 0 && !bWon && !aUp -> bGrounds = PROOF; bVote = 2 }
  :: atomic { bUp && bVote == 0 && !bWon && aUp && falseProofs < FALSE_PROOFS ->
       falseProofs++; bGrounds = PROOF; bVote = 2 }
  /* B's claim. W votes once; on grounds of a proof only when it has its own */
#ifdef BUG_NOWITNESS
  :: atomic { bUp && bVote == 2 && !bWon -> B_WINS }
  :: atomic { aUp && aVote == 1 && !aWon -> A_WINS }
#endif
  :: atomic { bUp && bVote == 2 && !bWon && MAY_SEND(wUp, bw, wb) &&
              (!calm || bGrounds == SURE || !aUp) -> bw!bGrounds }
  :: atomic { wUp && nempty(bw) -> bw?m;
       if
#ifndef BUG_HEARSAY
       :: m == PROOF && aUp && wVote == 0 -> skip /* A answers W's probe */
#endif
       :: else -> if :: wVote == 0 -> wVote = 2 :: else fi; if :: nfull(wb) -> wb!wVote :: else fi
       fi; m = 0 }
  :: atomic { bUp && nempty(wb) -> wb?m;
       if
       :: m == 2 && bVote == 2 && !bWon -> B_WINS
       :: m == 1 && bVote == 2 && !bWon -> bVote = 1; bGrounds = 0
       :: else
       fi; m = 0 }
  /* A drops B at will, also when it has granted: no proof is needed */
  :: atomic { aUp && aVote == 0 && !aStop -> aVote = 1 }
#ifndef BUG_DEADEND
  :: atomic { aUp && aVote == 0 && aGranted && !aFenced -> aVote = 1 }
#endif
  :: atomic { aUp && aVote == 1 && !aWon && !aFenced && MAY_SEND((wUp && !aOut), aw, wa) -> aw!CLAIM }
  :: atomic { aUp && aVote == 1 && !aWon && !aFenced && MAY_SEND(bUp, ab, ba) -> ab!CLAIM }
  :: atomic { wUp && nempty(aw) -> aw?m; m = 0;
       if :: wVote == 0 -> wVote = 1 :: else fi; if :: nfull(wa) -> wa!wVote :: else fi }
  :: atomic { aUp && nempty(wa) -> wa?m;
       if
       :: m == 1 && aVote == 1 && !aWon -> A_WINS
       :: m == 2 && aVote == 1 && !aWon -> aOut = 1; aStop = 1; lease = 0
       :: else
       fi; m = 0 }
  /* B won, or W voted for it, and it died before another member had its copy: A has kept what was
   * acknowledged, and asks all members (recovery.pml) */
#ifndef BUG_DISCARD
  :: atomic { aUp && (aOut || aFenced) && !aWon && !bUp && !aRec -> aRec = 1;
       assert(bNew || aVer >= resp) }
#endif
  /* B hears A: gives way to its claim unless it has won; claims when it may by A's grant */
  :: atomic { bUp && nempty(ab) -> ab?m;
       if
       :: m == CLAIM && !bWon -> bVote = 1; bGrounds = 0; if :: nfull(ba) -> ba!VOTED :: else fi
#ifdef BUG_GRANT_IS_A_VOTE
       :: m == GRANT && !bWon && bVote != 1 -> bVote = 2; bGrounds = SURE; B_WINS
#else
       :: m == GRANT && !bWon && bVote != 1 -> bVote = 2; bGrounds = SURE
#endif
       :: bWon -> if :: nfull(ba) -> ba!STALE :: else fi
       :: else
       fi; m = 0 }
  :: atomic { aUp && nempty(ba) -> ba?m;
       if
       :: m == VOTED && aVote == 1 && !aWon -> A_WINS
       :: m == STALE && !aWon -> aFenced = 1; aStop = 1; lease = 0
       :: else
       fi; m = 0 }
  /* A hands over: it stops first */
  :: atomic { aUp && aVote == 0 && !aStop && !aGranted -> aGranted = 1; aStop = 1; lease = 0 }
  :: atomic { aUp && aGranted && aVote == 0 && !aFenced && MAY_SEND((bUp && bVote == 0), ab, ba) ->
       ab!GRANT }
  /* B, the new primary, writes and answers */
  :: atomic { bUp && bWon && !bNew -> bNew = 1; assert(resp <= bVer); bVer = bVer + 8; resp = bVer }
  :: atomic { bUp && bWon && bNew -> assert(bVer >= resp) }
  /* lost messages */
  :: atomic { !calm && nempty(wa) -> wa?_ }
  :: atomic { !calm && nempty(wb) -> wb?_ }
  :: atomic { !calm && nempty(ab) -> ab?_ }
  :: atomic { !calm && nempty(ba) -> ba?_ }
  :: atomic { !calm && nempty(ack) -> ack?_ }
  /* to the dead */
  :: atomic { calm && !aUp && nempty(wa) -> wa?_ }
  :: atomic { calm && !aUp && nempty(ba) -> ba?_ }
  :: atomic { calm && !aUp && nempty(ack) -> ack?_ }
  :: atomic { calm && !bUp && nempty(wb) -> wb?_ }
  :: atomic { calm && !bUp && nempty(ab) -> ab?_ }
  :: atomic { calm && !wUp && nempty(aw) -> aw?_ }
  :: atomic { calm && !wUp && nempty(bw) -> bw?_ }
  /* crashes */
  :: atomic { !calm && crashes < CRASHES && aUp -> aUp = 0; crashes++ }
  :: atomic { !calm && crashes < CRASHES && bUp -> bUp = 0; crashes++ }
  :: atomic { !calm && crashes < CRASHES && wUp -> crashes++;
#ifdef BUG_AMNESIA
       wVote = 0 /* the same identity, without its memory */
#else
       wUp = 0 /* a restart is a new life, which never votes for this channel */
#endif
     }
  :: atomic { !calm -> calm = 1 }
  /* Nothing can happen any more. B's copies that A passed over before it died: recovery.pml. */
  :: timeout -> assert(crashes > 1 || (aUp && aWon) || (bUp && bWon) || aRec ||
                       (bUp && bVote == 1 && !aUp));
       break
  od
}
