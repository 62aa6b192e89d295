// SPDX-License-Identifier: Apache-2.0
// Every call of the program to the system or a library fails once, one in each run (failing.c). No
// command may crash or hang, each says what is wrong, and what it left behind must be whole.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toText } from '../second/skeym/bytes.mjs';
import { SkeymNode } from '../second/skeym/client.mjs';
import { readCredential } from '../second/skeym/credential.mjs';
import { decodeCode, ENROL_TARGET, ENROL_TYPE, startEnrolment } from '../second/skeym/invite.mjs';
import { keyPair } from '../second/skeym/primitives.mjs';
import { ecg } from './records.mjs';
import { Server, Skip, observation, preload, until } from './world.mjs';

const CALLS_LEAST = 5; /* fewer would mean that nothing is made to fail */

function failing(world) {
  const env = preload(world, 'failing.c');
  const failed = world.path('failed');
  const at = (n) => {
    rmSync(failed, { force: true });
    return { ...env, SKEYM_TEST_FAIL: String(n), SKEYM_TEST_FAILED: failed };
  };
  return { at, name: () => (existsSync(failed) ? readFileSync(failed, 'utf8').trim() : null) };
}

/** Runs what `command` says for each n until no call was left to fail; that last run must succeed.
 * `look` judges what it left. */
async function each(world, command, look = () => {}) {
  const { at, name } = failing(world);
  for (let n = 1; ; n++) {
    const made = command(n);
    const { args, input } = Array.isArray(made) ? { args: made } : made;
    const result = await world.skeym(args, { env: at(n), input });
    if (/ASan runtime does not come first/.test(result.err)) throw new Skip('a sanitizer');
    const what = `call ${n} of skeym ${args.join(' ')} (${name()}): ${result.code}: ${result.err}`;
    if (process.env.SKEYM_TEST_TELL) console.log(`# ${what.trim().replace(/\n/g, ' / ')}`);
    if (name() === null) {
      assert.equal(result.code, 0, what);
      assert.ok(n > CALLS_LEAST, what);
      return;
    }
    assert.ok([0, 1, 2].includes(result.code), what);
    assert.ok(result.code === 0 || /\w/.test(result.err + result.out), what);
    await look(result, what, n);
  }
}

const dir = (world) => ['--dir', world.dir];
const people = ['--role', 'doctor', '--scope', 'user/*.cruds', '--no-passphrase'];

/** Only what is shown whole is a success. */
async function shows(world, args, read = (out) => out) {
  const good = read(await world.must(args));
  await each(world, () => args, ({ code, out }, what) => {
    if (code === 0) assert.deepEqual(read(out), good, what);
  });
}

async function begin(world) {
  await world.init();
  const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
  return { doctor, server: await world.serve(['--login-rate', '1000', '--login-burst', '1000']) };
}

/** All that a server is asked beside FHIR: its nodes, its audit, its console, to revoke and to enrol.
 * Each may fail once, and not again. `newcomer` is a code and the key that answers it. */
async function asksTheDesk(server, identity, newcomer, what) {
  const node = new SkeymNode({ ...identity, server: server.url }, { lanes: 1 });
  const must = async (name, ask) => {
    let last;
    const good = async () => {
      last = await ask().catch((error) => ({ status: 0, error }));
      return last.status === 200;
    };
    await until(name, good, 60000).catch((error) => {
      throw new Error(`${what()}: ${error}: ${JSON.stringify(last)}`);
    });
    return last.body ? JSON.parse(toText(last.body)) : undefined;
  };
  const get = (target) => must(target, () => node.request({ method: 'GET', target }));
  await must('/console/', () => fetch(`${server.url}/console/`).then(({ status }) => ({ status })));
  await must('an enrolment', async () => {
    const { body } = await startEnrolment(...newcomer);
    const { status } = await fetch(server.url + ENROL_TARGET,
      { method: 'POST', headers: { 'content-type': ENROL_TYPE }, body });
    return { status };
  });
  await must('a revocation', () => node.request(
    { method: 'POST', target: '/skeym/v1/nodes/gone/revoke' }, { repeat: true }));
  const { nodes } = await get('/skeym/v1/nodes');
  const { entry } = await get('/fhir/AuditEvent?_count=3');
  await get(`/fhir/AuditEvent/${entry[0].resource.id}`);
  const found = nodes.filter(({ id }) => ['gone', 'tablet'].includes(id));
  assert.deepEqual(found.map(({ id, revoked }) => [id, revoked]).sort(),
    [['gone', true], ['tablet', false]], what());
}

