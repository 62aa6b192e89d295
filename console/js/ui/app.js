// SPDX-License-Identifier: Apache-2.0
/*
 * The console while it is unlocked: a session, what it feeds, and the views. Everything here ends with
 * close(): nothing of a patient stays in the page.
 */
import { Sound, rank } from '../model/alarms.js';
import { EVERY_MS, Feed, patientsOf } from '../model/feed.js';
import { moment } from '../model/fhir.js';
import { Ward } from '../model/ward.js';
import { WardClock } from '../model/ward-clock.js';
import { WireLog } from '../model/wirelog.js';
import { Clock } from '../node/clock.js';
import { say, strings } from '../strings.en.js';
import { Banner } from './banner.js';
import { Bar } from './bar.js';
import { BedView } from './bed-view.js';
import { h } from './dom.js';
import { localNow, startLoop, stopLoop } from './loop.js';
import { Places } from './places.js';
import { SecurityView } from './security-view.js';
import { Speaker } from './sound.js';
import { WardView } from './ward-view.js';
import { alarmDetail, alarmText, bedLabel } from './words.js';

/** @typedef {import('../node/types.js').StateDetail} StateDetail */
/** @typedef {import('../node/types.js').TokensDetail} TokensDetail */
/** @typedef {import('../node/types.js').NodeRequest} NodeRequest */
/** @typedef {import('../node/types.js').NodeAnswer} NodeAnswer */
/** @typedef {import('../node/types.js').SessionState} SessionState */
/** @typedef {import('../model/ward.js').Bed} Bed */

/**
 * What the console needs of a session: of console/js/node's, or of the simulated one.
 * @typedef {EventTarget & {state: SessionState, tokens: TokensDetail, login: () => Promise<void>,
 *   lock: () => void, request: (request: NodeRequest) => Promise<NodeAnswer>}} Session
 */

/** @typedef {{node: string, role: string, scopes: string[], notAfter: number}} Me */

const TICK_MS = 250;
const LATE_MS = 5_000; // a look that came so much after the one before is told
const ENDED = ['revoked', 'expired', 'locked'];

