// SPDX-License-Identifier: Apache-2.0
// The small parts, where the vectors do not reach.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, b64, concat, text, u16, u32, u48, u8, unb64, utf8 } from '../../js/node/bytes.js';
import { readClaims } from '../../js/node/claims.js';
import { canonicalRequest, openJwe, sealJwe, strictB64 } from '../../js/node/exchange.js';
import { Clock } from '../../js/node/clock.js';
import { Lanes } from '../../js/node/lanes.js';
import { Handshake, Symmetric } from '../../js/node/noise.js';
import { hmac, keyPair, random, seal, x25519 } from '../../js/node/primitives.js';
import { Queue } from '../../js/node/queue.js';
import { orAborted } from '../../js/node/request.js';
import { ANSWER_MOST, post } from '../../js/node/transport.js';
import { failsAs, flipped } from './support.mjs';

// --- bytes ---------------------------------------------------------------------------

test('base64url refuses letters beyond ASCII, whose low byte would be one of its own', () => {
  assert.throws(() => unb64('AAA\u0141'), failsAs('shape'));
});

test('base64url: any bytes of any length, there and back, as others write them', () => {
  for (let size = 0; size < 70; size++) {
    const some = random(size);
    assert.equal(b64(some), Buffer.from(some).toString('base64url'));
    assert.deepEqual(unb64(b64(some)), some);
  }
});

test('base64url refuses one wrong letter, wherever it stands', () => {
  for (const good of ['AAAAAAAA', 'AAAAAA', 'AAAAAAA']) {
    for (let i = 0; i < good.length; i++) {
      for (const bad of ['+', '/', '=', ' ', '.', '\n', '\0', '\u00e9']) {
        assert.throws(() => unb64(good.slice(0, i) + bad + good.slice(i + 1)), failsAs('shape'));
      }
    }
  }
  for (const left of ['AAAAAB', 'AAAAAP', 'AAAAAAB', 'AAAAAAD']) assert.throws(() => unb64(left), failsAs('shape'));
});

test('a number that does not fit is the caller\'s mistake', () => {
  for (const wrong of [-1, 256, 1.5, NaN]) assert.throws(() => u8(wrong), failsAs('usage'));
  assert.throws(() => u16(65_536), failsAs('usage'));
  assert.throws(() => u48(2 ** 48), failsAs('usage'));
  assert.deepEqual([...u48(2 ** 48 - 2)], [255, 255, 255, 255, 255, 254]);
});

test('a cursor reads big-endian numbers, copies, and never past the end', () => {
  const bytes = concat(u8(1), u16(2), u32(3_000_000_000), u48(1_800_000_123_456), new Uint8Array([7, 8, 9]));
  const reader = new Reader(bytes);
  assert.deepEqual([reader.u8(), reader.u16(), reader.u32(), reader.u48()], [1, 2, 3_000_000_000, 1_800_000_123_456]);
  const copy = reader.take(2);
  bytes.fill(0);
  assert.deepEqual([...copy], [7, 8]);
  assert.throws(() => reader.end(), failsAs('shape'));
  assert.throws(() => reader.take(2), failsAs('shape'));
});

test('what is not UTF-8 is refused', () => {
  assert.throws(() => text(new Uint8Array([0xc3, 0x28])), failsAs('shape'));
});

// --- primitives ------------------------------------------------------------------------

test('a private key that is made here cannot be read', async () => {
  const { privateKey } = await keyPair();
  assert.equal(privateKey.extractable, false);
  assert.deepEqual(privateKey.usages, ['deriveBits']);
});

/** Of low order: their product with any key is zero. */
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];
test('keys of low order are refused, whether the engine throws or gives zeros', async (context) => {
  const { privateKey } = await keyPair();
  for (const key of LOW_ORDER) {
    await assert.rejects(x25519(privateKey, new Uint8Array(Buffer.from(key, 'hex'))), failsAs('key'));
  }
  const { publicKey } = await keyPair();
  context.mock.method(crypto.subtle, 'deriveBits', async () => new ArrayBuffer(32));
  await assert.rejects(x25519(privateKey, publicKey), failsAs('key'));
});

