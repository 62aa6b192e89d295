// SPDX-License-Identifier: Apache-2.0
// What the live tests have in common: a ward, requests of every kind, good and bad.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { b64 } from './skeym/base64url.mjs';
import { toBytes, toText } from './skeym/bytes.mjs';
import { RefusedError } from './skeym/client.mjs';
import { CLOSED_TARGET } from './skeym/closed.mjs';
import { exchangeKeys, proof } from './skeym/exchange.mjs';
import { JWE_TYPE } from './skeym/jwe.mjs';
import { firstSecret, LOGIN_TARGET, LOGIN_TYPE, startLogin } from './skeym/login.mjs';
import { parseScope } from './skeym/scopes.mjs';
import { fetchTransport } from './skeym/transport.mjs';
import { SKEYM, Ward } from './program.mjs';

/** @typedef {import('./skeym/credential.mjs').Identity} Identity */
/** @typedef {import('./skeym/transport.mjs').Wire} Wire */
/** @typedef {import('./skeym/transport.mjs').WireAnswer} WireAnswer */

export const FHIR = 'application/fhir+json';
export const HOUR = 3_600_000;
export const NOT_ADMITTED =
  '{"resourceType":"OperationOutcome","issue":[' +
  '{"severity":"error","code":"login","diagnostics":"not admitted"}]}';
export const METADATA = { method: 'GET', target: '/fhir/metadata' };

/** What the tests of a file share, once its first test runs.
 * @type {{ ward: Ward, doctor: Identity }} */
export const here = /** @type {any} */ ({});

/** @param {Uint8Array} body */
export const json = (body) => JSON.parse(toText(body));

/** @param {string} patient @param {number} value */
export const heartRate = (patient, value) => ({
  resourceType: 'Observation',
  status: 'final',
  category: [
    {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/observation-category',
          code: 'vital-signs',
        },
      ],
    },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }] },
  subject: { reference: `Patient/${patient}` },
  effectiveDateTime: '2026-11-22T10:00:00Z',
  valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
});

/** @param {object} resource @param {string} [target] */
export const post = (resource, target = `/fhir/${/** @type {any} */ (resource).resourceType}`) => ({
  method: 'POST',
  target,
  contentType: FHIR,
  body: toBytes(JSON.stringify(resource)),
});

/** A transport that counts: logins, and how many requests were under way at once. */
export function counting() {
  /** @type {Wire[]} */ const wires = [];
  const seen = { logins: 0, exchanges: 0, now: 0, most: 0, wires };
  /** @type {import('./skeym/transport.mjs').Transport} */
  const transport = async (server, wire) => {
    seen.wires.push(wire);
    if (wire.target === LOGIN_TARGET) seen.logins++;
    else seen.exchanges++;
    seen.most = Math.max(seen.most, ++seen.now);
    try {
      return await fetchTransport(server, wire);
    } finally {
      seen.now--;
    }
  };
  return { seen, transport };
}

/** Tokens and secrets by hand, for requests that a good node would not send.
 * @param {Identity} identity @param {number} tokens @param {string[]} [scopes] */
export async function lanes(identity, tokens, scopes = []) {
  const wanted = {
    time: Date.now(),
    audience: identity.audience,
    tokens,
    scopes: scopes.map(parseScope),
  };
  const { body, finish } = await startLogin(identity, wanted);
  const reply = await sendLogin(body);
  if (reply.status !== 200) throw new RefusedError(reply);
  const { answer, secrets } = await finish(reply.body);
  assert.ok(answer.kind === 'granted');
  return Promise.all(
    answer.tokens.map(async (token, lane) => ({ token, secret: await firstSecret(secrets, lane) })),
  );
}

/** @param {Uint8Array} body @param {string} [type] */
export const sendLogin = (body, type = LOGIN_TYPE) =>
  fetchTransport(here.ward.url, {
    method: 'POST',
    target: LOGIN_TARGET,
    headers: { 'content-type': type },
    body,
  });

/** @param {Wire} wire */
export const send = (wire) => fetchTransport(here.ward.url, wire);

/** The one answer of §8.4, and nothing more. @param {WireAnswer} answer @param {string} [why] */
export function assertNotAdmitted(answer, why) {
  assert.equal(answer.status, 401, why);
  assert.equal(answer.header('www-authenticate'), 'SkeyM');
  assert.equal(answer.header('content-type'), FHIR);
  assert.equal(answer.header('skeym-next'), null);
  assert.equal(toText(answer.body), NOT_ADMITTED);
}

/** A request as bytes of our own choice inside the seal.
 * @param {{ token: Uint8Array, secret: Uint8Array }} lane
 * @param {Uint8Array} body what goes outside
 * @param {{ type?: string, target?: string }} [how] */
export async function raw(
  { token, secret },
  body,
  { type = JWE_TYPE, target = CLOSED_TARGET } = {},
) {
  const keys = await exchangeKeys(secret);
  const mac = await proof(keys.mac, { method: 'POST', target, contentType: type, body });
  const headers = {
    'content-type': type,
    authorization: `SkeyM ${b64(token)}`,
    'skeym-proof': b64(mac),
  };
  return { keys, wire: { method: 'POST', target, headers, body } };
}

const skip = SKEYM ? false : 'SKEYM does not name the program';
/** @param {string} name @param {() => Promise<void>} body */
export const live = (name, body) => test(name, { skip }, body);

/** A ward for the tests of one file, and a doctor who may do everything. */
export function liveWard() {
  before(async () => {
    if (skip) return;
    here.ward = await Ward.start();
    here.doctor = await here.ward.enrol('doctor-js', 'doctor', 'user/*.cruds');
  });
  after(() => here.ward?.stop());
}
