// SPDX-License-Identifier: Apache-2.0
// The ward: one tile a bed.
import { say, strings } from '../strings.en.js';
import { ageText } from '../model/time.js';
import { AlarmBar } from './alarm-bar.js';
import { h, setAttr, setText, show } from './dom.js';
import { Strip } from './strip.js';
import { TrustBadge } from './trust-badge.js';
import { bedLabel, bedName, pressureOf, rateOf, valueText } from './words.js';

/** @typedef {import('../model/ward.js').Bed} Bed */
/** @typedef {import('../model/codes.js').ParamId} ParamId */
/** @typedef {import('./app.js').App} App */

/** One value with its name and unit. */
export class Numeric {
  /** @param {string} hue @param {string} name */
  constructor(hue, name) {
    this.name = h('span', { class: 'numeric-name' });
    this.unit = h('span', { class: 'numeric-unit' });
    this.value = h('span', { class: 'numeric-value' });
    this.aside = h('span', { class: 'numeric-aside' });
    this.element = h('div', { class: 'numeric', 'data-hue': hue, 'data-param': name },
      h('div', { class: 'numeric-head' }, this.name, this.unit), this.value, this.aside);
  }

  /** @param {string} name @param {string} unit @param {string} value @param {string} [aside] */
  set(name, unit, value, aside = '') {
    setText(this.name, name);
    setText(this.unit, unit);
    setText(this.value, value);
    setText(this.aside, aside);
    setAttr(this.element, 'data-none', value.replace(/[-/]/g, '') === '' ? '' : null);
  }

  /** @param {Bed} bed @param {readonly ParamId[]} params the priority of their worst alarm, to mark it */
  mark(bed, params) {
    const alarm = bed.alarms.list.find((one) => one.param && params.includes(one.param) && !one.latched && one.kind !== 'lost');
    setAttr(this.element, 'data-priority', alarm ? alarm.priority : null);
    setAttr(this.element, 'data-calling', alarm && alarm.acknowledgedMs === 0 ? '' : null);
  }
}

const LANES_BY_HEIGHT = /** @type {const} */ ([[150, 2], [260, 3]]);
const TILE_LEADS = [['II', 'MLII', 'V5', 'V', 'I', 'ECG'], ['PLETH'], ['ABP'], ['RESP']];

/** The leads that a small tile shows: an ECG first, then the pulse. @param {Bed} bed @param {number} most */
function tileLeads(bed, most) {
  /** @type {import('../model/wave.js').Wave[]} */ const chosen = [];
  for (const group of TILE_LEADS) {
    const lead = group.find((name) => bed.waves.has(name));
    const wave = lead && bed.waves.get(lead);
    if (wave) chosen.push(wave);
  }
  return (chosen.length > 0 ? chosen : bed.leads).slice(0, most);
}

class Tile {
  /** @param {App} app @param {Bed} bed */
  constructor(app, bed) {
    this.app = app;
    this.bed = bed;
    this.label = h('a', { class: 'tile-label', href: app.places.of(bed.id) });
    this.name = h('span', { class: 'tile-name' });
    this.age = h('span', { class: 'tile-age' });
    this.trust = new TrustBadge();
    this.bar = new AlarmBar(bed, () => app.acknowledge(bed), strings.alarm.acknowledgeShort);
    this.strip = new Strip(bed);
    this.noWave = h('span', { class: 'tile-nowave' });
    this.hr = new Numeric('ecg', 'hr');
    this.spo2 = new Numeric('spo2', 'spo2');
    this.bp = new Numeric('art', 'bp');
    this.rr = new Numeric('resp', 'rr');
    this.temp = new Numeric('temp', 'temp');
    this.element = h('li', { class: 'tile', 'data-testid': `bed-${bed.id}` },
      h('div', { class: 'tile-head' }, h('h2', {}, this.label), this.name, this.trust.element, this.age),
      this.bar.element,
      h('div', { class: 'tile-wave' }, this.strip.canvas, this.noWave),
      h('div', { class: 'tile-numerics' }, this.hr.element, this.spo2.element, this.bp.element,
        this.rr.element, this.temp.element));
  }

  close() {
    this.strip.close();
  }

