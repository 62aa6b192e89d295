// SPDX-License-Identifier: Apache-2.0
/*
 * Alarms of one bed, by the conventions of IEC 60601-1-8: three priorities, each with a colour, a
 * shape and a text of its own. High ones latch: they stay until somebody acknowledges them, also when
 * the value is good again. An acknowledged alarm is quiet while it lasts, and speaks again when its
 * priority rises or REMIND_MS are over.
 */
/** @typedef {import('./codes.js').ParamId} ParamId */
/** @typedef {import('./limits.js').Limit} Limit */
/** @typedef {import('./limits.js').Limits} Limits */
/** @typedef {import('./stale.js').Reading} Reading */
/** @typedef {'high' | 'medium' | 'low'} Priority */
/** @typedef {'low' | 'high' | 'standstill' | 'lost' | 'no-data'} AlarmKind */

/**
 * @typedef {object} Alarm
 * @property {string} key             "spo2-low"
 * @property {ParamId | ''} param     '' of the whole bed
 * @property {AlarmKind} kind
 * @property {Priority} priority
 * @property {number | null} value    the newest that raised it
 * @property {number | null} limit    what it passed
 * @property {number} sinceMs
 * @property {number} endedMs         0 while it lasts
 * @property {number} acknowledgedMs  0: nobody has
 * @property {boolean} latched        ended, and waits for somebody
 */

export const PRIORITIES = /** @type {const} */ (['high', 'medium', 'low']);
export const REMIND_MS = 180_000;
/** How long a value that stopped is missed before it is forgotten. */
const MISSED_MS = 15 * 60_000;

/** @param {Priority} priority */
export const rank = (priority) => PRIORITIES.indexOf(priority);

/** @param {Alarm} one @param {Alarm} other the more urgent and the newer first */
export function byUrgency(one, other) {
  return Number(one.acknowledgedMs > 0) - Number(other.acknowledgedMs > 0)
    || rank(one.priority) - rank(other.priority) || other.sinceMs - one.sinceMs;
}

/**
 * @typedef {object} Found
 * @property {AlarmKind} kind
 * @property {Priority} priority
 * @property {number | null} limit
 */

/** @param {number} value @param {Limit} limit @param {(kind: 'low' | 'high') => boolean} active
 * @returns {Found | undefined} */
function beyond(value, limit, active) {
  const low = limit.low + (active('low') ? limit.margin : 0);
  const high = limit.high - (active('high') ? limit.margin : 0);
  if (value < low) {
    const crisis = value < limit.crisisLow;
    return { kind: 'low', priority: crisis ? 'high' : 'medium', limit: crisis ? limit.crisisLow : limit.low };
  }
  if (value > high) {
    const crisis = value > limit.crisisHigh;
    return { kind: 'high', priority: crisis ? 'high' : 'medium', limit: crisis ? limit.crisisHigh : limit.high };
  }
  return undefined;
}

export class Alarms {
  /** @type {Map<string, Alarm>} */ #alarms = new Map();
  /** Since when a value was beyond, by the device's clock. @type {Map<string, number>} */
  #pending = new Map();

  /** @returns {Alarm[]} the most urgent first */
  get list() {
    return [...this.#alarms.values()].sort(byUrgency);
  }

  /** The priority that is not yet acknowledged, and so flashes and sounds. @returns {Priority | null} */
  get calling() {
    const top = this.list.find((alarm) => alarm.acknowledgedMs === 0);
    return top ? top.priority : null;
  }

  /** @param {string} key */
  #isActive(key) {
    const alarm = this.#alarms.get(key);
    return alarm !== undefined && alarm.endedMs === 0;
  }

