// SPDX-License-Identifier: Apache-2.0
// Floods, and who gets through: docs/assurance/flood.md tells what, and what it cannot show.
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { LOAD_CORE, SERVER_CORE, SHARES, World, canPin, cpu, memory, metrics, percentile, sleep, trace }
  from './world.mjs';

const options = { seed: '1', only: '', seconds: '15', share: '' };
const [program, blaster, ...argv] = process.argv.slice(2);
let short = false;
while (argv.length) {
  const word = argv.shift();
  if (word === '--short') short = true;
  else if (word.startsWith('--') && word.slice(2) in options) options[word.slice(2)] = argv.shift();
  else throw new Error(`what is ${word}?`);
}

const MEMORY_MIB = 256; // what a server may have at most, with all settings as by default
const SETTLED = 100; // nodes that keep their connection; 1 operation a second each
const NEWCOMERS = 10; // that connect, log in and read, each time anew, once a second each
const PATH = '/fhir/Observation?patient=load-{}&_sort=-date&_count=1';
const LEGIT_FROM = '127.0.1.0/25'; // .1 to .100
const NEW_FROM = '127.0.1.112/28'; // other hosts than those: .113 and up
const SAME = '127.0.1.128/25'; // the same /24, other hosts
const OTHERS = '127.64.0.0/10'; // 16,384 /24s
const BEFORE_S = 4;
const AFTER_S = 6;
const FACTOR = 10; // how often what the server can do is to be sent
const MARGIN = 1.2; // since it may do more in the flood than it did when that was measured
const MARGIN_COSTLY = 1.05; // these are not answered at all then
const SLOW_MS = 250; // or three times the p99 before the flood: what is slow after it
// A request flood keeps fewer connections than the server takes; slow ones want them all.
const CONNECTIONS = 2000;
// Requests that leave in one go: so many that each connection has its turn four times a second.
const batch = (rate) => Math.min(64, Math.max(16, Math.ceil(rate / 4 / CONNECTIONS)));
const SERVER_CONNECTIONS = 4096;
const SLOW_PARTS = 3;
const SLOW_SOCKETS = SLOW_PARTS * Math.ceil(FACTOR * SERVER_CONNECTIONS / SLOW_PARTS);
const STOP_MS = 2000;

const KINDS = ['forged', 'stolen', 'replay', 'badlogin', 'junklogin', 'login', 'bighead', 'bigbody'];
const EXACTING = ['forged', 'stolen', 'replay']; // no limit refuses these sooner
const SLOW = ['slowhead', 'slowbody'];
// Each of these costs a connection, as much to make as to take: a core can send ten times what such a share of one can
// do. bigbody is refused in six tenths of bighead's time, so its share is smaller.
const COSTLY = { bighead: 'tenth', bigbody: 'twentieth' };
/** Of the server's core that it gets under a kind; --share says otherwise for these. */
const shareOf = (kind) => (kind in COSTLY && (options.share || COSTLY[kind])) || 'whole';

/** Requests a second to be sent where the server can do so many. */
const dueOf = (kind, can) => FACTOR * can * (kind in COSTLY ? MARGIN_COSTLY : MARGIN);

let tests = 0;
let failed = 0;
function test(name, good, why = '') {
  tests++;
  if (!good) failed++;
  console.log(`${good ? 'ok' : 'not ok'} ${tests} - ${name}`);
  if (!good && why) console.log(String(why).trim().replace(/^/gm, '# '));
}

const say = (text) => process.stderr.write(`${text}\n`);

// --- legitimate nodes ---------------------------------------------------------------------

/** Both crowds at work for so many seconds. */
function legit(world, server, seconds, patience = 10, warmup = 3) {
  const common = ['--poisson', '--seed', options.seed, '--warmup', warmup, '--seconds', seconds,
    '--patience', patience, '--answer-seconds', Math.max(5, patience / 2), '--drain-seconds', patience];
  const traces = ['settled', 'new'].map((name) => world.path(`trace-${name}-${world.count}`));
  const settled = world.load(server, 0, '--connections', SETTLED, '--rate', SETTLED, '--lanes', 4,
    '--mix', 'get=8,post=1,login=1', '--path', PATH, '--from', LEGIT_FROM, '--trace', traces[0], ...common);
  const fresh = world.load(server, 0, '--connections', NEWCOMERS, '--rate', NEWCOMERS, '--reconnect',
    '--path', PATH, '--from', NEW_FROM, '--trace', traces[1], ...common);
  return async (stopAt) => {
    if (stopAt) {
      await sleep(Math.max(0, stopAt - Number(process.hrtime.bigint()) / 1e6));
      for (const { child } of [settled, fresh]) child.kill('SIGTERM');
    }
    const parts = [await settled.done(), await fresh.done()];
    const all = parts.map(({ figures }, i) => trace(traces[i]).map((one) => ({
      ...one, due: one.due + figures.started_monotonic_ns / 1e6, crowd: i ? 'new' : 'settled' })));
    return { parts, operations: all.flat() };
  };
}

