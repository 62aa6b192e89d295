// SPDX-License-Identifier: Apache-2.0
/*
 * Brings what is new on the ward, each second. The server's _lastUpdated grows from one transaction
 * to the next, so that asking for what is newer than the newest seen misses nothing (store.h).
 */
import { moment, nextOf, resourcesOf } from './fhir.js';

/** @typedef {import('./ward.js').Ward} Ward */
/** @typedef {{status: number, json: () => any}} Answer */
/** @typedef {{request: (request: any) => Promise<Answer>}} Asker */

export const EVERY_MS = 1_000;
const COUNT = 200;
const PAGES = 12;
const BACK_MS = 150_000;
const FIRST_COUNT = 1_000;
const PATIENTS_EVERY = 60;
const LIST_MOST = 20;

/** Whose observations we may search: null: everybody's; else a list of patients.
 * @param {string[]} scopes @returns {string[] | null} */
export function patientsOf(scopes) {
  /** @type {Set<string>} */ const patients = new Set();
  for (const scope of scopes) {
    const match = scope.match(/^(user|system|patient\/([A-Za-z0-9.-]+))\/(\*|Observation)\.(c?r?u?d?s?)$/);
    if (!match || !match[4].includes('s')) continue;
    if (!match[2]) return null;
    patients.add(match[2]);
  }
  return [...patients].slice(0, LIST_MOST);
}

/** Whether a scope allows an action on a type for everybody. @param {string[]} scopes
 * @param {string} type @param {string} action */
export function may(scopes, type, action) {
  return scopes.some((scope) => {
    const match = scope.match(/^(?:user|system)\/(\*|[A-Za-z]+)\.([cruds]+)$/);
    return !!match && (match[1] === '*' || match[1] === type) && match[2].includes(action);
  });
}

export class Feed {
  /** @param {Asker} session @param {Ward} ward @param {{now: () => number, local: () => number}} clocks
   * `now`: the server's time; `local`: of playback */
  constructor(session, ward, clocks) {
    this.session = session;
    this.ward = ward;
    this.clocks = clocks;
    /** @type {string[] | null} */ this.patients = null;
    this.newest = '';
    this.rounds = 0;
    /** Of the last round that came to its end, or could not. @type {'' | 'denied' | 'failed'} */ this.trouble = '';
    /** @type {'' | 'denied' | 'failed'} */ this.found = '';
    this.tookMs = 0;
    /** When the last round ended that brought all there was, by the server's clock. */
    this.wholeMs = NaN;
    /** When it last was known that nothing is kept from us: such an end, or a connection that began. */
    this.heardMs = NaN;
  }

  /** How long nothing has been heard; 0 before there was anything. */
  get quietMs() {
    const nowMs = this.clocks.now();
    if (nowMs < this.heardMs) this.heardMs = nowMs; // the clock was set right
    return nowMs - this.heardMs || 0;
  }

  #whole() {
    this.wholeMs = this.heardMs = this.clocks.now();
  }

  /** @param {string} target */
  async #get(target) {
    const answer = await this.session.request({ method: 'GET', target });
    if (answer.status === 200) return answer.json();
    this.found = answer.status === 403 ? 'denied' : 'failed';
    return null;
  }

  get #whose() {
    return this.patients ? `&patient=${this.patients.join(',')}` : '';
  }

  /** @param {any} bundle */
  #take(bundle) {
    const nowMs = this.clocks.now();
    const localMs = this.clocks.local();
    for (const resource of resourcesOf(bundle)) {
      this.ward.observation(resource, nowMs, localMs);
      const updated = resource.meta?.lastUpdated;
      if (typeof updated === 'string' && !(moment(updated) <= moment(this.newest))) this.newest = updated;
    }
  }

  /** What was measured before we came: numbers only. */
  async #begin() {
    const nowMs = this.clocks.now();
    const since = new Date(nowMs - BACK_MS).toISOString();
    const bundle = await this.#get(`/fhir/Observation?category=vital-signs&_lastUpdated=ge${since}`
      + `&_sort=-_lastUpdated&_count=${FIRST_COUNT}${this.#whose}`);
    if (!bundle) return;
    this.#whole();
    const resources = resourcesOf(bundle);
    this.#take({ ...bundle, entry: resources.reverse().map((resource) => ({ resource })) });
    // If the clock was set right meanwhile, that was not the server's time: what is older than a moment to
    // come would be missed until then. The next round begins anew.
    if (!this.newest && this.clocks.now() >= nowMs) this.newest = since;
  }

  async #names() {
    const id = this.patients ? `&_id=${this.patients.join(',')}` : '';
    const answer = await this.session.request({ method: 'GET', target: `/fhir/Patient?_count=1000${id}` });
    if (answer.status === 200) for (const one of resourcesOf(answer.json())) this.ward.patient(one);
  }

  /** One round. Errors go through, and are a trouble: nothing new came, whoever is to blame. */
  async round() {
    const start = this.clocks.local();
    this.found = '';
    if (this.patients && this.patients.length === 0) {
      this.trouble = 'denied';
      return;
    }
    try {
      if (this.rounds % PATIENTS_EVERY === 0) await this.#names();
      if (!this.newest) await this.#begin();
      else await this.#news();
    } catch (error) {
      this.trouble = 'failed';
      throw error;
    }
    this.trouble = this.found;
    this.rounds++;
    this.tookMs = this.clocks.local() - start;
  }

  async #news() {
    // The server's clock is what counts. After an outage or a sleep no more than BACK_MS is caught up
    // with, and at once: hours of old values before the first new one would hide an alarm meanwhile.
    const nowMs = this.clocks.now();
    const old = nowMs - moment(this.newest) > BACK_MS;
    if (old && (nowMs - this.wholeMs > BACK_MS || this.rounds % PATIENTS_EVERY === 0)) this.newest = '';
    if (!this.newest) return this.#begin();
    let target = `/fhir/Observation?_lastUpdated=gt${this.newest}&_sort=_lastUpdated&_count=${COUNT}${this.#whose}`;
    for (let page = 0; target && page < PAGES; page++) {
      const bundle = await this.#get(target);
      if (!bundle) return undefined;
      this.#take(bundle);
      target = nextOf(bundle);
    }
    // A page in the midst of a transaction: the rest of it is as old as the newest that we have seen.
    if (target) this.newest = new Date(moment(this.newest) - 1).toISOString();
    else this.#whole();
    return undefined;
  }
}
