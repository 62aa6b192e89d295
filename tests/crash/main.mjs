// SPDX-License-Identifier: Apache-2.0
// The campaign: kills, then power cuts; TAP, and in the long form its figures.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isNameless } from './disk.mjs';
import { Kills } from './kill.mjs';
import { PowerCuts } from './power.mjs';
import { Random } from './random.mjs';

const RESTART_MS = 10000; /* a test must not judge a busy machine; the figure is what counts */

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    kills: { type: 'string' },
    cuts: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' }, /* of kills: enough, however many it were */
    seed: { type: 'string', default: '1' },
    program: { type: 'string' },
    libraries: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const kills = Number(values.kills ?? (values.short ? 50 : 1000));
const cuts = Number(values.cuts ?? (values.short ? 40 : 2000));
const seed = Number(values.seed);
const say = (text) => process.stderr.write(`crash: ${text}\n`);

let count = 0;
let failed = 0;
/** One test: what is wrong (nothing: it passed). */
function tell(name, wrong) {
  const lines = [wrong].flat().filter((one) => one !== undefined && one !== '');
  failed += lines.length > 0 ? 1 : 0;
  console.log(`${lines.length > 0 ? 'not ok' : 'ok'} ${++count} - ${name}`);
  for (const line of lines.slice(0, 20)) console.log(String(line).replace(/^/gm, '# '));
}

function record(what, figure) {
  if (values.short) return;
  const script = fileURLToPath(new URL('../../scripts/assurance', import.meta.url));
  execFileSync(script, ['record', 'crash', what, String(figure), String(seed)], { stdio: 'inherit' });
}

const preload = (name, env = {}) => ({ LD_PRELOAD: join(values.libraries, `${name}.so`), ...env });
const at = (list, share) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * share)];

async function killing() {
  const test = new Kills(values.program, new Random(seed), say);
  try {
    await test.run(kills, Number(values.minutes) * 60000);
    const { figures } = test;
    const { done } = test.admin;
    const acknowledged = test.ward.ledger.acknowledged.size;
    tell(`no acknowledged reading is lost by ${figures.kills} kills (${acknowledged} acknowledged)`,
      acknowledged > figures.kills / 2 ? figures.lost : 'too few to mean anything');
    tell('no reading is there twice', figures.doubled);
    tell(`no token from before a kill is admitted after it (${figures.replays} tried)`,
      figures.replays > figures.kills / 2 ? figures.admitted.map((status) => `answered ${status}`) : 'too few');
    tell(`keyring and revoked list are read every time, and hold (${done.revoke} revoked, ` +
      `${done.enrol} enrolled, ${done.rotate} keys made, ${done.killed} commands killed)`, figures.wrong);
    const { made, used, others } = test.invitations.done;
    tell(`who was enrolled by invitation stays so, with that key alone (${used} of ${made} used, ` +
      `${others} other keys tried)`, used > figures.kills / 20 ? figures.invited : 'too few to mean anything');
    tell(`each run of the devices is whole, each reading once (${figures.devices} agents killed)`,
      figures.device.flatMap(({ doubled, missing, readings }) =>
        [...doubled, ...missing, ...(readings > 0 ? [] : ['nothing was sent'])]));
    const most = Math.max(...figures.starts);
    tell(`the server is back each time (${Math.round(at(figures.starts, 0.5))} ms in the middle, ` +
      `${Math.round(most)} ms at most)`, most < RESTART_MS ? '' : `${most} ms`);
    const lost = await test.forget();
    tell('control: a store that forgot its last readings is noticed', lost > 0 ? '' : 'it was not');
    const admitted = await test.sameInstance(preload('same'));
    tell('control: a server that takes tokens of its life before is noticed', admitted > 0 ? '' : 'it was not');
    say(JSON.stringify({ ...figures, starts: undefined, admin: done }));
    record('files that killed commands left behind', figures.leftovers);
    record('kills', `${figures.kills} (${figures.early} while starting), ${figures.devices} agents and ` +
      `${done.killed} commands besides`);
    record('acknowledged readings lost', `${figures.lost.length} of ${acknowledged}`);
    record('readings twice', figures.doubled.length);
    record('replays admitted', `${figures.admitted.length} of ${figures.replays}`);
    record('keyring or revoked list not as acknowledged', figures.wrong.length);
    record('enrolments by invitation not as acknowledged', `${figures.invited.length}; of ${used}, and ` +
      `${others} tries with another key`);
    record('restart', `${Math.round(at(figures.starts, 0.5))} ms median, ${Math.round(at(figures.starts, 0.99))} ms ` +
      `p99, ${Math.round(most)} ms most (database of ${Math.round(figures.bytes / 2 ** 20)} MiB)`);
  } catch (error) {
    tell('the kills come to their end', error.stack);
  } finally {
    await test.ward.end();
  }
}

