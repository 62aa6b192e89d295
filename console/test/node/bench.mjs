// SPDX-License-Identifier: Apache-2.0
// What the tests of a session have in common: a session on a server of the tests, and ways to disturb
// the two.
import { Pauses } from '../../js/node/pauses.js';
import { Session } from '../../js/node/session.js';
import { FakeServer } from './server.mjs';

/** Waits that take no time but are written down; `stop` makes them wait for ever. */
export class NoPauses extends Pauses {
  /** @type {number[]} */ asked = [];
  stop = false;

  /** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
  async wait(ms, signal) {
    this.asked.push(ms);
    if (this.stop) return super.wait(2 ** 31 - 1, signal);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** @typedef {Partial<import('../../js/node/session.js').SessionOptions>} Options */

/** A server, a session on it, and what the session said. @param {Options} [options] */
export async function made(options = {}) {
  const server = await FakeServer.make();
  const credential = await server.credential();
  const pauses = new NoPauses();
  const session = new Session({ credential, fetch: server.fetch, pauses, patienceMs: 60_000, ...options });
  /** @type {string[]} */ const states = [];
  session.addEventListener('state', (/** @type {any} */ { detail }) => {
    states.push(detail.reason ? `${detail.state}: ${detail.reason}` : detail.state);
  });
  return { server, credential, pauses, session, states };
}

export const get = (target = '/fhir/Patient') => ({ method: 'GET', target });
export const write = (more = {}) => ({ method: 'POST', target: '/fhir/Observation', body: { a: 1 }, ...more });
/** How often was it carried out? @param {FakeServer} server */
export const writes = (server) => server.done.get('POST /fhir/Observation') ?? 0;
/** Does `what` to the first exchange (or the first of a kind). @param {FakeServer} server
 * @param {FakeServer['tap']} what @param {'login' | 'exchange'} [which] @param {number} [times] */
export function once(server, what, which = 'exchange', times = 1) {
  server.tap = (kind, go, request) => {
    return kind === which && times-- > 0 ? what(kind, go, request) : go();
  };
}
export const joined = (/** @type {ArrayLike<number>[]} */ ...parts) => new Uint8Array(parts.flatMap((part) => [...Array.from(part)]));
/** Waits for a state by its event. @param {Session} session @param {string} state */
export function until(session, state) {
  if (session.state === state) return Promise.resolve();
  return new Promise((resolve) => {
    session.addEventListener('state', () => session.state === state && resolve(undefined));
  });
}

export const lose = async () => {
  throw new TypeError('fetch failed');
};
/** @type {FakeServer['tap']} */
export const loseAnswer = async (_, go) => {
  await go();
  throw new TypeError('fetch failed');
};
