/* SPDX-License-Identifier: Apache-2.0
 * A seals its channel to B (votes: channel.pml), gives the session a new copy at C, and dies at any
 * moment. B keeps the copy that was passed over until A says that it is not needed any more, and
 * serves from it when A is proven dead and all other members have been asked ("recovered").
 *   spin -a recovery.pml && gcc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m900000
 * -DCRASHES=2 lets C die too. Seeded faults that must be found: -DBUG_NOFENCE (a member that is
 * asked goes on taking A's frames), -DBUG_EARLYCLOSE (A closes before C has the copy), -DBUG_DISCARD (B drops
 * the copy when it votes), -DBUG_NOFLOOR (B does not look at the cookie; needs CRASHES=2),
 * -DBUG_NOJUMP (the new epoch is the next one; needs CRASHES=2), -DBUG_QUIETLOGOUT (a logout at A is
 * told no other), -DBUG_UNPROVEN (B does not wait for the proof), -DBUG_OLDREQUEST (B serves a request
 * that began before the deaths that left it alone, by the cookie of then).
 */
/* verify: */
/* verify: -DCRASHES=2 */
/* finds: -DBUG_NOFENCE */
/* finds: -DBUG_EARLYCLOSE */
/* finds: -DBUG_DISCARD */
/* finds: -DBUG_NOFLOOR -DCRASHES=2 */
/* finds: -DBUG_NOJUMP -DCRASHES=2 */
/* finds: -DBUG_QUIETLOGOUT */
/* finds: -DBUG_UNPROVEN */
/* finds: -DBUG_OLDREQUEST */
/* pan: -m900000 */
#ifndef MAXV
#define MAXV 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifdef BUG_NOJUMP
#define JUMP 1
#else
#define JUMP 16
#endif
bool aUp = 1, cUp = 1;
byte crashes = 0;
/* A: its version and epoch, how often it moved the session, and what C has acknowledged */
byte aVer = 1, aE = 1, moves = 0;
bool sealed = 0, atC = 0, cAcked = 0, loggingOut = 0, closed = 0;
/* B: bState 0 open, 1 out with the copy passed over, 2 owner by promotion, 3 owner by recovery,
 * 4 nothing any more */
byte bState = 0, bVer = 1, bE = 1;
bool asked = 0;
/* C: the copy of epoch cE (0: none), what it knows of A, and whether it owns the session */
byte cE = 0, cVer = 0;
bool cKnows = 0, cOwn = 0, cEnded = 0, cGap = 0;
/* the client: the floor of its cookie, the newest version it was shown unflagged, logged out */
byte fE = 1, fV = 1, shown = 1, shownE = 1;
bool ended = 0, lost = 0;
/* one of its requests takes long: 1 under way, 2 over; the floor and the deaths when it began */
byte old = 0, oE = 0, oV = 0, oCrashes = 0;
byte sureSince = 0; /* the deaths that B knew of when it began to serve what was passed over */

chan ab = [2] of { byte };       /* versions */
chan ba = [2] of { byte };       /* acknowledged */
chan ac = [2] of { byte, byte }; /* epoch, version; version 99: INVALIDATE */
chan ca = [2] of { byte, byte };
chan close = [1] of { byte };
chan bc = [1] of { byte };
chan cb = [1] of { byte }; /* 1 nothing here, 2 it is here, 3 ended */
byte m, n;

#define SHOW(e, v) \
  if :: v > shown -> shown = v :: else -> skip fi; \
  if :: e > shownE -> shownE = e :: else -> skip fi; \
  if :: e > fE -> fE = e; fV = v :: else -> skip fi
#define GONE (ended || lost)

active proctype sys() {
  do
  /* A in its channel to B */
  :: atomic { aUp && !sealed && bState == 0 && aVer < MAXV && nfull(ab) -> aVer++; ab!aVer }
  :: atomic { nempty(ab) -> ab?m;
       if :: bState == 0 -> bVer = m; if :: nfull(ba) -> ba!m :: else -> skip fi :: else -> skip fi; m = 0 }
  :: atomic { aUp && nempty(ba) -> ba?m; if :: !sealed && !GONE -> SHOW(1, m) :: else -> skip fi; m = 0 }
  /* A wins the seal; B hears of it sooner or later, from A or from the witness */
  :: atomic { aUp && !sealed && bState == 0 -> sealed = 1 }
  :: atomic { sealed && bState == 0 ->
#ifdef BUG_DISCARD
       bState = 4 }
#else
       bState = 1 }
#endif
  /* A never sealed: B is promoted, as ever */
  :: atomic { !aUp && !sealed && bState == 0 -> bState = 2; bE = 2 }
  /* A, the owner: answers alone, flagged solo; its cookie then always says which version */
  :: atomic { aUp && sealed && !atC && !GONE && !loggingOut && aVer < MAXV ->
       aVer++; fE = aE; fV = aVer }
  /* A gives the session a copy at C, one epoch up */
  :: atomic { aUp && sealed && !atC && !GONE && moves < 2 && nfull(ac) ->
       moves++; aE++; atC = 1; cAcked = 0; ac!aE, aVer }
  /* ... and may drop C's channel again, and begin anew */
  :: atomic { aUp && atC && moves < 2 && !cOwn && !loggingOut -> atC = 0; cGap = 1 }
  :: atomic { aUp && atC && cAcked && !GONE && !loggingOut && aVer < MAXV && nfull(ac) ->
       aVer++; ac!aE, aVer }
  :: atomic { nempty(ac) -> ac?m, n;
       if
#ifdef BUG_NOFENCE
       :: cUp && !cOwn && m >= cE && !cEnded ->
#else
       :: cUp && !cOwn && !cKnows && m >= cE && !cEnded ->
#endif
            if
            :: n == 99 -> cEnded = 1; cE = 0
            :: n != 99 -> cE = m; cVer = n
            fi;
            if :: nfull(ca) -> ca!m, n :: else -> skip fi
       :: else -> skip
       fi; m = 0; n = 0 }
  :: atomic { aUp && nempty(ca) -> ca?m, n;
       if
       :: m == aE && atC && n == 99 -> ended = 1; cAcked = 1
       :: m == aE && atC && n != 99 -> cAcked = 1;
            if :: !GONE -> SHOW(m, n) :: else -> skip fi
       :: else -> skip
       fi; m = 0; n = 0 }
  /* logout: where a copy may be left, the logout itself needs a second member */