test('a browser without X25519, and a page without WebCrypto, are told so', async (context) => {
  context.mock.method(crypto.subtle, 'generateKey', async () => {
    throw new DOMException('no', 'NotSupportedError');
  });
  await assert.rejects(keyPair(), failsAs('unsupported'));
  const real = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
  try {
    await assert.rejects(hmac(new Uint8Array(32), u8(1)), failsAs('unsupported'));
  } finally {
    Object.defineProperty(globalThis, 'crypto', /** @type {any} */ (real));
  }
});

test('Noise: a key that is mixed into the next one is overwritten', async () => {
  const state = new Symmetric();
  for (const mix of /** @type {const} */ (['mixKey', 'mixKeyAndHash'])) {
    const { ck, k } = state;
    ck[0] = k[0] = 1;
    await state[mix](random(32));
    assert.ok([...ck, ...k].every((byte) => byte === 0), mix);
  }
  state.wipe();
  assert.ok([...state.h, ...state.ck, ...state.k].every((byte) => byte === 0));
});

test('a handshake is finished once, and not before its start', async () => {
  const [node, server] = [await keyPair(), await keyPair()];
  const party = { ...node, identity: server.publicKey, psk: random(32), prologue: random(8) };
  const handshake = new Handshake(party);
  await assert.rejects(handshake.finish(random(100)), failsAs('usage'));
  const again = new Handshake(party);
  await again.start(u8(1));
  await assert.rejects(again.finish(concat(server.publicKey, random(50))), failsAs('seal'));
  await assert.rejects(again.finish(concat(server.publicKey, random(50))), failsAs('usage'));
});

// --- claims ------------------------------------------------------------------------------

const claims = ({
  key = random(32), generation = 1, notAfter = 1, role = 1, node = 'Lee',
  scopes = [1, 2, 2, 18], padding = -1,
} = {}) => {
  const open = concat(key, u32(generation), u32(notAfter), u8(role), u8(node.length), utf8(node), new Uint8Array(scopes));
  return concat(open, new Uint8Array(padding < 0 ? (16 - (open.length % 16)) % 16 : padding));
};

test('claims: each field has its range', () => {
  readClaims(claims());
  const wrong = [
    claims({ generation: 0 }), claims({ notAfter: 0 }), claims({ role: 0 }), claims({ role: 6 }),
    claims({ node: '' }), claims({ node: '.a' }), claims({ node: '-a' }), claims({ node: 'a b' }),
    claims({ node: 'n'.repeat(33) }), claims({ scopes: [1, 0, 2, 18] }), claims({ scopes: [1, 4, 2, 18] }),
    claims({ scopes: [1, 2, 15, 18] }), claims({ scopes: [1, 2, 2, 0] }), claims({ scopes: [1, 2, 2, 32] }),
    claims({ scopes: [9, ...Array.from({ length: 9 }, () => [2, 2, 18]).flat()] }),
    claims({ scopes: [1, 1, 2, 18, 1, 0x5f] }), claims({ scopes: [1, 1, 2, 18, 0] }),
  ];
  wrong.forEach((bytes, i) => assert.throws(() => readClaims(bytes), failsAs('shape'), `${i}`));
});

test('claims: the zeros at the end are as many as are needed, and zeros', () => {
  const right = claims();
  assert.equal(right.length, 64);
  const wrong = [concat(right, new Uint8Array(16)), right.slice(0, -1), flipped(right, -1)];
  for (const bytes of wrong) assert.throws(() => readClaims(bytes), failsAs('shape'));
  const exact = claims({ node: 'Lee-of-the-ward' }); // needs none? then 16 are too many
  assert.equal(exact.length % 16, 0);
  assert.throws(() => readClaims(concat(exact, new Uint8Array(16))), failsAs('shape'));
});

// --- exchange ------------------------------------------------------------------------------

const HEADER = '{"alg":"dir","enc":"A256GCM","cty":"","status":200}';

/** An answer that is sealed well, put together as `form` says. @param {Uint8Array<ArrayBuffer>} key
 * @param {(parts: {header: string, iv: Uint8Array<ArrayBuffer>, cipher: Uint8Array, tag: Uint8Array}) => string} form
 * @param {{header?: string, ivSize?: number}} [more] */
async function answer(key, form, { header = HEADER, ivSize = 12 } = {}) {
  const iv = random(ivSize);
  const coded = b64(utf8(header));
  const sealed = await seal(key, iv, utf8(coded), utf8('plain'));
  return utf8(form({ header: coded, iv, cipher: sealed.slice(0, -16), tag: sealed.slice(-16) }));
}

