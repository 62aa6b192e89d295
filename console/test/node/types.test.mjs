// SPDX-License-Identifier: Apache-2.0
// The type checker's word, and what must not stand in a node's sources.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const console = fileURLToPath(new URL('../..', import.meta.url));
const tsc = `${console}/node_modules/typescript/bin/tsc`;
const skip = existsSync(tsc) ? false : 'typescript is not installed (npm ci in console/)';
const run = promisify(execFile);

for (const [what, config] of [
  ['all of console/js is of one mind about its types', 'jsconfig.json'],
  ['the node needs no DOM: it also passes with the types of a worker alone', 'test/node/jsconfig.json'],
]) {
  test(what, { skip }, async () => {
    const failed = await run(process.execPath, [tsc, '-p', `${console}/${config}`]).catch((error) => error);
    assert.equal(failed.stdout, '');
    assert.ok(!(failed instanceof Error), String(failed));
  });
}

test('the node imports its own files only, and makes no code of text', () => {
  const folder = `${console}/js/node`;
  for (const name of readdirSync(folder)) {
    const source = readFileSync(`${folder}/${name}`, 'utf8');
    for (const [, from] of source.matchAll(/from '([^']+)'/g)) assert.match(from, /^\.\/[a-z]+\.js$/, name);
    const code = source.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    assert.doesNotMatch(code, /\beval\(|new Function|import\(|innerHTML|document\.|localStorage/, name);
  }
});
