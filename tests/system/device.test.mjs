// SPDX-License-Identifier: Apache-2.0
// `skeym device`: how it begins, goes on and ends, with its journal, its server and its clock in odd states.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dir, ended, seen, table } from './commands.mjs';
import { ecg } from './records.mjs';
import { between } from './servers.mjs';
import { observation, preload, Skip, until } from './world.mjs';

/** A device of which nothing is heard yet: its journal waits. */
async function waiting(world) {
  await world.init();
  const bed = await world.enrol('bed', 'device', 'system/Observation.cr');
  const journal = world.path('journal');
  const device = (server, ...more) => ['device', '--simulate', '--minutes', '1', '--speed', '0', '--as',
    bed, '--patient', '7', '--journal', journal, '--server', server, ...more];
  const alone = world.begin(device('http://127.0.0.1:1'));
  const full = () => existsSync(journal) && statSync(journal).size > 20000;
  assert.equal(await ended(alone, full), 0, alone.err);
  return { bed, journal, device };
}

/** A record of a journal, as src/node/journal.h has it. */
function journalRecord(kind, payload) {
  const head = Buffer.alloc(25);
  head.write('SKJR');
  head.writeUInt8(kind, 4);
  head.writeUInt32BE(payload.length, 5);
  createHash('sha256').update(head.subarray(4, 17)).update(payload).digest().copy(head, 17, 0, 8);
  return Buffer.concat([head, payload]);
}

