// SPDX-License-Identifier: Apache-2.0
/*
 * What a bed's trends were before this tab was open. A few hours of a value a second are too much to
 * fetch; so it is counted first. What is little comes whole, of the rest a few readings at the
 * beginning of each slot of time, in one batch; the screen says which.
 */
import { SEARCH_CODES } from './codes.js';
import { nextOf, parseObservation, resourcesOf } from './fhir.js';

const WHOLE_MOST = 3_000;
const PAGE = 1_000;
const SLOTS = 60;
const PER_SLOT = 10;
const BATCH = 20;

/** @typedef {import('./ward.js').Bed} Bed */
/** @typedef {import('./feed.js').Asker} Asker */

/** @param {number} ms */
const iso = (ms) => new Date(ms).toISOString();

/** @param {Bed} bed @param {any} bundle */
function take(bed, bundle) {
  for (const resource of resourcesOf(bundle)) {
    const heard = parseObservation(resource);
    for (const { param, value } of heard?.patient === bed.id ? heard.values : []) {
      if (value !== null) bed.keep(param, heard?.timeMs ?? 0, value);
    }
  }
}

/** @param {Asker} session @param {string} target @returns {Promise<any>} null: it was refused */
async function get(session, target) {
  const answer = await session.request({ method: 'GET', target });
  return answer.status === 200 ? answer.json() : null;
}

/**
 * Fills a bed's trends. @param {Asker} session @param {Bed} bed @param {number} fromMs @param {number} toMs
 * @returns {Promise<{state: 'whole' | 'sampled' | 'refused', everyMs: number}>}
 */
export async function loadHistory(session, bed, fromMs, toMs) {
  const codes = [...new Set(Object.values(SEARCH_CODES))].join(',');
  const what = `Observation?patient=${bed.id}&code=${codes}`;
  const from = `/fhir/${what}&date=ge${iso(fromMs)}&date=lt${iso(toMs)}`;
  const counted = await get(session, `${from}&_count=0`);
  if (!counted) return { state: 'refused', everyMs: 0 };
  if (typeof counted.total === 'number' && counted.total <= WHOLE_MOST) {
    for (let target = `${from}&_sort=date&_count=${PAGE}`; target; ) {
      const bundle = await get(session, target);
      take(bed, bundle);
      target = nextOf(bundle);
    }
    return { state: 'whole', everyMs: 0 };
  }
  const everyMs = (toMs - fromMs) / SLOTS;
  for (let slot = 0; slot < SLOTS; slot += BATCH) {
    const entry = Array.from({ length: BATCH }, (_, i) => {
      const at = fromMs + (slot + i) * everyMs;
      const url = `${what}&date=ge${iso(at)}&date=lt${iso(at + everyMs)}&_sort=date&_count=${PER_SLOT}`;
      return { request: { method: 'GET', url } };
    });
    const body = { resourceType: 'Bundle', type: 'batch', entry };
    const answer = await session.request({ method: 'POST', target: '/fhir', body });
    if (answer.status !== 200) return { state: 'refused', everyMs: 0 };
    for (const bundle of resourcesOf(answer.json())) take(bed, bundle);
  }
  return { state: 'sampled', everyMs };
}
