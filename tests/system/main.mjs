// SPDX-License-Identifier: Apache-2.0
// Runs every *.test.mjs beside it, one test after another, and prints TAP.
import { readdirSync } from 'node:fs';
import { Skip, World } from './world.mjs';

const [program, filter] = process.argv.slice(2);
const here = new URL('./', import.meta.url);
const TEST_MS = process.env.SKEYM_GENTLY ? 1200000 : 600000; /* a program that counts branches is slow */

const tests = [];
for (const file of readdirSync(here).filter((name) => name.endsWith('.test.mjs')).sort()) {
  const part = file.replace('.test.mjs', '');
  const { default: table } = await import(new URL(file, here).href);
  for (const [name, run] of Object.entries(table)) tests.push({ name: `${part}: ${name}`, run });
}
const chosen = tests.filter(({ name }) => name.includes(filter ?? ''));

async function bounded(run, world) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), TEST_MS);
  });
  try {
    await Promise.race([run(world), late]);
  } finally {
    clearTimeout(timer);
  }
}

let failed = 0;
console.log(`1..${chosen.length}`);
for (const [index, { name, run }] of chosen.entries()) {
  const world = new World(program);
  try {
    await bounded(run, world);
    console.log(`ok ${index + 1} - ${name}`);
  } catch (error) {
    if (error instanceof Skip) {
      console.log(`ok ${index + 1} - ${name} # SKIP ${error.message}`);
    } else {
      failed++;
      console.log(`not ok ${index + 1} - ${name}`);
      console.log(String(error.stack).replace(/^/gm, '# '));
      console.log(world.logs().slice(-4000).replace(/^/gm, '# '));
    }
  } finally {
    await world.end();
  }
}
process.exit(failed ? 1 : 0);
