// SPDX-License-Identifier: Apache-2.0
// What a device maker includes: each public header stands alone, needs nothing of an operating
// system, and brings no warning into a program that has many switched on; in C and in C++.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Skip } from './world.mjs';

const INCLUDE = new URL('../../include/', import.meta.url).pathname;
const headers = readdirSync(`${INCLUDE}skeym`).filter((name) => name.endsWith('.h'));
const STRICT = ['-ffreestanding', '-fsyntax-only', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion',
  '-Wshadow', '-Wundef', '-Wcast-align', '-Werror', `-I${INCLUDE}`];

/** What the compiler says of a text. */
const compile = (compiler, language, standard, text) => spawnSync(compiler,
  ['-x', language, `-std=${standard}`, ...STRICT, '-'], { input: text, encoding: 'utf8' });

function each(compiler, language, standard) {
  if (compile(compiler, language, standard, 'int main() { return 0; }\n').status !== 0) {
    throw new Skip(`${compiler} does not compile ${language} here`);
  }
  assert.ok(headers.length > 10);
  for (const name of headers) {
    const { status, stderr } = compile(compiler, language, standard,
      `#include <skeym/${name}>\n#include <skeym/${name}>\nint main(void) { return 0; }\n`);
    assert.equal(status, 0, `${name}: ${stderr}`);
  }
}

export default Object.fromEntries([
  ['gcc', 'c', 'c11'], ['clang', 'c', 'c11'], ['gcc', 'c', 'gnu17'],
  ['gcc', 'c++', 'c++11'], ['clang', 'c++', 'c++11'], ['gcc', 'c++', 'c++20'],
].map((row) => [`each alone: ${row.join(' ')}`, () => each(...row)]));
