/* SPDX-License-Identifier: Apache-2.0
 * Session fixation: what an id of before a login leads to, and which answer names the new id (PROTOCOL
 * I1, I5, I6, I7). The session has the id X, which victim and attacker know; A serves it and B is its
 * secondary. The victim logs in (L) and has one more request under way (P), sent before it had the
 * login's answer. The attacker sends R with X, at any time, before and after; its handler may rotate the
 * id as well. A may die at any moment: the proxy sends what was not answered again, to B. A FULL may be
 * sent again late, for B has refused it or a third member is B's successor.
 * Time is an order of three spans: 0 before the login was committed, 1 as long after it as a request
 * may be in flight (alias_in_flight), 2 later. A request carries the span in which it came.
 * What holds: the attacker is never told an id of the session that the login is in; what came in span 2
 * does not see the login; what came before is served; an answered login has named an id under which
 * the victim is served.
 * Seeded faults: BUG_ALIAS (X leads to the session whenever a request came), BUG_COOKIE (each answer
 * names the present id), BUG_ROTATE (a request with X may give the session one more id), BUG_OVERLAP
 * (the same, where it had begun before the login was committed), BUG_AGE (FULL does not say how long
 * ago the login was: B counts from the frame), BUG_REPLAY (the login that is sent again is answered as
 * any other request is: without the id), BUG_STRICT (no request in flight is served).
 */
/* verify: */
/* finds: -DBUG_ALIAS */
/* finds: -DBUG_COOKIE */
/* finds: -DBUG_ROTATE */
/* finds: -DBUG_OVERLAP */
/* finds: -DBUG_AGE */
/* finds: -DBUG_REPLAY */
/* finds: -DBUG_STRICT */
/* reaches: -DREACH_LED */
/* reaches: -DREACH_ENDED */
/* reaches: -DREACH_REPLAYED */
/* reaches: -DREACH_APART */
/* pan: -m100000 */
#define L 0
#define P 1
#define R 2
/* what has become of a request */
#define UNSENT 0
#define CAME 1      /* at the proxy */
#define RUNS 2      /* its handler has begun */
#define DONE 3      /* committed: its answer waits at the gate */
#define ANSWERED 4
#define ENDED 5     /* X had ended: it got a new session */
byte state[3];
byte came[3];
bool led[3];        /* X was a former id when it began */
bool saw[3];        /* its handler saw the login */
byte names[3];      /* the id that its answer names; 0: none, or one of another session */
byte span = 0;

/* ids: 0 is X, 1 is the one that L made, 2 the one that R made */
byte sid[2];        /* of the session, at A and at B */
bool in[2];         /* the login is in it */
bool has[2];        /* L is remembered: it is not run again */
byte maker[2];      /* of the present id: the request; 9: none */
bool fresh[2];      /* B has what A has */
bool late = 0;      /* B has heard of the login in span 2 */
byte at = 0;        /* who serves: A, then B */
bool victim = 0;    /* the victim has the login's answer */

/* what the serving member believes */
#ifdef BUG_AGE
#define SPAN(r) ((at == 1 && late) -> (came[r] > 0 -> 1 : 0) : came[r])
#else
#define SPAN(r) came[r]
#endif
#ifdef BUG_ALIAS
#define LEADS(r) 1
#else
#ifdef BUG_STRICT
#define LEADS(r) (SPAN(r) == 0)
#else
#define LEADS(r) (SPAN(r) < 2)
#endif
#endif

#ifdef BUG_ROTATE
#define IS_FORMER 0
#else
#ifdef BUG_OVERLAP
#define IS_FORMER led[R]
#else
#define IS_FORMER (sid[at] != 0)
#endif
#endif

inline begins(r) {
  if
  :: sid[at] == 0 -> led[r] = 0; saw[r] = in[at]; state[r] = RUNS
  /* R has made the id before the login: that span is not L's, and nothing is in the session yet */
  :: sid[at] != 0 && !in[at] -> led[r] = 1; saw[r] = 0; state[r] = RUNS
  :: sid[at] != 0 && in[at] && LEADS(r) -> led[r] = 1; saw[r] = 1; state[r] = RUNS
  :: else -> state[r] = ENDED
  fi
}

