// SPDX-License-Identifier: Apache-2.0
// tests/vectors/protocol.json for the tests: its values, of which it is known which were looked at,
// and its inputs in the form that this implementation takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from './skeym/bytes.mjs';
import { enrolKeys } from './skeym/keys.mjs';
import * as scopes from './skeym/scopes.mjs';
import { readJson, unhex } from './support.mjs';

/** @typedef {import('./skeym/claims.mjs').TokenClaims} TokenClaims */

/** Paths of the values that no test has looked at yet. @type {Set<string>} */
export const unread = new Set();

/** The same values; each one that is looked at leaves `unread`.
 * @param {any} value @param {string} path @returns {any} */
function watched(value, path) {
  if (typeof value !== 'object') {
    unread.add(path);
    return value;
  }
  const inside = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, watched(one, `${path}/${key}`)]),
  );
  return new Proxy(value, {
    get: (target, key) => {
      unread.delete(`${path}/${String(key)}`);
      return Object.hasOwn(inside, key) ? inside[/** @type {string} */ (key)] : target[key];
    },
  });
}

const file = readJson('tests/vectors/protocol.json') ?? {};
const skip = file.about ? false : 'there is no tests/vectors/protocol.json';
export const all = watched(file, '');

/** @param {string} name @param {() => void | Promise<void>} body */
export const check = (name, body) => test(name, { skip }, body);

/** What our refusal says where theirs names a check; their other words are about the form. */
const CHECKS = {
  version: 'version',
  epoch: 'epoch',
  time: 'time',
  seal: 'unseal',
  handshake: 'unseal',
  locator: 'unseal',
};

/** Refused, and by the right check. @param {any} listed @param {() => any} run */
export async function assertRefused(listed, run) {
  const why = listed.why ?? listed.word ?? listed.text ?? listed.plain;
  const error = await Promise.resolve()
    .then(run)
    .then(
      (value) => assert.fail(`not refused: ${why}: ${JSON.stringify(value)}`),
      (one) => one,
    );
  assert.equal(error.name, 'SkeymError', `${why}: ${error.stack}`);
  const wanted = /** @type {Record<string, string>} */ (CHECKS)[listed.error];
  // `size` and a message cut short may be seen before or after the seal is tried.
  const free =
    listed.error === undefined || listed.error === 'size' || /less|zeros|empty|private/.test(why);
  if (wanted && !free) assert.equal(error.code, wanted, why);
  if (!wanted && !free)
    assert.ok(!Object.values(CHECKS).includes(error.code), `${why}: ${error.code}`);
}

/** @param {any} words @returns {scopes.Scope[]} */
export const parseScopes = (words) => words.map((/** @type {string} */ word) => scopes.parseScope(word));

/** The node claims of the enrolment, for this node id. @param {string} node */
export const nodeClaims = (node) => ({
  publicKey: unhex(all.enrolment.node_public),
  generation: all.enrolment.generation,
  notAfter: all.enrolment.not_after,
  role: all.enrolment.role,
  node,
  scopes: parseScopes(all.enrolment.scopes),
});

/** Token claims as the file lists them.
 * @param {any} given @param {string} secret @returns {TokenClaims} */
export const tokenClaims = (given, secret) => ({
  secret: unhex(secret),
  issued: given.issued_ms,
  lifetime: given.lifetime,
  loginTime: given.login_time,
  loginDeadline: given.login_deadline,
  lane: given.lane,
  sequence: given.sequence,
  flags: given.flags,
  instance: given.instance,
  generation: given.generation,
  role: given.role,
  node: given.node,
  scopes: parseScopes(given.scopes),
});

/** @param {number} id */
export async function enrolKey(id) {
  const found = all.keys.enrol_keys.find((/** @type {any} */ one) => one.id === id);
  return found ? enrolKeys(unhex(found.E)) : refuse('unseal', 'an unknown enrol key');
}

/** @param {number} epoch */
export function keyOf(epoch) {
  const found = all.keys.epochs.find((/** @type {any} */ one) => one.epoch === epoch);
  return found && unhex(found.K_e_a);
}
