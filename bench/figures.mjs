// SPDX-License-Identifier: Apache-2.0
// Figures of scripts that measure: medians with their spread, as a table, and as name -> {median, min, max, unit}.
import { writeFileSync } from 'node:fs';

export function summary(values, unit) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), unit };
}

/** Three digits that count, never fewer than are needed for a whole number. */
export function show(value) {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(size >= 1 ? 2 : 3);
}

export class Figures {
  all = {};

  add(name, values, unit) {
    if (values.length > 0 && values.every(Number.isFinite)) this.all[name] = summary(values, unit);
    return this.all[name];
  }

  median(name) {
    return this.all[name]?.median ?? NaN;
  }

  write(path) {
    const round = (value) => Number(value.toPrecision(6));
    const flat = Object.entries(this.all).map(([name, { median, min, max, unit }]) =>
      `  ${JSON.stringify(name)}: ${JSON.stringify({ median: round(median), min: round(min), max: round(max), unit })}`);
    writeFileSync(path, `{\n${flat.join(',\n')}\n}\n`);
  }
}

/** Words of a command line: flags and, for the others, values. */
export function options(words, { flags = [], values = [] }) {
  const out = {};
  for (let i = 0; i < words.length; i++) {
    const name = words[i].replace(/^--/, '');
    if (words[i] === `--${name}` && flags.includes(name)) out[name] = true;
    else if (words[i] === `--${name}` && values.includes(name) && i + 1 < words.length) out[name] = words[++i];
    else throw new Error(`what is ${words[i]}? There are: ${[...flags, ...values].map((one) => `--${one}`).join(' ')}`);
  }
  return out;
}
