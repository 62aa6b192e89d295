// SPDX-License-Identifier: Apache-2.0
// One bed: waves, values, alarms with their limits, trends.
import { ageText, clockText } from '../model/time.js';
import { say, strings } from '../strings.en.js';
import { AlarmBar } from './alarm-bar.js';
import { h, icon, setAttr, setText, show } from './dom.js';
import { LimitsPanel } from './limits-panel.js';
import { Strip } from './strip.js';
import { TrendPanel } from './trend-panel.js';
import { TrustBadge } from './trust-badge.js';
import { Numeric } from './ward-view.js';
import { alarmDetail, alarmText, bedLabel, bedName, valueText } from './words.js';

/** @typedef {import('../model/ward.js').Bed} Bed */
/** @typedef {import('../model/codes.js').ParamId} ParamId */
/** @typedef {import('./app.js').App} App */

const LANES_MOST = 15;

class Waves {
  /** @param {Bed} bed */
  constructor(bed) {
    this.bed = bed;
    this.labels = h('div', { class: 'lane-labels' });
    this.strip = new Strip(bed, { className: 'strip strip-large', onScale: (i, text) => this.#scaled(i, text) });
    this.note = h('span', { class: 'wave-note' });
    this.over = h('div', { class: 'wave-over' });
    this.box = h('div', { class: 'wave-box' }, this.strip.canvas, this.labels, this.over);
    this.element = h('section', { class: 'panel waves', 'aria-label': strings.bed.waves }, this.box,
      h('div', { class: 'wave-foot' }, h('span', {}, strings.bed.speed), this.note));
    this.epoch = -1;
    /** @type {HTMLElement[]} */ this.scales = [];
  }

  /** @param {number} i @param {string} text */
  #scaled(i, text) {
    if (this.scales[i]) setText(this.scales[i], text);
  }

  update() {
    const { bed } = this;
    if (this.epoch !== bed.leadsEpoch) {
      this.epoch = bed.leadsEpoch;
      const leads = bed.leads.slice(0, LANES_MOST);
      this.scales = leads.map(() => h('span', { class: 'lane-scale' }));
      this.labels.replaceChildren(...leads.map((wave, i) => h('div', { class: 'lane-label', 'data-hue': wave.hue },
        h('span', { class: 'lane-name' }, wave.lead), this.scales[i])));
      this.box.dataset.lanes = leads.length > 8 ? 'many' : String(leads.length);
      this.strip.setWaves(leads);
      this.strip.lanes.forEach((lane, i) => setText(this.scales[i], lane.label));
    }
    const { state, latencyMs } = bed.playback;
    setText(this.note, state === 'running' || state === 'holding'
      ? say(strings.bed.delay, { seconds: (latencyMs / 1000).toFixed(1) }) : '');
    setText(this.over, bed.waves.size === 0 ? strings.bed.noWaves : state === 'gap' ? strings.bed.gap
      : state === 'waiting' ? strings.bed.waiting : '');
    show(this.over, this.over.textContent !== '');
  }
}

/** Large values with their limits beside. */
class Values {
  /** @param {App} app @param {Bed} bed */
  constructor(app, bed) {
    this.app = app;
    this.bed = bed;
    this.hr = new Numeric('ecg', 'hr');
    this.spo2 = new Numeric('spo2', 'spo2');
    this.bp = new Numeric('art', 'bp');
    this.nbp = new Numeric('cuff', 'nbp');
    this.rr = new Numeric('resp', 'rr');
    this.temp = new Numeric('temp', 'temp');
    this.pulse = new Numeric('spo2', 'pulse');
    this.element = h('section', { class: 'values', 'aria-label': strings.bed.numerics }, this.hr.element,
      this.spo2.element, this.pulse.element, this.bp.element, this.nbp.element, this.rr.element, this.temp.element);
  }

  /** @param {ParamId} param @param {number} nowMs */
  #aside(param, nowMs) {
    const limit = this.bed.limits[param];
    const reading = this.bed.readings.get(param);
    const age = reading ? reading.ageMs(nowMs) : NaN;
    const limits = !limit ? '' : limit.on ? `${valueText(param, limit.low)}\u2013${valueText(param, limit.high)}` : strings.bed.off;
    const old = Number.isFinite(age) && age > 4_000 ? say(strings.bed.ago, { age: ageText(age) }) : '';
    return [limits, old].filter(Boolean).join('\n');
  }

  /** @param {Numeric} numeric @param {ParamId} param @param {string} unit @param {number} nowMs */
  #one(numeric, param, unit, nowMs) {
    numeric.set(strings.param[param], unit, valueText(param, this.bed.value(param, nowMs)), this.#aside(param, nowMs));
    numeric.mark(this.bed, [param]);
  }