  update() {
    const { bed, app } = this;
    const nowMs = app.now();
    setText(this.label, bedLabel(bed));
    setAttr(this.label, 'aria-label', `${say(strings.ward.open, { bed: bedLabel(bed) })}, ${bedName(bed)}`);
    setText(this.name, bedName(bed));
    setAttr(this.name, 'title', bedName(bed));
    const age = bed.ageMs(nowMs);
    setText(this.age, Number.isFinite(age) ? say(strings.ward.aged, { age: ageText(age) }) : strings.ward.never);
    setAttr(this.age, 'title', strings.ward.age);
    setAttr(this.age, 'data-old', age > 15_000 ? '' : null);
    this.trust.update(app.ward, bed);
    this.bar.update(bed);
    setAttr(this.element, 'data-priority', bed.alarms.calling);
    this.#numerics(nowMs);
    const height = this.strip.height;
    const most = LANES_BY_HEIGHT.reduce((lanes, [least, count]) => (height >= least ? count : lanes), 1);
    this.strip.setWaves(tileLeads(bed, most));
    setText(this.noWave, bed.waves.size === 0 ? strings.bed.noWaves
      : bed.playback.state === 'gap' ? strings.bed.gap : bed.playback.state === 'waiting' ? strings.bed.waiting : '');
    show(this.noWave, this.noWave.textContent !== '');
  }

  /** @param {number} nowMs */
  #numerics(nowMs) {
    const { bed } = this;
    const rate = rateOf(bed, nowMs);
    this.hr.set(strings.param[rate], '/min', valueText(rate, bed.value(rate, nowMs)));
    this.hr.mark(bed, ['hr', 'pulse']);
    this.spo2.set(strings.param.spo2, '%', valueText('spo2', bed.value('spo2', nowMs)));
    this.spo2.mark(bed, ['spo2']);
    const pressure = pressureOf(bed, nowMs);
    this.bp.set(pressure.label, 'mmHg', pressure.pair, pressure.current ? `(${pressure.mean})` : '');
    this.bp.mark(bed, ['sys', 'dia', 'map', 'nsys']);
    this.rr.set(strings.param.rr, '/min', valueText('rr', bed.value('rr', nowMs)));
    this.rr.mark(bed, ['rr']);
    this.temp.set(strings.param.temp, '°C', valueText('temp', bed.value('temp', nowMs)));
    this.temp.mark(bed, ['temp']);
  }
}

export class WardView {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Map<string, Tile>} */ this.tiles = new Map();
    this.grid = h('ul', { class: 'ward-grid' });
    this.emptyText = h('p', { class: 'empty-lead' });
    this.emptyWhy = h('p', {});
    this.empty = h('div', { class: 'empty' }, this.emptyText, this.emptyWhy);
    this.element = h('section', { class: 'view ward', 'aria-label': strings.ward.heading },
      h('h1', { class: 'hidden-text' }, strings.ward.heading), this.empty, this.grid);
    this.order = '';
  }

  open() {
    this.update();
  }

  close() {
    for (const tile of this.tiles.values()) tile.close();
    this.tiles.clear();
    this.grid.replaceChildren();
    this.order = '';
  }

  update() {
    const beds = this.app.ward.list;
    const order = beds.map((bed) => bed.id).join(' ');
    if (order !== this.order) {
      this.order = order;
      for (const bed of beds) if (!this.tiles.has(bed.id)) this.tiles.set(bed.id, new Tile(this.app, bed));
      // Where they are already they stay: focus is not lost.
      beds.forEach((bed, i) => {
        const tile = /** @type {Tile} */ (this.tiles.get(bed.id)).element;
        if (this.grid.children[i] !== tile) this.grid.insertBefore(tile, this.grid.children[i] ?? null);
      });
      this.grid.dataset.count = String(Math.min(beds.length, 16));
    }
    for (const tile of this.tiles.values()) tile.update();
    const { trouble, rounds } = this.app.feed;
    setText(this.emptyText, trouble === 'denied' ? strings.ward.denied : rounds === 0 ? strings.ward.loading : strings.ward.empty);
    setText(this.emptyWhy, trouble === 'denied' || rounds === 0 ? '' : strings.ward.emptyWhy);
    show(this.empty, beds.length === 0);
  }
}
