// SPDX-License-Identifier: Apache-2.0
// Bodies against npm's `jose`, a third implementation that knows nothing of this protocol: it opens
// what we seal, and we open what it seals, if its header is ours to the byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactDecrypt, CompactEncrypt } from 'jose';
import { b64, unb64 } from './skeym/base64url.mjs';
import { toBytes, toText } from './skeym/bytes.mjs';
import { exchangeKeys } from './skeym/exchange.mjs';
import { openJwe, sealJwe } from './skeym/jwe.mjs';
import { random } from './skeym/primitives.mjs';

const CTY = 'application/fhir+json';
const PLAINTEXT = toBytes('{"resourceType":"Patient","name":[{"family":"Grünwald"}]}');
const { request: k_q, answer: k_p } = await exchangeKeys(random(32));
/** @param {Record<string, unknown>} header @param {Uint8Array} key */
const byJose = async (header, key) =>
  toBytes(
    await new CompactEncrypt(PLAINTEXT)
      .setProtectedHeader(/** @type {any} */ (header))
      .encrypt(key),
  );
/** @param {string} code */
const refused = (code) => ({ name: 'SkeymError', code });

test('jose opens our answer with k_p', async () => {
  const body = await sealJwe(k_p, { cty: CTY, status: 200, plaintext: PLAINTEXT });
  const { plaintext, protectedHeader } = await compactDecrypt(body, k_p);
  assert.deepEqual(Uint8Array.from(plaintext), PLAINTEXT);
  assert.deepEqual(protectedHeader, { alg: 'dir', enc: 'A256GCM', cty: CTY, status: 200 });
  await assert.rejects(compactDecrypt(body, k_q));
});

test('jose opens our request with k_q, also an empty one', async () => {
  for (const plaintext of [PLAINTEXT, new Uint8Array(0)]) {
    const opened = await compactDecrypt(await sealJwe(k_q, { cty: CTY, plaintext }), k_q);
    assert.deepEqual(Uint8Array.from(opened.plaintext), plaintext);
    assert.deepEqual(opened.protectedHeader, { alg: 'dir', enc: 'A256GCM', cty: CTY });
  }
});

test("we open jose's request and answer with our header", async () => {
  const request = await byJose({ alg: 'dir', enc: 'A256GCM', cty: CTY }, k_q);
  assert.deepEqual(await openJwe(k_q, 'request', request), {
    cty: CTY,
    status: undefined,
    plaintext: PLAINTEXT,
  });
  const answer = await byJose({ alg: 'dir', enc: 'A256GCM', cty: CTY, status: 404 }, k_p);
  assert.deepEqual(await openJwe(k_p, 'answer', answer), {
    cty: CTY,
    status: 404,
    plaintext: PLAINTEXT,
  });
});

test("we refuse jose's other headers, valid as they are for it", async () => {
  const [alg, enc, cty, status] = ['dir', 'A256GCM', CTY, 200];
  for (const header of [
    { enc, alg, cty },
    { alg, enc },
    { alg, enc, cty, kid: 'x' },
    { alg, enc, cty, zip: undefined, typ: 'JWE' },
    { alg, enc, cty: 'a b' },
    { alg, enc, cty: 'é' },
    { alg, enc, cty: 'a'.repeat(65) },
    { alg, enc, cty, status },
    { alg, enc, status, cty },
  ]) {
    const body = await byJose(header, k_q);
    assert.ok(await compactDecrypt(body, k_q));
    await assert.rejects(openJwe(k_q, 'request', body), refused('shape'), JSON.stringify(header));
  }
  for (const header of [
    { alg, enc, cty },
    { alg, enc, cty, status: '200' },
    { alg, enc, cty, status: 99 },
    { alg, enc, cty, status: 1000 },
  ]) {
    await assert.rejects(
      openJwe(k_p, 'answer', await byJose(header, k_p)),
      refused('shape'),
      JSON.stringify(header),
    );
  }
});

test('every altered byte of an answer is refused, by us and by jose', async () => {
  const body = toText(await sealJwe(k_p, { cty: CTY, status: 200, plaintext: toBytes('{}') }));
  for (let i = 0; i < body.length; i++) {
    const altered = body.slice(0, i) + (body[i] === 'A' ? 'B' : 'A') + body.slice(i + 1);
    await assert.rejects(openJwe(k_p, 'answer', toBytes(altered)), { name: 'SkeymError' }, altered);
    await assert.rejects(openJwe(k_p, 'answer', toBytes(body.slice(0, i))), { name: 'SkeymError' });
  }
  const [head, , iv, ciphertext, tag] = body.split('.');
  const shorter = b64(unb64(tag).slice(0, 12));
  for (const bad of [
    [head, '', iv, ciphertext, shorter],
    [head, 'AA', iv, ciphertext, tag],
    [head, '', iv, ciphertext, tag, ''],
    [head, '', `${iv}AAAA`, ciphertext, tag],
    [`${head}=`, '', iv, ciphertext, tag],
  ]) {
    await assert.rejects(
      openJwe(k_p, 'answer', toBytes(bad.join('.'))),
      { name: 'SkeymError' },
      bad.join('.'),
    );
  }
});