function summary(operations) {
  const good = operations.filter(({ outcome }) => outcome === 'ok');
  const sorted = good.map(({ latency }) => latency).sort((a, b) => a - b);
  const bad = {};
  for (const { outcome } of operations) if (outcome !== 'ok') bad[outcome] = (bad[outcome] ?? 0) + 1;
  return { count: operations.length, good: good.length, percent: 100 * good.length / operations.length,
    p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), p999: percentile(sorted, 0.999),
    most: sorted.at(-1) ?? 0, repeated: operations.filter(({ repeated }) => repeated).length, bad };
}

const ms = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
const shown = (s) => `${s.percent.toFixed(2)}% of ${s.count}, p50 ${ms(s.p50)} p99 ${ms(s.p99)} ` +
  `p99.9 ${ms(s.p999)} max ${ms(s.most)} ms${s.repeated ? `, ${s.repeated} repeated` : ''}` +
  `${Object.keys(s.bad).length ? ` ${JSON.stringify(s.bad)}` : ''}`;

// --- attackers -----------------------------------------------------------------------------

const LIFTED = ['--login-rate', '100000', '--login-burst', '1000000', '--login-cpu', '6400'];

/** Requests a second that the server can do of a kind; logins with their limits lifted. */
async function capacity(world, kind) {
  const server = await world.serve(...LIFTED);
  const run = world.load(server, 0, '--attack', kind, '--connections', 64, '--from', OTHERS, '--batch', 4,
    '--warmup', 1, '--seconds', 3);
  const { figures } = await run.done();
  await world.stop(server);
  return figures.answers_per_s;
}

/** One kind of flood from one place, sent whatever is answered. Slow ones are kept connections, in parts, as a
 * process may have so many files. */
function flood(world, server, kind, from, rate, seconds) {
  if (SLOW.includes(kind)) {
    const each = SLOW_SOCKETS / SLOW_PARTS;
    return Array.from({ length: SLOW_PARTS }, () => world.load(server, 10, '--attack', kind, '--from', from, '--warmup', 0,
      '--seconds', seconds, '--answer-seconds', 60, '--connections', each, '--rate', Math.round(each / 3)));
  }
  return [world.blast(server, 10, kind, rate, CONNECTIONS, batch(rate), from, seconds)];
}

/** When the first half second begins in which all that is due is answered, nine of ten within `slow`. */
function recovery(after, to_ms, slow) {
  for (let bin = 0; bin < 2 * AFTER_S; bin++) {
    const inside = after.filter(({ due }) => Math.floor((due - to_ms) / 500) === bin);
    const good = inside.filter(({ outcome, latency }) => outcome === 'ok' && latency <= slow);
    if (inside.length && inside.every(({ outcome }) => outcome === 'ok') &&
      good.length >= 0.9 * inside.length) return bin / 2;
  }
  return AFTER_S;
}

async function scenario(world, kind, where, from, can, settings = []) {
  const seconds = Number(options.seconds);
  const server = await world.serve(...settings);
  const finish = legit(world, server, 600); // or until it is told to stop
  await sleep(3000 + BEFORE_S * 1000);
  const cpuBefore = cpu(server);
  const from_ms = Number(process.hrtime.bigint()) / 1e6; // the clock of the generators
  const attackers = flood(world, server, kind, from, dueOf(kind, can), seconds);
  const results = await Promise.all(attackers.map(({ done }) => done()));
  const cpuUsed = cpu(server) - cpuBefore;
  const to_ms = Math.max(...results.map(({ figures }) => figures.started_monotonic_ns)) / 1e6 + seconds * 1000;
  const { operations } = await finish(to_ms + AFTER_S * 1000);
  const part = (low, high) => operations.filter(({ due }) => due >= low && due < high);
  const after = part(to_ms, Infinity);
  const before = summary(part(0, from_ms));
  const result = {
    kind, where, can,
    before, during: summary(part(from_ms, to_ms)), after: summary(after),
    settled: summary(part(from_ms, to_ms).filter(({ crowd }) => crowd === 'settled')),
    fresh: summary(part(from_ms, to_ms).filter(({ crowd }) => crowd === 'new')),
    recovery_s: recovery(after, to_ms, Math.max(SLOW_MS, 3 * before.p99)),
    straggler_s: Math.max(0, ...part(from_ms, to_ms).map(({ due, latency }) => due + latency - to_ms)) / 1000,
    memory: memory(server, 'VmHWM'),
    due: results.reduce((sum, { figures }) => sum + figures.due, 0) / seconds,
    sent: results.reduce((sum, { figures }) => sum + (figures.sent ?? figures.due - figures.unsent), 0) / seconds,
    knocked: results.reduce((sum, { figures }) => sum + (figures.knocked ?? 0), 0) / seconds,
    answered: results.reduce((sum, { figures }) => sum + figures.answers, 0) / seconds,
    generator: results.reduce((sum, { figures }) => sum + figures.generator_core_percent, 0),
    server: 100 * cpuUsed / seconds,
    accepted: results.some(({ code }) => code !== 0),
    why: results.map(({ text }) => text).join('\n'),
    counters: await metrics(server),
  };
  result.stopped = await world.stop(server);
  return result;
}