  /** @param {ParamId | ''} param @param {Found} found @param {number | null} value @param {number} nowMs */
  #raise(param, { kind, priority, limit }, value, nowMs) {
    const key = param ? `${param}-${kind}` : kind;
    const old = this.#alarms.get(key);
    if (!old) {
      this.#alarms.set(key, {
        key, param, kind, priority, value, limit,
        sinceMs: nowMs, endedMs: 0, acknowledgedMs: 0, latched: false,
      });
      return;
    }
    if (rank(priority) < rank(old.priority) || old.endedMs > 0) {
      old.sinceMs = nowMs;
      old.acknowledgedMs = 0;
      old.priority = priority;
      old.limit = limit;
    }
    old.endedMs = 0;
    old.latched = false;
    old.value = value;
    const quietMs = nowMs - old.acknowledgedMs;
    // Below 0 the clock was set back: how long it has been quiet is not known.
    if (old.acknowledgedMs > 0 && (quietMs > REMIND_MS || quietMs < 0) && old.priority !== 'low') {
      old.acknowledgedMs = 0;
    }
  }

  /** @param {string} key @param {number} nowMs */
  #end(key, nowMs) {
    this.#pending.delete(key);
    const alarm = this.#alarms.get(key);
    if (!alarm || alarm.endedMs > 0) return;
    if (alarm.priority === 'high' && alarm.acknowledgedMs === 0) {
      alarm.endedMs = nowMs;
      alarm.latched = true;
    } else {
      this.#alarms.delete(key);
    }
  }

  /** @param {ParamId} param @param {Reading} reading @param {Limit | undefined} limit @param {number} nowMs */
  #look(param, reading, limit, nowMs) {
    const value = reading.current(nowMs);
    /** @type {Found | undefined} */ let found;
    if (value === 0 && (param === 'hr' || param === 'rr')) {
      found = { kind: 'standstill', priority: 'high', limit: null };
    } else if (value !== null && limit?.on) {
      found = beyond(value, limit, (kind) => this.#isActive(`${param}-${kind}`));
    } else if (value === null && !param.startsWith('n') && reading.ageMs(nowMs) < MISSED_MS) {
      found = { kind: 'lost', priority: 'low', limit: null };
    }
    for (const kind of /** @type {const} */ (['low', 'high', 'standstill', 'lost'])) {
      if (found?.kind !== kind) this.#end(`${param}-${kind}`, nowMs);
    }
    if (!found) return;
    const key = `${param}-${found.kind}`;
    const since = Math.min(this.#pending.get(key) ?? Infinity, reading.timeMs); // less: its clock was set back
    this.#pending.set(key, since);
    const delayMs = found.kind === 'low' || found.kind === 'high' ? limit?.delayMs ?? 0 : 0;
    if (reading.timeMs - since >= delayMs || this.#isActive(key)) this.#raise(param, found, value, nowMs);
  }

  /**
   * Looks at all values anew. @param {Map<ParamId, Reading>} readings @param {Limits} limits
   * @param {number} nowMs by the server's clock @param {boolean} silent nothing comes from this bed
   */
  look(readings, limits, nowMs, silent) {
    for (const [param, reading] of readings) this.#look(param, reading, limits[param], nowMs);
    if (!silent) {
      this.#end('no-data', nowMs);
      return;
    }
    for (const key of [...this.#alarms.keys()]) if (key.endsWith('-lost')) this.#end(key, nowMs);
    this.#raise('', { kind: 'no-data', priority: 'low', limit: null }, null, nowMs);
  }

  /** Somebody has seen them all: the latched go, the others are quiet. @param {number} nowMs */
  acknowledge(nowMs) {
    for (const [key, alarm] of this.#alarms) {
      if (alarm.latched) this.#alarms.delete(key);
      else alarm.acknowledgedMs = alarm.acknowledgedMs || nowMs;
    }
  }
}

export const PAUSE_MS = 120_000;

/** The sound of all alarms: paused for two minutes at most, and told while it is. */
export class Sound {
  #pausedUntilMs = 0;

  /** @param {number} nowMs */
  pause(nowMs) {
    this.#pausedUntilMs = this.leftMs(nowMs) > 0 ? 0 : nowMs + PAUSE_MS;
  }

  /** @param {number} nowMs @returns {number} ms until it sounds again; 0: it is not paused */
  leftMs(nowMs) {
    const left = this.#pausedUntilMs - nowMs;
    return left > 0 && left <= PAUSE_MS ? left : 0; // more: the clock was set back
  }
}
