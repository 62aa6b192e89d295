// SPDX-License-Identifier: Apache-2.0
// One animation frame for all strips, and how long frames take.
import { strips } from './strip.js';

const KEPT = 8_192;
const starts = new Float64Array(KEPT);
const gaps = new Float64Array(KEPT);
const works = new Float64Array(KEPT);
let count = 0;
let last = NaN;
let running = false;

const SLEPT_MS = 1_000;
let origin = performance.timeOrigin;

/** The clock of playback, ms: goes on evenly, and follows the wall clock only when that jumps, as it
 * does after sleep. */
export function localNow() {
  const behind = Date.now() - origin - performance.now();
  if (Math.abs(behind) > SLEPT_MS) origin += behind;
  return origin + performance.now();
}

/** @type {Set<import('../model/playback.js').Playback>} */
const moved = new Set();

function frame() {
  if (!running) return;
  const start = performance.now();
  const now = localNow();
  moved.clear();
  for (const strip of strips) {
    const { bed } = strip;
    if (!moved.has(bed.playback)) {
      moved.add(bed.playback);
      bed.playback.advance(now, bed.endMs);
    }
    strip.frame();
  }
  const at = count++ % KEPT;
  starts[at] = start;
  gaps[at] = start - last;
  works[at] = performance.now() - start;
  last = start;
  requestAnimationFrame(frame);
}

export function startLoop() {
  if (running) return;
  running = true;
  last = NaN;
  requestAnimationFrame(frame);
}

export function stopLoop() {
  running = false;
}

/** The last frames: when each began, how long after the one before, and what of it was our work.
 * @returns {{start: number, ms: number, work: number}[]} */
export function frames() {
  const size = Math.min(count, KEPT);
  return Array.from({ length: size }, (_, i) => {
    const at = (count - size + i) % KEPT;
    return { start: starts[at], ms: gaps[at], work: works[at] };
  }).filter((one) => one.ms > 0);
}
