// SPDX-License-Identifier: Apache-2.0
// The chains of tokens of a session (docs/PROTOCOL.md, 8): each lane has one token at a time.
import { wipe } from './bytes.js';
import { strictB64 } from './exchange.js';
import { TOKEN_MOST } from './login.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./clock.js').Clock} Clock */
/** @typedef {import('./clock.js').Mark} Mark */

/**
 * SECRET.
 * @typedef {object} Lane
 * @property {string} token
 * @property {Bytes} secret      S_n
 * @property {Mark} born         when the request was sent that brought the token, so that it is never
 *     younger in our eyes than in the server's
 * @property {Mark} start        when its login was sent
 * @property {number} lifetimeMs
 * @property {number} chainMs    from start to the login deadline
 * @property {number} lane
 * @property {number} sequence
 * @property {number} login      which login it comes from
 */

const MARGIN_MOST_MS = 3000; // for the way there

/** @param {Lane} lane */
export const wipeLane = (lane) => {
  wipe(lane.secret);
  lane.token = '';
};

export class Lanes {
  /** @type {Lane[]} */ #idle = [];
  #clock;
  #most;

  /** @param {Clock} clock @param {number} most */
  constructor(clock, most) {
    this.#clock = clock;
    this.#most = most;
  }

  /** @param {Lane} lane */
  isLive(lane) {
    const margin = Math.min(lane.lifetimeMs / 8, MARGIN_MOST_MS);
    const age = this.#clock.age(lane.born);
    const chainAge = this.#clock.age(lane.start);
    return !!lane.token && age < lane.lifetimeMs - margin && chainAge < lane.chainMs - margin;
  }

  #clean() {
    this.#idle = this.#idle.filter((lane) => {
      const live = this.isLive(lane);
      if (!live) wipeLane(lane);
      return live;
    });
  }

  /** How many there are to take. */
  get left() {
    this.#clean();
    return this.#idle.length;
  }

  /** In place of what there is. @param {import('./login.js').Grant} grant @param {Mark} sent
   * @param {number} login */
  fill(grant, sent, login) {
    this.drop();
    const chainMs = Math.max(0, grant.deadlineS * 1000 - grant.serverMs);
    this.#idle = grant.lanes.map(({ token, secret }, lane) => {
      const lifetimeMs = grant.lifetimeS * 1000;
      return { token, secret, born: sent, start: sent, lifetimeMs, chainMs, lane, sequence: 0, login };
    });
  }

  /** The one that has waited longest, so that spare ones are used before they die.
   * @returns {Lane | undefined} */
  take() {
    this.#clean();
    let found = 0;
    this.#idle.forEach((lane, i) => {
      if (this.#clock.age(lane.born) > this.#clock.age(this.#idle[found].born)) found = i;
    });
    return this.#idle.splice(found, 1)[0];
  }

  /** A lane whose answer opened goes on with the next token. If somebody put that in its place, its
   * proof fails and that is all. @param {Lane} lane @param {string | null} next SkeyM-Next
   * @param {Bytes} secret S_{n+1} @param {Mark} sent */
  giveNext(lane, next, secret, sent) {
    const going = { ...lane, token: strictB64(next, TOKEN_MOST), secret: secret.slice(), born: sent };
    going.sequence++;
    wipeLane(lane);
    if (this.isLive(going) && this.#idle.length < this.#most) this.#idle.push(going);
    else wipeLane(going);
  }

  /** All of them, for somebody else to hold. @returns {Lane[]} */
  takeAll() {
    this.#clean();
    return this.#idle.splice(0);
  }

  drop() {
    this.#idle.forEach(wipeLane);
    this.#idle = [];
  }

  /** For people: nothing secret. @param {number} now */
  describe(now) {
    this.#clean();
    return this.#idle
      .map(({ lane, sequence, born, start, lifetimeMs, chainMs }) => {
        const life = lifetimeMs - this.#clock.age(born);
        const chain = chainMs - this.#clock.age(start);
        return { lane, sequence, expiresAt: now + Math.min(life, chain) };
      })
      .sort((a, b) => a.lane - b.lane);
  }
}

