// SPDX-License-Identifier: Apache-2.0
// The campaign: every call that can fail, failed once, in every scenario. Called by ./run.
//   node torture.mjs [--short] [--seed N] [--only NAME] [--most N] [--stacks N] [--lanes N]; --names: of the scenarios
// --most: a sample of so many; --stacks: of calls that were made in the same way, so many.
// Prints TAP; progress goes to standard error.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from './commands.mjs';
import { allFaults, describe, fewOfEachStack, judge, place, someFaults } from './engine.mjs';
import { inside } from './inside.mjs';
import { KNOWN } from './known.mjs';
import { SERVICES, runService } from './service.mjs';
import { PASSPHRASE, World } from './world.mjs';

const BUILD = process.env.TORTURE_BUILD ?? fileURLToPath(new URL('../../build/torture', import.meta.url));
const PROGRAM = `${BUILD}/asan/skeym`;
const TWIN = `${BUILD}/asan/twin`;
const RECORD = fileURLToPath(new URL('../../scripts/assurance', import.meta.url));
const LASTING_STRIDE = 7; /* of the second pass, in which all calls from one on fail */

function options(argv) {
  const value = (name, standard) => {
    const at = argv.indexOf(`--${name}`);
    return at < 0 ? standard : argv[at + 1];
  };
  const short = argv.includes('--short');
  return { short, seed: Number(value('seed', 1)), only: value('only', ''),
    most: Number(value('most', short ? 20 : Infinity)), stacks: Number(value('stacks', Infinity)),
    lanes: Number(value('lanes', 2)) };
}

/** One run of a command under one fault; what went wrong, or undefined. */
export async function runFault(world, scenario, fault) {
  world.fresh(scenario.from);
  await scenario.prepare?.(world);
  const { victim } = world;
  victim.page.fail(fault);
  const run = await victim.begin(scenario.args(world), { cwd: world.at('try') });
  const result = await (scenario.drive ? scenario.drive(world, run) : run.end);
  victim.page.disarm();
  const { fired } = victim.page;
  let wrong = judge(result, world.secrets);
  /* One library call that fails is like the next: what is left behind is looked at for some. */
  const look = result.code !== 1 || !fired || victim.page.site.own || fault.nth % 8 === 0;
  try {
    if (look) await scenario.check(world, result, fault);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    wrong ??= `STATE: ${error.message}`;
  }
  return { fired, wrong, result };
}

/** The calls that a scenario makes when nothing fails. */
async function count(world, scenario) {
  world.fresh(scenario.from);
  await scenario.prepare?.(world);
  world.victim.page.count();
  const run = await world.victim.begin(scenario.args(world), { cwd: world.at('try') });
  const result = await (scenario.drive ? scenario.drive(world, run) : run.end);
  world.victim.page.disarm();
  const wrong = judge(result, world.secrets) ?? (result.code ? `it failed: ${result.err}` : '');
  if (wrong) throw new Error(`${scenario.name}, without a fault: ${wrong}\n${result.err}`);
  const calls = world.victim.page.calls;
  await scenario.check(world, result);
  return calls;
}

class Tally {
  constructor() {
    this.injected = 0;
    this.harmless = 0;
    this.findings = new Map();
    this.kinds = {};
    this.known = {};
  }

  add(fault, wrong, where, result) {
    this.injected++;
    this.kinds[fault.kind] = (this.kinds[fault.kind] ?? 0) + 1;
    if (result?.code === 0) this.harmless++;
    if (!wrong) return;
    const flaw = KNOWN.find(({ match }) => match({ fault, wrong, where, err: result?.err ?? '' }));
    if (flaw) {
      this.known[flaw.what] = (this.known[flaw.what] ?? 0) + 1;
      return;
    }
    const key = `${wrong.replace(/\d+/g, '#').slice(0, 100)} @ ${where}`;
    const old = this.findings.get(key);
    if (old) old.times++;
    else this.findings.set(key, { fault, wrong, where, times: 1, err: (result?.err ?? '').trim() });
  }
}

function choose(calls, how, scenario) {
  if (how.kinds) return allFaults(calls, false).filter(({ kind }) => how.kinds.includes(kind));
  const most = how.most * (scenario.weight ?? 1);
  if (how.most !== Infinity) return someFaults(calls, Math.ceil(most), how.seed);
  const few = (faults) =>
    (how.stacks === Infinity ? faults : fewOfEachStack(calls, faults, how.stacks, how.seed));
  const once = few(allFaults(calls, false));
  const lasting = few(allFaults(calls, true));
  return [...once, ...lasting.filter((_, i) => i % LASTING_STRIDE === how.seed % LASTING_STRIDE)];
}

/** All faults of a scenario, dealt out to the worlds. */
export async function torture(worlds, scenario, how, log) {
  const tally = new Tally();
  const began = Date.now();
  const calls = await count(worlds[0], scenario);
  const faults = choose(calls, how, scenario);
  let at = 0;
  await Promise.all(worlds.map(async (world) => {
    const mine = Object.create(scenario);
    while (at < faults.length) {
      const fault = faults[at++];
      const { fired, wrong: first, result } = await runFault(world, mine, fault);
      if (!fired && !first) continue; /* it made fewer calls this time */
      const where = fired ? place(world.path, world.victim.page.site) : '-';
      const leak = /^LEAK/.test(first ?? '');
      tally.add(fault, leak ? await again(world, mine, fault) ?? first : first, where, result);
      if (at % 500 === 0) log(`${scenario.name}: ${at} of ${faults.length}`);
    }
  }));
  tally.seconds = (Date.now() - began) / 1000;
  return tally;
}

