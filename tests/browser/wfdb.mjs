// SPDX-License-Identifier: Apache-2.0
// A reader of WFDB records of its own (formats 212, 16 and 80, one segment), so that what a browser
// draws is compared with the file and not with the program's idea of it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const decoders = {
  212: (data) => {
    const out = new Int32Array(Math.floor((data.length / 3) * 2));
    for (let i = 0, at = 0; i < out.length; i += 2, at += 3) {
      const first = data[at] | ((data[at + 1] & 0x0f) << 8);
      const second = data[at + 2] | ((data[at + 1] & 0xf0) << 4);
      out[i] = (first << 20) >> 20;
      if (i + 1 < out.length) out[i + 1] = (second << 20) >> 20;
    }
    return out;
  },
  16: (data) => Int32Array.from({ length: data.length >> 1 }, (_, i) => data.readInt16LE(2 * i)),
  80: (data) => Int32Array.from(data, (byte) => byte - 128),
};

/** {frequency, signals: [{name, units, gain, baseline, samples}]} of FILE.hea. */
export function readRecord(path) {
  const lines = readFileSync(path, 'latin1').split(/\r?\n/).filter((line) => line && line[0] !== '#');
  const [, count, rate] = lines[0].split(/\s+/);
  const signals = lines.slice(1, 1 + Number(count)).map((line) => {
    const [file, format, gain, , zero, , , , ...name] = line.split(/\s+/);
    const [, number, baseline, units] = /^([-0-9.e]+)(?:\((-?\d+)\))?(?:\/(\S+))?$/.exec(gain);
    return { file, format: format.split(/[x:+]/)[0], gain: Number(number) || 200, units: units ?? 'mV',
      baseline: Number(baseline ?? zero), name: name.join(' ') };
  });
  const files = new Map();
  for (const { file, format } of signals) {
    if (!files.has(file)) files.set(file, decoders[format](readFileSync(join(dirname(path), file))));
  }
  for (const signal of signals) {
    const group = signals.filter(({ file }) => file === signal.file);
    const at = group.indexOf(signal);
    const all = files.get(signal.file);
    signal.samples = all.filter((_, i) => i % group.length === at);
  }
  return { frequency: parseFloat(rate ?? '250'), signals };
}