function judge(result) {
  const { kind, where } = result;
  const name = `${kind} from ${where}`;
  say(`--- ${name}: ${result.due.toFixed(0)}/s due, ${result.sent.toFixed(0)}/s taken by the kernel, ${result.knocked.toFixed(0)}/s turned away by it, ${result.answered.toFixed(0)}/s answered; server ${result.server.toFixed(0)}% of a core, generator ${result.generator.toFixed(0)}%`);
  for (const when of ['before', 'during', 'settled', 'fresh', 'after']) say(`  ${when.padEnd(8)} ${shown(result[when])}`);
  say(`  recovery ${result.recovery_s.toFixed(1)} s, last straggler ${result.straggler_s.toFixed(1)} s, memory at most ${result.memory.toFixed(0)} MiB`);
  test(`${name}: 99.9% of what is legitimate is answered`, result.during.percent >= 99.9, shown(result.during));
  test(`${name}: nothing of the attackers is accepted`, !result.accepted, result.why);
  if (result.can) {
    test(`${name}: ten times what it can do went out`, times(result) >= FACTOR, `${times(result)} times`);
  }
  test(`${name}: memory stays under ${MEMORY_MIB} MiB`, result.memory < MEMORY_MIB, result.memory);
  test(`${name}: recovered after 2 s`, result.recovery_s < 2, result.recovery_s);
  test(`${name}: the server ends in order`, result.stopped === 0, result.stopped);
}

const thousands = (rate) => `${Math.round(rate / 100) / 10}k/s`;

/** How often what the server can do went out; where no limit answers for it, what it did in the flood, if that is more. */
function times({ kind, sent, knocked, can, answered }) {
  return (sent + knocked) / (EXACTING.includes(kind) ? Math.max(can, answered) : can);
}

function record(result) {
  const { kind, where, during, settled, fresh } = result;
  const share = shareOf(kind) === 'whole' ? '' : `a ${shareOf(kind)} of a core: `;
  const figure = `${share}${during.percent.toFixed(2)}% of ${during.count} ok (new connections and logins: ` +
    `${fresh.percent.toFixed(2)}%); p99.9 ${ms(settled.p999)} ms with a chain, ${ms(fresh.p999)} ms new; ` +
    `${result.can ? `${thousands(result.due)} due, ${thousands(result.sent)} taken by the kernel` +
      `${result.knocked > 0 ? `, for ${thousands(result.knocked)} it had no place` : ''} (${times(result).toFixed(1)} times ` +
      `what the server can do)` : `${SLOW_SOCKETS} sockets for ${SERVER_CONNECTIONS} places`}, ` +
    `${thousands(result.answered)} answered; ` +
    `recovery ${result.recovery_s.toFixed(1)} s; ${result.memory.toFixed(0)} MiB`;
  execFileSync(fileURLToPath(new URL('../../scripts/assurance', import.meta.url)),
    ['record', 'flood', `${kind}, from ${where}`, figure, options.seed]);
}

async function long(world) {
  for (const kind of [...KINDS, ...SLOW].filter((name) => name.includes(options.only))) {
    if (shareOf(kind) in SHARES) world.burn(shareOf(kind));
    const can = SLOW.includes(kind) ? 0 : await capacity(world, kind);
    if (can) say(`${kind}: the server can do ${can.toFixed(0)}/s; flooding with ${dueOf(kind, can).toFixed(0)}/s`);
    for (const [where, from] of [['others', OTHERS], ['the same /24', SAME]]) {
      const result = await scenario(world, kind, where, from, can);
      judge(result);
      if (!process.env.FLOOD_DRY) record(result);
      if (kind === 'badlogin' && from === OTHERS) await lifted(world, result);
    }
    await world.stopBurning();
  }
}

