// SPDX-License-Identifier: Apache-2.0
// A session without a server, for ?demo=mock on this machine; the screen says SIMULATED all the time.
import { strings } from '../strings.en.js';
import { button, h } from './dom.js';
import { numerics, patients, valuesOf, waveBlock } from './mock-patients.js';

/** @typedef {import('../node/types.js').NodeRequest} NodeRequest */
/** @typedef {import('../node/types.js').NodeAnswer} NodeAnswer */
/** @typedef {import('../node/types.js').SessionState} SessionState */

const LANES = 4;
const LIFETIME_MS = 60_000;
const HOUR_MS = 3_600_000;
const WORSE_MS = 12_000;
const STALE_AFTER_MS = 2_000;

const query = new URLSearchParams(location.search);

/** @param {number} status @param {any} body @returns {NodeAnswer} */
function answer(status, body) {
  const text = JSON.stringify(body);
  return { status, type: 'application/fhir+json', bytes: new TextEncoder().encode(text), text: () => text, json: () => JSON.parse(text) };
}

/** @param {any[]} resources */
const bundle = (resources) => ({ resourceType: 'Bundle', type: 'searchset', total: resources.length, entry: resources.map((resource) => ({ resource })) });

export class MockSession extends EventTarget {
  constructor() {
    super();
    /** @type {SessionState} */ this.state = 'idle';
    this.patients = patients();
    this.startMs = Date.now();
    this.sentMs = Math.floor(this.startMs / 1000) * 1000 - 6_000;
    this.spent = 0;
    this.logins = 0;
    this.loginAt = 0;
    this.exchange = 0;
    this.sequences = new Array(LANES).fill(0);
    this.used = new Array(LANES).fill(this.startMs);
    this.worseMs = query.has('worse') ? this.startMs : 0;
    /** @type {Set<string>} */ this.revoked = new Set(['bed-3-old']);
    /** @type {any[]} */ this.news = [];
  }

  get tokens() {
    const lanes = this.used.map((at, lane) => ({ lane, expiresAt: at + LIFETIME_MS, sequence: this.sequences[lane] }));
    return { spent: this.spent, left: LANES, lanes, loginAt: this.loginAt, deadline: this.loginAt + HOUR_MS, logins: this.logins, refused: 0, lost: 0, clockOffsetMs: 0 };
  }