#ifdef BUG_QUIETLOGOUT
  :: atomic { aUp && sealed && !atC && !GONE -> ended = 1 }
#endif
  :: atomic { aUp && atC && cAcked && !loggingOut && !GONE && nfull(ac) ->
       loggingOut = 1; ac!aE, 99 }
  /* nothing of the old channel is needed any more */
#ifdef BUG_EARLYCLOSE
  :: atomic { aUp && sealed && !closed -> closed = 1; close!1 }
#else
  :: atomic { aUp && sealed && atC && cAcked && !closed -> closed = 1; close!1 }
#endif
  :: atomic { nempty(close) -> close?m; m = 0 } /* never arrives */
  :: atomic { nempty(close) -> close?m; m = 0; if :: bState < 2 -> bState = 4 :: else -> skip fi }
  /* C hears that A is dead, and takes over what it holds */
  :: atomic { cUp && !aUp && !cKnows -> cKnows = 1 }
  :: atomic { cUp && cKnows && cE > 0 && !cOwn && !GONE ->
       cOwn = 1; assert(bState != 3 && bState != 2); cE = cE + 1;
       if :: crashes < 2 -> assert(cVer >= shown) :: else -> skip fi }
  /* B asks all others, and names A */
#ifdef BUG_UNPROVEN
  :: atomic { bState == 1 && !asked -> asked = 1; if :: cUp -> bc!1 :: else -> cb!1 fi }
#else
  :: atomic { !aUp && bState == 1 && !asked -> asked = 1; if :: cUp -> bc!1 :: else -> cb!1 fi }
#endif
  :: atomic { nempty(bc) -> bc?m; m = 0;
       if
       :: !cUp -> cb!1
       :: cUp && cEnded -> cKnows = 1; cb!3
       :: cUp && !cEnded && cE > 0 -> cKnows = 1; cb!2
#ifdef BUG_NOFENCE
       :: cUp && !cEnded && cE == 0 -> cb!1
#else
       :: cUp && !cEnded && cE == 0 -> cKnows = 1; cb!1
#endif
       fi }
  :: atomic { nempty(cb) -> cb?m;
       if
       :: m == 1 && bState == 1 -> bState = 3; bE = 1 + JUMP; sureSince = crashes;
            assert(!cOwn && !(aUp && sealed))
       :: m == 2 -> if :: !cUp -> asked = 0 :: else -> skip fi
       :: m == 3 && bState == 1 -> bState = 4
       :: else -> skip
       fi; m = 0 }
  /* C died with what it had said it holds: B asks again */
  :: atomic { !cUp && bState == 1 && asked && empty(bc) && empty(cb) -> asked = 0 }
  /* a request that takes long, and what the client has been shown when its answer comes */
  :: atomic { old == 0 && !GONE -> old = 1; oE = fE; oV = fV; oCrashes = crashes }
  :: atomic { old == 1 && bState == 3 && !GONE ->
       old = 2;
       if
#ifdef BUG_OLDREQUEST
       :: oE == 1 && oV <= bVer -> assert(bVer >= shown && (fE == 1 && fV <= bVer))
#else
       :: oE == 1 && oV <= bVer && oCrashes >= sureSince ->
            assert(bVer >= shown && (fE == 1 && fV <= bVer))
#endif
       :: else -> skip /* told that it is lost, or sent back to the client (503) */
       fi }
  /* the client asks B, with the newest cookie */
  :: atomic { bState == 3 && !GONE ->
#ifdef BUG_NOFLOOR
       if
#else
       if
       :: fE > 1 || fV > bVer -> lost = 1; bState = 4; assert(crashes > 1 || shown < fV)
#endif
#ifdef BUG_NOFLOOR
       :: 1 -> assert(bVer >= shown)
#else
       :: fE == 1 && fV <= bVer -> assert(bVer >= shown)
#endif
       :: crashes > 1 -> assert(bE > shownE)
       fi }
  /* S6. With A and C gone, no member knows of the logout; the newest cookie still says so */
  :: atomic { bState == 3 && ended -> assert(crashes > 1) }
  :: atomic { bState == 2 && !GONE -> assert(bVer >= shown) }
  /* crashes */
  :: atomic { crashes < CRASHES && aUp -> aUp = 0; crashes++ }
  :: atomic { crashes < CRASHES && cUp -> cUp = 0; crashes++; cOwn = 0; cE = 0 }
  /* nothing can happen any more: some member serves it, unless two machines are gone */
  :: timeout -> assert(aUp || crashes > 1 || bState == 2 || bState == 3 || cOwn || cEnded || GONE);
       break
  od
}