// --- controls: faults that the measurements must show --------------------------------------------

/** A server in between that, once the attacker has its loot, takes whatever comes. */
async function gullible(server, name, attack) {
  let count = 0;
  const proxy = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (data) => parts.push(data));
    request.on('end', () => {
      if (++count > 2) return response.writeHead(200, { 'content-length': 2 }).end('ok');
      const { method, url: path, headers } = request;
      const onward = http.request({ host: '127.0.0.1', port: server.port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.end(Buffer.concat(parts));
    });
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${proxy.address().port}`;
  const { code, text } = await attack({ url });
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  test(`control: a server that takes forged tokens is found out${name}`, code === 1 && text.includes('ACCEPTED'), text);
}

/** The server stands still; what is due meanwhile must show it, though nothing is sent meanwhile. */
async function standstill(server) {
  const from_ms = Number(process.hrtime.bigint()) / 1e6;
  process.kill(server.pid, 'SIGSTOP');
  await sleep(STOP_MS);
  process.kill(server.pid, 'SIGCONT');
  return ({ due }) => due >= from_ms + STOP_MS / 10 && due < from_ms + STOP_MS / 2;
}

/** The same flood where logins have no limits: it must be felt more. */
async function lifted(world, result) {
  const control = await scenario(world, result.kind, 'control', OTHERS, result.can, LIFTED);
  say(`--- control, no limits of logins: ${shown(control.during)}`);
  test('control: without its limits a flood of logins is felt', control.during.p50 > 2 * result.during.p50,
    `${shown(control.during)}; with limits ${shown(result.during)}`);
  if (!process.env.FLOOD_DRY) {
    record({ ...control, where: 'control: no limits of logins' });
  }
}

// --- short ------------------------------------------------------------------------------------

/** Each kind for a moment, one after another; no verdict depends on time. */
async function brief(world) {
  const server = await world.serve();
  const kinds = [...KINDS, ...SLOW];
  const finish = legit(world, server, 3 * kinds.length + 14, 60, 0);
  while (!(await metrics(server)).skeym_requests_admitted_total) await sleep(100);
  const stopped = await standstill(server);
  for (const kind of kinds) {
    const run = world.load(server, 10, '--attack', kind, '--from', OTHERS, '--warmup', 0, '--seconds', 2,
      '--connections', 64, '--batch', 4, '--answer-seconds', 60);
    const { code, figures, text } = await run.done();
    test(`${kind}: ${figures.due > 0 ? 'sent' : 'NOT sent'}, and nothing is accepted`,
      code === 0 && figures.due > 0, text);
  }
  for (const kind of ['forged', 'bighead']) {
    const { code, figures, text } = await world.blast(server, 10, kind, 20000, 64, 4, OTHERS, 2).done();
    test(`${kind}: ${figures.sent > 0 ? 'sent' : 'NOT sent'} without waiting, and nothing is accepted`,
      code === 0 && figures.sent > 0, text);
  }
  await gullible(server, '', (there) =>
    world.load(there, 10, '--attack', 'forged', '--warmup', 0, '--seconds', 1).done());
  await gullible(server, ' by the flooder that does not wait', (there) =>
    world.blast(there, 10, 'forged', 100, 1, 1, '127.0.0.1', 2).done());
  const { operations, parts } = await finish();
  const waited = operations.filter(stopped);
  test('control: a server that stands still is seen to', waited.length > 0 &&
    waited.every(({ latency }) => latency >= STOP_MS / 2), JSON.stringify(waited));
  const all = summary(operations);
  test('every legitimate operation succeeds in the end', all.percent === 100,
    shown(all) + parts.map(({ text }) => text).join('\n'));
  test(`memory stays under ${MEMORY_MIB} MiB`, memory(server, 'VmHWM') < MEMORY_MIB, memory(server, 'VmHWM'));
  test('the server ends in order', await world.stop(server) === 0, world.log('server.log'));
}

if (!canPin()) {
  console.log('ok 1 - floods # SKIP programs cannot be bound to cores here\n1..1');
  process.exit(0);
}
const world = new World(program, blaster);
process.on('exit', () => world.end());
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => process.exit(1));
say(`server on core ${SERVER_CORE}, load on core ${LOAD_CORE}`);
try {
  await (short ? brief(world) : long(world));
} catch (error) {
  test('the campaign runs', false, `${error.stack}\n${world.log('server.log')}`);
}
console.log(`1..${tests}`);
process.exit(failed ? 1 : 0);
