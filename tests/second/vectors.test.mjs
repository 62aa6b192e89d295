// SPDX-License-Identifier: Apache-2.0
// tests/vectors/protocol.json, which the program writes: every value is computed here from the
// inputs, all that it lists as refused is refused here, and the last test asks that no value was
// left out.
import assert from 'node:assert/strict';
import { b64, unb64 } from './skeym/base64url.mjs';
import { Reader, refuse, toBytes, toText } from './skeym/bytes.mjs';
import {
  decodeInvitationClaims,
  decodeNodeClaims,
  decodeTokenClaims,
  encodeInvitationClaims,
  encodeNodeClaims,
  encodeTokenClaims,
} from './skeym/claims.mjs';
import { decodeClosed, encodeClosed } from './skeym/closed.mjs';
import { canonicalRequest, exchangeKeys, proof } from './skeym/exchange.mjs';
import { openJwe, sealJwe } from './skeym/jwe.mjs';
import { audienceKey, enrolKeys, epochAt, ratchet } from './skeym/keys.mjs';
import { credentialOf, locatorKeyId, openLocator, sealLocator } from './skeym/locator.mjs';
import * as invite from './skeym/invite.mjs';
import * as login from './skeym/login.mjs';
import { Initiator, Responder } from './skeym/noise.mjs';
import { keyPair, sha256, xaesDerive, xaesOpen, xaesSeal } from './skeym/primitives.mjs';
import * as scopes from './skeym/scopes.mjs';
import { judgeToken, openToken, sealToken, tokenIsValidAt } from './skeym/token.mjs';
import { hex, unhex } from './support.mjs';
import {
  all,
  assertRefused,
  check,
  enrolKey,
  keyOf,
  nodeClaims,
  parseScopes,
  tokenClaims,
  unread,
} from './vectors.mjs';
import './vectors_refused.mjs';

check('base64url', async () => {
  for (const { bytes, text } of all.base64url.good) {
    assert.equal(b64(unhex(bytes)), text);
    assert.equal(hex(unb64(text)), bytes);
  }
  for (const bad of all.base64url.refused) await assertRefused(bad, () => unb64(bad.text));
});

check('XAES-256-GCM', async () => {
  for (const one of all.xaes_256_gcm) {
    const [key, nonce, aad] = [unhex(one.key), unhex(one.nonce), unhex(one.aad)];
    const { L, K1, Kx } = await xaesDerive(key, nonce);
    assert.deepEqual([hex(L), hex(K1), hex(Kx)], [one.L, one.K1, one.Kx]);
    assert.equal(hex(await xaesSeal(key, nonce, unhex(one.plain), aad)), one.sealed);
    assert.equal(hex(await xaesOpen(key, nonce, unhex(one.sealed), aad)), one.plain);
  }
});

check('names', () => {
  for (const { text, node, audience, patient } of all.names) {
    for (const [judge, good] of [
      [scopes.nodeId, node],
      [scopes.audienceName, audience],
      [scopes.patientId, patient],
    ]) {
      if (good) assert.equal(judge(text), text);
      else assert.throws(() => judge(text), { name: 'SkeymError' }, text);
    }
  }
});

check('scopes', async () => {
  for (const { words, bytes } of all.scopes.good) {
    assert.equal(hex(scopes.encodeScopes(parseScopes(words))), bytes);
    const reader = new Reader(unhex(bytes));
    assert.deepEqual(scopes.decodeScopes(reader).map(scopes.scopeWord), [...words]);
    reader.end();
  }
  for (const bad of all.scopes.refused_words)
    await assertRefused(bad, () => scopes.parseScope(bad.word));
  for (const bad of all.scopes.refused_bytes) {
    await assertRefused(bad, () => {
      const reader = new Reader(unhex(bad.bytes));
      scopes.decodeScopes(reader);
      reader.end();
    });
  }
  for (const { scope, other, covers } of all.scopes.covers) {
    assert.equal(
      scopes.covers(scopes.parseScope(scope), scopes.parseScope(other)),
      covers,
      `${scope} ${other}`,
    );
  }
  const letters = { 1: 'c', 2: 'r', 4: 'u', 8: 'd', 16: 's' };
  for (const one of all.scopes.allows) {
    const action = letters[/** @type {1} */ (one.action)];
    const request = {
      action,
      type: one.type,
      patient: one.patient === '' ? undefined : one.patient,
    };
    assert.equal(
      scopes.allows([scopes.parseScope(one.scope)], request),
      one.allows,
      JSON.stringify(request),
    );
  }
});

