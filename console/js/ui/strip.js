// SPDX-License-Identifier: Apache-2.0
/*
 * Draws leads as a monitor does: a pen that runs from left to right at 25 mm/s and begins again at the
 * left, with a blank bar before it that wipes the old line. Each frame draws the samples that the pen
 * has passed since the last one, each of them once, and nothing else; it allocates nothing.
 *
 * x is time alone (the device's clock, modulo the sweep), so leads of a bed are in phase. The scale
 * changes only at the left edge, where a new line begins; or when a line would leave its lane: then
 * all that is on screen is drawn anew. ECG leads share one gain.
 */
/** @typedef {import('../model/ward.js').Bed} Bed */
/** @typedef {import('../model/wave.js').Wave} Wave */

const CSS_PX_PER_MM = 96 / 25.4;
const MM_PER_S = 25;
const BAR_MM = 3;
const LINE_PX = 1.6;
const WALL_PX = 2200;
const WALL_LINE_PX = 2.6;
const DPR_MOST = 2;
const ECG_GAINS = [20, 10, 5, 2.5, 1.25]; // mm/mV
const FILL = 0.84;
const OVERFLOW_PX = 2;
const REDRAW_MS = 1_000;
const PRESSURE_STEP = 20;

/** Where the samples that were drawn are kept, when a test asks for it. */
class Log {
  constructor() {
    this.epoch = 0;
    this.start = 0;
    /** @type {number[]} */ this.raw = [];
  }

  /** @param {number} index */
  begin(index) {
    this.epoch++;
    this.start = index;
    this.raw.length = 0;
  }
}

class Lane {
  /** @param {Wave} wave @param {boolean} logged */
  constructor(wave, logged) {
    this.wave = wave;
    this.top = 0;
    this.height = 0;
    this.colour = '#fff';
    /** The last sample that was drawn. */
    this.drawn = -1;
    this.waveEpoch = -1;
    this.x = NaN;
    this.y = NaN;
    this.middle = 0; // the value in the middle of the lane
    this.scale = 1; // px of one unit
    this.scaled = false;
    this.label = '';
    this.fit = Infinity; // the largest gain that fits, mm/mV
    this.log = logged ? new Log() : null;
  }
}

const range = { low: 0, high: 0 };
/** Set by the view of the screen's size: what a CSS millimetre is of a real one. */
export const screen = { mm: 1 };
/** What the test hook reads. @type {Set<Strip>} */
export const strips = new Set();
export const logging = { on: false };

export class Strip {
  /**
   * @param {Bed} bed @param {{className?: string, onScale?: (index: number, text: string, lane: Lane) => void}} [options]
   */
  constructor(bed, { className = 'strip', onScale } = {}) {
    this.bed = bed;
    this.onScale = onScale;
    this.canvas = document.createElement('canvas');
    this.canvas.className = className;
    this.canvas.setAttribute('aria-hidden', 'true');
    const context = this.canvas.getContext('2d', { alpha: false, desynchronized: true });
    if (!context) throw new Error('no canvas');
    this.context = context;
    /** @type {Lane[]} */ this.lanes = [];
    this.width = 0;
    this.height = 0;
    this.penX = NaN;
    this.epoch = -1;
    this.stale = true; // all is to be drawn anew
    this.overflow = false;
    this.begunMs = 0;
    this.background = '#000';
    this.observer = new ResizeObserver(() => (this.stale = true));
    this.observer.observe(this.canvas);
    strips.add(this);
  }

  close() {
    this.observer.disconnect();
    strips.delete(this);
  }

  /** @param {Wave[]} waves */
  setWaves(waves) {
    const same = waves.length === this.lanes.length && waves.every((wave, i) => wave === this.lanes[i].wave);
    if (same) return;
    this.lanes = waves.map((wave) => new Lane(wave, logging.on));
    this.stale = true;
  }

  get pxPerMm() {
    return CSS_PX_PER_MM / screen.mm;
  }

  get sweepMs() {
    return this.width / this.pxPerMm / MM_PER_S * 1000;
  }