test('an answer has five parts, an empty second, an iv of 12 and a tag of 16', async () => {
  const key = random(32);
  const good = await answer(key, ({ header, iv, cipher, tag }) => `${header}..${b64(iv)}.${b64(cipher)}.${b64(tag)}`);
  assert.equal(text((await openJwe(key, good)).plain), 'plain');
  const wrong = [
    answer(key, ({ header, iv, cipher, tag }) => `${header}.AA.${b64(iv)}.${b64(cipher)}.${b64(tag)}`),
    answer(key, ({ header, iv, cipher, tag }) => `${header}..${b64(iv)}.${b64(concat(cipher, tag))}`),
    answer(key, ({ header, iv, cipher, tag }) => `${header}..${b64(iv)}.${b64(cipher)}.${b64(tag)}.`),
    answer(key, ({ header, iv, cipher, tag }) => `${header}.${b64(iv)}.${b64(cipher)}.${b64(tag)}`),
    answer(key, ({ header, iv, cipher, tag }) => {
      const all = concat(cipher, tag);
      return `${header}..${b64(iv)}.${b64(all.slice(0, 6))}.${b64(all.slice(6))}`;
    }),
    answer(key, ({ header, iv, cipher, tag }) => `${header}..${b64(iv)}.${b64(cipher)}.${b64(tag)}`, { ivSize: 16 }),
    answer(key, ({ header, iv, cipher, tag }) => `${header}..${b64(iv)}.${b64(cipher)}.${b64(tag)}`, {
      header: '{"alg":"dir","enc":"A256GCM","cty":"","status":200} ',
    }),
    answer(key, ({ header, iv, cipher, tag }) => `${header}..${b64(iv)}.${b64(cipher)}.${b64(tag)}\n`),
  ];
  for (const [i, jwe] of wrong.entries()) {
    await assert.rejects(openJwe(key, await jwe), failsAs('shape'), `${i}`);
  }
});

test('a cty with other letters is not written', async () => {
  await assert.rejects(sealJwe(random(32), 'a/b"', utf8('')), failsAs('shape'));
  await assert.rejects(sealJwe(random(32), 'a'.repeat(65), utf8('')), failsAs('shape'));
});

test('two bodies under one key have different ivs', async () => {
  const key = random(32);
  const [one, two] = [await sealJwe(key, '', utf8('x')), await sealJwe(key, '', utf8('x'))];
  assert.notEqual(text(one), text(two));
});

test('a canonical request has no other letters than the protocol allows', async () => {
  for (const wrong of [{ method: 'GET', target: '/a b' }, { method: 'G T', target: '/' }, { method: 'GET', target: '/', type: 'a\n' }]) {
    await assert.rejects(canonicalRequest(wrong), failsAs('shape'));
  }
});

test('a next token counts when it is strict base64url of a token\'s size', () => {
  assert.equal(strictB64('AAAA', 3), 'AAAA');
  for (const wrong of [null, '', 'AB', 'A=', 'AAAAA']) assert.equal(strictB64(wrong, 3), '');
  assert.equal(strictB64('AAAAAA', 3), '');
});

// --- lanes -----------------------------------------------------------------------------------

test('lanes: no more than were wanted are kept, and what is dropped is overwritten', () => {
  const clock = new Clock({ now: () => 0, steady: () => 0 });
  const lanes = new Lanes(clock, 2);
  const grant = () => ({
    serverMs: 0, lifetimeS: 30, deadlineS: 3600, locator: random(9), secret: null,
    lanes: [1, 2].map(() => ({ token: 'AAAA', secret: random(32) })),
  });
  lanes.fill(grant(), clock.mark(), 1);
  const old = /** @type {any} */ (lanes.take());
  const first = grant();
  lanes.fill(first, clock.mark(), 2);
  const { secret } = old;
  lanes.giveNext(old, 'AAAA', random(32), clock.mark());
  assert.equal(lanes.left, 2, 'an old one finds no room');
  assert.ok(secret.every((/** @type {number} */ byte) => byte === 0));
  lanes.drop();
  assert.ok(first.lanes.every((lane) => lane.secret.every((byte) => byte === 0)));
});

