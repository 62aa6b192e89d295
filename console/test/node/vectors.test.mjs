// SPDX-License-Identifier: Apache-2.0
// Every value of tests/vectors/protocol.json that a node computes or reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { b64, text, unb64 } from '../../js/node/bytes.js';
import { readClaims } from '../../js/node/claims.js';
import { CLOSED_CTY, CLOSED_TARGET, writeClosed } from '../../js/node/closed.js';
import { Enrolment, parseInvitation } from '../../js/node/enrol.js';
import { canonicalRequest, exchangeKeys, openJwe, proofOf, sealJwe } from '../../js/node/exchange.js';
import { Login } from '../../js/node/login.js';
import { Symmetric } from '../../js/node/noise.js';
import { bytes, failsAs, hex, pairOf, toHex, vectors } from './support.mjs';

const { enrolment, keys, login, exchange, refused } = vectors;

test('base64url: what is good, there and back; what is not, refused', () => {
  for (const good of vectors.base64url.good) {
    assert.equal(b64(hex(good.bytes)), good.text);
    assert.equal(toHex(unb64(good.text)), good.bytes);
  }
  for (const bad of vectors.base64url.refused) {
    assert.throws(() => unb64(bad.text), failsAs('shape'), bad.text);
  }
});

test('node claims are read, with each padding', () => {
  const claims = readClaims(hex(enrolment.node_claims));
  assert.equal(toHex(claims.publicKey), enrolment.node_public);
  assert.equal(claims.generation, enrolment.generation);
  assert.equal(claims.notAfterS, enrolment.not_after);
  assert.equal(claims.role, enrolment.role);
  assert.equal(claims.node, enrolment.node);
  assert.deepEqual(claims.scopes, enrolment.scopes);
  for (const padded of enrolment.paddings) {
    assert.equal(readClaims(hex(padded.node_claims)).node, padded.node);
  }
});

test('scopes are read as their words; others are refused', () => {
  const head = hex(enrolment.node_claims).slice(0, 32 + 4 + 4 + 1 + 1 + enrolment.node.length);
  const claims = (/** @type {string} */ list) => {
    const open = Buffer.concat([head, Buffer.from(list, 'hex')]);
    return new Uint8Array(Buffer.concat([open, Buffer.alloc((16 - (open.length % 16)) % 16)]));
  };
  for (const good of vectors.scopes.good) {
    assert.deepEqual(readClaims(claims(good.bytes)).scopes, good.words);
  }
  for (const bad of vectors.scopes.refused_bytes) {
    if (/no count|missing|after|too short|end/.test(bad.why)) continue; // not so with padding behind
    assert.throws(() => readClaims(claims(bad.bytes)), failsAs('shape'), bad.why);
  }
});

async function credential() {
  const pair = await pairOf(enrolment.node_private, enrolment.node_public);
  return {
    id: 'vector',
    origin: 'http://localhost',
    audience: keys.audience,
    identity: hex(keys.identity_public),
    locator: hex(enrolment.locator),
    secret: hex(enrolment.C_i),
    ...pair,
  };
}

/** The list of scopes in the vector's words, in bytes. @param {string[]} words */
function scopesOf(words) {
  if (words.length === 0) return undefined;
  return hex(vectors.scopes.good.find((/** @type {any} */ good) => good.words.join() === words.join())?.bytes
    ?? '0101021203702d31'); // patient/p-1/Observation.rs
}

/** Notes h, ck and k after each step of the handshake, as the vectors list them.
 * @param {any[]} steps @param {() => Promise<unknown>} work */
async function noting(steps, work) {
  const real = { ...Object.getOwnPropertyDescriptors(Symmetric.prototype) };
  for (const name of ['mixHash', 'mixKey', 'mixKeyAndHash']) {
    const step = real[name].value;
    /** @param {Uint8Array} input */
    Symmetric.prototype[name] = async function (input) {
      await step.call(this, input);
      steps.push([this.h, this.ck, this.k].map(toHex).join(' '));
    };
  }
  try {
    return await work();
  } finally {
    Object.defineProperties(Symmetric.prototype, real);
  }
}

for (const name of ['clock_is_off', 'after_rotation', 'usual']) {
  const vector = login[name];
  test(`login, ${name}: message 1 to the byte, each step, and what message 2 says`, async () => {
    const ephemeral = await pairOf(vector.node_ephemeral_private, vector.node_ephemeral_public);
    const attempt = new Login(await credential(), vector.tokens_wanted, ephemeral);
    /** @type {string[]} */ const seen = [];
    const answer = await noting(seen, async () => {
      const body = await attempt.start(vector.time_ms, scopesOf(vector.scopes_wanted));
      assert.equal(toHex(body), vector.body);
      return attempt.finish(hex(vector.message_2));
    });
    // The one step in which no key changes and h is not final yet is not seen from outside.
    for (const step of [...vector.steps_1, ...vector.steps_2]) {
      const parts = [step.h, step.ck, step.k].join(' ');
      assert.ok(seen.includes(parts), `after ${step.after}`);
    }
    assert.equal(answer.serverMs, vector.server_ms);
    assert.equal(answer.clock, vector.kind === 'clock');
    if (answer.clock) return;
    assert.equal(answer.lifetimeS, vector.lifetime);
    assert.equal(answer.deadlineS, vector.login_deadline);
    assert.equal(toHex(answer.locator), vector.fresh_locator);
    assert.equal(answer.secret && toHex(answer.secret), vector.renewed ? vector.renewed_C_i : null);
    assert.deepEqual(
      answer.lanes.map((lane) => [lane.token, toHex(lane.secret)]),
      vector.lanes.map((/** @type {any} */ lane) => [lane.token_text, lane.S_0]),
    );
  });
}