async function cutting() {
  const test = new PowerCuts(values.program, new Random(seed + 1), preload('trace'), say);
  try {
    await test.record(values.short ? 5 : 20);
    await test.cut(cuts);
    await test.cutNodes(values.short ? 1000 : 20000);
    const { figures } = test;
    const acknowledged = test.ward.ledger.acknowledged.size;
    const { done } = test.admin;
    tell(`no acknowledged reading is lost by ${figures.cuts} power cuts (${acknowledged} acknowledged, ` +
      `looked for ${figures.checked} times)`, figures.lost);
    tell('power cut: no reading is there twice', figures.doubled);
    tell(`power cut: no token from before is admitted (${figures.replays} tried)`,
      figures.admitted.map((status) => `answered ${status}`));
    tell(`power cut: the server starts, and keyring, revoked list and credentials hold (${done.revoke} ` +
      `revoked, ${done.enrol} enrolled, ${done.rotate} keys made, ${done.killed} commands killed)`, figures.wrong);
    const { made, used, killed, others } = test.invitations.done;
    tell(`power cut: who was enrolled by invitation stays so, with that key alone (${used} of ${made} ` +
      `used, ${killed} commands killed, ${others} other keys tried)`, figures.invited);
    tell('power cut: no journal loses a reading that it took, or is damaged', figures.journals);
    tell(`power cut: devices go on with their journals (${figures.devices} did)`, figures.runs);
    for (const [what, lies, nodes] of CONTROLS) {
      const found = await test.control(values.short ? 12 : 40, lies, nodes);
      tell(`control: a disk that does not sync ${what} is noticed`, found > 0 ? '' : 'it was not');
    }
    say(JSON.stringify({ ...figures, starts: undefined, admin: done }));
    record('power cuts', `${figures.cuts} with a server started on what was left, ${figures.nodeCuts} more of the ` +
      `nodes' files; ${figures.torn} left a torn line in the audit file`);
    record('power cut: acknowledged readings lost', `${figures.lost.length} of ${figures.checked} looked for`);
    record('power cut: readings twice', figures.doubled.length + figures.runs.length);
    record('power cut: keyring, revoked list or credential not as acknowledged', figures.wrong.length);
    record('power cut: enrolments by invitation not as acknowledged', `${figures.invited.length}; of ${used}, ` +
      `and ${others} tries with another key`);
    record('power cut: journals that lost a reading or do not open', figures.journals.length);
    record('power cut: replays admitted', `${figures.admitted.length} of ${figures.replays}`);
    record('power cut: restart', `${Math.round(at(figures.starts, 0.5))} ms median, ` +
      `${Math.round(at(figures.starts, 1))} ms most`);
  } catch (error) {
    tell('the power cuts come to their end', error.stack);
  } finally {
    await test.ward.end();
  }
}

/* Files whose syncs do nothing. */
const CONTROLS = [
  ['the log of the store', (path) => path.endsWith('data.db-wal')],
  ['the new revoked list', (path) => path.endsWith('revoked.new')],
  ['the list of used invitations', (path) => path.endsWith('invitations.new')],
  ['the folder of the authority', (path) => path === 'authority/'],
  ['a journal', (path) => path.endsWith('.journal'), true],
  ['a new credential', (path) => isNameless(path) || /\.cred\.......$/.test(path), true],
];

if (values.only !== 'cuts') await killing();
if (values.only !== 'kills') await cutting();
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