/* a login into the session, or into one of its own where X is a former id by now (I7) */
inline login() {
  if
  :: sid[at] != 0 -> state[L] = ANSWERED; names[L] = 9; victim = 1
  :: else ->
       in[at] = 1; has[at] = 1; sid[at] = 1; maker[at] = L; fresh[1] = 0; state[L] = DONE;
       if :: span == 0 -> span = 1 :: else -> skip fi
  fi
}

inline rotates() {
  if
  :: IS_FORMER -> state[R] = ANSWERED; names[R] = 9
  :: else -> sid[at] = 2; maker[at] = R; fresh[1] = 0; state[R] = DONE
  fi
}

/* the gate (R4): B has what is shown; the answer names the id to the request that made it (I6) */
inline answers(r) {
#ifdef BUG_COOKIE
  names[r] = sid[at];
#else
  if :: maker[at] == r -> names[r] = sid[at] :: else -> names[r] = 0 fi;
#endif
#ifdef BUG_REPLAY
  if :: r == L && at == 1 && led[L] -> names[r] = 0 :: else -> skip fi;
#endif
  state[r] = ANSWERED;
  if :: r == L -> victim = 1 :: else -> skip fi
}

#define BEGINS(r) :: atomic { state[r] == CAME -> begins(r) }
#define ENDS(r) :: atomic { state[r] == RUNS -> state[r] = DONE }
#define LEAVES(r) :: atomic { state[r] == DONE && (at == 1 || fresh[1]) -> answers(r) }
/* not answered: the proxy sends it again */
#define AGAIN(r) if :: state[r] == RUNS || state[r] == DONE -> state[r] = CAME :: else -> skip fi

active proctype sys() {
  atomic { maker[0] = 9; maker[1] = 9; fresh[1] = 1 }
end_sys:
  do
  :: atomic { state[L] == UNSENT -> came[L] = span; state[L] = CAME }
  :: atomic { state[P] == UNSENT && !victim && span < 2 -> came[P] = span; state[P] = CAME }
  :: atomic { state[R] == UNSENT -> came[R] = span; state[R] = CAME }
  /* the attacker asks again, and may have what it was told */
  :: atomic { (state[R] == ANSWERED && names[R] == 0) || state[R] == ENDED -> state[R] = UNSENT;
       saw[R] = 0; led[R] = 0 }
  :: atomic { span == 1 -> span = 2 }
  BEGINS(P) BEGINS(R)
  /* L is found in what the session remembers, or runs */
  :: atomic { state[L] == CAME && has[at] -> led[L] = 1; state[L] = DONE
#ifdef REACH_REPLAYED
       ; assert(0)
#endif
     }
  :: atomic { state[L] == CAME && !has[at] -> begins(L) }
  :: atomic { state[L] == RUNS -> login() }
  ENDS(P) ENDS(R)
  :: atomic { state[R] == RUNS -> rotates() }
  LEAVES(L) LEAVES(P) LEAVES(R)
  /* FULL: at once, or only later */
  :: atomic { at == 0 && !fresh[1] -> fresh[1] = 1; sid[1] = sid[0]; in[1] = in[0]; has[1] = has[0];
       maker[1] = maker[0]; if :: in[0] && span == 2 -> late = 1 :: else -> skip fi }
  /* A dies; what B had not heard of did not happen, and no client was told of it */
  :: atomic { at == 0 -> at = 1; AGAIN(L); AGAIN(P); AGAIN(R);
       if :: !in[1] -> span = 0; came[L] = 0; came[P] = 0; came[R] = 0 :: else -> skip fi }
  od
}

active proctype law() {
end_law:
  do
  :: atomic { state[R] == ANSWERED && in[at] && names[R] == sid[at] && names[R] != 0 -> assert(0) }
  :: atomic { saw[R] && came[R] == 2 -> assert(0) }
  :: atomic { state[P] == ENDED && came[P] < 2 -> assert(0) }
  :: atomic { victim && names[L] != 9 && names[L] != sid[at] -> assert(0) }
#ifdef REACH_LED
  :: atomic { state[P] == ANSWERED && led[P] && saw[P] -> assert(0) }
#endif
#ifdef REACH_ENDED
  :: atomic { state[R] == ENDED -> assert(0) }
#endif
#ifdef REACH_APART
  :: atomic { state[L] == ANSWERED && names[L] == 9 -> assert(0) }
#endif
  od
}