  update() {
    const nowMs = this.app.now();
    const { bed } = this;
    this.#one(this.hr, 'hr', '/min', nowMs);
    this.#one(this.spo2, 'spo2', '%', nowMs);
    this.#one(this.pulse, 'pulse', '/min', nowMs);
    this.#one(this.rr, 'rr', '/min', nowMs);
    this.#one(this.temp, 'temp', '°C', nowMs);
    const pair = (/** @type {ParamId} */ sys, /** @type {ParamId} */ dia) =>
      `${valueText(sys, bed.value(sys, nowMs))}/${valueText(dia, bed.value(dia, nowMs))}`;
    const mean = (/** @type {ParamId} */ param) => say(strings.bed.mean, { value: valueText(param, bed.value(param, nowMs)) });
    this.bp.set(bed.readings.has('sys') || bed.readings.has('map') ? strings.param.sys : strings.param.bp, 'mmHg',
      pair('sys', 'dia'), [mean('map'), this.#aside('sys', nowMs)].filter(Boolean).join('\n'));
    this.bp.mark(bed, ['sys', 'map', 'dia']);
    this.nbp.set(strings.param.nsys, 'mmHg', pair('nsys', 'ndia'), [mean('nmap'), this.#aside('nsys', nowMs)].filter(Boolean).join('\n'));
    this.nbp.mark(bed, ['nsys', 'nmap']);
    show(this.nbp.element, bed.readings.has('nsys'));
    show(this.pulse.element, bed.readings.has('pulse'));
  }
}

class AlarmList {
  /** @param {Bed} bed */
  constructor(bed) {
    this.bed = bed;
    this.list = h('ul', { class: 'alarm-list' });
    this.element = h('section', { class: 'panel alarms', 'aria-labelledby': 'alarms-title' },
      h('h2', { id: 'alarms-title' }, strings.bed.alarms), this.list);
    this.shown = '?';
  }

  update() {
    const alarms = this.bed.alarms.list;
    const key = JSON.stringify(alarms);
    if (key === this.shown) return;
    this.shown = key;
    const rows = alarms.map((alarm) => h('li', {
      class: 'alarm-row', 'data-priority': alarm.priority, 'data-calling': alarm.acknowledgedMs === 0, 'data-alarm': alarm.key,
    }, h('span', { class: 'shape', 'aria-hidden': 'true' }), h('span', { class: 'mark' }, strings.mark[alarm.priority]),
    h('span', { class: 'alarm-text' }, alarmText(alarm)), h('span', { class: 'alarm-detail' }, alarmDetail(alarm)),
    h('span', { class: 'alarm-since' }, alarm.latched ? strings.alarm.latched : alarm.acknowledgedMs > 0
      ? strings.alarm.acknowledged : say(strings.alarm.since, { time: clockText(alarm.sinceMs) }))));
    this.list.replaceChildren(...(rows.length > 0 ? rows : [h('li', { class: 'alarm-none' }, strings.alarm.none)]));
  }
}

export class BedView {
  /** @param {App} app @param {string} id */
  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.element = h('section', { class: 'view bed', 'data-testid': `bed-view-${id}` });
    /** @type {{update: () => void}[]} */ this.parts = [];
    /** @type {Waves | null} */ this.waves = null;
    this.missing = h('p', { class: 'empty' }, strings.bed.missing);
  }

  open() {
    this.update();
  }

  close() {
    this.waves?.strip.close();
    this.parts = [];
    this.waves = null;
    this.element.replaceChildren();
  }

  /** @param {Bed} bed */
  #build(bed) {
    const bar = new AlarmBar(bed, () => this.app.acknowledge(bed));
    const trust = new TrustBadge();
    const title = h('h1', { tabindex: '-1' });
    const name = h('span', { class: 'bed-name' });
    const facts = h('span', { class: 'bed-facts' });
    const age = h('span', { class: 'tile-age' });
    const back = h('a', { class: 'back', href: '#ward' }, icon('back'), strings.bed.back);
    const head = h('div', { class: 'bed-head' }, back, title, name, facts, trust.element, age);
    this.waves = new Waves(bed);
    const values = new Values(this.app, bed);
    const list = new AlarmList(bed);
    const limits = new LimitsPanel(bed, () => {
      this.app.ward.look(this.app.now());
      this.update();
    });
    const trends = new TrendPanel(this.app, bed);
    this.parts = [this.waves, values, list, limits, trends, { update: () => {
      const nowMs = this.app.now();
      bar.update(bed);
      trust.update(this.app.ward, bed);
      setText(title, bedLabel(bed));
      setText(name, bedName(bed));
      setAttr(name, 'title', bedName(bed));
      setText(facts, [bed.sex, bed.born && say(strings.bed.born, { date: bed.born }), bed.name && bed.id].filter(Boolean).join(' \u00b7 '));
      const ageMs = bed.ageMs(nowMs);
      setText(age, Number.isFinite(ageMs) ? say(strings.ward.aged, { age: ageText(ageMs) }) : strings.ward.never);
      setAttr(age, 'data-old', ageMs > 15_000 ? '' : null);
      setAttr(this.element, 'data-priority', bed.alarms.calling);
    } }];
    this.element.replaceChildren(head, bar.element, h('div', { class: 'bed-main' }, this.waves.element, values.element),
      h('div', { class: 'bed-lower' }, trends.element, list.element, limits.element));
  }

  update() {
    const bed = this.app.ward.beds.get(this.id);
    if (!bed) {
      if (!this.missing.isConnected) this.element.replaceChildren(this.missing);
      return;
    }
    if (this.parts.length === 0) this.#build(bed);
    for (const part of this.parts) part.update();
  }
}