async function loads(world, ...words) {
  const { server } = await begin(world);
  const json = world.path('figures.json');
  const url = words.includes('--expect') ? `${server.url}/fhir/metadata` : server.url;
  const whose = words.includes('--expect') ? [] : dir(world);
  await each(world, () => {
    rmSync(json, { force: true });
    return ['bench', 'load', url, ...whose, '--connections', '1', '--seconds', '1', '--warmup', '0',
      '--rate', '20', '--json', json, '--trace', world.path('trace'), '--answer-seconds', '60',
      '--drain-seconds', '60', '--patience', '60', ...words];
  }, ({ code }, what) => {
    if (code === 0) assert.ok(JSON.parse(readFileSync(json, 'utf8')).due > 0, what);
  });
}

export default {
  async 'invite: it prints a whole code, or none; the folder stays whole'(world) {
    await world.init();
    const words = ['enrol', 't', '--role', 'nurse', '--scope', 'user/*.rs', '--invite', '--qr',
      '--server', 'https://ward', ...dir(world)];
    await each(world, () => words, async ({ code, out }, what) => {
      if (code === 0) assert.match(out, /#invite=[\w-]{100,}\n/, what);
      else assert.doesNotMatch(out, /#invite=/, what);
      await world.must(['list', ...dir(world)]);
    });
  },

  async 'accept: a credential that logs in, or none and the key that waits'(world) {
    const { server } = await begin(world);
    const invitation = await world.must(['enrol', 't', '--role', 'nurse', '--scope', 'user/*.rs',
      '--invite', '--code-only', ...dir(world)]);
    const file = world.path('accepted');
    const pending = `${file}.pending-key`;
    await world.must(['keygen', '-o', pending, '--no-passphrase']);
    const key = readFileSync(pending); /* each try is with it: it is what uses the invitation up */
    const words = ['accept', '-o', file, '--server', server.url, '--no-passphrase'];
    const again = () => {
      writeFileSync(pending, key, { mode: 0o600 });
      return { args: words, input: invitation };
    };
    await each(world, again, async ({ code }, what) => {
      if (existsSync(pending)) assert.deepEqual(readFileSync(pending), key, what);
      if (!existsSync(file)) return assert.ok(code !== 0 && existsSync(pending), what);
      assert.equal((await world.get(server, '/fhir/metadata', file)).code, 0, what);
      rmSync(file);
    });
    assert.equal((await world.get(server, '/fhir/metadata', file)).code, 0);
  },

  async 'init makes a whole folder, or says why not'(world) {
    await each(world, (n) => ['init', world.path(`a${n}`)], async ({ code }, what, n) => {
      const listed = await world.skeym(['list', '--dir', world.path(`a${n}`)]);
      if (code === 0) assert.equal(listed.code, 0, what);
      else assert.match(listed.code === 0 ? 'missing' : listed.err, /no authority|missing/, what);
    });
  },

  async 'list shows all, or says why not'(world) {
    await world.init();
    await world.enrol('doc', 'doctor', 'user/*.cruds');
    await shows(world, ['list', ...dir(world)]);
    await shows(world, ['list', '--json', ...dir(world)]);
  },

  async 'enrol writes a credential that only its owner reads, or none'(world) {
    await world.init();
    const file = (n) => world.path(`c${n}`);
    await each(world, (n) => ['enrol', `n${n}`, ...people, ...dir(world), '-o', file(n)],
      ({ code }, what, n) => {
        assert.equal(existsSync(file(n)), code === 0, what);
        if (code === 0) assert.equal(statSync(file(n)).mode & 0o777, 0o600, what);
      });
    await world.must(['list', ...dir(world)]);
  },

  async 'keygen writes a key that only its owner reads, or none'(world) {
    const file = (n) => world.path(`k${n}`);
    await each(world, (n) => ['keygen', '--no-passphrase', '-o', file(n)], ({ code, out }, what, n) => {
      assert.equal(existsSync(file(n)), code === 0, what);
      assert.equal(out !== '', code === 0, what);
    });
  },

  async 'revoke and rotate leave a whole authority'(world) {
    await world.init();
    await world.enrol('doc', 'doctor', 'user/*.cruds');
    await world.must(['rotate', ...dir(world)]);
    const copy = (n) => world.path(`authority-${n}`);
    const fresh = (words, change = () => {}) => (n) => {
      rmSync(copy(n), { recursive: true, force: true });
      execFileSync('cp', ['-a', world.dir, copy(n)]);
      change(copy(n));
      return [...words, '--dir', copy(n)];
    };
    const whole = async (result, what, n) => {
      assert.equal((await world.skeym(['list', '--dir', copy(n)])).code, 0, what);
    };
    await each(world, fresh(['revoke', 'doc']), whole);
    await each(world, fresh(['rotate']), whole);
    await each(world, fresh(['rotate', '--retire', '1', '--yes']), whole);
    await each(world, fresh(['revoke', '--restore'], (folder) => rmSync(`${folder}/revoked`)),
      async (result, what, n) => {
        if (result.code === 0) await whole(result, what, n);
      });
  },

  async 'get shows the whole answer, or says why not'(world) {
    const { doctor, server } = await begin(world);
    const as = ['--as', doctor, '--server', server.url];
    await world.post(server, '/fhir/Observation', doctor, observation(1));
    await shows(world, ['get', '/fhir/Observation?patient=100', '--all', ...as]);
    await shows(world, ['get', '/fhir/Observation?identifier=urn:test|1', '--pretty', '--show-wire',
      '--verbose', '--chain', world.path('chain'), ...as], JSON.parse); /* perhaps not indented */
  },

  async 'post stores once, or says that it may have'(world) {
    const { doctor, server } = await begin(world);
    const as = ['--as', doctor, '--server', server.url];
    const found = async (n) => {
      const out = await world.must(['get', `/fhir/Observation?identifier=urn:test|${n}`, ...as]);
      return JSON.parse(out).total ?? JSON.parse(out).entry?.length ?? 0;
    };
    await each(world, (n) => ({
      args: ['post', '/fhir/Observation', ...as, '--data', '-'],
      input: JSON.stringify(observation(n)),
    }), async ({ code }, what, n) => {
      const count = await found(n);
      assert.ok(count <= 1, what);
      if (code === 0) assert.equal(count, 1, what);
    });
  },

  async 'a server starts and answers, or says why not, and a request that failed can be repeated'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    await world.enrol('gone', 'doctor', 'user/*.cruds');
    const first = await world.serve();
    await world.post(first, '/fhir/Observation', doctor, observation(1));
    const code = await world.must(['enrol', 'tablet', '--role', 'nurse', '--scope', 'user/*.rs',
      '--invite', '--code-only', '--server', first.url, ...dir(world)]);
    await first.stop();
    const newcomer = [decodeCode(code.trim()), await keyPair()];
    const identity = await readCredential(readFileSync(doctor, 'utf8'));
    const { at, name } = failing(world);
    for (let n = 1; ; n++) {
      const run = world.launch(['--login-rate', '1000', '--login-burst', '1000'], { env: at(n) });
      let ended;
      run.exit.then((code) => (ended = code));
      await until('the server', () => ended !== undefined || run.ready.endsWith('\n'), 60000);
      if (/ASan runtime does not come first/.test(run.err)) throw new Skip('a sanitizer');
      const what = () => `call ${n} (${name()}): ${ended}: ${run.err}`;
      if (ended !== undefined) {
        assert.equal(ended, 1, what());
        assert.match(run.err, /skeym/, what());
        continue;
      }
      const server = new Server(run, world);
      const ask = () => world.get(server, '/fhir/Observation?patient=100', doctor);
      const once = await ask();
      await server.monitor('/metrics').catch(() => {});
      await server.monitor('/healthz').catch(() => {});
      const second = once.code === 0 ? once : await ask();
      assert.equal(second.code, 0, what() + once.err + second.err);
      await asksTheDesk(server, identity, newcomer, what);
      assert.equal(await server.stop(), 0, what());
      if (process.env.SKEYM_TEST_TELL) console.log(`# call ${what().slice(0, 200)}`);
      if (name() === null) break;
      rmSync(world.path('failed'), { force: true });
    }
  },

  async 'a sidecar serves, or says why not, and a request that failed can be repeated'(world) {
    const { server } = await begin(world);
    const service = await world.enrol('svc', 'service', 'system/*.cruds');
    const { at, name } = failing(world);
    for (let n = 1; ; n++) {
      const run = world.begin(['connect', '--as', service, '--to', server.url, '--listen',
        '127.0.0.1:0', '--ready-fd', '3', '--workers', '2'],
      { env: at(n), stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
      let ended;
      run.exit.then((code) => (ended = code));
      await until('the sidecar', () => ended !== undefined || run.ready.endsWith('\n'), 60000);
      if (/ASan runtime does not come first/.test(run.err)) throw new Skip('a sanitizer');
      const what = () => `call ${n} (${name()}): ${ended}: ${run.err}`;
      if (process.env.SKEYM_TEST_TELL) console.log(`# ${what().slice(0, 200).replace(/\n/g, ' / ')}`);
      if (ended !== undefined) {
        assert.equal(ended, 1, what());
        assert.match(run.err, /skeym/, what());
        continue;
      }
      const base = `http://127.0.0.1:${Number(run.ready)}/fhir`;
      const ask = (path, options) => fetch(base + path, options).then(
        async (answer) => ({ status: answer.status, text: await answer.text() }),
        () => ({ status: 0, text: '' })); /* without memory not even an error can be said */
      const { identifier, ...rest } = observation(n);
      const create = () => ask('/Observation', { method: 'POST',
        headers: { 'content-type': 'application/fhir+json', 'idempotency-key': `"k${n}"` },
        body: JSON.stringify({ ...rest, subject: { reference: `Patient/${n}` } }) });
      await until('it to be stored', async () => { /* a login that failed has to wait a second */
        const { status, text } = await create();
        assert.ok(status === 0 || status === 201 || status >= 500, what() + status + text);
        return status === 201;
      }, 60000);
      const search = `/Observation?patient=${n}&_count=1`;
      let found = await ask(search);
      if (found.status !== 200) found = await ask(search);
      assert.equal(found.status, 200, what() + found.text);
      assert.equal(JSON.parse(found.text).entry.length, 1, what());
      assert.equal((await ask('/Observation/none')).status, 404, what());
      run.child.kill('SIGTERM');
      assert.equal(await run.exit, 0, what());
      if (name() === null) break;
    }
  },

  async 'a load ends, with its figures or with the reason'(world) {
    await loads(world, '--nodes', '2', '--mix', 'get=1,post=1,login=1');
  },

  async 'an attack ends, with its figures or with the reason'(world) {
    await loads(world, '--attack', 'replay');
  },

  async 'plain HTTP ends, with its figures or with the reason'(world) {
    await loads(world, '--header', 'X-A: b', '--expect', '401', '--reconnect', '--poisson');
  },

  async 'a device sends everything, or says why not'(world) {
    const { server } = await begin(world);
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    await each(world, (n) => ['device', '--simulate', '--minutes', '1', '--speed', '0', '--as', bed,
      '--server', server.url, '--patient', '100', '--journal', world.path(`j${n}`)]);
  },

  async 'a record is compared whole, or not at all'(world) {
    const { doctor, server } = await begin(world);
    const bed = await world.enrol('bed', 'device', 'system/Observation.c');
    const file = ecg(world);
    const as = (who) => ['--as', who, '--server', server.url, '--patient', '100'];
    await each(world, () => ['device', '--record', file, '--speed', '0', ...as(bed)]);
    await shows(world, ['device', '--compare', file, ...as(doctor)]);
  },

  async 'a demo that cannot begin says where, and leaves nothing behind'(world) {
    const { at, name } = failing(world);
    for (let n = 1; ; n++) {
      const run = world.begin(['demo'], { env: at(n) });
      let ended;
      run.exit.then((code) => (ended = code));
      await until('the devices', () => ended !== undefined || /Devices stream/.test(run.out), 60000);
      if (/ASan runtime does not come first/.test(run.err)) throw new Skip('a sanitizer');
      run.child.kill('SIGINT');
      const what = `call ${n} (${name()}): ${await run.exit}: ${run.out}${run.err}`;
      if (process.env.SKEYM_TEST_TELL) console.log(`# ${what.slice(0, 200).replace(/\n/g, ' / ')}`);
      assert.equal(await run.exit, 1, what);
      assert.match(run.out + run.err, /NOT WELL|^skeym/m, what);
      const folder = run.out.match(/\/tmp\/skeym-demo\.\w+/);
      if (folder) assert.equal(existsSync(folder[0]), false, what);
      if (name() === null) break;
    }
  },

  async 'an inspection writes its report whole, or says that it did not'(world) {
    const report = (n) => world.path(`report${n}`);
    await each(world, (n) => ['inspect', 'collision', '--report', report(n)], ({ code }, what, n) => {
      const file = join(report(n), 'report.json');
      if (code !== 0) return;
      assert.equal(JSON.parse(readFileSync(file, 'utf8')).inspections.length, 1, what);
      assert.match(readFileSync(join(report(n), 'report.html'), 'utf8'), /<\/html>\n$/, what);
    });
  },

  async 'a passphrase opens what it locked, or it is said why not'(world) {
    const { server } = await begin(world);
    const words = world.path('passphrase');
    writeFileSync(words, 'correct horse battery staple\n', { mode: 0o600 });
    const file = (n) => world.path(`locked${n}`);
    await each(world, (n) => ['enrol', `n${n}`, '--role', 'doctor', '--scope', 'user/*.cruds',
      '--passphrase-file', words, '-o', file(n), ...dir(world)], ({ code }, what, n) => {
      assert.equal(existsSync(file(n)), code === 0, what);
      if (code === 0) rmSync(file(n));
    });
    await world.must(['enrol', 'doc', '--role', 'doctor', '--scope', 'user/*.cruds',
      '--passphrase-file', words, '-o', file(0), ...dir(world)]);
    await shows(world, ['get', '/fhir/Observation?patient=7', '--as', file(0), '--passphrase-file',
      words, '--server', server.url, '--pretty'], JSON.parse);
  },
};
