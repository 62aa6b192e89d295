// SPDX-License-Identifier: Apache-2.0
// What a sidecar says when it is refused, and when it refuses (see also connect.test.mjs).
import assert from 'node:assert/strict';
import { ended, secretFile, table } from './commands.mjs';
import { ask, connect } from './connect.test.mjs';
import { between } from './servers.mjs';
import { observation, raw, statuses, until } from './world.mjs';

export default {
  async 'connect: a secret that is not one line of plain characters'(world) {
    await world.init();
    const service = await world.enrol('svc', 'service', 'system/*.cruds');
    let files = 0;
    const bearer = (text) => secretFile(world, `bearer${files++}`, text);
    const words = (text) => ['connect', '--as', service, '--to', 'http://127.0.0.1:1', '--listen',
      '127.0.0.1:0', '--bearer-file', bearer(text)];
    const long = 'a'.repeat(40);
    await table(world, [
      [words(''), 1, /one line/],
      [words('short'), 1, /one line/],
      [words(`${long} ${long}`), 1, /one line/],
      [words(`${long}\x7f`), 1, /one line/],
      [words(`${long}\n\n`), 1, /one line/],
      [words(`${long}\r\n`), 1, /one line/],
    ]);
  },

  async 'a sidecar that nobody waits for'(world) {
    await world.init();
    const service = await world.enrol('svc', 'service', 'system/*.cruds');
    const run = world.begin(['connect', '--as', service, '--to', 'http://127.0.0.1:1', '--listen',
      '127.0.0.1:0']);
    const ready = () => /"event":"ready",.*"port":\d+/.test(run.err);
    assert.equal(await ended(run, ready), 0, run.err);
    assert.ok(ready(), run.err);
    assert.equal(run.out, ''); /* the port is for who asked for it, by --ready-fd */
  },

  async 'a sidecar tells its port to no file of its own'(world) {
    await world.init();
    const service = await world.enrol('svc', 'service', 'system/*.cruds');
    for (const fd of ['4', '7', '12']) {
      const { code, err } = await world.skeym(['connect', '--as', service, '--to', 'http://127.0.0.1:1',
        '--listen', '127.0.0.1:0', '--ready-fd', fd]);
      assert.equal(code, 1);
      assert.equal(err, `skeym connect: --ready-fd ${fd}: no descriptor of this number is open\n`);
    }
  },

  async 'a sidecar whose server refuses says when to come again, and when that is no use'(world) {
    await world.init();
    const service = await world.enrol('svc', 'service', 'system/*.cruds');
    const server = await world.serve();
    const cases = [
      [413, {}, 413, undefined],
      [503, { 'Retry-After': '1000' }, 503, '1000'],
      [503, {}, 503, '1'],
      [429, { 'Retry-After': '1000' }, 503, '1000'],
    ];
    for (const [status, headers, told, again] of cases) {
      await between(server, (answer) => answer.writeHead(status, headers).end(), async (proxy) => {
        const sidecar = await connect(world, service, proxy, ['--patience', '0']);
        const answer = await ask(sidecar, 'POST', '/fhir/Observation', { body: observation(1) });
        const what = `${status}: ${answer.status}: ${JSON.stringify(answer.headers)}`;
        assert.equal(answer.status, told, what);
        assert.equal(answer.headers['retry-after'], again, what);
        assert.equal(answer.json.resourceType, 'OperationOutcome', what);
      });
    }
    const sidecar = await connect(world, service, server);
    const made = await ask(sidecar, 'POST', '/fhir/Observation',
      { body: observation(1), headers: { prefer: 'return=minimal' } });
    assert.deepEqual([made.status, made.text], [201, '']);
    assert.match(made.headers.location, /\/fhir\/Observation\//);
    /* nobody is asked for a body that will not be read */
    const refused = await raw(sidecar.port, 'POST /fhir/Observation HTTP/1.1\r\nHost: evil.example\r\n' +
      'Content-Length: 10\r\nExpect: 100-continue\r\n\r\n', { until: (text) => text.includes('}]}'), ms: 60000 });
    assert.deepEqual(statuses(refused.text), [403]);
  },

  async 'a sidecar whose queue is full refuses at once, and keeps what it has'(world) {
    await world.init();
    const service = await world.enrol('svc', 'service', 'system/*.cruds');
    const server = await world.serve();
    let held = [];
    const hold = (answer) => held.push(answer);
    await between(server, hold, async (proxy) => {
      const sidecar = await connect(world, service, proxy, ['--workers', '2', '--queue', '1',
        '--patience', '0']);
      const done = [];
      const all = [1, 2, 3, 4, 5].map((i) =>
        ask(sidecar, 'POST', '/fhir/Observation', { body: observation(i) }).then((got) => done.push(got)));
      await until('those that have no room', () => done.length >= 2, 60000);
      for (const { status, headers } of done) {
        assert.equal(status, 503);
        assert.ok(Number(headers['retry-after']) >= 1);
      }
      const end = setInterval(() => {
        for (const answer of held) answer.writeHead(413).end();
        held = [];
      }, 50);
      await Promise.all(all);
      clearInterval(end);
      const count = (wanted) => done.filter(({ status }) => status === wanted).length;
      assert.equal(count(503) + count(413), 5, JSON.stringify(done));
      assert.ok(count(503) >= 2 && count(413) >= 1, JSON.stringify(done)); /* two work, one waits */
    });
  },
};
