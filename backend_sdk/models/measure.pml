/* SPDX-License-Identifier: Apache-2.0
 * A group whose counted members are all dead gets a measure again (PROTOCOL M28). P was the only one
 * that was counted; B and C, which were not, are left. Behind a cut P may have let N in, which neither
 * B nor C knows, and given it a session of which B still holds a copy that was passed over. P dies;
 * B and C have the proof sooner or later, and the cut between them and N never heals. B keeps the copy
 * for KEEP ticks after its last grant. The survivors become the measure when each member that B (or C)
 * names is proven dead or has been in touch for WAIT ticks, and each has that view.
 * What holds: no two quorums that name the same members, and no copy is served whose session N has.
 * Seeded faults: BUG_SHORT (the wait is shorter than a copy is kept), BUG_SILENT (silence of a counted
 * member does for its proof), BUG_ALONE (one that is named need not have the view).
 */
/* verify: */
/* finds: -DBUG_SHORT */
/* finds: -DBUG_SILENT */
/* finds: -DBUG_ALONE */
/* reaches: -DREACH_QUORUM */
/* reaches: -DREACH_BOTH_SIDES */
/* pan: -m100000 */
#define P 0
#define N 1
#define B 2
#define C 3
#define OTHER(x) (5 - x)
#define KEEP 2
#ifdef BUG_SHORT
#define WAIT 1
#else
#define WAIT 3
#endif
bool up = 1;            /* P; the others live */
bool cut = 0;           /* between P, N and B, C */
bool apart = 0;         /* between B and C */
bool joined = 0;        /* N is there, and has the session when moved is set */
bool moved = 0;
bool copy = 1;          /* at B, passed over, its owner is P */
byte old = 0;           /* ticks since B's last grant to P */
byte whole[4];          /* at B and at C: ticks since a member that it names was out of touch */
bool proven[4];         /* P's death, at B and at C */
bool measure[4];        /* the leader B, or C, has made the survivors the measure */
bool lonely[4];         /* without the other */
bool served = 0;

#define TOUCH (up && !cut)
#ifdef BUG_SILENT
#define GONE(x) (proven[x] || cut)
#else
#define GONE(x) proven[x]
#endif
#ifdef BUG_ALONE
#define REPORTED 1
#else
#define REPORTED (!apart)
#endif
/* more than half, or half with the oldest, which is B */
#define QUORUM(x) (measure[x] && (lonely[x] || !apart || x == B))

#define AGES(x) \
  if \
  :: (TOUCH || GONE(x)) && REPORTED -> \
       if :: whole[x] < WAIT -> whole[x]++ :: else -> skip fi \
  :: else -> whole[x] = 0 \
  fi
#define SURVIVES(x) \
  :: atomic { !up && !proven[x] -> proven[x] = 1; if :: cut -> whole[x] = 0 :: else -> skip fi } \
  :: atomic { GONE(x) && whole[x] == WAIT && REPORTED && !measure[x] -> \
       measure[x] = 1; lonely[x] = apart }

active proctype sys() {
end_sys:
  do
  :: atomic { !joined -> cut = !cut }
  :: atomic { apart = !apart }
  /* behind the cut P is a quorum, and confirms N */
  :: atomic { up && cut && !joined -> joined = 1 }
  :: atomic { up && joined && !moved -> moved = 1 }
  :: atomic { up -> up = 0 }
  SURVIVES(B)
  SURVIVES(C)
  /* time passes: a copy that is too old goes, and so does the wait of a leader that misses one */
  :: atomic { true ->
       if :: TOUCH -> old = 0 :: else -> if :: old < KEEP -> old++ :: else -> skip fi fi;
       if :: old == KEEP -> copy = 0 :: else -> skip fi;
       AGES(B); AGES(C)
     }
  /* all that B names have answered, and it is part of a quorum: it serves what it has (P8) */
  :: atomic { !up && copy && !served && !apart && proven[B] && (QUORUM(B) || QUORUM(C)) -> served = 1 }
  od
}

active proctype law() {
end_law:
  do
  :: atomic { served && moved -> assert(0) }
  /* P lives and is a quorum of itself */
  :: atomic { up && (QUORUM(B) || QUORUM(C)) -> assert(0) }
  :: atomic { QUORUM(B) && QUORUM(C) && apart -> assert(0) }
#ifdef REACH_QUORUM
  :: atomic { QUORUM(B) -> assert(0) }
#endif
#ifdef REACH_BOTH_SIDES
  :: atomic { QUORUM(B) && moved -> assert(0) }
#endif
  od
}
