// SPDX-License-Identifier: Apache-2.0
// Alarm limits of a bed; kept in memory only, and it says so.
import { adultLimits, limitRange, setPair } from '../model/limits.js';
import { PARAMS } from '../model/codes.js';
import { say, strings } from '../strings.en.js';
import { button, h, setAttr, setText } from './dom.js';
import { valueText } from './words.js';

/** @typedef {import('../model/codes.js').ParamId} ParamId */
/** @typedef {import('../model/ward.js').Bed} Bed */

const ROWS = /** @type {const} */ (['hr', 'spo2', 'sys', 'map', 'nsys', 'rr', 'temp']);
const ALWAYS = ['hr', 'spo2', 'sys', 'rr', 'temp'];

/** @param {ParamId} param @param {'low' | 'high'} which @param {number} value */
function field(param, which, value) {
  const { least, most, step } = limitRange(param);
  return h('input', {
    type: 'number', class: 'limit-input', min: least, max: most, step, value: valueText(param, value), inputmode: 'decimal',
    'aria-label': say(strings.bed.limitOf, { param: strings.paramLong[param], which: strings.bed[which] }),
    'data-testid': `limit-${param}-${which}`,
  });
}

/** @param {Bed} bed @param {ParamId} param @param {HTMLElement} message @param {() => void} onChange */
function row(bed, param, message, onChange) {
  const limit = bed.limits[param];
  if (!limit) return null;
  const low = field(param, 'low', limit.low);
  const high = field(param, 'high', limit.high);
  const on = h('input', { type: 'checkbox', 'aria-label': say(strings.bed.alarmOf, { param: strings.paramLong[param] }), checked: limit.on });
  const apply = () => {
    limit.on = on.checked;
    const good = setPair(limit, param, low.valueAsNumber, high.valueAsNumber);
    for (const input of [low, high]) setAttr(input, 'aria-invalid', good ? null : 'true');
    const { least, most } = limitRange(param);
    setText(message, good ? '' : say(strings.bed.badLimit, { least, most }));
    if (good) onChange();
  };
  for (const input of [low, high, on]) input.addEventListener('change', apply);
  return h('tr', { 'data-hue': PARAMS[param].hue },
    h('th', { scope: 'row' }, strings.param[param], h('span', { class: 'unit' }, PARAMS[param].unit)),
    h('td', {}, low), h('td', {}, high), h('td', { class: 'limit-on' }, on));
}

export class LimitsPanel {
  /** @param {Bed} bed @param {() => void} onChange */
  constructor(bed, onChange) {
    this.bed = bed;
    this.onChange = onChange;
    this.message = h('p', { class: 'error', role: 'status' });
    this.body = h('tbody', {});
    this.shown = '';
    this.element = h('section', { class: 'panel limits', 'aria-labelledby': 'limits-title' },
      h('div', { class: 'panel-head' }, h('h2', { id: 'limits-title' }, strings.bed.limits),
        button(strings.bed.reset, { class: 'quiet' }, () => this.#reset())),
      h('table', {}, h('thead', {}, h('tr', {}, h('td', {}), h('th', { scope: 'col' }, strings.bed.low),
        h('th', { scope: 'col' }, strings.bed.high), h('th', { scope: 'col' }, strings.bed.on))), this.body),
      this.message, h('p', { class: 'note' }, strings.bed.limitsNote));
  }

  #reset() {
    this.bed.limits = adultLimits();
    this.bed.limitsChanged = false;
    this.shown = '';
    this.update();
    this.onChange();
  }

  update() {
    const params = ROWS.filter((param) => ALWAYS.includes(param) || this.bed.readings.has(param));
    const key = params.join(' ');
    if (key === this.shown) return;
    this.shown = key;
    setText(this.message, '');
    const changed = () => {
      this.bed.limitsChanged = true;
      this.onChange();
    };
    this.body.replaceChildren(...params.flatMap((param) => row(this.bed, param, this.message, changed) ?? []));
  }
}
