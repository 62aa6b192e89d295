/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of tokens: one node (src/node/session.c), servers that start from one keyring
 * (src/gateway/admit.c), and between them somebody who sees, keeps, drops, delays, repeats and
 * swaps what crosses the wire, and speaks refusals that nobody signs. The insertion into the
 * used-before table is one step here: used.pml is about its inside. Sealing and proofs are
 * perfect: a proof is right when it was made with the token's own secret.
 *
 * Must hold
 *   once      no token is admitted twice, on whichever server, before or after a restart
 *   single    a request that may not be repeated is carried out at most once
 *   maybe     what the node calls "not carried out" never is, not even later
 *   done      what the node calls carried out was
 *   forged    a request that the node did not make is never admitted
 *   smooth    (QUIET: nobody interferes, answers get lost) no token is refused but for a restart, and
 *             a request that may be repeated survives that restart
 * Must fail, each alone: NO_TABLE, SAME_INSTANCE, ONE_INSTANCE (once), BLIND (single), LAST_ONLY (maybe),
 * NO_PROOF (forged), KEEP_LANE, OLD_SECRET, DROP_ONE (smooth).
 */
#ifndef SERVERS
#define SERVERS 1
#endif
#ifndef REQUESTS
#define REQUESTS 2
#endif
#ifndef RESTARTS
#define RESTARTS 1
#endif
#ifndef LANES
#define LANES 2
#endif
#ifndef MESSAGES
#define MESSAGES 4
#endif
#ifndef TOKENS
#define TOKENS 10 /* minted in all; 0 is none */
#endif
#define EVIL     REQUESTS
#define STRANGE  255 /* a secret that nobody has */

byte instance[SERVERS];
byte next_instance;
bool used[SERVERS * TOKENS];

/* token claims: what a token seals */
byte token_secret[TOKENS];
byte token_instance[TOKENS];
byte admitted[TOKENS];
byte minted;
byte secrets;

/* what crossed the wire: a token in the open, a proof, a sealed request */
byte message_token[MESSAGES];
byte message_secret[MESSAGES];
byte message_request[MESSAGES];
bool message_answered[MESSAGES]; /* a sealed answer exists */
bool message_refused[MESSAGES];  /* the server said 401 */
byte message_next[MESSAGES];
byte messages;

bool repeatable[REQUESTS];
byte executed[REQUESTS + 1];
bool told_not[REQUESTS];
byte restarts;
bool strange; /* the carrier has made up a request */

inline mint(server, secret, result)
{
    minted++;
    assert(minted < TOKENS);
    token_secret[minted] = secret;
    token_instance[minted] = instance[server];
    result = minted
}

/* skeym_admit, the handler, skeym_admit_next */
inline serve(server, m)
{
    t = message_token[m];
    if
#ifdef NO_PROOF
    :: token_instance[t] == instance[server] && !used[server * TOKENS + t]
#else
    :: token_instance[t] == instance[server] && /* check_instance */
       token_secret[t] == message_secret[m] &&  /* check_proof */
       !used[server * TOKENS + t]               /* use_up */
#endif
       ->
#ifndef NO_TABLE
        used[server * TOKENS + t] = true;
#endif
        admitted[t]++;
        assert(admitted[t] == 1); /* once */
        r = message_request[m];
        assert(r != EVIL); /* forged */
        executed[r]++;
        assert(repeatable[r] || executed[r] == 1); /* single */
        assert(!told_not[r]);                      /* maybe */
        if
        :: !message_answered[m] && minted + 1 < TOKENS ->
            mint(server, message_secret[m] + 1, t); /* S_{n+1}, of the same lane */
            message_next[m] = t;
            message_answered[m] = true
        :: else
        fi
#ifdef QUIET
    :: else -> message_refused[m] = true
#else
    :: else
#endif
    fi;
    t = 0;
    r = 0
}

/* Whoever carries the messages hands any of them to any server, at any time, again and again. */
proctype carry()
{
    byte m;
    byte s;
    byte t;
    byte r;
end:
    do
    :: atomic {
        messages > 0 ->
        m = 0;
        do
        :: m + 1 < messages -> m++
        :: break
        od;
        s = 0;
        do
        :: s + 1 < SERVERS -> s++
        :: break
        od;
#ifdef QUIET
        if
        :: message_answered[m] || message_refused[m] -> goto end
        :: else
        fi;
#endif
        serve(s, m);
        m = 0;
        s = 0
    }
#ifndef QUIET
    :: atomic { /* a seen token with a request of one's own: the secret is not known */
        messages > 0 && messages < MESSAGES && !strange ->
        strange = true;
        message_token[messages] = message_token[0];
        message_secret[messages] = STRANGE;
        message_request[messages] = EVIL;
        messages++
    }
#endif
    :: atomic { /* a server starts anew: its table is empty (skeym_used_init), its instance another */
        restarts < RESTARTS ->
        restarts++;
        s = 0;
        do
        :: s < TOKENS -> used[s] = false; s++
        :: else -> break
        od;
#ifndef SAME_INSTANCE
        next_instance++;
        instance[0] = next_instance;
#endif
        s = 0
    }
    od
}