function report(name, tally, number) {
  const good = tally.findings.size === 0 && tally.injected > 0;
  const says = `${tally.injected} calls failed, ${tally.harmless} of them without harm`;
  console.log(`${good ? 'ok' : 'not ok'} ${number} - ${name}: ${says}`);
  for (const { fault, wrong, where, times, err } of tally.findings.values()) {
    console.log(`#   ${wrong}\n#     ${describe(fault)}, at ${where} (${times} times)`);
    console.log(err.split('\n').slice(0, 20).map((line) => `#     | ${line}`).join('\n'));
  }
  return good;
}

/** The same fault again, with whole stacks: which function it was that leaked. */
async function again(world, scenario, fault) {
  const { victim } = world;
  world.victim = world.slow;
  const { wrong } = await runFault(world, scenario, fault);
  world.victim = victim;
  return wrong;
}

/* --- the controls ------------------------------------------------------------------ */

const CONTROLS = [
  { twin: 'crash', scenario: 'rotate', kinds: ['malloc'], expect: /^CRASH/ },
  { twin: 'leak', scenario: 'rotate', kinds: ['write', 'fsync'], expect: /^LEAK/ },
  { twin: 'false', scenario: 'rotate', kinds: ['fsync'], expect: /^STATE: it says/ },
  { twin: 'secret', scenario: 'enrol', kinds: ['fsync'], expect: /^SECRET/ },
  { twin: 'open', scenario: 'revocation, taken over', kinds: ['read'], expect: /FAIL-OPEN/ },
];

/** A program with a fault of ours must be found out, in the same way as any other. */
async function control({ twin, scenario: name, kinds, expect }, how, log) {
  const world = new World(TWIN, 0, { SKEYM_TWIN: twin, SKEYM_TWIN_SECRET: PASSPHRASE });
  try {
    await world.make();
    const scenario = [...COMMANDS, ...SERVICES].find((one) => one.name === name);
    const only = { ...how, kinds, most: Infinity };
    const tally = await run([world], scenario, only, log);
    const caught = [...tally.findings.values()].filter(({ wrong }) => expect.test(wrong)).length;
    return { caught, injected: tally.injected };
  } finally {
    await world.end();
  }
}

/* --- the whole ---------------------------------------------------------------------- */

function run(worlds, scenario, how, log) {
  return scenario.drives
    ? runService(worlds, scenario,
      { choose: (calls) => choose(calls, how, scenario), tally: new Tally(), place, log })
    : torture(worlds, scenario, how, log);
}

function record(how, total, kinds) {
  const say = (what, figure) =>
    execFileSync(RECORD, ['record', 'torture', what, String(figure), String(how.seed)]);
  say('calls failed, one by one', total.injected);
  say('of these in the layers called directly', total.inside);
  say('scenarios; kinds of calls', `${total.scenarios}; ${Object.keys(kinds).length}`);
  say('findings left', total.findings);
}

/** By its whole name; by its begin where no other has that for a name. */
const wanted = ({ name }, only) =>
  [...COMMANDS, ...SERVICES].some((one) => one.name === only) ? name === only : name.startsWith(only);

async function main() {
  if (process.argv.includes('--names')) {
    for (const { name } of [...COMMANDS, ...SERVICES, { name: 'inside' }, { name: 'control' }]) console.log(name);
    return;
  }
  const how = options(process.argv.slice(2));
  const log = (text) => console.error(`torture: ${text}`);
  const total = { injected: 0, harmless: 0, findings: 0, scenarios: 0, inside: 0 };
  const worlds = [];
  const kinds = {};
  const known = {};
  let number = 0;
  let good = true;
  try {
    for (let lane = 0; lane < how.lanes; lane++) {
      const world = new World(PROGRAM, lane);
      worlds.push(world);
      await world.make();
    }
    for (const scenario of [...COMMANDS, ...SERVICES]) {
      if (!wanted(scenario, how.only)) continue;
      const tally = await run(worlds, scenario, how, log);
      good = report(scenario.name, tally, ++number) && good;
      total.injected += tally.injected;
      total.harmless += tally.harmless;
      total.findings += tally.findings.size;
      total.scenarios++;
      for (const kind in tally.kinds) kinds[kind] = (kinds[kind] ?? 0) + tally.kinds[kind];
      for (const what in tally.known) known[what] = (known[what] ?? 0) + tally.known[what];
      log(`${scenario.name}: ${tally.injected} in ${tally.seconds.toFixed(1)} s`);
    }
  } finally {
    for (const world of worlds) await world.end();
  }
  for (const one of await inside(how)) {
    console.log(`${one.good ? 'ok' : 'not ok'} ${++number} - ${one.name}`);
    for (const line of one.findings) console.log(`#   ${line}`);
    good = good && one.good;
    total.injected += one.injected;
    total.inside += one.injected;
    total.findings += one.findings.length;
    total.scenarios += one.injected > 0;
  }
  for (const one of how.only && !'control'.startsWith(how.only) ? [] : CONTROLS) {
    const { caught, injected } = await control(one, how, log);
    console.log(`${caught ? 'ok' : 'not ok'} ${++number} - control: a program with the fault ` +
      `"${one.twin}" is found out (${injected} calls failed)`);
    good = good && caught > 0;
  }
  console.log(`1..${number}`);
  console.log(`# ${total.injected} calls failed: ${Object.entries(kinds)
    .map(([kind, times]) => `${kind} ${times}`).join(', ')}`);
  for (const what in known) console.log(`# known: ${what} (${known[what]} times)`);
  if (!how.only && how.most === Infinity) record(how, total, kinds);
  process.exitCode = good ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
process.setMaxListeners(0);
await main();
