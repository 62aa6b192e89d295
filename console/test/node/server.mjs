// SPDX-License-Identifier: Apache-2.0
// A server of the tests, behind a fetch of the tests: an authority and data server of a few lines that
// can be told to misbehave. It is no measure of the protocol: the vectors and the real server are.
import { b64, concat, text, u16, u32, u48, u8, unb64, utf8 } from '../../js/node/bytes.js';
import { exchangeKeys } from '../../js/node/exchange.js';
import { Symmetric } from '../../js/node/noise.js';
import { hkdfExpand, hmac, keyPair, open, random, seal, sha256, x25519 } from '../../js/node/primitives.js';

/** @typedef {import('../../js/node/bytes.js').Bytes} Bytes */

const NOT_ADMITTED = '{"resourceType":"OperationOutcome"}';
export const refused = (status = 401, headers = {}) => new Response(NOT_ADMITTED, { status, headers });

/** The responder's handshake. @param {FakeServer} server @param {Bytes} prologue @param {Bytes} psk
 * @param {Bytes} message */
async function respond(server, prologue, psk, message) {
  const state = new Symmetric();
  await state.mixHash(prologue);
  await state.mixHash(server.identity.publicKey);
  const e = message.slice(0, 32);
  await state.mixHash(e);
  await state.mixKey(e);
  await state.mixKey(await x25519(server.identity.privateKey, e));
  const s = await state.decryptAndHash(message.slice(32, 80));
  await state.mixKey(await x25519(server.identity.privateKey, s));
  await state.mixKeyAndHash(psk);
  const payload = await state.decryptAndHash(message.slice(80));
  const mine = await keyPair();
  await state.mixHash(mine.publicKey);
  await state.mixKey(mine.publicKey);
  await state.mixKey(await x25519(mine.privateKey, e));
  await state.mixKey(await x25519(mine.privateKey, s));
  return {
    payload,
    s,
    ck: state.ck.slice(),
    h: state.h.slice(),
    /** @param {Bytes} answer */
    answer: async (answer) => concat(mine.publicKey, await state.encryptAndHash(answer)),
  };
}

export class FakeServer {
  /** @type {import('../../js/node/primitives.js').KeyPair} */ identity;
  secret = random(32);
  locator = random(109);
  renew = false;
  revoked = false;
  unreachable = false;
  lifetimeS = 30;
  chainS = 3600;
  lanesMost = 16;
  clock = () => Date.now();
  clockIsWrong = 0; // so many logins are answered with the clock
  /** @type {Map<string, {secret: Bytes, used: boolean, lane: number}>} */ tokens = new Map();
  /** @type {Map<string, number>} how often each request was carried out */ done = new Map();
  counts = { logins: 0, refusedLogins: 0, exchanges: 0, admitted: 0, atOnce: 0, mostAtOnce: 0 };
  /** Between the network and the server. @type {(kind: 'login' | 'exchange' | 'enrol', go: () =>
   *   Promise<Response>, request: {url: string, init: any}) => Promise<Response>} */
  tap = (_, go) => go();
  /** @type {(request: {method: string, target: string, head: string, body: string}) =>
   *   {status: number, body: string} | Promise<{status: number, body: string}>} */
  handle = ({ target }) => ({ status: 200, body: JSON.stringify({ target }) });
  /** @type {Bytes | undefined} the claims that an enrolment brings */ claims;
  /** @type {Bytes | undefined} */ enrolled;
  /** @type {Bytes | undefined} */ invitation;

  static async make() {
    const server = new FakeServer();
    server.identity = await keyPair();
    return server;
  }

  async credential() {
    const { identity, locator, secret } = this;
    return {
      id: 'test',
      origin: 'http://ward.test',
      audience: 'ward',
      identity: identity.publicKey.slice(),
      locator: locator.slice(),
      secret: secret.slice(),
      ...(await keyPair()),
    };
  }

  restart() {
    this.tokens.clear();
  }

  /** @type {typeof fetch} */
  fetch = async (url, init) => {
    const path = new URL(String(url)).pathname;
    const kind = path === '/skeym/v1/login' ? 'login' : path === '/skeym/v1/enrol' ? 'enrol' : 'exchange';
    if (init?.signal?.aborted) throw new DOMException('aborted', 'AbortError');
    if (this.unreachable) throw new TypeError('fetch failed');
    const work = { login: this.#login, enrol: this.#enrol, exchange: this.#exchange }[kind];
    this.counts.atOnce++;
    this.counts.mostAtOnce = Math.max(this.counts.mostAtOnce, this.counts.atOnce);
    try {
      return await this.tap(kind, () => work.call(this, init), { url: String(url), init });
    } finally {
      this.counts.atOnce--;
    }
  };

  /** @param {any} init */
  async #login({ body }) {
    this.counts.logins++;
    const size = body[1] * 256 + body[2];
    const locator = body.slice(3, 3 + size);
    let handshake;
    try {
      const prologue = concat(utf8('SkeyM/1 login'), locator);
      handshake = await respond(this, prologue, this.secret, body.slice(3 + size));
    } catch {
      handshake = undefined;
    }
    if (!handshake || this.revoked || b64(locator) !== b64(this.locator)) {
      this.counts.refusedLogins++;
      return refused();
    }
    const now = this.clock();
    const time = handshake.payload.slice(0, 6).reduce((/** @type {number} */ sum, byte) => sum * 256 + byte, 0);
    const headers = { 'content-type': 'application/skeym-login' };
    if (Math.abs(time - now) > 60_000 || this.clockIsWrong-- > 0) {
      return new Response(await handshake.answer(concat(u8(1), u48(now))), { headers });
    }
    const wanted = Math.min(handshake.payload[6 + 1 + 4], this.lanesMost);
    const lanes = [];
    for (let lane = 0; lane < wanted; lane++) {
      const info = concat(utf8('skeym/1 session'), handshake.h, u8(lane));
      const token = this.#mint(await hkdfExpand(handshake.ck, info, 32), lane);
      lanes.push(u16(token.length), token);
    }
    const { renew } = this;
    this.renew = false;
    if (renew) this.secret = random(32);
    const renewed = renew ? concat(u8(1), this.secret) : u8(0);
    this.locator = random(109);
    const deadline = u32(Math.floor(now / 1000) + this.chainS);
    const answer = concat(
      u8(0), u48(now), u8(this.lifetimeS), deadline, u16(109), this.locator, renewed, u8(wanted), ...lanes,
    );
    return new Response(await handshake.answer(this.mangle(answer)), { headers });
  }

