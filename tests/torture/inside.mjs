// SPDX-License-Identifier: Apache-2.0
// Runs `inside` (inside.c), which fails the calls of the layers themselves, and reads what it says.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Page, environment } from './program.mjs';

const BUILD = process.env.TORTURE_BUILD ?? fileURLToPath(new URL('../../build/torture', import.meta.url));
const SHORT_STEP = 61; /* a prime, so that the faults of all kinds have their share */

async function run(args) {
  const folder = mkdtempSync(`${tmpdir()}/skeym-inside-`);
  const page = new Page(`${folder}/page`);
  const child = spawn(`${BUILD}/asan/inside`, args,
    { env: environment(page, true), stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err = (err + data).slice(-20000)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  page.close();
  rmSync(folder, { recursive: true });
  return { code, lines: out.split('\n').filter(Boolean), err };
}

/** The results of all scenarios, and of the control. */
export async function inside(how) {
  if (how.only && !'inside'.startsWith(how.only)) return [];
  const { code, lines, err } = await run(['--step', String(how.short ? SHORT_STEP : 1)]);
  const results = [];
  let findings = [];
  for (const line of lines) {
    const end = /^scenario (.*): (\d+) (\d+)$/.exec(line);
    if (!end) {
      findings.push(line);
      continue;
    }
    const injected = Number(end[2]);
    if (findings.length > 0) findings.push(...err.split('\n').slice(0, 30));
    results.push({ name: `inside, ${end[1]}: ${injected} calls failed`, injected, findings,
      good: findings.length === 0 });
    findings = [];
  }
  const whole = code === 0 && results.length > 0;
  results.push({ name: 'inside: all scenarios came to their end', injected: 0, findings: [],
    good: whole });
  const twin = await run(['--twin', '--step', '3']);
  const said = twin.lines.join('\n');
  const seen = [/acknowledged, and not there/, /LEAK/, /CRASH/].map((what) => what.test(said));
  results.push({ name: 'control: inside, a false answer, a leak and a crash are found out',
    injected: 0, findings: [], good: seen.every(Boolean) });
  return results;
}
