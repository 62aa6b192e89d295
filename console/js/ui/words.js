// SPDX-License-Identifier: Apache-2.0
// Values and alarms in words.
import { PARAMS } from '../model/codes.js';
import { say, strings } from '../strings.en.js';

/** @typedef {import('../model/codes.js').ParamId} ParamId */
/** @typedef {import('../model/ward.js').Bed} Bed */
/** @typedef {import('../model/alarms.js').Alarm} Alarm */

/** @param {ParamId} param @param {number | null} value */
export function valueText(param, value) {
  return value === null || !Number.isFinite(value) ? strings.none : value.toFixed(PARAMS[param].decimals);
}

/** @param {Bed} bed */
export const bedLabel = (bed) => bed.device || bed.id;

/** @param {Bed} bed */
export const bedName = (bed) => bed.name || say(strings.ward.unnamed, { id: bed.id });

/** @param {Alarm} alarm */
export function alarmText(alarm) {
  const { param, kind, priority } = alarm;
  const words = { param: param ? strings.param[param] : '' };
  if (kind === 'no-data') return strings.alarm.noData;
  if (kind === 'lost') return say(strings.alarm.lost, words);
  if (kind === 'standstill') return param === 'rr' ? strings.alarm.apnoea : strings.alarm.asystole;
  if (kind === 'low' && param === 'spo2' && priority === 'high') return strings.alarm.desaturation;
  if (priority === 'high') return say(kind === 'low' ? strings.alarm.crisisLow : strings.alarm.crisisHigh, words);
  return say(kind === 'low' ? strings.alarm.low : strings.alarm.high, words);
}

/** With its number and what it passed: "SpO2 LOW 84 < 90". @param {Alarm} alarm */
export function alarmDetail(alarm) {
  if (!alarm.param || alarm.value === null || alarm.limit === null) return '';
  const sign = alarm.kind === 'low' ? '<' : '>';
  return `${valueText(alarm.param, alarm.value)} ${sign} ${valueText(alarm.param, alarm.limit)}`;
}

/** The pressure that is shown: arterial when it is current, else the cuff's.
 * @param {Bed} bed @param {number} nowMs */
export function pressureOf(bed, nowMs) {
  const cuff = bed.value('sys', nowMs) === null && bed.value('map', nowMs) === null
    && bed.value('nsys', nowMs) !== null;
  const [sys, dia, map] = /** @type {[ParamId, ParamId, ParamId]} */ (cuff ? ['nsys', 'ndia', 'nmap'] : ['sys', 'dia', 'map']);
  const known = bed.readings.has(sys) || bed.readings.has(map);
  return {
    cuff,
    known,
    label: known || cuff ? strings.param[sys] : strings.param.bp,
    pair: `${valueText(sys, bed.value(sys, nowMs))}/${valueText(dia, bed.value(dia, nowMs))}`,
    mean: valueText(map, bed.value(map, nowMs)),
    current: bed.value(sys, nowMs) !== null,
    sys,
  };
}

/** The rate of the heart: of the ECG, or of the pulse when there is no other.
 * @param {Bed} bed @param {number} nowMs @returns {ParamId} */
export const rateOf = (bed, nowMs) =>
  bed.value('hr', nowMs) === null && bed.value('pulse', nowMs) !== null ? 'pulse' : 'hr';