byte lane_token[LANES];
byte lane_secret[LANES];

inline drop_all()
{
    i = 0;
    do
    :: i < LANES -> lane_token[i] = 0; lane_secret[i] = 0; i++
    :: else -> break
    od;
    i = 0
}

/* login_once, keep_lanes: of any server */
inline log_in()
{
    s = 0;
    do
    :: s + 1 < SERVERS -> s++
    :: break
    od;
    i = 0;
    do
    :: i < LANES ->
        secrets = secrets + 16;
        mint(s, secrets, lane_token[i]);
        lane_secret[i] = secrets;
        i++
    :: else -> break
    od;
    s = 0;
    i = 0
}

/* skeym_session_take: the lane leaves the session before its token is used */
inline take()
{
    i = 0;
    do
    :: i < LANES && lane_token[i] == 0 -> i++
    :: else -> break
    od;
    if
    :: i == LANES -> log_in(); i = 0
    :: else
    fi;
    token = lane_token[i];
    secret = lane_secret[i];
    lane_token[i] = 0;
    lane_secret[i] = 0;
    i = 0
}

/* skeym_session_give */
inline give(what, its)
{
    i = 0;
    do
    :: i < LANES && lane_token[i] != 0 -> i++
    :: else -> break
    od;
    if
    :: i < LANES -> lane_token[i] = what; lane_secret[i] = its
    :: else
    fi;
    i = 0
}

/* skeym_session_request for one request after another */
proctype node()
{
    byte request;
    byte token;
    byte secret;
    byte m;
    byte i;
    byte s;
    bool sent;        /* in any attempt */
    bool sent_now;    /* attempt.sent */
    bool refused;     /* was, once */
    bool waited;      /* wait_for_turn: there is time for one */
    bool again;
    bool good;
    bool lost;
    bool harmless;

    do
    :: request < REQUESTS ->
        atomic {
            if
            :: repeatable[request] = true /* GET, If-None-Exist, options.repeatable */
            :: repeatable[request] = false
            fi;
            sent = false; refused = false; waited = false; good = false; lost = false;
            again = true
        }
        do
        :: atomic { /* try_once: take, seal, send_wire */
                again && messages < MESSAGES && minted + LANES + 1 < TOKENS ->
                take();
                if
#ifndef QUIET
                :: sent_now = false; /* raw.unsent: not a byte has left */
                   give(token, secret);
                   again = false
#endif
                :: sent_now = true;
                   m = messages;
                   message_token[m] = token;
                   message_secret[m] = secret;
                   message_request[m] = request;
                   messages++
                fi;
                sent = sent || sent_now;
#ifdef BLIND
                harmless = true
#else
                harmless = !sent || repeatable[request] /* may_repeat */
#endif
            }
            if
            :: !sent_now
            :: sent_now -> atomic {
                if
                :: message_answered[m] -> /* open_answer: it opens; go_on, give */
                    good = true;
                    again = false;
#ifdef OLD_SECRET
                    give(message_next[m], secret)
#else
                    if
                    :: give(message_next[m], secret + 1)
#ifndef QUIET
                    :: give(message_token[0], secret + 1) /* SkeyM-Next of another's */
                    :: skip                               /* none, or no base64 */
#endif
                    fi
#endif
#ifdef QUIET
                :: message_refused[m] && !message_answered[m] -> /* 401 */
                    assert(restarts > 0); /* smooth */
#else
                :: true -> /* 401, from the server or from anybody */
#endif
                    again = !refused && harmless;
                    refused = true;
#ifndef DROP_ONE
                    drop_all()
#endif
#ifndef QUIET
                :: true -> /* 503 or 429, from anybody */
                    again = harmless && !waited;
                    waited = true
#endif
                :: true -> /* nothing, or nothing that opens */
                    lost = true;
#ifdef KEEP_LANE
                    give(token, secret);
#endif
                    again = false
                fi;
                m = 0
            }
            fi
        :: !again || messages >= MESSAGES || minted + LANES + 1 >= TOKENS -> break
        od;
        atomic {
            if
            :: good -> assert(executed[request] > 0) /* done */
#ifdef LAST_ONLY
            :: !good && !sent_now ->
#else
            :: !good && !sent -> /* !*maybe */
#endif
                assert(executed[request] == 0);
                told_not[request] = true
            :: else
            fi;
#ifdef QUIET
            assert(good || lost || !repeatable[request] || again); /* smooth */
#endif
            request++;
            token = 0;
            secret = 0
        }
    :: else -> break
    od
}

init {
    atomic {
        byte s = 0;
        do
        :: s < SERVERS ->
#ifndef ONE_INSTANCE
            next_instance++;
#endif
            instance[s] = next_instance;
            s++
        :: else -> break
        od;
        run carry();
        run node()
    }
}