/** Ends with true when the time is over, with false when it was ended before.
 * @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
const wait = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
});

export class App {
  /**
   * @param {Session} session @param {Me} me
   * @param {{onLock: (why: 'user' | 'idle') => void, idle: {leftMs: number, minutes: number, set: (minutes: number) => void},
   *   simulated?: import('./mock-session.js').MockSession}} how
   */
  constructor(session, me, { onLock, idle, simulated }) {
    this.session = session;
    this.me = me;
    this.idle = idle;
    this.onLock = onLock;
    this.clock = new WardClock();
    this.logins = 0;
    this.fault = false;
    this.beats = new Clock();
    this.beat = this.beats.mark();
    this.ward = new Ward();
    this.feed = new Feed(session, this.ward, { now: () => this.now(), local: localNow });
    this.wire = new WireLog();
    this.places = new Places();
    this.sound = new Sound();
    this.speaker = new Speaker();
    this.ender = new AbortController();
    this.banner = new Banner(this);
    this.bar = new Bar(this, simulated !== undefined);
    this.main = h('main', { id: 'main', tabindex: '-1' });
    this.polite = h('div', { class: 'hidden-text', role: 'status', 'aria-live': 'polite' });
    this.urgent = h('div', { class: 'hidden-text', role: 'alert', 'aria-live': 'assertive' });
    this.footer = h('footer', { class: 'foot' }, h('span', {}, strings.notice), simulated && simulated.controls());
    this.element = h('div', { class: 'console' }, h('div', { class: 'top' }, this.bar.element, this.banner.element),
      this.banner.spoken, this.main, this.footer, this.polite, this.urgent);
    /** @type {WardView | BedView | SecurityView | null} */ this.view = null;
    /** @type {Map<string, import('../model/alarms.js').Priority>} */ this.announced = new Map();
    this.patientsKnown = false;
  }

  /** The server's time, as well as it is known. */
  now() {
    return this.clock.now();
  }

  get state() {
    return this.session.state;
  }

  start() {
    const { signal } = this.ender;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      this.session.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail), { signal });
    on('state', (detail) => this.#onState(detail));
    on('wire', (detail) => this.wire.add(detail));
    on('tokens', (/** @type {TokensDetail} */ detail) => {
      if (detail.logins !== this.logins) this.clock.set(Date.now() + detail.clockOffsetMs);
      this.logins = detail.logins;
    });
    // A page that is left may be kept whole, and be brought back by whoever goes back.
    addEventListener('pagehide', () => this.lock('user'), { signal });
    addEventListener('hashchange', () => this.route(true), { signal });
    for (const type of ['pointerdown', 'keydown']) addEventListener(type, () => this.speaker.allow(), { signal, capture: true });
    this.feed.patients = this.me.scopes.length > 0 ? patientsOf(this.me.scopes) : null;
    startLoop();
    this.route(false);
    this.#tick();
    this.session.login().catch(() => {}); // its state says it all
    this.#run();
  }

  /** Every second, as long as there is a session. */
  async #run() {
    const { signal } = this.ender;
    while (!signal.aborted) {
      const start = localNow();
      try {
        if (!this.patientsKnown && this.state === 'live') await this.#whoAmI();
        if (this.state === 'live' || this.state === 'connecting') await this.feed.round();
        if (signal.aborted) return;
        this.#look();
      } catch { /* the session's state says why, or the feed's trouble */ }
      await wait(Math.max(50, EVERY_MS - (localNow() - start)), signal);
    }
  }

  async #whoAmI() {
    const sent = performance.now();
    const answer = await this.session.request({ method: 'GET', target: '/skeym/v1/whoami' });
    if (answer.status !== 200) return;
    const who = answer.json();
    const serverMs = moment(who.serverTime);
    if (!Number.isNaN(serverMs)) this.clock.set(serverMs + Math.max(0, performance.now() - sent) / 2);
    const scopes = Array.isArray(who.scopes) ? who.scopes.map(String) : this.me.scopes;
    const notAfter = moment(who.notAfter);
    this.me = { node: String(who.id ?? this.me.node), role: String(who.role ?? this.me.role), scopes,
      notAfter: Number.isNaN(notAfter) ? this.me.notAfter : notAfter };
    this.feed.patients = patientsOf(scopes);
    this.patientsKnown = true;
  }

  /** @param {StateDetail} detail */
  #onState(detail) {
    this.banner.set(detail);
    if (detail.state === 'live' && detail.before !== 'live') {
      this.patientsKnown = false;
      this.feed.trouble = '';
      this.feed.heardMs = this.now();
    }
    if (detail.state === 'revoked' || detail.state === 'expired') this.#wipe();
    this.bar.update();
    if (detail.state === 'locked' && !this.ender.signal.aborted) this.lock('user');
  }

  /** Takes every value off the screen. */
  #wipe() {
    this.ward.beds.clear();
    this.wire.clear();
    this.feed.newest = '';
    this.feed.rounds = 0;
    this.announced.clear();
    this.view?.close();
    this.main.replaceChildren(h('section', { class: 'view ended' }, h('h1', { tabindex: '-1' }, strings.state[this.state]),
      h('p', {}, strings.stateLong.whatNow)));
    this.view = null;
  }

  /** @param {boolean} moved focus goes to the new view */
  route(moved) {
    if (ENDED.includes(this.state)) return;
    const bed = this.places.bedOf(location.hash);
    const name = bed ? 'bed' : location.hash === '#security' ? 'security' : 'ward';
    this.view?.close();
    this.view = bed ? new BedView(this, bed) : name === 'security' ? new SecurityView(this) : new WardView(this);
    this.main.replaceChildren(this.view.element);
    this.view.open();
    this.bar.setView(name);
    if (moved) this.main.focus({ preventScroll: true });
    globalThis.scrollTo?.(0, 0);
  }

  /** Alarms anew, and the screen with them. */
  #look() {
    const nowMs = this.now();
    this.ward.look(nowMs);
    this.#title();
    this.#announce();
    if (!this.view && this.state === 'live') this.route(false);
    this.view?.update();
    this.bar.update();
  }

  #tick() {
    if (this.ender.signal.aborted) return;
    setTimeout(() => this.#tick(), TICK_MS); // first: whatever fails below, alarms are looked at again
    const sinceMs = this.beats.age(this.beat);
    this.beat = this.beats.mark();
    if (sinceMs > LATE_MS) this.banner.late(sinceMs);
    try {
      this.#look();
      this.fault = false;
    } catch {
      this.fault = true; // the banner says so: a screen that stands still must not look alive
    }
    this.banner.update();
    const nowMs = this.now();
    const calling = this.sound.leftMs(nowMs) > 0 ? null : this.ward.calling;
    this.speaker.tick(calling, nowMs);
  }

  /** What calls, for who sees but the tab: "!!! 2 ward console". */
  #title() {
    const { calling } = this.ward;
    const lost = this.state === 'live' ? '' : `${strings.state[this.state]} \u00b7 `;
    const call = calling ? `${strings.mark[calling]} ${this.ward.calls()[calling]} \u00b7 ` : '';
    const title = call + lost + (document.hidden ? strings.background : strings.title);
    if (document.title !== title) document.title = title;
  }

  /** Says what is new, the urgent at once. */
  #announce() {
    /** @type {string[]} */ const urgent = [];
    /** @type {string[]} */ const polite = [];
    for (const bed of this.ward.beds.values()) {
      for (const alarm of bed.alarms.list) {
        const key = `${bed.id} ${alarm.key}`;
        const before = this.announced.get(key);
        if (before && rank(before) <= rank(alarm.priority)) continue;
        if (alarm.kind === 'no-data' && this.state !== 'live') continue; // the banner has said why
        this.announced.set(key, alarm.priority);
        const text = `${alarmText(alarm)} ${alarmDetail(alarm)}`;
        const spoken = say(strings.alarm.spoken, { priority: strings.priority[alarm.priority], bed: bedLabel(bed), text });
        (alarm.priority === 'high' ? urgent : polite).push(spoken);
      }
      const keys = new Set(bed.alarms.list.map((alarm) => `${bed.id} ${alarm.key}`));
      for (const key of this.announced.keys()) if (key.startsWith(`${bed.id} `) && !keys.has(key)) this.announced.delete(key);
    }
    // Anew, also when the words are the same: a second asystole is said as the first one was.
    if (urgent.length > 0) this.urgent.replaceChildren(urgent.join('. '));
    if (polite.length > 0) this.polite.replaceChildren(polite.join('. '));
  }

  /** @param {Bed} bed */
  acknowledge(bed) {
    bed.alarms.acknowledge(this.now());
    this.#look();
    this.main.focus({ preventScroll: true });
  }

  toggleSound() {
    if (this.speaker.allowed) this.sound.pause(this.now());
    this.speaker.allow();
    this.bar.update();
  }

  tryNow() {
    this.session.login().catch(() => {});
  }

  /** @param {'user' | 'idle'} why */
  lock(why) {
    if (this.ender.signal.aborted) return;
    this.close();
    this.session.lock();
    this.onLock(why);
  }

  close() {
    this.ender.abort();
    this.view?.close();
    this.view = null;
    stopLoop();
    this.ward.beds.clear();
    this.wire.clear();
    this.element.remove();
    document.title = strings.title;
  }
}
