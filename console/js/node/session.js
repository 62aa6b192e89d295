// SPDX-License-Identifier: Apache-2.0
/*
 * A session: logs in when needed, spends tokens, comes back by itself (docs/PROTOCOL.md, 6 and 8).
 *
 * What it believes. Only an answer that opens proves what became of a request. A 401, 429 or 503
 * outside of the seal may be said by anybody on the way, so a request goes out a second time only when
 * that does no harm: a GET, or a write under If-None-Exist or an idempotency key.
 *
 * One recovery at a time. Whatever goes wrong with tokens or network, one loop (#recover) logs in
 * again, with growing pauses; requests wait for it, as long as their patience lasts. So a server that
 * restarts sees one login of each screen and not one of each request.
 */
import { wipe } from './bytes.js';
import { Clock } from './clock.js';
import { writeClosed } from './closed.js';
import { SkeymError, isCode } from './errors.js';
import { LANES_MOST } from './login.js';
import { Lanes, wipeLane } from './lanes.js';
import { Peer } from './peer.js';
import { Pauses } from './pauses.js';
import { Queue } from './queue.js';
import { mayRepeat, nodeAnswer, normalise, orAborted } from './request.js';
import { backoff } from './transport.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./lanes.js').Lane} Lane */
/** @typedef {import('./types.js').Credential} Credential */
/** @typedef {import('./types.js').NodeRequest} NodeRequest */
/** @typedef {import('./types.js').NodeAnswer} NodeAnswer */
/** @typedef {import('./types.js').SessionState} SessionState */
/** @typedef {import('./types.js').StateDetail} StateDetail */
/** @typedef {import('./types.js').TokensDetail} TokensDetail */
/** @typedef {import('./errors.js').ErrorCode} ErrorCode */

const PROBE = { method: 'GET', target: '/skeym/v1/whoami' };
const BUSY_LEAST_MS = 200;
const CONFIRM_MS = 300;
const CLOCK_MS = 30_000;
const SLEPT_MS = 5_000;
const TOP_UP_MS = 10_000;
/** Nothing but login() leads out of these. @type {readonly SessionState[]} */
const ENDED = ['locked', 'revoked', 'expired'];

/**
 * @typedef {object} SessionOptions
 * @property {Credential} credential   its locator and secret move with each login
 * @property {string} [origin]
 * @property {number} [lanes]          tokens asked for at login, 1 to 16: so many requests at a time
 * @property {typeof fetch} [fetch]
 * @property {() => number} [now]      ms since 1970
 * @property {() => number} [steady]   ms, never set
 * @property {number} [patienceMs]     how long a request may wait, unless it says so itself
 * @property {number} [timeoutMs]      for one answer
 * @property {EventTarget} [host]      where 'online' is heard
 * @property {Pauses} [pauses]         for tests
 */

/** @type {Partial<Record<ErrorCode, string>>} */
const OFFLINE_REASONS = { handshake: 'impostor', key: 'impostor', unsupported: 'unsupported' };

/** onLine's `true` says little, and its `false` does not hold for a server on this machine. */
const offlineReason = () => (globalThis.navigator?.onLine === false ? 'no-network' : 'network');

/**
 * Events: 'state' (a CustomEvent of StateDetail), 'wire' (of WireDetail), 'tokens' (of TokensDetail).
 */
export class Session extends EventTarget {
  /** @type {SessionState} */ #state = 'idle';
  #reason = '';
  /** @type {Credential | undefined} */ #credential;
  #lanesWanted;
  #lanes;
  #clock;
  #peer;
  #pauses;
  #patienceMs;
  #ender = new AbortController();
  #queue = new Queue();
  /** @type {Promise<void> | undefined} */ #recovery;
  #busy = 0;
  #login = 0;
  #refusals = 0; // logins whose tokens were refused, one after the other
  #trouble = 0; // requests without an answer, one after the other
  #offsetMs = 0;
  #figures = { spent: 0, refused: 0, lost: 0, unsaved: 0, loginAt: 0, deadline: 0 };
  #granted = 0;
  #loggedIn;
  #seen;
  #toldTokens = false;
  #online = () => this.#pauses.end();
  #host;

