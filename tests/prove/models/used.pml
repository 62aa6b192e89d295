/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The used-before table of src/gateway/used.c: threads that insert, one or two that empty, and a
 * clock that runs on between any two steps. One step here is one atomic operation there; its line
 * is named by the C expression on the right. Order of memory is not modelled: steps interleave, but
 * each thread sees what the others did at once (points 3 and 4 of used.c are about the rest).
 *
 * Units: a span is 4 (64 s), a token lives at most 3 (59 s, and less than a span). Tokens 1 and 2 are of
 * span 0, token 3 is of span 2: one generation. All ids want the same slot first.
 *
 * Must hold:  once   no token is let in twice, whoever is held up where
 *             ready  a token that is still valid is never told that its span is over
 * Must fail, each alone: CHECK_THEN_INSERT, NO_SECOND_LOOK, OPEN_TOO_EARLY, EMPTY_FIRST, NO_STAMP (once);
 * SHORT_WINDOW (ready).
 */
#define SPAN 4
#define LIFE 3
#ifdef SHORT_WINDOW
#define LINGER 1
#else
#define LINGER 3 /* LINGER_MS */
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef END
#define END (2 * SPAN + 1)
#endif
#define OPEN_FOR(span)    (2 * (span) + 1) /* open_for */
#define EMPTIED_FOR(span) (2 * (span))     /* emptied_for */

byte now;
byte stamp[2];
byte ids[2 * SLOTS]; /* ids + (span & 1) * slots */
byte let_in[4];

/* check_time of admit.c, then skeym_used_insert. */
proctype insert(byte id; byte issued)
{
    byte span = issued / SPAN;
    byte generation = span & 1;
    byte there;
    byte i;
    bool placed;

    /* skeym_token_time: the request comes at any time in the token's life, and not before */
    atomic {
        now >= issued;
        if
        :: now >= issued + LIFE -> goto refused
        :: else
        fi
    }
    atomic { /* stamp = atomic_load(&generation->stamp) */
#ifndef NO_STAMP
        if
        :: stamp[generation] > OPEN_FOR(span) ->
            assert(now >= issued + LIFE); /* ready */
            goto refused                  /* SKEYM_ERR_TIME */
        :: stamp[generation] < OPEN_FOR(span) -> goto refused /* SKEYM_ERR_FULL */
        :: else
        fi
#else
        skip
#endif
    }
    do /* place */
    :: i < SLOTS ->
        there = ids[generation * SLOTS + i]; /* atomic_load(slot) */
        if
        :: there == 0 ->
#ifdef CHECK_THEN_INSERT
            ids[generation * SLOTS + i] = id;
            placed = true;
            break
#else
            atomic { /* atomic_compare_exchange(slot, &there, id) */
                there = ids[generation * SLOTS + i];
                if
                :: there == 0 ->
                    ids[generation * SLOTS + i] = id;
                    placed = true
                :: else
                fi
            }
            if
            :: placed -> break
            :: else
            fi
#endif
        :: else
        fi;
        if
        :: there == id -> goto refused /* SKEYM_ERR_REPLAY */
        :: else -> i++
        fi
    :: else -> goto refused /* SKEYM_ERR_FULL */
    od;
    atomic { /* the second look: atomic_load(&generation->stamp) != open_for(span) */
#if !defined(NO_SECOND_LOOK) && !defined(NO_STAMP)
        if
        :: stamp[generation] != OPEN_FOR(span) -> goto refused
        :: else
        fi;
#endif
        let_in[id]++;
        assert(let_in[id] == 1) /* once */
    }
refused:
    skip
}

inline turn(which)
{
    generation = (which) & 1;
    seen = stamp[generation]; /* atomic_load */
    if
    :: (seen & 1) == 0 || seen >= OPEN_FOR(which) -> skip
    :: else ->
#ifdef EMPTY_FIRST
        i = 0;
        do
        :: i < SLOTS -> ids[generation * SLOTS + i] = 0; i++
        :: else -> break
        od;
        atomic {
            if
            :: stamp[generation] == seen -> stamp[generation] = OPEN_FOR(which)
            :: else
            fi
        }
#else
        atomic { /* atomic_compare_exchange(&stamp, &seen, emptied_for(span)) */
            mine = (stamp[generation] == seen);
            if
#ifdef OPEN_TOO_EARLY
            :: mine -> stamp[generation] = OPEN_FOR(which)
#else
            :: mine -> stamp[generation] = EMPTIED_FOR(which)
#endif
            :: else
            fi
        }
        if
        :: mine ->
            i = 0;
            do
            :: i < SLOTS -> ids[generation * SLOTS + i] = 0; i++ /* atomic_store(&ids[i], 0) */
            :: else -> break
            od;
            stamp[generation] = OPEN_FOR(which) /* atomic_store(&stamp, open_for(span)) */
        :: else
        fi
#endif
    fi
}

/* skeym_used_tick, again and again */
proctype tick()
{
    byte at;
    byte seen;
    byte generation;
    byte i;
    bool mine;
    do
    :: at = now;
        turn(at / SPAN);
        if
        :: at % SPAN >= LINGER -> turn(at / SPAN + 1)
        :: at % SPAN < LINGER && at / SPAN > 0 -> turn(at / SPAN - 1)
        :: else
        fi;
        if
        :: at >= END -> break
        :: else
        fi
    od
}

/* The server's clock only goes forward; a jump is many steps at once. */
active proctype clock()
{
    do
    :: now < END -> now++
    :: else -> break
    od
}

init {
    atomic {
        stamp[0] = OPEN_FOR(0); /* skeym_used_init */
        stamp[1] = OPEN_FOR(1);
        run tick();
#ifdef TWO_TICKS
        run tick();
#endif
        run insert(1, SPAN - 1);
        run insert(1, SPAN - 1);
        run insert(3, 2 * SPAN);
#ifdef MORE
        run insert(3, 2 * SPAN);
#endif
#ifdef MOST
        run insert(2, SPAN - 2);
        run insert(2, SPAN - 2);
#endif
    }
}
