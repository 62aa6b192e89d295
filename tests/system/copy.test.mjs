// SPDX-License-Identifier: Apache-2.0
// Two copies of one running machine (docs/THREATS.md, "What is not promised"): what still differs.
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { accept, prepare } from '../second/skeym/client.mjs';
import { readCredential } from '../second/skeym/credential.mjs';
import { firstSecret, LOGIN_TARGET, LOGIN_TYPE, startLogin } from '../second/skeym/login.mjs';
import { fetchTransport } from '../second/skeym/transport.mjs';
import { preload } from './world.mjs';

const METADATA = { method: 'GET', target: '/fhir/metadata' };
/* one thread: each has a buffer of nonces */
const PATIENT = ['--token-lifetime', '59', '--threads', '1'];

/** One login and one exchange: what the server sealed, and a lane that is left. */
async function visit({ url }, identity) {
  const wanted = { time: Date.now(), audience: identity.audience, tokens: 2, scopes: [] };
  const { body, finish } = await startLogin(identity, wanted);
  const headers = { 'content-type': LOGIN_TYPE };
  const reply = await fetchTransport(url, { method: 'POST', target: LOGIN_TARGET, headers, body });
  const { answer, secrets } = await finish(reply.body);
  const [first, second] = answer.tokens;
  const spent = await prepare({ token: first, secret: await firstSecret(secrets, 0) }, METADATA);
  const { next } = await accept(spent.keys, await fetchTransport(url, spent.wire));
  const left = { token: second, secret: await firstSecret(secrets, 1) };
  return { left, sealed: { first, second, next, locator: answer.locator } };
}

/** The halves of a nonce, and of each the part in which the time is. */
const halves = (sealed) => [sealed.slice(5, 13), sealed.slice(17, 25)].map((part) => part.join());
const timeless = (sealed) => [sealed.slice(13, 17), sealed.slice(25, 29)].join();

export default {
  async 'two copies of a machine seal no two things under one nonce'(world) {
    await world.init();
    const file = await world.enrol('doc', 'doctor', 'user/*.rs');
    const identity = await readCredential(readFileSync(file, 'utf8'));
    const copy = world.path('copy');
    cpSync(world.dir, copy, { recursive: true });
    const env = preload(world, 'copy.c');
    const one = await world.serve(PATIENT, { env });
    world.dir = copy;
    const two = await world.serve(PATIENT, { env });
    const [here, there] = [await visit(one, identity), await visit(two, identity)];
    for (const [what, sealed] of Object.entries(here.sealed)) {
      const other = there.sealed[what];
      assert.equal(timeless(sealed), timeless(other), `${what}: else these are no copies`);
      for (const i of [0, 1]) assert.notEqual(halves(sealed)[i], halves(other)[i], what);
    }
    /* and what does not: it is one instance, with a table in each */
    const { wire, keys } = await prepare(here.left, METADATA);
    for (const { url } of [two, one]) {
      assert.equal((await accept(keys, await fetchTransport(url, wire))).status, 200);
    }
  },
};