export default {
  async 'device: speeds and leads at their ends'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'system/*.cruds');
    const server = await world.serve();
    const device = (...words) => ['device', '--simulate', '--patient', '100', '--as', bed, '--server',
      server.url, ...words];
    await table(world, [
      [device('--speed', '1000000.5'), 2, /--speed takes/],
      [device('--speed', '1..5'), 2, /--speed takes/],
      [device('--speed', ''), 2, /--speed takes/],
      [device('--leads', '2'), 2, /--leads takes/],
      [device('--over', '5'), 2, /are for --deteriorate/],
      [device('--deteriorate', 'shock', '--over', 'x'), 2, /--after and --over take/],
    ]);
    await world.must(device('--leads', '12', '--minutes', '1', '--speed', '1000000',
      '--deteriorate', 'shock', '--after', '5', '--over', '20'));
  },

  async 'a device on a terminal tells how far it is'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    const server = await world.serve();
    const words = ['device', '--as', bed, '--server', server.url, '--patient', '100', '--speed', '60'];
    const told = await seen(world, [...words, '--simulate', '--minutes', '2']);
    assert.match(told, /readings/);
    assert.match(await seen(world, [...words, '--record', ecg(world)]), /0-MLII readings/);
  },

  async 'a device is told which patient is not its own, and what the journal kept'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'patient/1/Observation.c');
    const server = await world.serve();
    const journal = world.path('journal');
    const run = (patient, ...more) => ['device', '--simulate', '--minutes', '1', '--speed', '0', '--as',
      bed, '--server', server.url, '--patient', patient, ...more];
    await table(world, [
      [run('2'), 1, /refuses a message for patient 2 by status 403.*\n.*are lost: there is no --journal/],
      [run('2', '--journal', journal), 1, /messages wait in the journal/],
      [run('1', '--journal', journal), 1, /refuses a message for patient 2/],
      [run('1', '--journal', world.path('other')), 0, /run bed\./],
    ]);
    mkdirSync(world.path('folder'));
    await table(world, [[run('1', '--journal', world.path('folder')), 1, /folder/]]);
  },

  async 'a device goes on with what waits, and begins anew when it is told to'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    const journal = world.path('journal');
    const simulate = (...more) => ['device', '--simulate', '--minutes', '1', '--speed', '0', '--as', bed,
      '--patient', '7', ...more];
    const alone = world.begin(simulate('--server', 'http://127.0.0.1:1', '--journal', journal));
    await until('the journal', () => existsSync(journal) && statSync(journal).size > 20000, 60000);
    alone.child.kill('SIGTERM');
    assert.equal(await alone.exit, 0, alone.err);
    assert.match(alone.err, /stopped: \d+ messages wait in the journal/);
    const server = await world.serve();
    const other = await world.skeym(simulate('--server', server.url, '--journal', journal, '--seed', '2'));
    assert.equal(other.code, 0, other.err);
    assert.match(other.err, /goes on with run/);
    /* what waited, and the new one */
    assert.ok(other.err.match(/ 6 acknowledged \(60 readings\), 0 waiting/g).length >= 2, other.err);
    /* with a journal: what waits when it is told to end is kept, and no failure */
    const again = world.begin(simulate('--server', server.url, '--repeat', '--journal',
      world.path('repeated')));
    let ended;
    again.exit.then((code) => (ended = code));
    await until('two runs', () => ended !== undefined || again.out.match(/^run bed\./gm)?.length > 1, 60000);
    again.child.kill('SIGTERM');
    assert.equal(await again.exit, 0, again.err);
    await world.must(['revoke', 'bed', ...dir(world)]);
    await table(world, [[simulate('--server', server.url), 1, /bed is not admitted any more/]]);
  },

  async 'a journal that was torn or tampered with, or that another process has'(world) {
    const { journal, device } = await waiting(world);
    const server = await world.serve();
    const whole = readFileSync(journal);
    const first = world.begin(device('http://127.0.0.1:1'));
    await until('the first', () => /goes on with run/.test(first.err), 60000);
    await table(world, [[device(server.url), 1, /the journal .* is in use by another process/]]);
    assert.equal(await ended(first, () => true), 0, first.err);
    assert.deepEqual(readFileSync(journal), whole);
    appendFileSync(journal, whole.subarray(0, 30)); /* a record that began, and did not end */
    await table(world, [
      [device(server.url, '--seed', '2'), 0, /a torn last record of 30 bytes was cut off/],
    ]);
    const alien = journalRecord(1, Buffer.from('not the note of a run'));
    writeFileSync(journal, alien, { mode: 0o600 });
    await table(world, [[device(server.url), 1, /journal/]]);
    assert.deepEqual(readFileSync(journal), alien, 'it is left as it was');
  },

  async 'a device is told what the server thinks of its message'(world) {
    const { bed, journal, device } = await waiting(world);
    const server = await world.serve();
    const [, run, signal] = /"bed\.([0-9a-f]+)\.(\S+?)\.0"/.exec(readFileSync(journal, 'latin1')) ?? [];
    assert.ok(run, 'the name of a reading is in the journal');
    const taken = await world.post(server, '/fhir/Observation', bed, { ...observation(1, '7'),
      identifier: [{ system: 'urn:skeym:reading', value: `bed.${run}.${signal}.0` }] });
    assert.equal(taken.code, 0, taken.err);
    await table(world, [[device(server.url), 1, /refuses a message for patient 7 by status 4\d\d/]]);
    const large = (answer) => answer.writeHead(413).end();
    await between(server, large, async (proxy) => {
      await table(world, [
        [device(proxy.url), 1, /a message is too large for .*: a shorter --block helps/],
      ]);
    });
  },

  async 'a device whose clock is behind, or ahead, sends by the time of the server'(world) {
    await world.init();
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve();
    const file = world.path('offset');
    const env = { ...preload(world, 'clock.c'), SKEYM_TEST_CLOCK: file };
    for (const off of [-86400000, 86400000]) {
      writeFileSync(file, String(off));
      const patient = `p${off < 0 ? 1 : 2}`;
      const { code, err } = await world.skeym(['device', '--simulate', '--minutes', '1', '--speed', '0',
        '--as', bed, '--patient', patient, '--server', server.url], { env });
      assert.equal(code, 0, err);
      const [, said] = /our clock is off by (-?\d+) ms; the server's is used/.exec(err);
      assert.equal(Math.sign(Number(said)), Math.sign(off), err);
      const { out } = await world.get(server, `/fhir/Observation?patient=${patient}&_count=1`, doctor);
      const when = Date.parse(JSON.parse(out).entry[0].resource.effectiveDateTime);
      assert.ok(Math.abs(when - Date.now()) < 3600000, out);
    }
  },

  async 'a credential that a device cannot renew is warned of once'(world) {
    if (process.getuid() !== 0 || spawnSync('unshare', ['-m', 'true']).status !== 0) {
      throw new Skip('no mounts here');
    }
    await world.init();
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    const server = await world.serve();
    await world.must(['rotate', ...dir(world)]);
    const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c',
      'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"', 'sh',
      world.folder, world.program, 'device', '--simulate', '--minutes', '1', '--speed', '0', '--as', bed,
      '--patient', '7', '--server', server.url], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.equal(stderr.match(/WARNING: the server renewed this node's credential/g).length, 1, stderr);
  },
};
