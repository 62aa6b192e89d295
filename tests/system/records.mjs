// SPDX-License-Identifier: Apache-2.0
// WFDB records for tests.
import { writeFileSync } from 'node:fs';

/** A record of format 16: waves at 250 Hz and numbers at 1 Hz are two records, as devices have them. */
export function record(world, name, { signals, rate, seconds, sample, units, gain, first = 0 }) {
  const count = rate * seconds;
  const bytes = Buffer.alloc(2 * count * signals.length);
  const sums = signals.map(() => 0);
  const start = signals.map((_, k) => sample(k, 0));
  for (let i = 0; i < count; i++) {
    for (const [k] of signals.entries()) {
      const value = sample(k, i);
      bytes.writeInt16LE(value, 2 * (i * signals.length + k));
      sums[k] = (sums[k] + value) & 0xffff;
    }
  }
  const signed = (sum) => (sum > 0x7fff ? sum - 0x10000 : sum);
  const lines = signals.map((signal, k) =>
    `${name}.dat 16 ${gain}/${units} 16 ${first} ${start[k]} ${signed(sums[k])} 0 ${signal}`);
  writeFileSync(world.path(`${name}.hea`),
    `${name} ${signals.length} ${rate} ${count}\n${lines.join('\n')}\n`);
  writeFileSync(world.path(`${name}.dat`), bytes);
  return world.path(`${name}.hea`);
}

/** Two waves of 25 seconds; the record's path. */
export const ecg = (world, name = 'ecg', shift = 0) => record(world, name, { signals: ['MLII', 'V5'],
  rate: 250, seconds: 25, units: 'mV', gain: 200,
  sample: (k, i) => Math.round(100 * Math.sin(i / 20 + k)) + (i === 3000 ? shift : 0) });
export const numbers = (world, name = 'num', shift = 0) => record(world, name, { signals: ['HR', 'SpO2'],
  rate: 1, seconds: 25, units: name === 'odd' ? 'apples' : 'bpm', gain: 1,
  sample: (k, i) => (k ? 97 : 70) + (i % 3) + (i === 7 ? shift : 0) });