check('keys', async () => {
  for (const { id, E, E_seal, E_cred } of all.keys.enrol_keys) {
    assert.ok(id >= 1);
    const { seal, credential } = await enrolKeys(unhex(E));
    assert.deepEqual([hex(seal), hex(credential)], [E_seal, E_cred]);
  }
  const { publicKey } = await keyPair(unhex(all.keys.identity_private));
  assert.equal(hex(publicKey), all.keys.identity_public);
  assert.equal(epochAt(all.keys.now_ms / 1000, all.keys.epoch_seconds), all.keys.epoch_now);
  let { epoch: nextEpoch, K_e: key } = all.keys.epochs[0];
  for (const { epoch, K_e, K_e_a } of all.keys.epochs) {
    assert.deepEqual([epoch, K_e], [nextEpoch++, key]);
    assert.equal(hex(await audienceKey(unhex(K_e), all.keys.audience)), K_e_a);
    key = hex(await ratchet(unhex(K_e)));
  }
});

check('enrolment', async () => {
  const {
    node_private,
    node_public,
    node,
    node_claims,
    node_claims_sha256,
    enrol_key_id,
    nonce,
    locator,
    C_i,
    paddings,
  } = all.enrolment;
  assert.equal(hex((await keyPair(unhex(node_private))).publicKey), node_public);
  const claims = nodeClaims(node);
  assert.equal(hex(encodeNodeClaims(claims)), node_claims);
  assert.deepEqual(decodeNodeClaims(unhex(node_claims)), claims);
  assert.equal(hex(await sha256(unhex(node_claims))), node_claims_sha256);
  const { seal, credential } = await enrolKey(enrol_key_id);
  assert.equal(hex(await sealLocator(seal, enrol_key_id, claims, unhex(nonce))), locator);
  assert.deepEqual(await openLocator(seal, unhex(locator)), claims);
  assert.equal(hex(await credentialOf(credential, claims)), C_i);
  for (const one of paddings) {
    assert.equal(hex(encodeNodeClaims(nodeClaims(one.node))), one.node_claims);
    assert.deepEqual(decodeNodeClaims(unhex(one.node_claims)), nodeClaims(one.node));
  }
});

/** E_invite and E_secret. @param {number} id */
async function invitationKey(id) {
  const found = all.keys.enrol_keys.find((/** @type {any} */ one) => one.id === id);
  return found ? invite.invitationKeys(unhex(found.E)) : refuse('unseal', 'an unknown enrol key');
}

check('invitation: what is sealed, the secret, and the code', async () => {
  const given = all.invitation;
  const keys = await invitationKey(given.enrol_key_id);
  assert.equal(hex(keys.seal), given.E_invite);
  assert.equal(hex(keys.once), given.E_secret);
  const claims = {
    expires: given.expires,
    generation: given.generation,
    notAfter: given.not_after,
    role: given.role,
    node: given.node,
    scopes: parseScopes(given.scopes),
  };
  assert.equal(hex(encodeInvitationClaims(claims)), given.invitation_claims);
  assert.deepEqual(decodeInvitationClaims(unhex(given.invitation_claims)), claims);
  const nonce = unhex(given.nonce);
  const invitation = await invite.sealInvitation(keys.seal, given.enrol_key_id, claims, nonce);
  assert.equal(hex(invitation), given.invitation);
  assert.deepEqual(await invite.openInvitation(keys.seal, invitation), claims);
  assert.equal(hex(invite.invitationId(invitation)), given.id);
  const secret = await invite.secretOf(keys.once, invitation);
  assert.equal(hex(secret), given.secret);
  assert.equal(hex(await invite.pskOf(secret, invitation)), given.psk);
  const authority = unhex(all.keys.identity_public);
  const code = { authority, secret, audience: all.keys.audience, invitation };
  assert.equal(invite.encodeCode(code), given.code);
  assert.deepEqual(invite.decodeCode(given.code), code);
  for (const bad of given.refused_codes)
    await assertRefused(bad, () => invite.decodeCode(bad.code));
});

