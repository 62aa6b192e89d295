// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOLD_MS, Playback } from '../../js/model/playback.js';
import { Wave } from '../../js/model/wave.js';
import { START } from './support.mjs';

const block = (raw, more = {}) => ({ periodMs: 4, factor: 0.5, origin: 10, unit: 'mV', raw: Float64Array.from(raw), beyond: 0, ...more });
const lead = () => new Wave({ lead: 'II', hue: 'ecg' });
const all = (of) => Array.from({ length: of.end - of.first }, (_, i) => of.rawAt(of.first + i));

test('blocks follow each other sample by sample', () => {
  const of = lead();
  assert.equal(of.add(START, block([1, 2, 3])), 3);
  assert.equal(of.add(START + 12, block([4, 5])), 2);
  assert.deepEqual(all(of), [1, 2, 3, 4, 5]);
  assert.equal(of.at(1), 11);
  assert.equal(of.endMs, START + 20);
  assert.equal(of.indexAt(START + 11.9), 2);
});

test('a block that is said twice counts once; one that is late fills its gap', () => {
  const of = lead();
  of.add(START, block([1, 2]));
  assert.equal(of.add(START, block([1, 2])), 0);
  of.add(START + 32, block([9, 10]));
  assert.deepEqual(all(of), [1, 2, NaN, NaN, NaN, NaN, NaN, NaN, 9, 10]);
  of.add(START + 16, block([5, 6, 7]));
  assert.deepEqual(all(of), [1, 2, NaN, NaN, 5, 6, 7, NaN, 9, 10]);
});

test('360 Hz with times in whole milliseconds has no seam in an hour', () => {
  const of = lead();
  const periodMs = 1000 / 360;
  for (let second = 0, sent = 0; second < 3600; second++) {
    const raw = Float64Array.from({ length: 100 }, (_, i) => sent + i);
    of.add(START + Math.round(sent * periodMs), block(raw, { periodMs }));
    sent += 100;
  }
  assert.equal(of.end, 360_000);
  for (let i = of.first; i < of.end; i++) assert.equal(of.rawAt(i), i);
});

test('a clock that drifts moves the grid, no sample', () => {
  const of = lead();
  let at = START;
  for (let i = 0; i < 2_000; i++, at += 1000.2) of.add(Math.round(at), block(new Float64Array(250).fill(i)));
  assert.equal(of.end, 500_000);
  assert.ok(Math.abs(of.endMs - at) < 5);
});

test('only the newest are kept, whatever the block', () => {
  const of = lead();
  for (let i = 0; i < 100; i++) of.add(START + i * 1000, block(new Float64Array(250).fill(i)));
  assert.ok(of.first > 0 && of.end === 25_000 && of.raw.length === of.capacity);
  assert.ok(Number.isNaN(of.rawAt(of.first - 1)));
  assert.ok(Number.isNaN(of.rawAt(of.end)));
  assert.equal(of.rawAt(of.first), Math.floor(of.first / 250));
});

test('another scale, or another time altogether, begins anew', () => {
  const of = lead();
  of.add(START, block([1, 2]));
  of.add(START + 8, block([3], { factor: 1 }));
  assert.equal(of.epoch, 2);
  assert.deepEqual(all(of), [3]);
  of.add(START + 1e9, block([4], { factor: 1 }));
  assert.deepEqual([of.epoch, of.end], [3, 1]);
  of.add(START, block([5], { factor: 1 }));
  assert.deepEqual([of.epoch, of.end], [4, 1]);
});

test('the range leaves gaps out', () => {
  const of = lead();
  const out = { low: 0, high: 0 };
  of.add(START, block([4, NaN, -2, 8]));
  assert.ok(of.range(0, 4, out));
  assert.deepEqual(out, { low: 9, high: 14 });
  assert.ok(!of.range(1, 2, out));
});

/** Blocks of a second arrive at polls of a second, with jitter; frames of 16 ms. */
function play({ seconds, blockMs = 1000, skew = 0, jitter = () => 0, lost = () => false }) {
  const pen = new Playback();
  const seen = { holds: 0, gaps: 0, back: 0, jumps: 0, fastest: 0 };
  let end = -Infinity;
  let sent = 0;
  for (let now = 0; now < seconds * 1000; now += 16) {
    while ((sent + 1) * blockMs + jitter(sent) <= now) {
      if (!lost(sent)) {
        pen.arrived(sent * blockMs + skew, blockMs, now);
        end = (sent + 1) * blockMs + skew;
      }
      sent++;
    }
    const before = pen.position;
    const { epoch } = pen;
    pen.advance(now, end);
    if (epoch === pen.epoch && !Number.isNaN(before)) {
      const step = pen.position - before;
      seen.back += step < 0 ? 1 : 0;
      seen.fastest = Math.max(seen.fastest, step / 16);
    }
    if (now > 30_000) {
      seen.holds += pen.state === 'holding' ? 1 : 0;
      seen.gaps += pen.state === 'gap' ? 1 : 0;
      seen.jumps = pen.epoch - 1;
    }
  }
  return { ...seen, pen, end };
}

test('the pen neither stutters nor jumps, with jitter and a clock of another day', () => {
  for (const skew of [0, 86_400_000, -3_600_000]) {
    const seen = play({ seconds: 90, skew, jitter: (i) => (i * 7919) % 900 });
    assert.deepEqual([seen.holds, seen.gaps, seen.back, seen.jumps], [0, 0, 0, 0]);
    assert.ok(seen.fastest <= 1.051);
    assert.ok(seen.pen.latencyMs + skew < 2_400);
  }
});

test('blocks of ten seconds need as much, and no more', () => {
  const seen = play({ seconds: 200, blockMs: 10_000, jitter: (i) => (i * 7919) % 900 });
  assert.deepEqual([seen.holds, seen.gaps, seen.back], [0, 0, 0]);
  assert.ok(seen.pen.latencyMs > 10_000 && seen.pen.latencyMs < 11_400);
});

test('what is late is waited for, and drawn; what does not come is a gap', () => {
  const late = play({ seconds: 60, jitter: (i) => (i === 40 ? 2_500 : 0) });
  assert.ok(late.holds > 0);
  assert.deepEqual([late.gaps, late.back, late.jumps], [0, 0, 0]);
  const lost = play({ seconds: 60, lost: (i) => i >= 40 && i < 50 });
  assert.ok(lost.gaps > 0 && lost.holds > 0);
  assert.equal(lost.pen.state, 'running');
  assert.ok(lost.pen.position <= lost.end);
});

test('it holds for its time, then goes on without samples', () => {
  const seen = play({ seconds: 60, lost: (i) => i >= 40 });
  assert.equal(seen.pen.state, 'gap');
  assert.ok(seen.pen.position > seen.end + 60_000 - 41_000 - HOLD_MS - 6_000);
});

test('after sleep it begins anew, where the samples are', () => {
  const pen = new Playback();
  for (let i = 0; i < 10; i++) pen.arrived(i * 1000, 1000, (i + 1) * 1000);
  pen.advance(10_000, 10_000);
  const { epoch } = pen;
  pen.advance(10_016, 10_000);
  assert.equal(pen.epoch, epoch);
  pen.arrived(599_000, 1000, 600_000);
  pen.advance(600_000, 600_000);
  assert.equal(pen.epoch, epoch + 1);
  assert.ok(pen.position <= 600_000 && pen.position > 597_000);
  pen.advance(500_000, 600_000);
  assert.equal(pen.state, 'waiting');
});