  /** @param {SessionOptions} options */
  constructor({
    credential,
    origin = credential.origin,
    lanes = 4,
    fetch = (...words) => globalThis.fetch(...words),
    now,
    steady,
    patienceMs = 15_000,
    timeoutMs = 20_000,
    host = typeof globalThis.addEventListener === 'function' ? globalThis : undefined,
    pauses = new Pauses(),
  }) {
    super();
    if (!Number.isInteger(lanes) || lanes < 1 || lanes > LANES_MOST) {
      throw new SkeymError('usage', 'lanes: 1 to 16');
    }
    this.#credential = credential;
    this.#lanesWanted = lanes;
    this.#clock = new Clock({ now, steady });
    this.#lanes = new Lanes(this.#clock, lanes);
    this.#loggedIn = this.#clock.mark();
    this.#seen = this.#loggedIn;
    this.#patienceMs = patienceMs;
    this.#pauses = pauses;
    this.#host = host;
    this.#peer = new Peer({
      fetch,
      origin,
      clock: this.#clock,
      timeoutMs,
      signal: this.#ender.signal,
      observe: (detail) => this.dispatchEvent(new CustomEvent('wire', { detail })),
    });
    host?.addEventListener('online', this.#online);
  }

  /** @returns {SessionState} */
  get state() {
    return this.#state;
  }

  /** Why it is in this state; see StateDetail. */
  get reason() {
    return this.#reason;
  }

  /** @returns {TokensDetail} */
  get tokens() {
    const { spent, refused, lost, loginAt, deadline } = this.#figures;
    const lanes = this.#lanes.describe(this.#clock.now());
    const clockOffsetMs = this.#offsetMs;
    const logins = this.#login;
    return { spent, left: lanes.length, lanes, loginAt, deadline, logins, refused, lost, clockOffsetMs };
  }

  /** Logs in now, whatever there is, also after 'revoked'. Resolves when live; else an error with the
   * state's code, or 'offline' when patience ended (it goes on trying by itself).
   * @returns {Promise<void>} */
  async login() {
    if (this.#state === 'locked') throw new SkeymError('locked');
    if (ENDED.includes(this.#state)) await this.#recovery; // it is about to end
    this.#refusals = 0;
    if (ENDED.includes(this.#state)) this.#setState('connecting', 'user');
    this.#recover('user');
    this.#pauses.end();
    const patience = new AbortController();
    const late = new Pauses().wait(this.#patienceMs, patience.signal);
    const clock = new Promise((resolve) => {
      const look = () => this.#state === 'clock' && resolve(undefined);
      this.addEventListener('state', look, { signal: patience.signal });
    });
    await Promise.race([this.#recovery, clock, late]);
    patience.abort();
    if (this.state === 'live') return;
    /** @type {Partial<Record<SessionState, ErrorCode>>} */
    const codes = { locked: 'locked', revoked: 'revoked', expired: 'expired', clock: 'clock' };
    throw new SkeymError(codes[this.state] ?? 'offline', this.#reason);
  }

  /** Wipes all keys, here and in the store; whatever waits is refused with 'locked'. */
  lock() {
    this.#lock('user');
  }

  /**
   * Sends one request and opens its answer, which the server sealed, whatever its status.
   * Errors: 'shape' and 'size' (cannot be sent so), 'network', 'timeout', 'offline', 'busy', 'refused',
   * 'seal' (the answer does not open), 'aborted', 'locked', 'revoked', 'expired'. `maybe` of the error
   * tells whether it may have been carried out.
   * @param {NodeRequest} request @returns {Promise<NodeAnswer>}
   */
  async request(request) {
    const closed = normalise(request);
    const plain = writeClosed(closed);
    const start = this.#clock.mark();
    const patienceMs = request.patienceMs ?? this.#patienceMs;
    const left = () => patienceMs - this.#clock.age(start);
    let sent = false;
    let refused = false;
    try {
      for (;;) {
        const lane = await this.#acquire(left(), request.signal);
        sent = true;
        // What is sent stays sent: its lane goes on without a caller who gave up.
        const work = this.#exchange(lane, plain, closed);
        const { answer, error } = await orAborted(work, request.signal);
        if (answer) return nodeAnswer(answer);
        if (!error || !mayRepeat(request)) throw error;
        if (error.code === 'busy') {
          await this.#waitTurn(error, left(), request.signal);
        } else if (error.code === 'refused' && !refused) {
          refused = true;
        } else if (!['network', 'timeout'].includes(error.code) || left() <= 0) {
          throw error;
        }
      }
    } catch (error) {
      if (error instanceof SkeymError) error.maybe = sent;
      throw error;
    }
  }

  // --- one exchange --------------------------------------------------------------

  /** @param {SkeymError} error @param {number} leftMs @param {AbortSignal} [signal] */
  async #waitTurn(error, leftMs, signal) {
    const waitMs = Math.max(BUSY_LEAST_MS, error.retryAfterS * 1000);
    if (waitMs > leftMs) throw error;
    await this.#pauses.wait(waitMs, signal);
    if (signal?.aborted) throw new SkeymError('aborted');
  }

  /** @param {Lane} lane @param {Bytes} plain @param {import('./closed.js').Closed} closed
   * @returns {Promise<Partial<import('./peer.js').Outcome>>} */
  async #exchange(lane, plain, closed) {
    this.#figures.spent++;
    try {
      const outcome = await this.#peer.exchange(lane, plain, closed);
      if (this.#state === 'locked') outcome.error = new SkeymError('locked');
      else if (outcome.error) this.#failed(outcome.error, lane);
      else this.#wentWell(outcome, lane);
      wipe(outcome.secret);
      return outcome.error ? { error: outcome.error } : outcome;
    } finally {
      this.#busy--;
      wipeLane(lane);
      this.#pump();
      this.#tellTokens();
    }
  }

  /** @param {import('./peer.js').Outcome} outcome @param {Lane} lane */
  #wentWell({ next, secret, sent }, lane) {
    this.#trouble = 0;
    this.#refusals = 0;
    this.#seen = this.#clock.mark();
    this.#lanes.giveNext(lane, next, secret, sent);
  }

  /** What a failure on one lane means for the others. @param {SkeymError} error @param {Lane} lane */
  #failed({ code }, { login }) {
    const past = login !== this.#login || this.#recovery; // it is known, and mended or being mended
    if (code === 'refused') {
      this.#figures.refused++;
      if (past) return;
      this.#refusals++;
      this.#lanes.drop(); // a server that started anew takes none of them
      this.#recover('tokens-refused');
      return;
    }
    this.#figures.lost++;
    if (past || (code !== 'network' && code !== 'timeout')) return;
    this.#trouble++;
    if (this.#trouble > 1 || this.#lanes.left === 0) this.#recover('network');
  }

  // --- who gets a lane --------------------------------------------------------------

  /** @param {number} patienceMs @param {AbortSignal} [signal] @returns {Promise<Lane>} */
  async #acquire(patienceMs, signal) {
    if (signal?.aborted) throw new SkeymError('aborted');
    if (ENDED.includes(this.#state)) throw new SkeymError(/** @type {ErrorCode} */ (this.#state));
    const lane = this.#queue.wait(patienceMs, signal);
    this.#pump();
    return lane;
  }

  /** Hands out what there is; sees to it that more comes when there is nothing to wait for. */
  #pump() {
    while (!this.#recovery && this.#queue.size > 0) {
      const lane = this.#lanes.take();
      if (!lane) break;
      this.#busy++; // from here on, and not only when the request wakes up
      this.#queue.give(lane);
    }
    if (this.#queue.size === 0 || this.#recovery) return;
    if (this.#busy === 0) this.#recover(this.#clock.jump(this.#seen) > SLEPT_MS ? 'slept' : '');
    // More than half of the lanes were lost, one here and one there.
    else if (this.#busy < this.#granted / 2 && this.#clock.age(this.#loggedIn) > TOP_UP_MS) {
      this.#recover('lanes');
    }
  }

  // --- coming back ------------------------------------------------------------------

  /** Starts to log in until it works, unless that is under way. @param {string} reason */
  #recover(reason) {
    if (this.#recovery || this.#state === 'locked') return;
    this.#recovery = this.#recoverLoop(reason).finally(() => {
      this.#recovery = undefined;
      this.#pump();
      this.#tellTokens();
    });
  }

  /** Never rejects. @param {string} reason */
  async #recoverLoop(reason) {
    const slept = reason === 'network' && this.#clock.jump(this.#seen) > SLEPT_MS;
    const outage = reason === 'network' && !slept;
    if (reason !== 'lanes') this.#setState(outage ? 'offline' : 'connecting', slept ? 'slept' : reason);
    // Tokens of before tell afterwards whether it was the network or a server that started anew.
    const old = outage ? this.#lanes.takeAll() : [];
    try {
      if (this.#refusals > 1) await this.#pause(backoff(this.#refusals - 1));
      for (let failures = 1; !ENDED.includes(this.#state); failures++) {
        const error = await this.#tryLogin();
        if (ENDED.includes(this.#state)) break;
        if (!error) return await this.#cameBack(reason, old);
        await this.#afterFailure(error, failures);
      }
      this.#queue.refuseAll(/** @type {ErrorCode} */ (this.#state));
    } finally {
      old.forEach(wipeLane);
    }
  }

  /** @param {string} reason @param {Lane[]} old */
  async #cameBack(reason, old) {
    this.#trouble = 0;
    const lane = old.find((one) => this.#lanes.isLive(one));
    if (reason === 'lanes') reason = '';
    let restarted = reason === 'tokens-refused';
    if (lane) {
      this.#figures.spent++;
      const { error, secret } = await this.#peer.exchange(lane, writeClosed(PROBE), PROBE);
      wipe(secret);
      restarted = error?.code === 'refused';
    }
    if (ENDED.includes(this.#state)) return;
    if (restarted) this.#setState('server-restarted', 'tokens-refused');
    this.#setState('live', restarted ? 'server-restarted' : reason);
  }

  /** @param {number} ms */
  async #pause(ms) {
    await this.#pauses.wait(ms, this.#ender.signal);
  }

  /** What to say and how long to wait after a login that did not work.
   * @param {SkeymError} error @param {number} failures */
  async #afterFailure(error, failures) {
    const waitMs = backoff(failures);
    switch (error.code) {
      case 'refused':
        // Anybody can say this once; whoever says it twice could also cut the line.
        if (failures > 1 && this.#reason === 'refused') return this.#noLongerAdmitted();
        this.#setState('connecting', 'refused');
        return this.#pause(CONFIRM_MS);
      case 'clock':
        this.#setState('clock', 'clock', CLOCK_MS);
        return this.#pause(CLOCK_MS);
      case 'forgotten':
      case 'locked':
        return this.#lock(error.code);
      case 'busy': {
        const busyMs = Math.max(waitMs, error.retryAfterS * 1000 * (1 + Math.random() / 4));
        this.#setState('connecting', 'busy', busyMs);
        return this.#pause(busyMs);
      }
      default: {
        this.#setState('offline', OFFLINE_REASONS[error.code] ?? offlineReason(), waitMs);
        return this.#pause(waitMs);
      }
    }
  }

  #noLongerAdmitted() {
    const end = this.#credential?.notAfter;
    const over = end !== undefined && this.#clock.now() + this.#offsetMs >= end;
    this.#lanes.drop();
    this.#setState(over ? 'expired' : 'revoked', 'refused');
  }

  /** @returns {Promise<SkeymError | undefined>} */
  async #tryLogin() {
    const keeper = this.#credential?.keeper;
    const work = () => this.#loginOnce();
    try {
      await (keeper ? keeper.exclusively(work) : work());
      return undefined;
    } catch (cause) {
      if (cause instanceof SkeymError) return cause;
      return new SkeymError('handshake', 'cannot log in', { cause });
    }
  }

  #unlocked() {
    if (!this.#credential || this.#state === 'locked') throw new SkeymError('locked');
    return this.#credential;
  }

  async #loginOnce() {
    await this.#unlocked().keeper?.refresh(this.#unlocked());
    const send = () => {
      return this.#peer.login(this.#unlocked(), this.#lanesWanted, this.#clock.now() + this.#offsetMs);
    };
    let { answer, sent } = await send();
    this.#offsetMs = answer.serverMs - this.#clock.now();
    if (answer.clock) {
      ({ answer, sent } = await send());
      this.#offsetMs = answer.serverMs - this.#clock.now();
    }
    if (answer.clock) throw new SkeymError('clock');
    const credential = this.#unlocked();
    this.#lanes.fill(answer, sent, ++this.#login);
    this.#granted = answer.lanes.length;
    this.#loggedIn = sent;
    this.#seen = this.#clock.mark();
    this.#figures.loginAt = this.#clock.now();
    this.#figures.deadline = answer.deadlineS * 1000 - this.#offsetMs;
    credential.locator = answer.locator;
    if (answer.secret) {
      wipe(credential.secret);
      credential.secret = answer.secret;
    }
    try {
      await credential.keeper?.save(credential);
    } catch (error) {
      // The old locator still works; it can only be linked to this login.
      if (isCode(error, 'forgotten')) throw error;
      this.#figures.unsaved++;
    }
  }

  // --- the end, and telling ---------------------------------------------------------

  /** @param {string} reason */
  #lock(reason) {
    if (this.#state === 'locked') return;
    this.#lanes.drop();
    wipe(this.#credential?.secret);
    this.#credential?.keeper?.lock();
    this.#credential = undefined;
    this.#host?.removeEventListener('online', this.#online);
    this.#setState('locked', reason);
    this.#ender.abort();
    this.#pauses.end();
    this.#queue.refuseAll('locked');
    this.#tellTokens();
  }

  /** @param {SessionState} state @param {string} reason @param {number} [retryMs] */
  #setState(state, reason, retryMs) {
    if (this.#state === 'locked') return;
    const before = this.#state;
    if (state === before && reason === this.#reason && retryMs === undefined) return;
    this.#state = state;
    this.#reason = reason;
    const at = this.#clock.now();
    /** @type {StateDetail} */
    const detail = { state, reason, before, at };
    if (retryMs !== undefined) detail.retryAt = at + retryMs;
    this.dispatchEvent(new CustomEvent('state', { detail }));
  }

  /** Once for whatever happens in one go. */
  #tellTokens() {
    if (this.#toldTokens) return;
    this.#toldTokens = true;
    queueMicrotask(() => {
      this.#toldTokens = false;
      this.dispatchEvent(new CustomEvent('tokens', { detail: this.tokens }));
    });
  }
}
