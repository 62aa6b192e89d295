// SPDX-License-Identifier: Apache-2.0
// Trends of 1 to 24 hours: least to largest of each column, and the mean; where nothing was is nothing.
import { PARAMS } from '../model/codes.js';
import { loadHistory } from '../model/history.js';
import { ageText, clockText } from '../model/time.js';
import { say, strings } from '../strings.en.js';
import { h, setText } from './dom.js';
import { valueText } from './words.js';

/** @typedef {import('../model/codes.js').ParamId} ParamId */
/** @typedef {import('../model/ward.js').Bed} Bed */
/** @typedef {import('./app.js').App} App */

const HOURS = [1, 2, 4, 8, 12, 24];
const HOUR_MS = 3_600_000;
/** What stands in one chart, and the least span of its scale. */
/** @type {readonly {params: ParamId[], span: number, name: ParamId}[]} */
const CHARTS = [
  { params: ['hr', 'pulse'], span: 30, name: 'hr' },
  { params: ['spo2'], span: 10, name: 'spo2' },
  { params: ['sys', 'map', 'dia', 'nsys', 'nmap', 'ndia'], span: 40, name: 'sys' },
  { params: ['rr'], span: 15, name: 'rr' },
  { params: ['temp'], span: 2, name: 'temp' },
];

class Chart {
  /** @param {typeof CHARTS[0]} of */
  constructor(of) {
    this.of = of;
    this.canvas = h('canvas', { class: 'trend-canvas', role: 'img' });
    this.context = this.canvas.getContext('2d');
    this.top = h('span', { class: 'trend-top' });
    this.bottom = h('span', { class: 'trend-bottom' });
    const { hue, unit } = PARAMS[of.name];
    this.element = h('div', { class: 'trend', 'data-hue': hue },
      h('div', { class: 'trend-name' }, strings.param[of.name], h('span', { class: 'unit' }, unit)),
      h('div', { class: 'trend-scale', 'aria-hidden': 'true' }, this.top, this.bottom), this.canvas);
  }

  /** @param {Bed} bed @param {number} fromMs @param {number} toMs */
  draw(bed, fromMs, toMs) {
    const { canvas, context } = this;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!context || width < 8 || height < 8) return;
    const dpr = Math.min(2, globalThis.devicePixelRatio || 1);
    canvas.width = Math.round(width * dpr);
    canvas.height = Math.round(height * dpr);
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    const count = Math.max(20, Math.floor(width / 3));
    const parts = this.of.params.flatMap((param) => bed.trends.get(param)?.columns(fromMs, toMs, count) ?? []);
    const least = Math.min(...parts.map((part) => part.least).filter(Number.isFinite));
    const most = Math.max(...parts.map((part) => part.most).filter(Number.isFinite));
    const style = getComputedStyle(canvas);
    this.#grid(context, style.getPropertyValue('--line'), width, height);
    if (!(most >= least)) {
      setText(this.top, '');
      setText(this.bottom, strings.none);
      canvas.setAttribute('aria-label', `${strings.paramLong[this.of.name]}: ${strings.bed.trendNone}`);
      return;
    }
    const pad = Math.max(0, this.of.span - (most - least)) / 2 + (most - least) * 0.06;
    const low = least - pad;
    const high = this.of.name === 'spo2' ? Math.min(100, most + pad) : most + pad;
    setText(this.top, valueText(this.of.name, high));
    setText(this.bottom, valueText(this.of.name, low));
    canvas.setAttribute('aria-label', `${strings.paramLong[this.of.name]}: ${valueText(this.of.name, least)} `
      + `\u2013 ${valueText(this.of.name, most)} ${PARAMS[this.of.name].unit}`);
    context.fillStyle = style.getPropertyValue(`--hue-${PARAMS[this.of.name].hue}`).trim();
    const y = (/** @type {number} */ value) => height - (value - low) / (high - low) * height;
    for (const part of parts) Chart.#columns(context, part, count, width / count, y);
  }

  /** @param {CanvasRenderingContext2D} context @param {import('../model/trend.js').Columns} part
   * @param {number} count @param {number} step @param {(value: number) => number} y */
  static #columns(context, part, count, step, y) {
    context.globalAlpha = 0.38;
    for (let i = 0; i < count; i++) {
      const top = y(part.high[i]);
      if (part.high[i] === part.high[i]) context.fillRect(i * step, top, step, Math.max(1, y(part.low[i]) - top));
    }
    context.globalAlpha = 1;
    for (let i = 0; i < count; i++) {
      if (part.mean[i] === part.mean[i]) context.fillRect(i * step, y(part.mean[i]) - 0.8, step, 1.6);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {string} colour @param {number} width @param {number} height */
  #grid(context, colour, width, height) {
    context.clearRect(0, 0, width, height);
    context.fillStyle = colour.trim();
    for (let i = 1; i < 4; i++) context.fillRect(Math.round(i * width / 4), 0, 1, height);
    context.fillRect(0, height - 1, width, 1);
  }
}

export class TrendPanel {
  /** @param {App} app @param {Bed} bed */
  constructor(app, bed) {
    this.app = app;
    this.bed = bed;
    this.hours = 1;
    this.asked = 0;
    this.charts = CHARTS.map((of) => new Chart(of));
    this.status = h('p', { class: 'note', role: 'status' });
    this.axis = h('div', { class: 'trend-axis', 'aria-hidden': 'true' }, ...[0, 1, 2, 3, 4].map(() => h('span', {})));
    const choice = h('select', { 'aria-label': strings.bed.range, 'data-testid': 'trend-hours' },
      ...HOURS.map((count) => h('option', { value: count }, say(strings.bed.hours, { count }))));
    choice.addEventListener('change', () => this.#choose(Number(choice.value)));
    this.element = h('section', { class: 'panel trends', 'aria-labelledby': 'trends-title' },
      h('div', { class: 'panel-head' }, h('h2', { id: 'trends-title' }, strings.bed.trends), choice),
      ...this.charts.map((chart) => chart.element), this.axis, this.status);
    this.drawnMs = 0;
    this.#choose(1);
  }

  /** @param {number} hours */
  async #choose(hours) {
    this.hours = hours;
    this.drawnMs = 0;
    const asked = ++this.asked;
    setText(this.status, strings.bed.trendLoading);
    const toMs = this.app.now();
    try {
      const { state, everyMs } = await loadHistory(this.app.session, this.bed, toMs - hours * HOUR_MS, toMs);
      if (asked !== this.asked) return;
      const sampled = say(strings.bed.trendSampled, { count: 10, every: ageText(everyMs) });
      setText(this.status, state === 'whole' ? strings.bed.trendWhole : state === 'sampled' ? sampled : strings.bed.trendRefused);
    } catch {
      if (asked === this.asked) setText(this.status, strings.bed.trendRefused);
    }
    this.drawnMs = 0;
    this.update();
  }

  update() {
    const nowMs = this.app.now();
    if (Math.abs(nowMs - this.drawnMs) < 5_000 || !this.element.isConnected) return;
    this.drawnMs = nowMs;
    const fromMs = nowMs - this.hours * HOUR_MS;
    for (const chart of this.charts) chart.draw(this.bed, fromMs, nowMs);
    [...this.axis.children].forEach((label, i) =>
      setText(label, i === 4 ? strings.bed.trendNow : clockText(fromMs + i * (nowMs - fromMs) / 4, false)));
  }
}
