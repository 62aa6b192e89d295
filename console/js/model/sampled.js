// SPDX-License-Identifier: Apache-2.0
// FHIR's SampledData to samples and back to physical values, without losing one.

export const GAP = NaN;

/**
 * @typedef {object} Sampled
 * @property {number} periodMs
 * @property {number} factor
 * @property {number} origin
 * @property {string} unit         '' when it has none
 * @property {Float64Array} raw    the numbers of `data` as they stand; NaN where there is none
 * @property {number} beyond       how many were "U" or "L": beyond the converter's range, a gap
 */

const SAMPLES_MOST = 200_000;
const NUMBER = /^-?\d{1,12}(\.\d{1,9})?$/;

/** @param {unknown} value @param {number} otherwise */
function number(value, otherwise) {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

/**
 * "E" is an error, "U" above, "L" below the limits: all three are gaps. A sample beyond lowerLimit or
 * upperLimit is not hidden: the device said it. Anything else than numbers makes the whole block
 * undefined: half a wave would be a lie.
 * @param {any} data a SampledData @returns {Sampled | undefined}
 */
export function decodeSampled(data) {
  const periodMs = number(data?.period, 0);
  const factor = number(data?.factor ?? 1, NaN);
  const origin = number(data?.origin?.value ?? 0, NaN);
  if (!(periodMs >= 0.1 && periodMs <= 60_000) || !(Math.abs(factor) > 0)) return undefined;
  if (Number.isNaN(origin) || data.dimensions !== 1 || typeof data.data !== 'string') return undefined;
  const words = data.data.trim().split(/\s+/);
  if (words.length > SAMPLES_MOST || words[0] === '') return undefined;
  const raw = new Float64Array(words.length);
  let beyond = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === 'E' || word === 'U' || word === 'L') {
      raw[i] = GAP;
      beyond += word === 'E' ? 0 : 1;
    } else if (NUMBER.test(word)) {
      raw[i] = Number(word);
    } else {
      return undefined;
    }
  }
  const unit = typeof data.origin?.unit === 'string' ? data.origin.unit : '';
  return { periodMs, factor, origin, unit, raw, beyond };
}