/** What an authority does with an enrolment's body. @param {Uint8Array} body */
const receiveEnrolment = async (body) =>
  invite.receiveEnrolment(body, invitationKey, {
    s: await keyPair(unhex(all.keys.identity_private)),
    e: await keyPair(unhex(all.invitation.authority_ephemeral_private)),
  });

for (const name of ['clock_is_off', 'granted']) {
  check(`invitation: ${name}`, async () => {
    const given = all.invitation[name];
    const pair = await keyPair(unhex(all.invitation.node_private));
    const ephemeral = await keyPair(unhex(all.invitation.node_ephemeral_private));
    assert.equal(hex(pair.publicKey), all.invitation.node_public);
    const code = invite.decodeCode(all.invitation.code);
    const started = await invite.startEnrolment(code, pair, { time: given.time_ms, ephemeral });
    assert.equal(hex(started.message1), given.message_1);
    assert.equal(hex(started.body), given.body);
    const { time, claims, responder, publicKey } = await receiveEnrolment(started.body);
    assert.equal(time, given.time_ms);
    assert.deepEqual(publicKey, pair.publicKey);
    const answer = await started.finish(unhex(given.message_2));
    assert.equal(answer.kind, given.kind);
    assert.equal(answer.serverTime, given.server_ms);
    if (answer.kind === 'granted') {
      const { expires, ...rest } = claims;
      assert.ok(expires * 1000 > answer.serverTime);
      assert.deepEqual(answer.claims, { ...rest, publicKey });
      assert.equal(hex(encodeNodeClaims(answer.claims)), given.node_claims);
      assert.equal(hex(answer.locator), given.locator);
      assert.equal(hex(answer.credential), given.C_i);
      const { seal, credential } = await enrolKey(locatorKeyId(answer.locator));
      assert.deepEqual(await openLocator(seal, answer.locator), answer.claims);
      assert.deepEqual(await credentialOf(credential, answer.claims), answer.credential);
    }
    const written = await responder.writeMessage2(invite.encodePayload2(answer));
    assert.equal(hex(written.message), given.message_2);
  });
}

check('invitation: bodies that are refused', async () => {
  assert.ok(all.invitation.refused_bodies.length > 0);
  for (const bad of all.invitation.refused_bodies)
    await assertRefused(bad, () => receiveEnrolment(unhex(bad.body)));
});

