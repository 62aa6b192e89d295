// SPDX-License-Identifier: Apache-2.0
// Flaws that others had, each as a test with the name of its row in docs/assurance/flaws.md.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import forge from './flaw/forge.mjs';
import limits from './flaw/limits.mjs';
import replay from './flaw/replay.mjs';
import slow from './flaw/slow.mjs';

const TOP = new URL('../../', import.meta.url);
const wire = { ...forge, ...limits, ...replay, ...slow };

/* What was promised, word for word; the table may have more. */
const CLASSES = ['algorithm or key-type confusion', 'empty key', 'truncated tag', 'timing compare',
  'same token twice', 'same token concurrently', 'replay cache shorter than the acceptance window',
  'check-then-insert race', 'replay window moved backwards', 'reboot reopens replay',
  'cached verification outliving expiry', 'missing audience check', 'key id as path or SQL',
  'huge integers in numeric fields', 'decompression or cost bombs', 'header count and length limits',
  'request smuggling', 'slow headers and slow bodies', 'unauthenticated memory growth',
  'token in URL or log', 'default credentials', 'anonymous access to any route'];

/** The rows of the page's table, without its head. */
function rows() {
  const text = readFileSync(new URL('docs/assurance/flaws.md', TOP), 'utf8');
  return text.split('\n').filter((line) => /^\| [a-z]/.test(line))
    .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))
    .filter(([first]) => first !== 'class');
}

/** Names of the tests that there are: those of this file, and those of the unit tests. */
function names() {
  const found = new Set(Object.keys(wire).map((name) => `flaw: ${name}`));
  const folder = new URL('tests/unit/', TOP);
  for (const file of readdirSync(folder, { recursive: true }).map(String)) {
    if (!/test_flaws\w*\.c$/.test(file)) continue;
    const text = readFileSync(new URL(file, folder), 'utf8').replace(/"\s*\n\s*"/g, '');
    for (const [, name] of text.matchAll(/FLAW\(\s*"([^"]+)"/g)) found.add(`flaw: ${name}`);
  }
  return found;
}

export default {
  ...wire,

  async 'each class has its row, and each row its tests'() {
    const there = names();
    const table = rows();
    const told = new Set();
    for (const [name, elsewhere, stopped, tests, taken] of table) {
      const quoted = [...tests.matchAll(/`(flaw: [^`]+)`/g)].map(([, test]) => test);
      assert.ok(quoted.length > 0 && elsewhere && stopped, name);
      for (const test of quoted) {
        assert.ok(there.has(test), `${name}: there is no test ${test}`);
        told.add(test);
      }
      assert.match(taken, /^yes: /, `${name}: was the check taken out?`);
    }
    for (const name of CLASSES) assert.ok(table.some(([row]) => row === name), `no row ${name}`);
    for (const test of there) assert.ok(told.has(test), `${test} is in no row`);
  },
};
