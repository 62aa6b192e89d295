// SPDX-License-Identifier: Apache-2.0
// Commands run by tests: with rows of what they must say, on a terminal, with other standard files.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Skip, until } from './world.mjs';

/** `--dir`, for the commands of an authority. */
export const dir = (world) => ['--dir', world.dir];

/** An authority with a doctor, and its server. */
export async function ward(world, args = []) {
  await world.init();
  const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
  return { doctor, server: await world.serve(args) };
}

/** Each row: arguments, exit code, what must be said: on stderr, when it fails. */
export async function table(world, rows, options) {
  for (const [args, code, said] of rows) {
    const result = await world.skeym(args, options);
    const what = `skeym ${args.join(' ').slice(0, 300)}: ${result.code}: ${result.out}${result.err}`;
    assert.equal(result.code, code, what);
    assert.match(code === 0 ? result.out + result.err : result.err, said, what);
  }
}

/** A file that only its owner may read. */
export function secretFile(world, name, text) {
  writeFileSync(world.path(name), text, { mode: 0o600 });
  return world.path(name);
}

/** Runs the program with what a shell makes of its standard files, such as '>&-'. */
export function redirected(world, args, how) {
  return spawnSync('sh', ['-c', `"$0" "$@" ${how}`, world.program, ...args], { encoding: 'utf8' });
}

/** Runs a command on a terminal of its own and answers its prompts; all that was to be seen. */
export function atTerminal(command, lines, prompt = /Passphrase: |again: /) {
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qec', command, '/dev/null']);
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the terminal hangs: ${seen}`));
    }, 120000);
    let seen = '';
    let asked = 0;
    child.stdout.on('data', (data) => {
      seen += data;
      const prompts = seen.split(prompt).length - 1;
      while (asked < prompts && asked < lines.length) {
        // The program throws away what was typed before it turned the echo off.
        const line = lines[asked++];
        setTimeout(() => child.stdin.write(`${line}\r`), 300);
      }
    });
    child.on('close', () => {
      clearTimeout(late);
      resolve(seen);
    });
  });
}

/** The program on a terminal; all that was to be seen. */
export async function seen(world, args, lines = [], prompt = undefined) {
  if (spawnSync('script', ['--version']).status !== 0) throw new Skip('no script(1) here');
  return atTerminal([world.program, ...args].map((word) => `'${word}'`).join(' '), lines, prompt);
}

/** Ends a process as an operator does, once what it writes says so; its exit code. */
export async function ended(run, enough) {
  let code;
  run.exit.then((now) => (code = now));
  await until('what it says', () => code !== undefined || enough(), 60000);
  run.child.kill('SIGTERM');
  return run.exit;
}
