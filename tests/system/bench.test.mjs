// SPDX-License-Identifier: Apache-2.0
// `skeym bench load`: what it asks, what it counts, and whom it refuses to put under load.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dir, secretFile, table, ward } from './commands.mjs';
import { until } from './world.mjs';

async function begin(world) {
  await world.init();
  return world.serve(['--login-rate', '1000', '--login-burst', '1000']);
}

/** Its exit code, its figures and what it said. */
async function load(world, url, ...args) {
  const json = world.path('figures.json');
  const result = await world.skeym(['bench', 'load', url, '--json', json, '--warmup', '0',
    '--seconds', '1', '--answer-seconds', '60', '--drain-seconds', '60', '--patience', '60', ...args]);
  return { ...result, figures: result.code === 2 ? null : JSON.parse(readFileSync(json, 'utf8')) };
}

const nodes = (world) => ['--dir', world.dir, '--connections', '8'];

export default {
  async 'nodes with chained tokens, in a closed loop'(world) {
    const server = await begin(world);
    const { code, figures, err } = await load(world, server.url, ...nodes(world), '--nodes', '20',
      '--mix', 'get=6,post=3,login=1');
    assert.equal(code, 0, err);
    assert.equal(figures.ok, figures.due);
    assert.ok(figures['get.ok'] > 0 && figures['post.ok'] > 0);
    /* every operation is a request of a chain or a login; a few more logins begin the chains */
    assert.ok(figures.answers >= figures.due);
    assert.equal(await server.metric('skeym_requests_admitted_total'),
      figures['get.ok'] + figures['post.ok']);
    const audit = readFileSync(`${world.dir}/audit`, 'utf8').trim().split('\n').map(JSON.parse);
    const event = audit.find((line) => line.event === 'bench');
    assert.equal(event.count, 20);
  },

  async 'posts of several readings'(world) {
    const server = await begin(world);
    const { code, figures, err } = await load(world, server.url, ...nodes(world), '--mix', 'post=1', '--bundle', '10');
    assert.equal(code, 0, err);
    assert.ok(figures.ok > 0 && figures.ok === figures.due);
    const reader = await world.enrol('reader', 'doctor', 'user/Observation.rs');
    const found = await world.must(['get', '/fhir/Observation?patient=load-0&_count=1000', '--as', reader, '--server', server.url]);
    const values = JSON.parse(found).entry.map(({ resource }) => resource.identifier[0].value);
    assert.equal(new Set(values).size, values.length);
    assert.ok(values.length >= 10 && values.length % 10 === 0, `${values.length} readings`);
  },

  async 'an open loop sends what is due, and writes each down'(world) {
    const server = await begin(world);
    const trace = world.path('trace.csv');
    const { code, figures, err } = await load(world, server.url, ...nodes(world), '--rate', '100',
      '--trace', trace);
    assert.equal(code, 0, err);
    assert.equal(figures.due, 100);
    assert.equal(figures.ok, 100);
    const lines = readFileSync(trace, 'utf8').trim().split('\n');
    assert.equal(lines.length, 101);
    assert.ok(lines.slice(1).every((line) => /^\d+,\d+,get,ok,\d+$/.test(line)));
  },

  async 'attackers are refused, and it says so'(world) {
    const server = await begin(world);
    for (const kind of ['forged', 'stolen', 'replay', 'badlogin', 'junklogin', 'bighead', 'bigbody']) {
      const { code, figures, err } = await load(world, server.url, ...nodes(world), '--attack', kind,
        '--from', '127.0.3.0/24');
      assert.equal(code, 0, `${kind}: ${err}`);
      assert.equal(figures.ok, 0, kind);
      assert.ok(figures.refused + figures.status + figures.limited > 0, kind);
    }
  },

  async 'plain HTTP, with the status that is wanted'(world) {
    const server = await begin(world);
    const url = `${server.url}/fhir/metadata`;
    const wanted = await load(world, url, '--expect', '401', '--header', 'X-A: b');
    assert.equal(wanted.code, 0, wanted.err);
    const other = await load(world, url);
    assert.equal(other.code, 1);
    assert.equal(other.figures.refused, other.figures.due);
  },

  async 'a failed operation is exit status 1'(world) {
    const server = await begin(world);
    const { code, figures } = await load(world, server.url, ...nodes(world), '--path', '/fhir/Nothing/1');
    assert.equal(code, 1);
    assert.equal(figures.status, figures.due);
  },

  async 'over TLS, to the server that the certificate names and no other'(world) {
    const [key, cert, other] = ['key', 'cert', 'other'].map((name) => world.path(name));
    for (const [at, out] of [[key, other], [key, cert]]) {
      execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
        '-keyout', at, '-out', out, '-days', '2', '-subj', '/CN=localhost', '-addext',
        'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
    }
    chmodSync(key, 0o600);
    await world.init();
    const server = await world.serve(['--login-rate', '1000', '--login-burst', '1000', '--tls-cert', cert, '--tls-key', key]);
    const here = `https://127.0.0.1:${server.port}`;
    const { code, figures, err } = await load(world, here, '--ca', cert, ...nodes(world), '--mix', 'get=3,post=1');
    assert.equal(code, 0, err);
    assert.ok(figures.ok > 0 && figures.ok === figures.due);
    assert.equal(figures.connects, 0);
    /* an answer of many records */
    await load(world, here, '--ca', cert, ...nodes(world), '--mix', 'post=1', '--bundle', '10');
    const long = await load(world, here, '--ca', cert, ...nodes(world), '--path', '/fhir/Observation?_count=1000');
    assert.equal(long.code, 0, long.err);
    assert.ok(long.figures.ok > 0 && long.figures.ok === long.figures.due);
    const wrong = [[here, other, /self-signed certificate|certificate signature failure/],
      [`https://localhost:${server.port}`, cert, /hostname mismatch/]];
    for (const [url, ca, why] of wrong) {
      const admitted = await server.metric('skeym_requests_admitted_total');
      const { code, out } = await world.skeym(['bench', 'load', url, '--ca', ca, ...nodes(world), '--seconds', '0.5',
        '--warmup', '0', '--patience', '0']);
      assert.equal(code, 1);
      assert.match(out, / 0\.000% ok/);
      assert.equal(await server.metric('skeym_requests_admitted_total'), admitted);
      assert.match(out, why);
    }
    assert.equal((await world.skeym(['bench', 'load', here, '--ca', world.path('none')])).code, 1);
    assert.equal((await load(world, here, ...nodes(world), '--attack', 'forged')).code, 2);
  },

  async 'what a watched process costs'(world) {
    const server = await begin(world);
    const { code, figures, out, err } = await load(world, server.url, ...nodes(world), '--watch', String(server.pid));
    assert.equal(code, 0, err);
    assert.ok(figures.watched_core_percent > 0 && figures.watched_mb > 1 && figures.watched_rss_mb > 1);
    assert.match(out, /^watched: /m);
    const gone = await load(world, server.url, ...nodes(world), '--watch', '2147483647').catch(() => ({ code: 1 }));
    assert.equal(gone.code, 1);
  },

  async 'a header that nobody reads in the list of processes'(world) {
    const server = await begin(world);
    const file = world.path('header');
    const args = ['--header-file', file, '--expect', '401'];
    writeFileSync(file, 'Authorization: SkeyM x\n', { mode: 0o600 });
    const { code, err } = await load(world, server.url, ...args);
    assert.equal(code, 0, err);
    assert.ok(server.log('refused').some(({ check }) => check === 'shape'));
    chmodSync(file, 0o644);
    assert.equal((await load(world, server.url, ...args).catch(() => ({ code: 1 }))).code, 1);
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    assert.equal((await load(world, server.url, ...args).catch(() => ({ code: 1 }))).code, 1);
  },

  async 'answers of another size than was said'(world) {
    const server = await begin(world);
    const { code, figures } = await load(world, server.url, '--expect', '401', '--body-bytes', '1');
    assert.equal(code, 1);
    assert.equal(figures.unopened, figures.due);
  },

  async 'a signal ends it, with its figures'(world) {
    const server = await begin(world);
    const json = world.path('figures.json');
    const run = spawn(world.program, ['bench', 'load', server.url, ...nodes(world), '--json', json,
      '--seconds', '120', '--warmup', '0']);
    const code = new Promise((resolve) => run.on('close', resolve));
    await until('requests', async () => (await server.metric('skeym_requests_admitted_total')) > 0);
    run.kill('SIGTERM');
    assert.equal(await code, 0);
    assert.ok(JSON.parse(readFileSync(json, 'utf8')).ok > 0);
  },

  async 'only this machine, unless told'(world) {
    await world.init();
    const far = 'http://192.0.2.1:8420'; /* of a net for documents: nobody is there */
    const dir = ['--dir', world.dir];
    const cases = [
      [far, ...dir],
      [far],
      [far, '--allow-remote', '192.0.2.2:8420'],
      [far, '--attack', 'forged', ...dir],
      [far, '--attack', 'forged', ...dir, '--allow-remote', '192.0.2.1:8420'],
      [far, '--from', '127.0.1.0/24', '--allow-remote', '192.0.2.1:8420'],
    ];
    for (const [url, ...args] of cases) {
      assert.equal((await load(world, url, ...args)).code, 2, args.join(' '));
    }
    const audit = readFileSync(`${world.dir}/audit`, 'utf8');
    assert.ok(!audit.includes('"bench"'));
  },

  async 'wrong use'(world) {
    const here = 'http://127.0.0.1:1';
    const cases = [['--attack', 'forged'], ['--attack', 'none', '--dir', world.dir], ['--nodes', '5'],
      ['--rate', '0'], ['--rate', 'x'], ['--mix', 'get=1', '--dir', world.dir, '--nodes', '2'],
      ['--mix', 'put=1', '--dir', world.dir], ['--from', '10.0.0.0/8'], ['--threads', '65'],
      ['--threads', '9', '--connections', '8'], ['--core', '1023'], ['--batch', '65'], ['--bundle', '2'], ['--bundle', '11', '--dir', world.dir], ['--watch', '0'], ['--ca', 'x']];
    for (const args of cases) assert.equal((await load(world, here, ...args)).code, 2, args.join(' '));
    for (const words of ['--seconds 0', '--seconds 1.', '--seconds .5', '--seconds 1.25', '--seconds 1.x', '--warmup 3601']) {
      assert.equal((await world.skeym(['bench', 'load', here, ...words.split(' ')])).code, 2, words);
    }
    assert.equal((await world.skeym(['bench', 'load', here, '--seconds', '0.1', '--warmup', '0.0'])).code, 1);
    assert.equal((await world.skeym(['bench', 'other', here])).code, 2);
    assert.equal((await world.skeym(['bench', 'load', 'ftp://127.0.0.1/'])).code, 2);
  },

  async 'bench: a core, another address, nothing to do, and nodes that are revoked'(world) {
    const { server } = await ward(world);
    const path = '/fhir/metadata';
    const anywhere = `0.0.0.0:${server.port}`; /* this machine by a name that is not known as its own */
    const [core] = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')).slice(1);
    const load = (url, ...more) => ['bench', 'load', url, '--connections', '1', '--warmup', '0',
      '--expect', '401', '--seconds', ...(more[0]?.match(/^[0-9.]+$/) ? [] : ['1']), ...more];
    await table(world, [
      [load(server.url + path, '--core', core), 0, /100\.000% ok/],
      [load(`http://${anywhere}${path}`), 2, /not this machine/],
      [load(`http://${anywhere}${path}`, '--allow-remote', server.url), 2, /not this machine/],
      [load(`http://${anywhere}${path}`, '--allow-remote', anywhere), 0, /100\.000% ok/],
      [load(`http://${anywhere}${path}`, '--allow-remote', anywhere, '--from', '127.0.0.2'), 2, /--from/],
      [load(server.url + path, '--mix', 'get=1'), 2, /--dir: missing/],
      /* the first of one a second is due within the first second: with this seed not in its first tenth */
      [load(server.url + path, '0.1', '--rate', '1', '--seed', '1'), 1, /nothing was asked/],
      /* and an attack that was not made was not refused */
      [['bench', 'load', server.url, ...dir(world), '--attack', 'junklogin', '--connections', '1', '--warmup', '0',
        '--seconds', '0.1', '--rate', '1', '--seed', '1'], 1, /nothing was asked/],
    ]);
    await world.must(['revoke', 'load-0', '--generation', '4294967295', ...dir(world)]);
    await table(world, [
      [['bench', 'load', server.url, ...dir(world), '--connections', '1', '--seconds', '1'], 1, /revoked/],
    ]);
  },

  async 'bench: numbers, cores and processes that there are not'(world) {
    const url = 'http://127.0.0.1:1/';
    const load = (...words) => ['bench', 'load', url, ...words];
    const many = Array.from({ length: 20 }, () => ['--watch', '1']).flat();
    await table(world, [
      [load('--seconds', ''), 2, /--seconds/],
      [load('--seconds', '1'.repeat(20)), 2, /--seconds/],
      [load('--seconds', '1.x'), 2, /--seconds/],
      [load('--core', '1023'), 2, /there is no such core/],
      [load(...many), 2, /given too often/],
      [load('--watch', 'x'), 2, /not the number of a process/],
      [load('--nodes', '1'), 2, /without it there are no nodes/],
      [load('--path', '/x'), 2, /without it there are no nodes/],
      [load('--lanes', '2'), 2, /without it there are no nodes/],
      [load('--bundle', '2'), 2, /without it there are no nodes/],
      [['bench', 'load', 'http://192.0.2.1:80/', '--allow-remote', '192.0.2.2:80'], 2,
        /not this machine/],
    ]);
  },

  async 'bench: a watched server, after a warm-up, and headers from a file'(world) {
    await world.init();
    const server = await world.serve();
    const url = `${server.url}/fhir/metadata`;
    let files = 0;
    const headers = (text) => secretFile(world, `headers${files++}`, text);
    const load = (...words) => ['bench', 'load', url, '--connections', '1', '--seconds', '1',
      '--expect', '401', ...words];
    const out = await world.must(load('--watch', `${server.pid}`, '--warmup', '1', '--header-file',
      headers('X-A: b'))); /* it needs no end of line */
    assert.match(out, /\d/);
    await table(world, [
      [load('--header-file', headers('')), 1, /headers\d: /],
      [load('--header-file', headers('\n')), 1, /headers\d: /],
      [load('--header-file', headers('X-A: \0b\n')), 1, /headers\d: /],
      [load('--header-file', headers('X-A: b\nX-C: d\n')), 1, /a character that is not allowed/],
      [load('--header-file', headers('X-A: b'), ...Array(16).fill(['--header', 'X-B: c']).flat()), 1,
        /headers\d: /], /* one more than there is room for */
      [load('--header-file', world.path('none')), 1, /none/],
      [load('--watch', '2147483647'), 1, /./],
    ]);
  },

  async 'a load of other shapes'(world) {
    await world.init();
    const server = await world.serve(['--login-rate', '1000', '--login-burst', '1000']);
    const plain = `${server.url}/fhir/metadata`;
    const body = world.path('body');
    writeFileSync(body, '{}');
    const load = (url, ...more) => ['bench', 'load', url, '--seconds', '1', '--warmup', '0', '--rate', '20',
      '--connections', '2', '--answer-seconds', '60', '--drain-seconds', '60', ...more];
    await table(world, [
      [load(plain, '--body', body, '--expect', '401', '--threads', '2'), 0, /100\.000% ok.*[^]* threads each/],
      [load(plain, '--method', 'PUT', '--body', body, '--expect', '401'), 0, /100\.000% ok/],
      [load(plain, '--body', world.path('none')), 1, /none: /],
      [load(plain, '--header', 'X'.repeat(100000)), 1, /the request/],
      [load(plain, '--path', '/'), 2, /--dir: missing/],
      [load(plain, '--lanes', '2'), 2, /--dir: missing/],
      [load(server.url, ...dir(world), '--attack', 'login'), 0, /generator/],
      [load(server.url, '--dir', world.path('none')), 1, /no authority here/],
      [load(server.url, ...dir(world), '--attack', 'login', '--json', world.folder), 1, /./],
      [load(server.url, ...dir(world), '--attack', 'login', '--trace', world.folder), 1, /./],
      [load(server.url, ...dir(world), '--attack', 'login', '--trace', '/dev/full'), 1, /full/],
    ]);
    await server.stop();
    await table(world, [[load(server.url, ...dir(world), '--attack', 'replay'), 1, /no answer/]]);
  },
};
