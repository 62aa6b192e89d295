// SPDX-License-Identifier: Apache-2.0
// The primitives against the vectors of their own documents, and the strict forms of the encodings.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { b64, unb64 } from './skeym/base64url.mjs';
import { concat, Reader, toBytes } from './skeym/bytes.mjs';
import { decodeClosed, encodeClosed } from './skeym/closed.mjs';
import { Initiator, Responder } from './skeym/noise.mjs';
import {
  gcmOpen,
  hkdfExpand,
  keyPair,
  x25519,
  xaesDerive,
  xaesOpen,
  xaesSeal,
} from './skeym/primitives.mjs';
import {
  allows,
  covers,
  decodeScope,
  encodeScope,
  parseScope,
  scopeWord,
} from './skeym/scopes.mjs';
import { hex, readJson, unhex } from './support.mjs';

/** @param {string} code */
const refused = (code) => ({ name: 'SkeymError', code });
/** @param {number} from @param {number} to */
const range = (from, to) => Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('X25519: RFC 7748 §5.2, once and a thousand times', async () => {
  const product = await x25519(
    unhex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'),
    unhex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'),
  );
  assert.equal(hex(product), 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552');
  let [k, u] = [
    concat(Uint8Array.of(9), new Uint8Array(31)),
    concat(Uint8Array.of(9), new Uint8Array(31)),
  ];
  for (let i = 0; i < 1000; i++) {
    [k, u] = [await x25519(k, u), k];
    if (i === 0)
      assert.equal(hex(k), '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079');
  }
  assert.equal(hex(k), '684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51');
});

test('X25519: an all-zero product is refused', async () => {
  const { privateKey } = await keyPair();
  for (const low of [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  ]) {
    await assert.rejects(x25519(privateKey, unhex(low)), refused('key'));
  }
});

test('HKDF-Expand: RFC 5869 appendix A, cases 1 to 3', async () => {
  /** @type {[string, Uint8Array, string][]} */
  const cases = [
    [
      '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
      range(0xf0, 0xf9),
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
      range(0xb0, 0xff),
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6' +
        '5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    ],
    [
      '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
      new Uint8Array(0),
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
  ];
  for (const [prk, info, okm] of cases) {
    assert.equal(hex(await hkdfExpand(unhex(prk), info, okm.length / 2)), okm);
  }
});

test('XAES-256-GCM: the two vectors of C2SP', async () => {
  const nonce = toBytes('ABCDEFGHIJKLMNOPQRSTUVWX');
  const plaintext = toBytes('XAES-256-GCM');
  const one = new Uint8Array(32).fill(1);
  const { L, K1, Kx } = await xaesDerive(one, nonce);
  assert.equal(hex(L), '7298caa565031eadc6ce23d23ea66378');
  assert.equal(hex(K1), 'e531954aca063d5b8d9c47a47d4cc6f0');
  assert.equal(hex(Kx), 'c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b');
  assert.equal(
    hex(await xaesSeal(one, nonce, plaintext, new Uint8Array(0))),
    'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271',
  );
  const three = new Uint8Array(32).fill(3);
  const aad = toBytes('c2sp.org/XAES-256-GCM');
  const sealed = await xaesSeal(three, nonce, plaintext, aad);
  assert.equal(hex(sealed), '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d');
  assert.deepEqual(await xaesOpen(three, nonce, sealed, aad), plaintext);
  await assert.rejects(xaesOpen(three, nonce, sealed, new Uint8Array(0)), refused('unseal'));
  await assert.rejects(gcmOpen(three, nonce.slice(12), new Uint8Array(15), aad), refused('size'));
});

test('XAES-256-GCM: 10,000 random cases of C2SP', async () => {
  const stream = new Reader(createHash('shake128', { outputLength: 4_000_000 }).digest());
  const ciphertexts = createHash('shake128', { outputLength: 32 });
  for (let i = 0; i < 10_000; i++) {
    const [key, nonce] = [stream.take(32), stream.take(24)];
    const [plaintext, aad] = [stream.take(stream.u8()), stream.take(stream.u8())];
    ciphertexts.update(
      await xaesSeal(Uint8Array.from(key), Uint8Array.from(nonce), plaintext, aad),
    );
  }
  assert.equal(
    ciphertexts.digest('hex'),
    'e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939',
  );
});

test("Noise IKpsk1: cacophony's handshake, both sides", async (t) => {
  const file = readJson('../shared/vectors/noise_ikpsk1_25519_aesgcm_sha256.json');
  if (!file) return t.skip('the vectors of others are not beside the repository');
  const vector = file.vectors[0];
  const pair = (/** @type {string} */ key) => keyPair(unhex(key));
  const node = new Initiator({
    prologue: unhex(vector.init_prologue),
    psk: unhex(vector.init_psks[0]),
    s: await pair(vector.init_static),
    e: await pair(vector.init_ephemeral),
    rs: unhex(vector.init_remote_static),
  });
  const authority = new Responder({
    prologue: unhex(vector.resp_prologue),
    psk: unhex(vector.resp_psks[0]),
    s: await pair(vector.resp_static),
    e: await pair(vector.resp_ephemeral),
  });
  const [first, second] = vector.messages;
  const message1 = await node.writeMessage1(unhex(first.payload));
  assert.equal(hex(message1), first.ciphertext);
  const read = await authority.readMessage1(message1);
  assert.equal(hex(read.payload), first.payload);
  const { message, secrets } = await authority.writeMessage2(unhex(second.payload));
  assert.equal(hex(message), second.ciphertext);
  const end = await node.readMessage2(message);
  assert.equal(hex(end.payload), second.payload);
  assert.equal(hex(end.handshakeHash), vector.handshake_hash);
  assert.deepEqual(end.secrets, secrets);
});

test('base64url: RFC 4648 §10, and one text for each value', () => {
  for (const [plain, text] of [
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foobar', 'Zm9vYmFy'],
  ]) {
    assert.equal(b64(toBytes(plain)), text);
    assert.deepEqual(unb64(text), toBytes(plain));
  }
  assert.equal(b64(Uint8Array.of(0xfb, 0xff)), '-_8');
  for (const bad of ['Zg==', 'Zh', 'Zm9', 'Z', 'Zm9vY', '+/8', 'Zg\n', ' Zg', 'Zü']) {
    assert.throws(() => unb64(bad), refused('base64'), bad);
  }
});

test('scopes: words, bytes, covering and allowing', () => {
  for (const word of ['patient/p-1/Observation.rs', 'user/*.cruds', 'system/Location.c']) {
    assert.equal(scopeWord(parseScope(word)), word);
    assert.deepEqual(decodeScope(new Reader(encodeScope(parseScope(word)))), parseScope(word));
  }
  for (const bad of [
    'patient/Observation.r',
    'user/p/Observation.r',
    'user/Observation.',
    'user/Observation.sr',
    'user/Observation.rr',
    'user/Group.r',
    'user/observation.r',
    'patient/a_b/Flag.r',
    `patient/${'a'.repeat(65)}/Flag.r`,
    ' user/Flag.r',
    'user/Flag.r\n',
  ]) {
    assert.throws(() => parseScope(bad), { name: 'SkeymError' }, bad);
  }
  const cover = (/** @type {string} */ wide, /** @type {string} */ narrow) =>
    covers(parseScope(wide), parseScope(narrow));
  assert.ok(cover('user/*.cruds', 'patient/1/Flag.r'));
  assert.ok(cover('system/Flag.rs', 'system/Flag.s'));
  assert.ok(cover('patient/1/*.r', 'patient/1/Flag.r'));
  assert.ok(!cover('user/*.cruds', 'system/Flag.r'));
  assert.ok(!cover('system/*.cruds', 'user/Flag.r'));
  assert.ok(!cover('patient/1/*.r', 'patient/2/Flag.r'));
  assert.ok(!cover('patient/1/*.r', 'user/Flag.r'));
  assert.ok(!cover('user/Flag.r', 'user/*.r'));
  assert.ok(!cover('user/Flag.r', 'user/Flag.rs'));
  const may = [parseScope('patient/1/Observation.rs'), parseScope('user/Device.c')];
  assert.ok(allows(may, { action: 'r', type: 'Observation', patient: '1' }));
  assert.ok(allows(may, { action: 'c', type: 'Device' }));
  assert.ok(!allows(may, { action: 'r', type: 'Observation', patient: '2' }));
  assert.ok(!allows(may, { action: 'r', type: 'Observation' }));
  assert.ok(!allows(may, { action: 'c', type: 'Observation', patient: '1' }));
});

test('closed requests: there and back, and what the form cannot say', () => {
  const full = {
    method: 'POST',
    target: '/fhir/Observation?a=b',
    contentType: 'application/fhir+json; charset=utf-8',
    idempotencyKey: 'Az09._-',
    ifNoneExist: 'identifier=x|y',
    prefer: 'return=minimal',
    body: toBytes('{\n\n}'),
  };
  assert.deepEqual(decodeClosed(encodeClosed(full)), full);
  const bare = decodeClosed(toBytes('GET /x\n\n'));
  assert.equal(bare.contentType, undefined);
  assert.equal(bare.body?.length, 0);
  for (const bad of [
    '',
    'GET /x\n',
    'get /x\n\n',
    'GET x\n\n',
    'GET  /x\n\n',
    'GET /x HTTP/1.1\n\n',
    'GET /x\r\n\r\n',
    `GET /${'x'.repeat(4096)}\n\n`,
    'ABCDEFGHIJKLMNOPQ /x\n\n',
    'GET /x\nprefer: a\ncontent-type: b\n\n',
    'GET /x\nprefer: a\nprefer: a\n\n',
    'GET /x\nContent-Type: a\n\n',
    'GET /x\nprefer: \n\n',
    'GET /x\nprefer:a\n\n',
    `GET /x\nprefer: ${'a'.repeat(1025)}\n\n`,
    'GET /x\naccept: a\n\n',
    'GET /x\nidempotency-key: a/1\n\n',
    `GET /x\nidempotency-key: ${'a'.repeat(65)}\n\n`,
    'GET /x\nif-none-exist: a\nidempotency-key: a\n\n',
    'GET /é\n\n',
    'GET /x\nprefer: é\n\n',
  ]) {
    assert.throws(() => decodeClosed(toBytes(bad)), refused('shape'), bad);
  }
});
