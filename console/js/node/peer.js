// SPDX-License-Identifier: Apache-2.0
// What a session says to its server, one call at a time: a login, or one exchange on one lane. Nothing
// is decided here, neither what an answer means for the session nor whether to try again.
import { wipe } from './bytes.js';
import { CLOSED_CTY, CLOSED_TARGET } from './closed.js';
import { SkeymError } from './errors.js';
import { JOSE_TYPE, exchangeKeys, openJwe, proofOf, sealJwe } from './exchange.js';
import { LOGIN_TARGET, LOGIN_TYPE, Login } from './login.js';
import { post, refusal } from './transport.js';
import { answerDetail, clearOf, requestDetail } from './wire.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./clock.js').Clock} Clock */
/** @typedef {import('./clock.js').Mark} Mark */
/** @typedef {import('./lanes.js').Lane} Lane */
/** @typedef {import('./types.js').Credential} Credential */
/** @typedef {import('./types.js').WireDetail} WireDetail */
/** @typedef {import('./transport.js').WireAnswer} WireAnswer */

/**
 * What one try on one lane came to. With an error the lane is over.
 * @typedef {object} Outcome
 * @property {SkeymError} [error]    'network', 'timeout', 'refused', 'busy', 'size', 'seal', 'locked'
 * @property {{status: number, type: string, plain: Bytes}} [answer]
 * @property {string | null} next    SkeyM-Next
 * @property {Bytes} secret          S_{n+1}; SECRET
 * @property {Mark} sent
 */

/**
 * @typedef {object} PeerOptions
 * @property {typeof fetch} fetch
 * @property {string} origin
 * @property {Clock} clock
 * @property {number} timeoutMs
 * @property {AbortSignal} signal       ends whatever is under way
 * @property {(detail: WireDetail) => void} observe
 */

export class Peer {
  #options;
  #exchanges = 0;

  /** @param {PeerOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Sends and waits, and shows both. `mean` says what an answer means.
   * @template T
   * @param {'login' | 'exchange'} kind @param {string} target @param {Record<string, string>} fields
   * @param {Bytes} body @param {import('./types.js').WireClear | null} clear
   * @param {(answer: WireAnswer) => Promise<{result: T, clear: import('./types.js').WireClear | null}>} mean
   * @returns {Promise<T>}
   */
  async #send(kind, target, fields, body, clear, mean) {
    const { fetch, origin, clock, timeoutMs, signal, observe } = this.#options;
    const url = origin + target;
    const exchange = ++this.#exchanges;
    observe(requestDetail(url, fields, body, { kind, exchange, clear, at: clock.now() }));
    const answer = await post(fetch, { url, fields, body, timeoutMs, signal });
    const { result, clear: meant } = await mean(answer);
    observe(answerDetail(url, answer, { kind, exchange, clear: meant, at: clock.now() }));
    return result;
  }

  /** One message 1 and its answer. Errors: 'network', 'timeout', 'refused', 'busy', 'size',
   * 'handshake', 'locked', and 'key' of our own.
   * @param {Credential} credential @param {number} lanes @param {number} timeMs
   * @returns {Promise<{answer: import('./login.js').LoginAnswer, sent: Mark}>} */
  async login(credential, lanes, timeMs) {
    const login = new Login(credential, lanes);
    try {
      const body = await login.start(timeMs);
      const sent = this.#options.clock.mark();
      const fields = { 'Content-Type': LOGIN_TYPE };
      const raw = await this.#send('login', LOGIN_TARGET, fields, body, null, async (answer) => {
        return { result: answer, clear: null };
      });
      if (raw.status !== 200) throw refusal(raw, 'handshake');
      if (raw.type !== LOGIN_TYPE) throw new SkeymError('handshake', 'not the answer to a login');
      try {
        return { answer: await login.finish(raw.body), sent };
      } catch (cause) {
        throw new SkeymError('handshake', 'not made by the authority', { cause });
      }
    } finally {
      login.wipe();
    }
  }

  /** @param {import('./exchange.js').ExchangeKeys} keys @param {WireAnswer} raw */
  async #open(keys, raw) {
    let found;
    try {
      if (raw.type === JOSE_TYPE) found = await openJwe(keys.answer, raw.body);
    } catch {
      // counts as one that is not sealed
    }
    const answer = found && found.status === raw.status ? found : undefined;
    const clear = answer ? clearOf({ status: answer.status, type: answer.type }, answer.plain) : null;
    return { result: { raw, answer }, clear };
  }

  /** Never throws. @param {Lane} lane @param {Bytes} plain a closed request
   * @param {{method: string, target: string, contentType?: string, body?: Bytes}} request
   * @returns {Promise<Outcome>} */
  async exchange(lane, plain, { method, target, contentType = '', body = new Uint8Array(0) }) {
    const sent = this.#options.clock.mark();
    const keys = await exchangeKeys(lane.secret);
    const outcome = { next: null, secret: keys.next, sent };
    try {
      const sealed = await sealJwe(keys.request, CLOSED_CTY, plain);
      const covered = { method: 'POST', target: CLOSED_TARGET, type: JOSE_TYPE, body: sealed };
      const fields = {
        'Content-Type': JOSE_TYPE,
        Authorization: `SkeyM ${lane.token}`,
        'SkeyM-Proof': await proofOf(keys.proof, covered),
      };
      const clear = clearOf({ method, target, type: contentType }, body);
      const { raw, answer } = await this.#send(
        'exchange', CLOSED_TARGET, fields, sealed, clear, (came) => this.#open(keys, came),
      );
      if (answer) return { ...outcome, answer, next: raw.next };
      return { ...outcome, error: refusal(raw, 'seal') };
    } catch (cause) {
      const error =
        cause instanceof SkeymError ? cause : new SkeymError('seal', 'cannot be sealed', { cause });
      return { ...outcome, error };
    } finally {
      wipe(keys.proof, keys.request, keys.answer);
    }
  }
}