  /** Size, colours, and all that can be seen of the past. */
  #restart() {
    const box = this.canvas.getBoundingClientRect();
    if (box.width < 8 || box.height < 8) return false;
    const dpr = Math.min(DPR_MOST, globalThis.devicePixelRatio || 1);
    this.width = box.width;
    this.height = box.height;
    const width = Math.round(box.width * dpr);
    const height = Math.round(box.height * dpr);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.context.setTransform(dpr, 0, 0, dpr, 0, 0);
    const style = getComputedStyle(this.canvas);
    this.background = style.getPropertyValue('--strip').trim() || '#000';
    this.context.fillStyle = this.background;
    this.context.fillRect(0, 0, this.width, this.height);
    const position = this.bed.playback.position;
    for (let i = 0; i < this.lanes.length; i++) {
      const lane = this.lanes[i];
      lane.fit = Infinity;
      lane.height = this.height / this.lanes.length;
      lane.top = i * lane.height;
      lane.colour = style.getPropertyValue(`--hue-${lane.wave.hue}`).trim() || '#fff';
      this.#beginLane(i, position);
    }
    for (let i = 0; i < this.lanes.length; i++) this.#rescale(i); // now that all gains are known
    this.overflow = false;
    this.begunMs = performance.now();
    this.context.lineWidth = globalThis.innerWidth > WALL_PX ? WALL_LINE_PX : LINE_PX;
    this.context.lineJoin = 'round';
    this.context.lineCap = 'round';
    this.penX = NaN;
    this.epoch = this.bed.playback.epoch;
    this.stale = false;
    return true;
  }

  /** @param {number} i @param {number} position */
  #beginLane(i, position) {
    const lane = this.lanes[i];
    const { wave } = lane;
    lane.waveEpoch = wave.epoch;
    lane.scaled = false;
    lane.x = NaN;
    const shownMs = this.sweepMs * (1 - (BAR_MM + 1) * this.pxPerMm / this.width);
    lane.drawn = Number.isNaN(position) ? wave.first - 1
      : Math.max(wave.first, Math.min(wave.end, wave.indexAt(position - shownMs))) - 1;
    lane.log?.begin(lane.drawn + 1);
    this.#rescale(i);
  }

  /** Fits the lane to what was and what comes. @param {number} i */
  #rescale(i) {
    const lane = this.lanes[i];
    const { wave } = lane;
    const from = lane.drawn - Math.ceil(this.sweepMs / wave.periodMs);
    if (!(wave.periodMs > 0) || !wave.range(from, wave.end, range)) return;
    const room = lane.height * FILL;
    const span = range.high - range.low;
    let text = '';
    if (wave.hue === 'ecg') {
      const fits = ECG_GAINS.find((gain) => span * gain * this.pxPerMm <= room) ?? ECG_GAINS[ECG_GAINS.length - 1];
      lane.fit = fits;
      let shared = Infinity;
      let first = i;
      for (let other = this.lanes.length - 1; other >= 0; other--) {
        if (this.lanes[other].wave.hue !== 'ecg') continue;
        shared = Math.min(shared, this.lanes[other].fit);
        first = other;
      }
      lane.scale = shared * this.pxPerMm;
      lane.middle = (range.high + range.low) / 2;
      text = first === i ? `${shared} mm/mV` : '';
    } else if (wave.hue === 'art') {
      const low = Math.max(0, Math.floor((range.low - 4) / PRESSURE_STEP) * PRESSURE_STEP);
      const high = Math.ceil((range.high + 4) / PRESSURE_STEP) * PRESSURE_STEP;
      lane.scale = lane.height * 0.94 / (high - low);
      lane.middle = (high + low) / 2;
      text = `${low}\u2013${high}`;
    } else {
      lane.scale = room / Math.max(span, 1e-9);
      lane.middle = (range.high + range.low) / 2;
    }
    lane.scaled = true;
    if (text !== lane.label) {
      lane.label = text;
      this.onScale?.(i, text, lane);
    }
  }

  /** @param {number} from @param {number} to px; may be beyond the right edge */
  #erase(from, to) {
    this.context.fillStyle = this.background;
    const start = Math.floor(from);
    const width = Math.ceil(to) - start;
    this.context.fillRect(start, 0, width, this.height);
    if (start + width > this.width) this.context.fillRect(0, 0, start + width - this.width, this.height);
  }

  /** @param {number} i @param {number} position */
  #drawLane(i, position) {
    const lane = this.lanes[i];
    const { wave } = lane;
    if (wave.epoch !== lane.waveEpoch) this.#beginLane(i, position);
    const to = Math.min(wave.end - 1, wave.indexAt(position));
    if (to <= lane.drawn) return;
    if (!lane.scaled) this.#rescale(i);
    const from = Math.max(lane.drawn + 1, wave.first);
    if (from > lane.drawn + 1) {
      lane.x = NaN;
      lane.log?.begin(from);
    }
    const { context } = this;
    context.beginPath();
    if (!Number.isNaN(lane.x)) context.moveTo(lane.x, lane.y);
    for (let index = from; index <= to; index++) {
      const raw = wave.rawAt(index);
      lane.log?.raw.push(raw);
      const x = ((wave.zeroMs + index * wave.periodMs) % this.sweepMs) / this.sweepMs * this.width;
      if (x < lane.x - this.width / 2) {
        lane.x = NaN;
        lane.drawn = index - 1;
        this.#rescale(i);
      }
      if (raw !== raw) {
        lane.x = NaN;
        continue;
      }
      const y = lane.top + lane.height / 2 - (wave.origin + wave.factor * raw - lane.middle) * lane.scale;
      const inside = Math.max(lane.top + 1, Math.min(lane.top + lane.height - 1, y));
      if (Math.abs(inside - y) > OVERFLOW_PX) this.overflow = true;
      if (Number.isNaN(lane.x)) context.moveTo(x, inside);
      else context.lineTo(x, inside);
      lane.x = x;
      lane.y = inside;
    }
    lane.drawn = to;
    context.strokeStyle = lane.colour;
    context.stroke();
  }

  /** One frame; the bed's pen has been moved. */
  frame() {
    const { position, epoch } = this.bed.playback;
    if ((this.stale || epoch !== this.epoch) && !this.#restart()) return;
    if (Number.isNaN(position) || this.sweepMs <= 0) return;
    const x = (position % this.sweepMs) / this.sweepMs * this.width;
    const bar = BAR_MM * this.pxPerMm;
    if (Number.isNaN(this.penX)) this.#erase(x, x + bar);
    else if (x >= this.penX) this.#erase(this.penX + bar - 1, x + bar);
    else {
      this.#erase(this.penX + bar - 1, this.width);
      this.#erase(Math.max(0, this.penX + bar - this.width), x + bar);
    }
    this.penX = x;
    for (let i = 0; i < this.lanes.length; i++) this.#drawLane(i, position);
    if (this.overflow && performance.now() - this.begunMs > REDRAW_MS) this.stale = true;
  }
}