/** Both sides of one login of the file, step by step. @param {any} given */
async function replayLogin(given) {
  const [locator, credential] = [unhex(all.enrolment.locator), unhex(all.enrolment.C_i)];
  const pairs = {
    node: await keyPair(unhex(all.enrolment.node_private)),
    nodeEphemeral: await keyPair(unhex(given.node_ephemeral_private)),
    authority: await keyPair(unhex(all.keys.identity_private)),
    authorityEphemeral: await keyPair(unhex(given.authority_ephemeral_private)),
  };
  assert.equal(hex(pairs.nodeEphemeral.publicKey), given.node_ephemeral_public);
  assert.equal(hex(pairs.authorityEphemeral.publicKey), given.authority_ephemeral_public);
  const prologue = login.prologue(locator);
  assert.equal(hex(prologue), given.prologue);

  const wanted = {
    time: given.time_ms,
    audience: all.keys.audience,
    tokens: given.tokens_wanted,
    scopes: parseScopes(given.scopes_wanted),
  };
  assert.equal(hex(login.encodePayload1(wanted)), given.payload_1);
  assert.deepEqual(login.decodePayload1(unhex(given.payload_1)), wanted);

  /** @type {string[]} */ const nodeSteps = [];
  /** @type {string[]} */ const authoritySteps = [];
  const tell =
    (/** @type {string[]} */ steps) =>
    (/** @type {string} */ after, /** @type {any} */ { h, ck, k }) =>
      void steps.push([after, hex(h), hex(ck), hex(k)].join(' '));
  const node = new Initiator({
    prologue,
    psk: credential,
    s: pairs.node,
    e: pairs.nodeEphemeral,
    rs: pairs.authority.publicKey,
    trace: tell(nodeSteps),
  });
  const authority = new Responder({
    prologue,
    psk: credential,
    s: pairs.authority,
    e: pairs.authorityEphemeral,
    trace: tell(authoritySteps),
  });

  const message1 = await node.writeMessage1(unhex(given.payload_1));
  assert.equal(hex(message1), given.message_1);
  assert.equal(hex(login.encodeLogin(locator, message1)), given.body);
  assert.deepEqual(login.decodeLogin(unhex(given.body)), { locator, message1 });
  const read = await authority.readMessage1(message1);
  assert.equal(hex(read.payload), given.payload_1);
  assert.deepEqual(read.initiatorStatic, pairs.node.publicKey);
  const written = await authority.writeMessage2(unhex(given.payload_2));
  assert.equal(hex(written.message), given.message_2);
  const { payload, secrets } = await node.readMessage2(unhex(given.message_2));
  assert.equal(hex(payload), given.payload_2);
  assert.deepEqual(secrets, written.secrets);

  const steps = [...given.steps_1, ...given.steps_2].map(({ after, h, ck, k }) =>
    [after, h, ck, k].join(' '),
  );
  assert.deepEqual(nodeSteps, steps);
  assert.deepEqual(authoritySteps, steps);
  return secrets;
}

check('login: the clock is off', async () => {
  const given = all.login.clock_is_off;
  await replayLogin(given);
  assert.equal(given.kind, 'clock');
  assert.ok(Math.abs(given.time_ms - given.server_ms) > 60_000);
  const answer = /** @type {login.Clock} */ ({ kind: 'clock', serverTime: given.server_ms });
  assert.equal(hex(login.encodePayload2(answer)), given.payload_2);
  assert.deepEqual(login.decodePayload2(unhex(given.payload_2)), answer);
});

for (const name of ['usual', 'after_rotation']) {
  check(`login: ${name}`, async () => {
    const given = all.login[name];
    const secrets = await replayLogin(given);
    const { kind, server_ms: serverTime, lifetime, login_deadline: loginDeadline, renewed } = given;
    assert.equal(kind, 'granted');
    assert.ok(Math.abs(given.time_ms - serverTime) <= 60_000);
    assert.ok(
      loginDeadline <= serverTime / 1000 + 86_400 && loginDeadline <= all.enrolment.not_after,
    );

    const claims = nodeClaims(all.enrolment.node);
    const locator = unhex(given.fresh_locator);
    const id = locatorKeyId(locator);
    const key = await enrolKey(id);
    assert.equal(id !== all.enrolment.enrol_key_id, renewed);
    assert.deepEqual(await sealLocator(key.seal, id, claims, locator.slice(5, 29)), locator);
    assert.deepEqual(await openLocator(key.seal, locator), claims);
    const credential = renewed ? await credentialOf(key.credential, claims) : undefined;
    if (credential) assert.equal(hex(credential), given.renewed_C_i);

    const tokens = [];
    for (const [number, lane] of [...given.lanes].entries()) {
      assert.equal(lane.lane, number);
      assert.equal(hex(await login.firstSecret(secrets, number)), lane.S_0);
      tokens.push(await checkToken(lane, lane.S_0));
    }
    const answer = /** @type {login.Granted} */ ({
      kind,
      serverTime,
      lifetime,
      loginDeadline,
      locator,
      credential,
      tokens,
    });
    assert.equal(hex(login.encodePayload2(answer)), given.payload_2);
    assert.deepEqual(login.decodePayload2(unhex(given.payload_2)), answer);
  });
}