  /** What a login's second payload becomes. @type {(payload: Bytes) => Bytes} */
  mangle = (payload) => payload;

  /** @param {Bytes} secret @param {number} lane @returns {Bytes} */
  #mint(secret, lane) {
    const token = random(125);
    this.tokens.set(b64(token), { secret, used: false, lane });
    return token;
  }

  /** @param {any} init */
  async #exchange({ headers, body }) {
    this.counts.exchanges++;
    const token = this.tokens.get(headers.Authorization.replace('SkeyM ', ''));
    if (!token || token.used || this.revoked) return refused();
    const keys = await exchangeKeys(token.secret.slice());
    const digest = b64(await sha256(body));
    const canonical = utf8(`SkeyM/1\nPOST\n/skeym/v1/exchange\napplication/jose\n${digest}\n`);
    if (headers['SkeyM-Proof'] !== b64(await hmac(keys.proof, canonical))) return refused();
    token.used = true;
    this.counts.admitted++;
    const [head, , iv, cipher, tag] = text(body).split('.');
    const sealed = concat(unb64(cipher), unb64(tag));
    const plain = text(await open(keys.request, unb64(iv), utf8(head), sealed));
    const cut = plain.indexOf('\n\n');
    const [method, target] = plain.slice(0, plain.indexOf('\n')).split(' ');
    const request = { method, target, head: plain.slice(0, cut), body: plain.slice(cut + 2) };
    this.done.set(`${method} ${target}`, (this.done.get(`${method} ${target}`) ?? 0) + 1);
    const answer = await this.handle(request);
    const next = this.#mint(keys.next, token.lane);
    const jwe = await this.jwe(keys.answer, answer.status, answer.body);
    return new Response(jwe, {
      status: answer.status,
      headers: { 'content-type': 'application/jose', 'skeym-next': b64(next) },
    });
  }

  /** @param {Bytes} key @param {number} status @param {string} body */
  async jwe(key, status, body) {
    const header = b64(
      utf8(`{"alg":"dir","enc":"A256GCM","cty":"application/fhir+json","status":${status}}`),
    );
    const iv = random(12);
    const sealed = await seal(key, iv, utf8(header), utf8(body));
    const cut = sealed.length - 16;
    return `${header}..${b64(iv)}.${b64(sealed.slice(0, cut))}.${b64(sealed.slice(cut))}`;
  }

  /** @param {any} init */
  async #enrol({ body }) {
    const size = body[1] * 256 + body[2];
    const invitation = body.slice(3, 3 + size);
    const extracted = await hmac(invitation, this.oneTime);
    const psk = await hkdfExpand(extracted, utf8('skeym/1 invitation psk'), 32);
    const prologue = concat(utf8('SkeyM/1 enrol'), invitation);
    const handshake = await respond(this, prologue, psk, body.slice(3 + size)).catch(() => undefined);
    if (!handshake || (this.enrolled && b64(this.enrolled) !== b64(handshake.s))) return refused();
    const headers = { 'content-type': 'application/skeym-enrol' };
    if (this.clockIsWrong-- > 0) {
      return new Response(await handshake.answer(concat(u8(1), u48(this.clock()))), { headers });
    }
    this.enrolled = handshake.s;
    const claims = this.claimsOf(handshake.s);
    const granted = concat(
      u8(0), u48(this.clock()), u16(109), this.locator, this.secret, u16(claims.length), claims,
    );
    return new Response(await handshake.answer(this.mangle(granted)), { headers });
  }

  oneTime = random(16);

  /** @param {Bytes} publicKey @returns {Bytes} */
  claimsOf(publicKey) {
    const scopes = concat(u8(1), u8(2), u8(2), u8(18)); // user/Observation.rs
    const open = concat(publicKey, u32(1), u32(4_000_000_000), u8(1), u8(3), utf8('Lee'), scopes);
    return concat(open, new Uint8Array((16 - (open.length % 16)) % 16));
  }

  code() {
    this.invitation ??= random(93);
    const { publicKey } = this.identity;
    return b64(
      concat(u8(1), publicKey, this.oneTime, u8(4), utf8('ward'), u16(93), this.invitation),
    );
  }
}
