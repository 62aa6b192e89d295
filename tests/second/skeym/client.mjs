// SPDX-License-Identifier: Apache-2.0
// A node: logs in when it has to, keeps its lanes, and hides all of it behind `request`.
import { b64, unb64 } from './base64url.mjs';
import { need, refuse, SkeymError } from './bytes.mjs';
import { CLOSED_TARGET, CLOSED_TYPE, encodeClosed } from './closed.mjs';
import { exchangeKeys, proof } from './exchange.mjs';
import { JWE_TYPE, openJwe, sealJwe } from './jwe.mjs';
import { firstSecret, LOGIN_TARGET, LOGIN_TYPE, startLogin } from './login.mjs';
import { fetchTransport, sentTarget } from './transport.mjs';

/** @typedef {import('./closed.mjs').Inside} Inside */
/** @typedef {import('./credential.mjs').Identity} Identity */
/** @typedef {import('./exchange.mjs').ExchangeKeys} ExchangeKeys */
/** @typedef {import('./login.mjs').Granted} Granted */
/** @typedef {import('./scopes.mjs').Scope} Scope */
/** @typedef {import('./transport.mjs').Transport} Transport */
/** @typedef {import('./transport.mjs').Wire} Wire */
/** @typedef {import('./transport.mjs').WireAnswer} WireAnswer */
/** @typedef {{ token: Uint8Array, secret: Uint8Array, until: number, login: number }} Lane
 * until: in ms, by the local clock; login: which login it goes back to */
/** @typedef {{ status: number, contentType: string, body: Uint8Array }} Answer */

/** A refusal that came outside of any seal: nobody vouches for it. */
export class RefusedError extends SkeymError {
  /** @param {WireAnswer} answer */
  constructor(answer) {
    super('refused', `the server answered ${answer.status} outside of the seal`);
    this.status = answer.status;
    this.retryAfter = answer.header('retry-after');
  }
}

/** @param {unknown} error */
const isNotAdmitted = (error) => error instanceof RefusedError && error.status === 401;

/** One request under one token, ready for the wire, and the keys for its answer.
 * @param {{ token: Uint8Array, secret: Uint8Array }} lane @param {Inside} inside
 * @param {{ open?: boolean }} [how] open: method, target and media type in the clear
 * @returns {Promise<{ wire: Wire, keys: ExchangeKeys }>} */
export async function prepare({ token, secret }, inside, { open = false } = {}) {
  const keys = await exchangeKeys(secret);
  const { method, target, contentType = '', body = new Uint8Array(0) } = inside;
  /** @type {Wire} */
  let wire = { method: 'POST', target: CLOSED_TARGET, headers: {} };
  if (open) {
    need(
      [inside.idempotencyKey, inside.ifNoneExist, inside.prefer].every((one) => one === undefined),
      'shape',
      'only the closed form protects these',
    );
    wire = { method, target, headers: {} };
    if (body.length > 0)
      wire.body = await sealJwe(keys.request, { cty: contentType, plaintext: body });
  } else {
    wire.body = await sealJwe(keys.request, { cty: CLOSED_TYPE, plaintext: encodeClosed(inside) });
  }
  if (wire.body) wire.headers['content-type'] = JWE_TYPE;
  const mac = await proof(keys.mac, { ...wire, contentType: wire.headers['content-type'] });
  wire.headers.authorization = `SkeyM ${b64(token)}`;
  wire.headers['skeym-proof'] = b64(mac);
  return { wire, keys };
}

/** Opens the answer to `prepare`d request; what is not sealed is thrown as RefusedError.
 * @param {ExchangeKeys} keys @param {WireAnswer} answer
 * @returns {Promise<Answer & { next?: Uint8Array }>} next: the lane's next token */
export async function accept(keys, answer) {
  if (answer.header('content-type') !== JWE_TYPE) throw new RefusedError(answer);
  const { cty, status, plaintext } = await openJwe(keys.answer, 'answer', answer.body);
  need(status === answer.status, 'conflict', 'the status line is not the sealed status');
  const next = answer.header('skeym-next');
  return {
    status,
    contentType: cty,
    body: plaintext,
    next: next === null ? undefined : unb64(next),
  };
}

export class SkeymNode {
  /** @type {Lane[]} lanes at rest */ #free = [];
  #busy = 0;
  /** @type {(() => void)[]} requests that wait for a lane */ #waiting = [];
  /** @type {Promise<void> | undefined} */ #loggingIn;
  #logins = 0;
  #lifetime = 0;
  #deadline = 0;
  #offset = 0;
  /** @type {Identity} */ #identity;
  /** @type {{ lanes: number, scopes: Scope[], now: () => number, transport: Transport,
   *   keep: (identity: Identity) => void | Promise<void> }} */ #how;

