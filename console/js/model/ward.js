// SPDX-License-Identifier: Apache-2.0
// The ward as it is known here: beds, their values, waves, trends and alarms. No DOM, no clock.
import { Alarms, rank } from './alarms.js';
import { byLead } from './codes.js';
import { parseObservation, parsePatient } from './fhir.js';
import { adultLimits } from './limits.js';
import { Playback } from './playback.js';
import { Reading } from './stale.js';
import { Trend } from './trend.js';
import { Wave } from './wave.js';

/** @typedef {import('./codes.js').ParamId} ParamId */
/** @typedef {import('./fhir.js').Heard} Heard */

/**
 * Whether the values are the device's own. 'sealed': the server says that the very device wrote them,
 * with a credential of its own. 'other': another node wrote them in its name. 'revoked': the
 * device's credential was taken back. 'unknown': no device, or no word of who wrote.
 * @typedef {'sealed' | 'other' | 'revoked' | 'unknown'} Trust
 */

export class Bed {
  /** @param {string} id the patient's */
  constructor(id) {
    this.id = id;
    this.name = '';
    this.born = '';
    this.sex = '';
    this.device = '';
    this.writer = '';
    this.heardMs = NaN;
    this.updatedMs = NaN;
    /** @type {Map<ParamId, Reading>} */
    this.readings = new Map();
    /** @type {Map<string, Wave>} */
    this.waves = new Map();
    /** @type {Map<ParamId, Trend>} */
    this.trends = new Map();
    this.playback = new Playback();
    this.alarms = new Alarms();
    this.limits = adultLimits();
    this.limitsChanged = false;
    /** Grows with each lead that is new. */
    this.leadsEpoch = 0;
    /** The end of the newest block of any lead, on the device's clock. */
    this.endMs = -Infinity;
  }

  /** @returns {Wave[]} in the order of a screen */
  get leads() {
    return [...this.waves.values()].sort((one, other) => byLead(one.lead, other.lead));
  }

  /** @param {number} nowMs the youngest value's age, or Infinity */
  ageMs(nowMs) {
    let age = Infinity;
    for (const reading of this.readings.values()) age = Math.min(age, reading.ageMs(nowMs));
    return Math.min(age, Number.isNaN(this.updatedMs) ? Infinity : Math.max(0, nowMs - this.updatedMs));
  }

  /** What may be shown of a value; null is `--`. @param {ParamId} param @param {number} nowMs */
  value(param, nowMs) {
    return this.readings.get(param)?.current(nowMs) ?? null;
  }

  /** @param {ParamId} param @param {number} timeMs @param {number} value */
  keep(param, timeMs, value) {
    let trend = this.trends.get(param);
    if (!trend) this.trends.set(param, (trend = new Trend()));
    trend.add(timeMs, value);
  }
}

export class Ward {
  /** @type {Map<string, Bed>} */
  beds = new Map();
  /** Names of nodes whose credential was taken back. @type {Set<string>} */
  revoked = new Set();
  figures = { heard: 0, ignored: 0, samples: 0, beyond: 0 };

  /** @param {string} id @returns {Bed} */
  bed(id) {
    let bed = this.beds.get(id);
    if (!bed) this.beds.set(id, (bed = new Bed(id)));
    return bed;
  }

  /** By device, then by patient: the same order on every screen. @returns {Bed[]} */
  get list() {
    const collate = new Intl.Collator('en', { numeric: true }).compare;
    return [...this.beds.values()].sort((one, other) =>
      Number(!one.device) - Number(!other.device) || collate(one.device, other.device) || collate(one.id, other.id));
  }

  /** @param {any} resource a Patient */
  patient(resource) {
    const { id, name, born, sex } = parsePatient(resource);
    if (!/^[A-Za-z0-9.-]{1,64}$/.test(id)) return;
    Object.assign(this.bed(id), { name, born, sex });
  }

  /**
   * @param {any} resource an Observation @param {number} nowMs by the server's clock
   * @param {number} localMs of the clock that waves are played by @returns {Heard | undefined}
   */
  observation(resource, nowMs, localMs) {
    const heard = parseObservation(resource);
    if (!heard) {
      this.figures.ignored++;
      return undefined;
    }
    this.figures.heard++;
    const bed = this.bed(heard.patient);
    if (!(heard.updatedMs < bed.updatedMs)) {
      bed.device = heard.device || heard.writer || bed.device;
      bed.writer = heard.writer;
      bed.updatedMs = heard.updatedMs;
      bed.heardMs = nowMs;
    }
    for (const { param, value } of heard.values) this.#value(bed, param, value, heard, nowMs);
    if (heard.wave) this.#wave(bed, heard.wave, heard.timeMs, localMs);
    return heard;
  }

  /** @param {Bed} bed @param {ParamId} param @param {number | null} value @param {Heard} heard
   * @param {number} nowMs */
  #value(bed, param, value, { timeMs, updatedMs }, nowMs) {
    let reading = bed.readings.get(param);
    if (!reading) bed.readings.set(param, (reading = new Reading(param)));
    reading.set(value, timeMs, updatedMs, nowMs);
    if (value !== null) bed.keep(param, timeMs, value);
  }

  /** @param {Bed} bed @param {NonNullable<Heard['wave']>} of @param {number} timeMs @param {number} localMs */
  #wave(bed, { lead, hue, sampled }, timeMs, localMs) {
    let wave = bed.waves.get(lead);
    if (!wave) {
      bed.waves.set(lead, (wave = new Wave({ lead, hue })));
      bed.leadsEpoch++;
    }
    this.figures.samples += wave.add(timeMs, sampled);
    this.figures.beyond += sampled.beyond;
    bed.endMs = -Infinity;
    for (const one of bed.waves.values()) bed.endMs = Math.max(bed.endMs, one.endMs);
    bed.playback.arrived(timeMs, sampled.raw.length * sampled.periodMs, localMs);
  }

  /** Looks at every alarm anew. @param {number} nowMs */
  look(nowMs) {
    for (const bed of this.beds.values()) {
      const known = bed.readings.size > 0;
      const silent = known && [...bed.readings.values()].every((one) => !one.isFresh(nowMs));
      bed.alarms.look(bed.readings, bed.limits, nowMs, silent);
    }
  }

  /** @param {Bed} bed @returns {Trust} */
  trust(bed) {
    if (this.revoked.has(bed.device) || this.revoked.has(bed.writer)) return 'revoked';
    if (!bed.device || !bed.writer) return 'unknown';
    return bed.device === bed.writer ? 'sealed' : 'other';
  }

  /** How many beds call with which priority. */
  calls() {
    const count = { high: 0, medium: 0, low: 0 };
    for (const bed of this.beds.values()) {
      const calling = bed.alarms.calling;
      if (calling) count[calling]++;
    }
    return count;
  }

  /** The most urgent priority that calls. @returns {import('./alarms.js').Priority | null} */
  get calling() {
    /** @type {import('./alarms.js').Priority | null} */ let top = null;
    for (const bed of this.beds.values()) {
      const calling = bed.alarms.calling;
      if (calling && (!top || rank(calling) < rank(top))) top = calling;
    }
    return top;
  }
}
