// SPDX-License-Identifier: Apache-2.0
// What tests read. It is there only when a test opened the page, on this machine.
import { frames } from './loop.js';
import { strips } from './strip.js';

/** @typedef {import('./app.js').App} App */

/** What was drawn of a lead, sample by sample, since its line was last begun. The longest line, when
 * it is on screen twice. `raw` is as SampledData.data has it, `values` in the lead's unit; null: a gap.
 * @param {string} bed @param {string} lead */
function samples(bed, lead) {
  let best = null;
  for (const strip of strips) {
    for (const lane of strip.bed.id === bed ? strip.lanes : []) {
      if (lane.wave.lead !== lead || !lane.log || (best && best.raw.length >= lane.log.raw.length)) continue;
      const { wave, log } = lane;
      const of = (/** @type {(raw: number) => number} */ by) => log.raw.map((raw) => (Number.isNaN(raw) ? null : by(raw)));
      best = {
        startMs: wave.zeroMs + log.start * wave.periodMs,
        periodMs: wave.periodMs,
        raw: of((raw) => raw),
        values: of((raw) => wave.origin + wave.factor * raw),
      };
    }
  }
  return best;
}

/** @param {() => App | null} app */
export function testHook(app) {
  Object.defineProperty(window, 'skeymTest', {
    value: Object.freeze({
      get model() {
        return app()?.ward ?? null;
      },
      get app() {
        return app();
      },
      get state() {
        return app()?.state ?? 'locked';
      },
      frames,
      samples,
    }),
  });
}
