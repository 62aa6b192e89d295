// SPDX-License-Identifier: Apache-2.0
// What tests/vectors/protocol.json lists as refused, but for enrolments (vectors.test.mjs, which runs
// this).
import assert from 'node:assert/strict';
import { b64, unb64 } from './skeym/base64url.mjs';
import { concat, equal, need, toBytes } from './skeym/bytes.mjs';
import { decodeClosed } from './skeym/closed.mjs';
import { proof } from './skeym/exchange.mjs';
import { openJwe } from './skeym/jwe.mjs';
import { credentialOf, locatorKeyId, openLocator } from './skeym/locator.mjs';
import * as login from './skeym/login.mjs';
import { Responder } from './skeym/noise.mjs';
import { keyPair } from './skeym/primitives.mjs';
import { judgeToken } from './skeym/token.mjs';
import { unhex } from './support.mjs';
import { all, assertRefused, check, enrolKey, keyOf } from './vectors.mjs';

check('refused: locators', async () => {
  assert.ok(all.refused.locators.length > 0);
  for (const bad of all.refused.locators) {
    const locator = unhex(bad.locator);
    // One entry is the good locator, to be opened by a keyring whose key of that id is another one.
    const another = bad.why === 'under another key of the same id';
    const key = async () => enrolKey(another ? 2 : locatorKeyId(locator));
    await assertRefused(bad, async () => openLocator((await key()).seal, locator));
  }
});

/** What an authority does with a login's body. @param {Uint8Array} body */
async function receiveLogin(body) {
  const { locator, message1 } = login.decodeLogin(body);
  const { seal, credential } = await enrolKey(locatorKeyId(locator));
  const claims = await openLocator(seal, locator);
  const s = await keyPair(unhex(all.keys.identity_private));
  const responder = new Responder({
    prologue: login.prologue(locator),
    psk: await credentialOf(credential, claims),
    s,
  });
  const { payload, initiatorStatic } = await responder.readMessage1(message1);
  need(equal(initiatorStatic, claims.publicKey), 'unseal', 'not the static key of the locator');
  return login.decodePayload1(payload);
}

check('refused: logins', async () => {
  assert.ok((await receiveLogin(unhex(all.login.usual.body))).tokens > 0);
  assert.ok(all.refused.logins.length > 0);
  for (const bad of all.refused.logins)
    await assertRefused(bad, () => receiveLogin(unhex(bad.body)));
});

check('refused: tokens', async () => {
  assert.ok(all.refused.tokens.length > 0);
  for (const bad of all.refused.tokens) {
    const when = { now: bad.now_ms, epochLength: all.keys.epoch_seconds };
    await assertRefused(bad, () => judgeToken(keyOf, all.keys.audience, unhex(bad.token), when));
  }
});

check('refused: proofs', async () => {
  const { about, proof_text, requests } = all.refused.proofs;
  const [, method, target] = /the proof of (\S+) (\S+),/.exec(about) ?? [];
  const key = unhex(all.exchange.k_m);
  assert.equal(b64(await proof(key, { method, target })), proof_text);
  for (const bad of requests) {
    await assertRefused({ why: bad.why, error: bad.error }, async () => {
      const { method, target, content_type: contentType } = bad;
      const mac = await proof(key, { method, target, contentType });
      need(equal(mac, unb64(proof_text)), 'proof', 'not the proof of this request');
    });
  }
});

check('refused: bodies', async () => {
  assert.ok(all.refused.jwe.length > 0);
  for (const bad of all.refused.jwe) {
    const key = bad.as === 'request' ? all.exchange.k_q : all.exchange.k_p;
    await assertRefused(bad, () => openJwe(unhex(key), bad.as, toBytes(bad.jwe)));
  }
});

check('refused: closed requests', async () => {
  assert.ok(all.refused.closed_requests.length > 0);
  for (const bad of all.refused.closed_requests) {
    await assertRefused(bad, () => decodeClosed(concat(bad.plain)));
  }
});
