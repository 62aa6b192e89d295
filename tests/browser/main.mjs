// SPDX-License-Identifier: Apache-2.0
// Plays the stories of stories/ one after another, and prints TAP: each step of a story is a test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { Skip } from '../system/world.mjs';
import { Ward } from './ward.mjs';

const here = new URL('./', import.meta.url).pathname;
const [program, ...words] = process.argv.slice(2);
const options = { full: true, update: false, filter: '' };
for (const word of words) {
  if (word === '--short') options.full = false;
  else if (word === '--update') options.update = true;
  else if (!word.startsWith('-')) options.filter = word;
  else if (word !== '--full') {
    console.error('usage: tests/browser/run [PROGRAM] [--short|--full] [--update] [FILTER]');
    process.exit(2);
  }
}
options.screens = `${here}../../build/browser`;
mkdirSync(options.screens, { recursive: true });

const STEP_MS = options.full ? 300000 : 120000;
let count = 0;
let failed = 0;

const say = (good, name, rest = '') => {
  failed += good ? 0 : 1;
  console.log(`${good ? 'ok' : 'not ok'} ${++count} - ${name}${rest}`);
};
const comment = (text) => console.log(String(text).replace(/^/gm, '# '));

async function bounded(run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), STEP_MS);
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a story sees of its run. After a step that failed, the story is over. */
class Story {
  constructor(name, ward) {
    Object.assign(this, { name, ward, options });
  }

  async step(what, run) {
    const began = Date.now();
    try {
      await bounded(run);
      say(true, `${this.name}: ${what}`);
      console.error(`browser: ${this.name}: ${what} (${Date.now() - began} ms)`);
    } catch (error) {
      if (error instanceof Skip) {
        say(true, `${this.name}: ${what}`, ` # SKIP ${error.message}`);
        return;
      }
      say(false, `${this.name}: ${what}`);
      error.said = true;
      throw error;
    }
  }

  /** A step whose failure does not keep the next ones from being tried. */
  async also(what, run) {
    try {
      await this.step(what, run);
    } catch (error) {
      comment(error.stack);
      await this.ward.failed(`${this.name}-${count}`, options.screens);
    }
  }

  /** A figure of the long form, for docs/ASSURANCE.md. */
  figure(what, text) {
    comment(`${what}: ${text}`);
    if (!options.full) return;
    execFileSync(`${here}../../scripts/assurance`, ['record', 'browser', what, text]);
  }
}

const only = (name) => name.includes(options.filter);
for (const file of readdirSync(`${here}stories`).filter((name) => name.endsWith('.mjs')).sort()) {
  const name = file.replace(/^\d+-|\.mjs$/g, '');
  if (!only(name)) continue;
  const ward = new Ward(program);
  try {
    const { default: tell } = await import(`${here}stories/${file}`);
    await tell(new Story(name, ward));
  } catch (error) {
    if (!error.said) say(false, `${name}: the story can be told`);
    comment(error.stack);
    await ward.failed(name, options.screens);
    comment(ward.logs().split('\n').filter((line) => line && !/messages taken/.test(line)).join('\n').slice(-2000));
  } finally {
    await ward.end();
  }
}
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
