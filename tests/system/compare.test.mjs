// SPDX-License-Identifier: Apache-2.0
// `skeym device --compare` against runs that somebody else has written or changed: what is doubled,
// missing, altered or of another record is never called equal.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { ecg, numbers, record } from './records.mjs';

/** A ward in which a device has sent a record as patient p0; how to copy that run to others. */
async function sent(world, header) {
  await world.init();
  const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
  const other = await world.enrol('other', 'doctor', 'user/*.cruds');
  const bed = await world.enrol('bed', 'device', 'system/Observation.c');
  const server = await world.serve();
  const device = ['device', '--server', server.url];
  const { out } = await world.skeym([...device, '--record', header, '--as', bed, '--patient', 'p0',
    '--speed', '0']);
  const run = /^run (\S+) /m.exec(out)[1];
  const read = await world.get(server, '/fhir/Observation?patient=p0', doctor, '--all');
  const readings = read.out.trim().split('\n').map((line) => JSON.parse(line));
  let patients = 0;
  const post = async (as, entry) => {
    for (let i = 0; i < entry.length; i += 10) {
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry: entry.slice(i, i + 10) };
      const { code, err } = await world.post(server, '/fhir', as, bundle);
      assert.equal(code, 0, err);
    }
  };
  /** Compares a record with what change makes of the readings of p0, and what another node adds. */
  const compare = async (change, file = header, added = []) => {
    const patient = `p${++patients}`;
    const entries = (of) => of.map(({ id, meta, ...rest }) => ({
      request: { method: 'POST', url: 'Observation' },
      resource: { ...rest, subject: { reference: `Patient/${patient}` } },
    }));
    await post(doctor, entries(change(readings)));
    await post(other, entries(added)); /* the server lets no node write one reading twice */
    return world.skeym([...device, '--compare', file, '--as', doctor, '--patient', patient, '--run',
      run]);
  };
  return { compare, readings };
}

const named = ({ identifier }) => identifier[0].value;

/** The same readings, with this in the place of that in their identifiers. */
const renamed = (that, to) => (readings) => readings.map((reading) => ({
  ...reading,
  identifier: [{ ...reading.identifier[0], value: named(reading).replace(that, to) }],
}));

const said = (text) => (readings) =>
  readings.map((reading) => ({ ...reading, code: { ...reading.code, text } }));

async function table(compare, rows) {
  for (const [change, code, words, file, added] of rows) {
    const result = await compare(change, file, added);
    assert.equal(result.code, code, result.out + result.err);
    assert.match(result.out, words);
  }
}

/** The header of ecg() in another form: its text after a change. */
function otherHeader(world, name, change) {
  const text = readFileSync(world.path('ecg.hea'), 'utf8');
  writeFileSync(world.path(`${name}.hea`), change(text.replace(/^ecg /, `${name} `)));
  return world.path(`${name}.hea`);
}

const bare = (text) => text.replace(/^(ecg\.dat 16 \S+ 16) .*$/gm, '$1');
const endless = (text) => text.replace(/ 6250$/m, ''); /* its length is not said, and no sum checked */
const wrong = (text) => text.replace(/-?\d+ 0 (MLII|V5)$/gm, '7 0 $1');

export default {
  async 'waves that are doubled, missing or of no signal of the record'(world) {
    const { compare, readings } = await sent(world, ecg(world));
    assert.equal(readings.length, 6);
    const one = (reading) => named(reading).endsWith('.0-MLII.1');
    await table(compare, [
      [(all) => all, 0, /^signal 0-MLII readings 3 doubled 0 missing 0 .*: equal$/m],
      [(all) => all, 1, /^signal 0-MLII readings 3 doubled 1 missing 0 .*: equal$/m, undefined,
        readings.filter(one)],
      [(all) => all.filter((reading) => !one(reading)), 1, /^signal 0-MLII readings 2 doubled 0 missing 1 /m],
      [renamed('.0-MLII.2', '.0-MLII.3'), 1, /^signal 0-MLII readings 3 doubled 0 missing 1 .*: equal$/m],
      [renamed('.0-MLII', '.0'), 1, /^signal 0 .* not in the record$/m],
      [renamed('.0-MLII', '.9-MLII'), 1, /^signal 9-MLII .* not in the record$/m],
      [renamed('.0-MLII', '.-MLII'), 1, /^signal -MLII .* not in the record$/m],
      [renamed('.0-MLII', '.MLII'), 1, /^signal MLII .* not in the record$/m],
      [renamed('.0-MLII', '.0MLII'), 1, /^signal 0MLII .* not in the record$/m],
    ]);
  },

  async 'checksums that a record does not have, or that are wrong'(world) {
    const { compare } = await sent(world, ecg(world));
    const all = (readings) => readings;
    await table(compare, [
      [all, 0, /^signal 0-MLII .*: equal$/m, otherHeader(world, 'bare', bare)],
      [all, 0, /^signal 0-MLII .*: equal$/m, otherHeader(world, 'endless', endless)],
      [all, 1, /^signal 0-MLII .*: different$/m,
        otherHeader(world, 'wrong', (text) => wrong(endless(text)))],
    ]);
  },

  async 'a record without checksums is sent and told without them'(world) {
    ecg(world);
    const { compare, readings } = await sent(world, otherHeader(world, 'bare', bare));
    assert.ok(readings.length > 0);
    await table(compare, [[(all) => all, 0, /^signal 0- .*: equal$/m]]);
  },

  async 'numbers of no signal, of another one, and from behind the end of the record'(world) {
    const { compare, readings } = await sent(world, numbers(world));
    assert.equal(readings.length, 25);
    await table(compare, [
      [(all) => all, 0, /^numbers 0-HR 25: equal$/m],
      [said('Body temperature'), 1, /^numbers not in the record 25$/m],
      [renamed('.0-HR', '.9-HR'), 1, /^numbers not in the record 25$/m],
      [renamed('.0-HR', '.1-SpO2'), 1, /^numbers not in the record 25$/m],
      [renamed('.0-HR', '.HR'), 1, /^numbers not in the record 25$/m],
      [renamed('.0-HR.7', '.0-HR.77'), 1, /^numbers 0-HR 24: equal\nnumbers not in the record 1$/m],
    ]);
  },

  async 'the numbers of a panel are compared by what they are'(world) {
    const pressure = (name, shift = 0) => record(world, name, { signals: ['ABPSys', 'ABPDias', 'ABPMean'],
      rate: 1, seconds: 12, units: 'mmHg', gain: 1,
      sample: (k, i) => [120, 80, 93][k] + (i % 4) + (k === 1 && i === 3 ? shift : 0) });
    const { compare, readings } = await sent(world, pressure('abp'));
    assert.equal(readings.length, 12);
    await table(compare, [
      [(all) => all, 0, /^numbers 0-ABPSys 12: equal\nnumbers 1-ABPDias 12: equal\nnumbers 2-ABPMean 12: equal$/m],
      [(all) => all, 1, /^numbers 0-ABPSys 12: equal\nnumbers 1-ABPDias 12: different \(1\)$/m, pressure('other', 2)],
    ]);
  },
};
