// SPDX-License-Identifier: Apache-2.0
// A database that is damaged or removed while it is served, and nodes that write in each other's name.
import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { observation } from './world.mjs';

const POST = '/fhir/Observation';

async function begin(world) {
  await world.init();
  const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
  const server = await world.serve();
  for (let i = 0; i < 200; i += 50) {
    const entry = Array.from({ length: 50 }, (_, k) => ({ resource: observation(i + k),
      request: { method: 'POST', url: 'Observation' } }));
    const { code, err } = await world.post(server, '/fhir', doctor,
      { resourceType: 'Bundle', type: 'batch', entry });
    assert.equal(code, 0, err);
  }
  return { server, doctor };
}

/** Refused with 503, and health and log tell. */
async function writes(world, server, doctor, words) {
  for (const number of [1000, 1001]) {
    const { code, err } = await world.post(server, POST, doctor, observation(number));
    assert.notEqual(code, 0);
    assert.match(err, /503|busy/i);
  }
  assert.deepEqual(await server.monitor('/healthz'), { status: 503, body: words });
  assert.equal(server.log('store-damaged').length, 1);
}

export default {
  async 'a database that is removed takes no more'(world) {
    const { server, doctor } = await begin(world);
    rmSync(`${world.dir}/data.db`);
    await writes(world, server, doctor, 'the database file is gone\n');
  },

  async 'nor does one that is found damaged'(world) {
    const { server, doctor } = await begin(world);
    await server.stop();
    const again = await world.serve();
    const file = openSync(`${world.dir}/data.db`, 'r+');
    const { size } = fstatSync(file);
    for (let at = 2 * 8192; at < size; at += 8192) writeSync(file, Buffer.alloc(8192, 0xee), 0, 8192, at);
    closeSync(file);
    const { code } = await world.get(again, `${POST}?_count=1000`, doctor);
    assert.notEqual(code, 0);
    await writes(world, again, doctor, 'the database is damaged\n');
  },

  async 'a value that has changed on the disk is never served'(world) {
    const { server, doctor } = await begin(world);
    await server.stop();
    const bytes = readFileSync(`${world.dir}/data.db`);
    const at = bytes.indexOf('"valueQuantity":{"value":72');
    assert.ok(at > 0);
    const file = openSync(`${world.dir}/data.db`, 'r+');
    writeSync(file, '9', at + '"valueQuantity":{"value":'.length);
    closeSync(file);
    const again = await world.serve();
    const { code, out } = await world.get(again, `${POST}?_count=1000`, doctor);
    assert.notEqual(code, 0);
    assert.ok(!out.includes('92'));
    assert.deepEqual(await again.monitor('/healthz'),
      { status: 503, body: 'a stored resource is damaged\n' });
    assert.ok(again.log('row-damaged').length >= 1);
    const { code: written, err } = await world.post(again, POST, doctor, observation(1000));
    assert.equal(written, 0, err);
  },

  async 'no node takes the place of what another writes'(world) {
    await world.init();
    const pump = await world.enrol('pump-7', 'device', 'patient/7/Observation.cs');
    const bed = await world.enrol('bed-7', 'device', 'patient/7/Observation.c');
    const server = await world.serve();
    const reading = (value) => ({ ...observation('bed-7.run.5', '7'),
      device: { reference: 'Device/bed-7' }, valueQuantity: { value } });
    for (const [node, value, fails] of [[pump, 1, false], [bed, 72, false], [bed, 72, false],
      [bed, 73, true], [pump, 2, true]]) {
      const { code, err } = await world.post(server, POST, node, reading(value));
      assert.equal(code !== 0, fails, err);
      if (fails) assert.match(err, /409/);
    }
    const { out } = await world.get(server, `${POST}?patient=7&_sort=_lastUpdated`, pump);
    const said = JSON.parse(out).entry.map(({ resource }) =>
      [resource.meta.source, resource.valueQuantity.value]);
    assert.deepEqual(said, [['urn:skeym:node:pump-7', 1], ['urn:skeym:node:bed-7', 72]]);
  },
};