  /** @param {SessionState} state @param {string} [reason] @param {number} [retryAt] */
  set(state, reason = '', retryAt) {
    const before = this.state;
    this.state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: { state, reason, before, at: Date.now(), retryAt } }));
  }

  async login() {
    this.logins++;
    this.loginAt = Date.now();
    this.set('live', this.state === 'offline' ? 'network' : '');
    const asked = query.get('state');
    if (asked && this.logins === 1) setTimeout(() => this.set(/** @type {SessionState} */ (asked), query.get('reason') ?? 'network', Date.now() + 9_000), 2_500);
  }

  lock() {
    this.state = 'locked';
  }

  controls() {
    const worse = button(strings.demo.deteriorate, { class: 'quiet small' }, () => {
      this.worseMs = this.worseMs ? 0 : Date.now();
      worse.textContent = this.worseMs ? strings.demo.recover : strings.demo.deteriorate;
    });
    const drop = button(strings.demo.drop, { class: 'quiet small' }, () => {
      if (this.state === 'live') this.set('offline', 'network', Date.now() + 10_000);
      else this.set('live', 'network');
      drop.textContent = this.state === 'live' ? strings.demo.drop : strings.demo.back;
    });
    return h('span', { class: 'demo-controls' }, worse, drop);
  }

  /** Measures until now. */
  #measure() {
    const nowMs = Date.now();
    for (; this.sentMs + 1000 <= nowMs; this.sentMs += 1000) {
      for (const of of this.patients) {
        if (of.special === 'stale' && nowMs - this.startMs > STALE_AFTER_MS) continue;
        const worse = of.device === 'bed-4' && this.worseMs ? Math.min(1, (this.sentMs - this.worseMs) / WORSE_MS) : 0;
        const values = valuesOf(of, this.sentMs, Math.max(0, worse));
        const at = this.sentMs + 1000;
        this.news.push(...waveBlock(of, this.sentMs, 1, values), ...numerics(of, at, values)
          .filter((_, i) => of.special !== 'gaps' || i < 2)
          .map((one) => one));
        for (const one of this.news) {
          one.meta ??= { lastUpdated: new Date(at + 40).toISOString(), source: `urn:skeym:node:${of.special === 'hostile' ? 'gateway-2' : of.device}` };
        }
      }
    }
    return this.news.splice(0);
  }

  /** @param {NodeRequest} request */
  #observations({ target }) {
    const patient = target.match(/patient=([^&]+)/)?.[1];
    if (!patient) return answer(200, bundle(this.#measure()));
    const of = this.patients.find((one) => one.id === patient);
    const from = Date.parse(target.match(/date=ge([^&]+)/)?.[1] ?? '');
    const to = Date.parse(target.match(/date=lt([^&]+)/)?.[1] ?? '');
    if (!of || /_count=0/.test(target)) return answer(200, { ...bundle([]), total: 240 * 5 });
    const step = (to - from) / 240;
    return answer(200, bundle(Array.from({ length: 240 }, (_, i) => from + i * step)
      .filter((ms) => Math.sin(ms / 4e6) < 0.97).flatMap((ms) => numerics(of, ms, valuesOf(of, ms, 0)))));
  }

  #nodes() {
    const iso = (/** @type {number} */ ms) => new Date(ms).toISOString();
    const nowMs = Date.now();
    const node = (/** @type {string} */ id, /** @type {string} */ role, /** @type {string} */ scope, seen = 1_200, refused = 0) => ({
      id, role, scopes: [scope], enrolled: iso(nowMs - 30 * 24 * HOUR_MS), notAfter: iso(nowMs + 300 * 24 * HOUR_MS), generation: 1,
      revoked: this.revoked.has(id), lastSeen: seen ? iso(nowMs - seen) : null, lastLogin: seen ? iso(nowMs - 1_500_000) : null, refused });
    return { nodes: [node('console-demo', 'doctor', 'user/*.cruds', 300),
      ...this.patients.map((of) => node(of.device, 'device', `patient/${of.id}/Observation.c`, of.special === 'stale' ? 90_000 : 1_100)),
      node('bed-3-old', 'device', 'patient/pat-2043/Observation.c', 0, 14), node('dr-baker', 'doctor', 'patient/pat-2041/*.rs', 5_400_000, 2)] };
  }

  #audit() {
    const kinds = [['Login', '0', 'bed-4', ''], ['Refused: used', '4', '', 'token was spent before'], ['Refused: revoked', '4', 'bed-3-old', 'credential was revoked'],
      ['Enrolment', '0', 'console-demo', 'by invitation'], ['Refused: unseal', '8', '', 'body was altered'], ['Revocation', '0', 'bed-3-old', 'by dr-adams'],
      ['Server start', '0', '', 'instance 9f2c'], ['Refused: scope', '4', 'dr-baker', 'Patient/pat-2044']];
    return bundle(Array.from({ length: 40 }, (_, i) => {
      const [display, outcome, who, outcomeDesc] = kinds[i * 5 % kinds.length];
      return { resourceType: 'AuditEvent', id: `a${i}`, recorded: new Date(this.startMs - i * 47_000).toISOString(), outcome, outcomeDesc,
        type: { code: 'rest' }, subtype: [{ display }], agent: [{ who: { identifier: { value: who || undefined } }, network: { address: '10.4.7.0/24' } }] };
    }));
  }

  /** @param {NodeRequest} request @returns {NodeAnswer} */
  #serve(request) {
    const { method, target } = request;
    if (target.startsWith('/fhir/Observation')) return this.#observations(request);
    if (target.startsWith('/fhir/Patient')) {
      return answer(200, bundle(this.patients.filter((of) => of.name).map((of) => ({ resourceType: 'Patient', id: of.id,
        name: [{ text: of.name }], birthDate: of.born, gender: of.sex }))));
    }
    if (target.startsWith('/fhir/AuditEvent')) return answer(200, this.#audit());
    if (target === '/skeym/v1/nodes') return answer(200, this.#nodes());
    if (target === '/skeym/v1/whoami') {
      return answer(200, { id: 'console-demo', role: 'doctor', scopes: ['user/*.cruds'], serverTime: new Date().toISOString() });
    }
    const revoked = target.match(/^\/skeym\/v1\/nodes\/([^/]+)\/revoke$/);
    if (method === 'POST' && revoked) {
      this.revoked.add(decodeURIComponent(revoked[1]));
      return answer(200, { revoked: true, generation: 1 });
    }
    return answer(404, {});
  }

  /** @param {NodeRequest} request @returns {Promise<NodeAnswer>} */
  async request(request) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    if (this.state !== 'live') throw new Error('offline');
    const lane = this.spent++ % LANES;
    this.sequences[lane]++;
    this.used[lane] = Date.now();
    const got = this.#serve(request);
    this.#tell(request, got);
    return got;
  }

  /** @param {NodeRequest} request @param {NodeAnswer} got */
  #tell(request, got) {
    const exchange = ++this.exchange;
    const sealed = (/** @type {number} */ size) => crypto.getRandomValues(new Uint8Array(Math.min(2_048, size)));
    const about = { url: '/skeym/v1/exchange', method: 'POST', kind: 'exchange', exchange, at: Date.now() };
    const out = { ...about, direction: 'out', head: 'POST /skeym/v1/exchange HTTP/1.1\nContent-Type: application/jose\nAuthorization: SkeyM (a token)\nSkeyM-Proof: (a proof)\n',
      bytes: sealed(320), clear: { method: request.method, target: request.target, type: '', body: '' } };
    const back = { ...about, direction: 'in', status: 200, head: 'HTTP/1.1 200 OK\nContent-Type: application/jose\nSkeyM-Next: (the next token)\n', bytes: sealed(got.bytes.length),
      clear: { status: got.status, type: got.type, get body() { return got.text(); } } };
    for (const detail of [out, back]) this.dispatchEvent(new CustomEvent('wire', { detail }));
    this.dispatchEvent(new CustomEvent('tokens', { detail: this.tokens }));
  }
}