  /** @param {Identity} identity
   * @param {object} [how]
   * @param {number} [how.lanes] how many requests may run at the same time, 1 to 16
   * @param {Scope[]} [how.scopes] fewer scopes than were granted
   * @param {() => number} [how.now] the local clock, in ms
   * @param {Transport} [how.transport]
   * @param {(identity: Identity) => void | Promise<void>} [how.keep] stores what a login renewed */
  constructor(
    identity,
    { lanes = 4, scopes = [], now = Date.now, transport = fetchTransport, keep = () => {} } = {},
  ) {
    this.#identity = { ...identity };
    this.#how = { lanes, scopes, now, transport, keep };
  }

  get identity() {
    return { ...this.#identity };
  }

  /** Server clock minus local clock, in ms, as far as a login had to learn it. */
  get clockOffset() {
    return this.#offset;
  }

  /** Carries out one request; logs in first if there is no live token. A refusal outside of the
   * seal proves nothing, also not that the request was not carried out: so by itself this tries
   * again only what may happen twice.
   * @param {Inside} inside @param {{ open?: boolean, repeat?: boolean }} [how]
   * @returns {Promise<Answer>} */
  async request(
    inside,
    { open = false, repeat = inside.method === 'GET' || inside.ifNoneExist !== undefined } = {},
  ) {
    try {
      return await this.#once(inside, open);
    } catch (error) {
      if (!repeat || !isNotAdmitted(error)) throw error;
      return this.#once(inside, open);
    }
  }

  /** A login; its tokens replace all lanes at rest. */
  async login() {
    let answer = await this.#loginOnce();
    if (answer === 'clock') answer = await this.#loginOnce();
    need(answer !== 'clock', 'clock', 'the server does not take its own time');
  }

  /** @returns {Promise<'granted' | 'clock'>} */
  async #loginOnce() {
    const { lanes, scopes, now, transport, keep } = this.#how;
    const identity = this.#identity;
    const sent = now();
    const wanted = {
      time: sent + this.#offset,
      audience: identity.audience,
      tokens: lanes,
      scopes,
    };
    const { body, finish } = await startLogin(identity, wanted);
    const reply = await transport(identity.server, {
      method: 'POST',
      target: LOGIN_TARGET,
      headers: { 'content-type': LOGIN_TYPE },
      body,
    });
    const taken = reply.status === 200 && reply.header('content-type') === LOGIN_TYPE;
    if (!taken) throw new RefusedError(reply);
    const { answer, secrets } = await finish(reply.body);
    if (answer.kind === 'clock') {
      this.#offset = answer.serverTime - now();
      return 'clock';
    }
    need(answer.tokens.length <= lanes, 'shape', 'more tokens than were asked for');
    this.#identity = {
      ...identity,
      locator: answer.locator,
      credential: answer.credential ?? identity.credential,
    };
    this.#lifetime = 1000 * answer.lifetime;
    this.#deadline = 1000 * answer.loginDeadline - this.#offset;
    const until = Math.min(sent + this.#lifetime, this.#deadline);
    const login = ++this.#logins;
    this.#free = await Promise.all(
      answer.tokens.map(async (token, lane) => {
        const secret = await firstSecret(secrets, lane);
        return { token, secret, until, login };
      }),
    );
    await keep(this.identity);
    return 'granted';
  }

  /** @param {Inside} inside @param {boolean} open @returns {Promise<Answer>} */
  async #once(inside, open) {
    const { now, transport } = this.#how;
    const { server } = this.#identity;
    const lane = await this.#takeLane();
    /** @type {Lane | undefined} */
    let renewed;
    try {
      const target = open ? sentTarget(server, inside.target) : inside.target;
      const { wire, keys } = await prepare(lane, { ...inside, target }, { open });
      lane.secret.fill(0);
      const sent = now();
      const { next, ...answer } = await accept(keys, await transport(server, wire));
      // Issued at `sent` or later, so it lives at least as long as this.
      const until = Math.min(sent + this.#lifetime, this.#deadline);
      if (next) renewed = { token: next, secret: keys.next, until, login: lane.login };
      return answer;
    } catch (error) {
      // What ends one lane without a word ends the others of its login: a restart, a revocation.
      if (isNotAdmitted(error)) this.#free = this.#free.filter(({ login }) => login !== lane.login);
      throw error;
    } finally {
      this.#giveBack(renewed);
    }
  }

  /** A lane for one request: one at rest, else the next that comes back, else a login. */
  async #takeLane() {
    for (;;) {
      const now = this.#how.now();
      this.#free = this.#free.filter(({ until }) => now < until);
      const lane = this.#free.shift();
      if (lane) {
        this.#busy++;
        return lane;
      }
      if (this.#busy > 0) {
        /** @type {Promise<void>} */
        const returned = new Promise((resolve) => this.#waiting.push(resolve));
        await returned;
      } else {
        this.#loggingIn ??= this.login().finally(() => (this.#loggingIn = undefined));
        await this.#loggingIn;
      }
    }
  }

  /** @param {Lane | undefined} lane nothing when the lane is over */
  #giveBack(lane) {
    this.#busy--;
    if (lane) this.#free.push(lane);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