/** One token of the file, made and opened. @param {any} given @param {string} secret */
async function checkToken(given, secret) {
  const claims = tokenClaims(given, secret);
  assert.equal(hex(encodeTokenClaims(claims)), given.token_claims);
  assert.deepEqual(decodeTokenClaims(unhex(given.token_claims)), claims);
  const { audience, epoch_now, epoch_seconds } = all.keys;
  const token = await sealToken(keyOf(epoch_now), epoch_now, audience, claims, unhex(given.nonce));
  assert.equal(hex(token), given.token);
  assert.equal(b64(token), given.token_text);
  if (given.token_bytes) assert.equal(token.length, given.token_bytes);
  assert.deepEqual(await openToken(keyOf(epoch_now), audience, token), claims);
  const now = { now: claims.issued, epochLength: epoch_seconds };
  assert.deepEqual(await judgeToken(keyOf, audience, unb64(given.token_text), now), claims);
  return token;
}

check('exchange: keys, the times of a token, the next token', async () => {
  const { about, S_0, k_m, k_q, k_p, S_1, token_times, next_token } = all.exchange;
  assert.match(about, /lane 0.*login\.usual/);
  const [lane] = all.login.usual.lanes;
  assert.equal(lane.S_0, S_0);
  const keys = await exchangeKeys(unhex(S_0));
  assert.deepEqual([keys.mac, keys.request, keys.answer, keys.next].map(hex), [k_m, k_q, k_p, S_1]);
  for (const { now_ms, valid } of token_times)
    assert.equal(tokenIsValidAt(tokenClaims(lane, S_0), now_ms), valid, now_ms);
  await checkToken(next_token, S_1);
  assert.deepEqual([next_token.lane, next_token.sequence], [lane.lane, lane.sequence + 1]);
});

check('exchange: requests, open and closed', async () => {
  const { k_m, k_q } = all.exchange;
  for (const name of ['open_get', 'open_post', 'closed_get', 'closed_post', 'closed_key']) {
    const {
      method,
      target,
      content_type: contentType,
      cty,
      iv,
      plain,
      jwe,
      canonical_request,
      proof: mac,
      proof_text,
    } = all.exchange[name];
    const body = toBytes(jwe ?? '');
    if (jwe) {
      const plaintext = toBytes(plain);
      assert.equal(toText(await sealJwe(unhex(k_q), { cty, plaintext }, unhex(iv))), jwe);
      assert.deepEqual(await openJwe(unhex(k_q), 'request', body), {
        cty,
        status: undefined,
        plaintext,
      });
      if (name.startsWith('closed'))
        assert.equal(toText(encodeClosed(decodeClosed(plaintext))), plain);
    }
    const request = { method, target, contentType, body };
    assert.equal(toText(await canonicalRequest(request)), canonical_request);
    assert.equal(hex(await proof(unhex(k_m), request)), mac);
    assert.equal(b64(unhex(mac)), proof_text);
  }
});

check('exchange: answers', async () => {
  const key = unhex(all.exchange.k_p);
  for (const name of ['answer', 'answer_empty']) {
    const { status, cty, iv, plain, jwe } = all.exchange[name];
    const content = { cty, status, plaintext: toBytes(plain) };
    assert.equal(toText(await sealJwe(key, content, unhex(iv))), jwe);
    assert.deepEqual(await openJwe(key, 'answer', toBytes(jwe)), content);
  }
});

check('no value of the file was left out', () => {
  const words = /\/(about|why|error)$/;
  assert.deepEqual(
    [...unread].filter((path) => !words.test(path)),
    [],
  );
});
