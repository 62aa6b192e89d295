// SPDX-License-Identifier: Apache-2.0
// Plays the stories of stories/ one after another, and prints TAP: each step of a story is a test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Skip } from '../system/world.mjs';
import { Ward } from './ward.mjs';

const here = fileURLToPath(new URL('./', import.meta.url));
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
const LANES = options.full ? 1 : 2; /* stories at a time: most of one is waiting */
let count = 0;
let failed = 0;

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
  #said = [];

  constructor(name, ward) {
    Object.assign(this, { name, ward, options, steps: 0 });
  }

  say(good, what, rest = '') {
    this.#said.push({ good, what: `${this.name}: ${what}${rest}` });
  }

  comment(text) {
    this.#said.push({ text: String(text).replace(/^/gm, '# ') });
  }

  /** Prints what was said, when the story is over: others are told at the same time. */
  print() {
    for (const { text, good, what } of this.#said) {
      if (text !== undefined) {
        console.log(text);
        continue;
      }
      failed += good ? 0 : 1;
      console.log(`${good ? 'ok' : 'not ok'} ${++count} - ${what}`);
    }
  }

  async step(what, run) {
    const began = Date.now();
    this.steps++;
    try {
      await bounded(run);
      this.say(true, what);
      console.error(`browser: ${this.name}: ${what} (${Date.now() - began} ms)`);
    } catch (error) {
      if (error instanceof Skip) {
        this.say(true, what, ` # SKIP ${error.message}`);
        return;
      }
      this.say(false, what);
      error.said = true;
      throw error;
    }
  }

  /** A step whose failure does not keep the next ones from being tried. */
  async also(what, run) {
    try {
      await this.step(what, run);
    } catch (error) {
      this.comment(error.stack);
      await this.ward.failed(`${this.name}-${this.steps}`, options.screens);
    }
  }

  /** A figure of the long form, for docs/ASSURANCE.md. */
  figure(what, text) {
    this.comment(`${what}: ${text}`);
    if (!options.full) return;
    execFileSync(`${here}../../scripts/assurance`, ['record', 'browser', what, text]);
  }
}

/** The log without what devices say of their progress. */
const told = (ward) => ward.logs().split('\n')
  .filter((line) => line && !/messages taken/.test(line)).join('\n').slice(-2000);

async function tell(file) {
  const name = file.replace(/^\d+-|\.mjs$/g, '');
  const ward = new Ward(program);
  const story = new Story(name, ward);
  try {
    const { default: play } = await import(`${here}stories/${file}`);
    await play(story);
  } catch (error) {
    if (!error.said) story.say(false, 'the story can be told');
    story.comment(error.stack);
    await ward.failed(name, options.screens);
    story.comment(told(ward));
  } finally {
    await ward.end();
  }
  story.print();
}

const files = readdirSync(`${here}stories`).filter((name) =>
  name.endsWith('.mjs') && name.includes(options.filter)).sort();
await Promise.all(Array.from({ length: LANES }, async () => {
  for (let file = files.shift(); file; file = files.shift()) await tell(file);
}));
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
