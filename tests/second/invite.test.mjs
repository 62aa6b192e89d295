// SPDX-License-Identifier: Apache-2.0
// Enrolments by invitation against the real server (PROTOCOL.md §5.1).
import assert from 'node:assert/strict';
import { SkeymNode } from './skeym/client.mjs';
import { decodeCode, ENROL_TARGET, ENROL_TYPE, startEnrolment } from './skeym/invite.mjs';
import { keyPair } from './skeym/primitives.mjs';
import { fetchTransport } from './skeym/transport.mjs';
import { assertNotAdmitted, here, live, liveWard, METADATA, sendLogin } from './live.mjs';

liveWard();

/** @param {string} node */
const invited = (node) =>
  decodeCode(
    here.ward
      .administer(
        ...['enrol', node, '--role', 'nurse', '--scope', 'user/*.rs'],
        ...['--invite', '--code-only', '--server', here.ward.url],
      )
      .trim(),
  );

/** @param {Uint8Array} body @param {string} [type] */
const send = (body, type = ENROL_TYPE) =>
  fetchTransport(here.ward.url, {
    method: 'POST',
    target: ENROL_TARGET,
    headers: { 'content-type': type },
    body,
  });

/** Enrols, and logs in by what came of it.
 * @param {import('./skeym/invite.mjs').Code} code @param {import('./skeym/noise.mjs').KeyPair} pair */
async function enrol(code, pair) {
  const { body, finish } = await startEnrolment(code, pair);
  const reply = await send(body);
  assert.equal(reply.status, 200);
  assert.equal(reply.header('content-type'), ENROL_TYPE);
  const answer = await finish(reply.body);
  assert.ok(answer.kind === 'granted');
  const { locator, credential, claims } = answer;
  const { audience, authority } = code;
  const identity = {
    ...{ node: claims.node, server: here.ward.url, audience, authority },
    ...{ locator, credential, pair },
  };
  return { claims, identity };
}

live('an invitation enrols a key that was made here; it logs in and reads', async () => {
  const { claims, identity } = await enrol(invited('tablet-1'), await keyPair());
  assert.equal(claims.node, 'tablet-1');
  assert.equal(claims.role, 'nurse');
  const node = new SkeymNode(identity);
  assert.equal((await node.request(METADATA)).status, 200);
});

live('the same key is answered again, another is refused as everything is', async () => {
  const code = invited('tablet-2');
  const pair = await keyPair();
  const first = await enrol(code, pair);
  const again = await enrol(code, pair);
  assert.deepEqual(again.identity.credential, first.identity.credential);
  assert.notDeepEqual(again.identity.locator, first.identity.locator);
  const other = await startEnrolment(code, await keyPair());
  assertNotAdmitted(await send(other.body), 'another key');
  assert.equal((await new SkeymNode(first.identity).request(METADATA)).status, 200);
});

live('a clock that is off is answered by the time, and uses nothing up', async () => {
  const code = invited('tablet-3');
  const pair = await keyPair();
  const { body, finish } = await startEnrolment(code, pair, { time: Date.now() - 90_000 });
  const reply = await send(body);
  assert.equal(reply.status, 200);
  const answer = await finish(reply.body);
  assert.equal(answer.kind, 'clock');
  assert.ok(Math.abs(answer.serverTime - Date.now()) < 60_000);
  await enrol(code, await keyPair());
});

live('an invitation is no locator, a locator is no invitation', async () => {
  const code = invited('tablet-4');
  const pair = await keyPair();
  const { body } = await startEnrolment(code, pair);
  assertNotAdmitted(await sendLogin(body), 'an enrolment as a login');
  assertNotAdmitted(await send(body, 'application/skeym-login'), 'of another media type');
  const { locator } = here.doctor;
  const wrong = await startEnrolment({ ...code, invitation: locator }, here.doctor.pair);
  assertNotAdmitted(await send(wrong.body), 'a locator');
  await enrol(code, pair);
});