test('lanes: the one whose token is oldest goes first, whenever its answer came', () => {
  let ms = 0;
  const clock = new Clock({ now: () => ms, steady: () => ms });
  const lanes = new Lanes(clock, 2);
  const two = [1, 2].map(() => ({ token: 'AAAA', secret: random(32) }));
  const grant = { serverMs: 0, lifetimeS: 30, deadlineS: 3600, locator: random(9), secret: null, lanes: two };
  lanes.fill(grant, clock.mark(), 1);
  const slow = /** @type {any} */ (lanes.take());
  const sentFirst = clock.mark();
  ms = 1000;
  lanes.giveNext(/** @type {any} */ (lanes.take()), 'AAAA', random(32), clock.mark());
  lanes.giveNext(slow, 'AAAA', random(32), sentFirst);
  assert.equal(lanes.take()?.lane, 0);
});

test('lanes: one that has died in the meantime is overwritten', () => {
  let ms = 0;
  const clock = new Clock({ now: () => ms, steady: () => ms });
  const lanes = new Lanes(clock, 2);
  const secret = random(32);
  const lane = { token: 'AAAA', secret };
  const grant = { serverMs: 0, lifetimeS: 30, deadlineS: 3600, locator: random(9), secret: null, lanes: [lane] };
  lanes.fill(grant, clock.mark(), 1);
  ms = 30_000;
  assert.equal(lanes.left, 0);
  assert.ok(secret.every((byte) => byte === 0));
});

// --- queue -----------------------------------------------------------------------------------

test('who gave up waiting, by patience or by the caller, gets no lane that another could use', async () => {
  const queue = new Queue();
  const ender = new AbortController();
  const late = queue.wait(0);
  const aborted = queue.wait(60_000, ender.signal);
  const patient = queue.wait(60_000);
  assert.equal(queue.size, 3);
  ender.abort();
  await assert.rejects(aborted, failsAs('aborted'));
  await assert.rejects(late, failsAs('offline'));
  assert.equal(queue.size, 1);
  const lane = /** @type {any} */ ({ lane: 1 });
  queue.give(lane);
  assert.equal(await patient, lane);
});

test('a caller who gave up before is not kept waiting', async () => {
  await assert.rejects(orAborted(new Promise(() => {}), AbortSignal.abort()), failsAs('aborted'));
});

// --- transport ---------------------------------------------------------------------------------

const plainPost = { url: 'http://ward.test/', fields: { a: 'b' }, body: u8(1), timeoutMs: 60_000 };

test('nothing of the browser\'s own takes part in a request', async () => {
  /** @type {any} */ let seen;
  const answer = await post(async (url, init) => {
    seen = { url, ...init };
    return new Response('x', { headers: { 'retry-after': '5', 'skeym-next': 'n' } });
  }, plainPost);
  const { url, method, headers, cache, credentials, redirect, referrerPolicy } = seen;
  assert.deepEqual([url, method, headers], ['http://ward.test/', 'POST', { a: 'b' }]);
  assert.deepEqual([cache, credentials, redirect, referrerPolicy], ['no-store', 'omit', 'error', 'no-referrer']);
  assert.deepEqual([answer.retryAfterS, answer.next, answer.status], [5, 'n', 200]);
});

test('Retry-After counts in whole seconds up to an hour; dates and nonsense do not', async () => {
  for (const [value, seconds] of [['99999', 3600], ['-1', 0], ['1.5', 0], ['Sun, 22 Nov 2026 20:00:00 GMT', 0], ['9'.repeat(30), 0]]) {
    const answer = await post(async () => new Response('', { headers: { 'retry-after': String(value) } }), plainPost);
    assert.equal(answer.retryAfterS, seconds);
  }
});

test('an answer without end is not kept in memory', async () => {
  let given = 0;
  let cancelled = false;
  const piece = new Uint8Array(8 * 1024 * 1024);
  const endless = new ReadableStream({
    pull: (controller) => {
      given += piece.length;
      assert.ok(given < 4 * ANSWER_MOST);
      controller.enqueue(piece);
    },
    cancel: () => void (cancelled = true),
  });
  await assert.rejects(post(async () => new Response(endless), plainPost), failsAs('size'));
  assert.ok(cancelled);
});