test('invitation: its code says what it holds', () => {
  const { invitation } = vectors;
  const read = parseInvitation(` ${invitation.code}\n`);
  assert.equal(toHex(read.identity), keys.identity_public);
  assert.equal(toHex(read.secret), invitation.secret);
  assert.equal(read.audience, keys.audience);
  assert.equal(toHex(read.invitation), invitation.invitation);
  for (const bad of invitation.refused_codes) {
    assert.throws(() => parseInvitation(bad.code), failsAs('shape'), bad.why);
  }
});

for (const name of ['clock_is_off', 'granted']) {
  test(`invitation, ${name}: message 1 to the byte, and what message 2 says`, async () => {
    const { invitation } = vectors;
    const vector = invitation[name];
    const pair = await pairOf(invitation.node_private, invitation.node_public);
    const ephemeral = await pairOf(invitation.node_ephemeral_private, vector.message_1.slice(0, 64));
    const enrolment = new Enrolment(parseInvitation(invitation.code), pair);
    assert.equal(toHex(await enrolment.start(vector.time_ms, ephemeral)), vector.body);
    const answer = await enrolment.finish(hex(vector.message_2));
    assert.equal(answer.serverMs, vector.server_ms);
    assert.equal(answer.clock, vector.kind === 'clock');
    if (answer.clock) return;
    assert.equal(toHex(answer.locator), vector.locator);
    assert.equal(toHex(answer.secret), vector.C_i);
    assert.equal(toHex(answer.claims), vector.node_claims);
    assert.deepEqual(readClaims(answer.claims).scopes, invitation.scopes);
  });
}

test('exchange: the four keys of a token', async () => {
  const found = await exchangeKeys(hex(exchange.S_0));
  assert.equal(toHex(found.proof), exchange.k_m);
  assert.equal(toHex(found.request), exchange.k_q);
  assert.equal(toHex(found.answer), exchange.k_p);
  assert.equal(toHex(found.next), exchange.S_1);
});

for (const name of ['open_get', 'open_post', 'closed_get', 'closed_post']) {
  const vector = exchange[name];
  test(`exchange, ${name}: body, canonical request and proof`, async () => {
    const body = vector.jwe ? bytes(vector.jwe) : undefined;
    if (vector.jwe) {
      const made = await sealJwe(hex(exchange.k_q), vector.cty, bytes(vector.plain), hex(vector.iv));
      assert.equal(text(made), vector.jwe);
    }
    const request = { method: vector.method, target: vector.target, type: vector.content_type, body };
    assert.equal(await canonicalRequest(request), vector.canonical_request);
    assert.equal(await proofOf(hex(exchange.k_m), request), vector.proof_text);
  });
}

test('a closed request is written to the byte', () => {
  assert.equal(exchange.closed_get.target, CLOSED_TARGET);
  assert.equal(exchange.closed_get.cty, CLOSED_CTY);
  for (const { plain } of Object.values(exchange).filter((one) => one.cty === CLOSED_CTY)) {
    const [head, ...rest] = plain.split('\n\n');
    const [line, ...fields] = head.split('\n');
    const [method, target] = line.split(' ');
    const values = Object.fromEntries(fields.map((/** @type {string} */ field) => field.split(/: (.*)/s)));
    const request = {
      method,
      target,
      contentType: values['content-type'],
      idempotencyKey: values['idempotency-key'],
      ifNoneExist: values['if-none-exist'],
      prefer: values.prefer,
      body: bytes(rest.join('\n\n')),
    };
    assert.equal(text(writeClosed(request)), plain);
  }
});

test('answers open to what they say', async () => {
  for (const vector of [exchange.answer, exchange.answer_empty]) {
    const { status, type, plain } = await openJwe(hex(exchange.k_p), bytes(vector.jwe));
    assert.equal(status, vector.status);
    assert.equal(type, vector.cty);
    assert.equal(text(plain), vector.plain);
  }
});

test('other answers are refused', async () => {
  for (const bad of refused.jwe) {
    // What is wrong as a request need not be so as an answer; here none of them opens.
    const error = bad.as === 'answer' ? /^shape$/ : /^(seal|shape)$/;
    await assert.rejects(openJwe(hex(exchange.k_p), bytes(bad.jwe)), (/** @type {any} */ e) => {
      assert.match(e.code, error, bad.why);
      return true;
    });
  }
});

test('a request is never taken for an answer, nor opened with another key', async () => {
  await assert.rejects(openJwe(hex(exchange.k_q), bytes(exchange.closed_get.jwe)), failsAs('shape'));
  await assert.rejects(openJwe(hex(exchange.k_q), bytes(exchange.answer.jwe)), failsAs('seal'));
});

test('the proof of one request is that of no other', async () => {
  const { proof_text: proof, requests } = refused.proofs;
  for (const { method, target, content_type: type, body } of requests) {
    const other = { method, target, type, body: body ? bytes(body) : undefined };
    const found = await proofOf(hex(exchange.k_m), other).catch((error) => failsAs('shape')(error));
    assert.notEqual(found, proof);
  }
});
