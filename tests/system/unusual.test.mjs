// SPDX-License-Identifier: Apache-2.0
// What seldom happens to commands: standard output that is full or closed, a terminal that goes away,
// a journal that was tampered with, a clock that is behind, an answer without end. Each ends with its
// reason and the right status, and nothing is lost on the way.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import { atTerminal } from './admin.test.mjs';
import { ask, connect } from './connect.test.mjs';
import { Skip, observation, preload, raw, statuses, until } from './world.mjs';

const dir = (world) => ['--dir', world.dir];

async function begin(world, args = []) {
  await world.init();
  const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
  return { doctor, server: await world.serve(args) };
}

/** Runs each row's arguments: exit code, and what it must say. */
async function table(world, rows) {
  for (const [args, code, said] of rows) {
    const result = await world.skeym(args);
    const what = `skeym ${args.join(' ').slice(0, 300)}: ${result.code}: ${result.out}${result.err}`;
    assert.equal(result.code, code, what);
    assert.match(result.out + result.err, said, what);
  }
}

/** Runs the program with what a shell makes of its standard files, such as '>&-'. */
function redirected(world, args, how) {
  return spawnSync('sh', ['-c', `"$0" "$@" ${how}`, world.program, ...args], { encoding: 'utf8' });
}

const terminal = (world, args, lines, prompt) => {
  if (spawnSync('script', ['--version']).status !== 0) throw new Skip('no script(1) here');
  return atTerminal([world.program, ...args].map((word) => `'${word}'`).join(' '), lines, prompt);
};

/** A proxy that lets logins through, and has `answer` reply to everything else. */
async function between(target, reply, run) {
  const proxy = http.createServer((request, answer) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      if (request.url !== '/skeym/v1/login') {
        reply(answer);
        return;
      }
      const { method, url: path, headers } = request;
      http.request({ host: '127.0.0.1', port: target.port, method, path, headers }, (from) => {
        answer.writeHead(from.statusCode, from.headers);
        from.pipe(answer);
      }).end(Buffer.concat(parts));
    });
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    return await run({ url: `http://127.0.0.1:${proxy.address().port}` });
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
}

/** Ends a process as an operator does, once what it writes says so; its exit code. */
async function ended(run, enough) {
  let code;
  run.exit.then((now) => (code = now));
  await until('what it says', () => code !== undefined || enough(), 60000);
  run.child.kill('SIGTERM');
  return run.exit;
}

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

/** What a descriptor of a process is; null where only root may look. */
function fileOf(pid, fd) {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch (error) {
    if (error.code === 'EACCES') return null;
    throw error;
  }
}

export default {
  async 'bench: a core, another address, nothing to do, and nodes that are revoked'(world) {
    const { server } = await begin(world);
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
    ]);
    await world.must(['revoke', 'load-0', '--generation', '4294967295', ...dir(world)]);
    await table(world, [
      [['bench', 'load', server.url, ...dir(world), '--connections', '1', '--seconds', '1'], 1, /revoked/],
    ]);
  },

  async 'folders and lists in odd states'(world) {
    await world.init();
    chmodSync(`${world.dir}/revoked`, 0o644);
    await table(world, [
      [['list', ...dir(world)], 1, /\/revoked: others may write to the folder, or read or write a file/],
    ]);
    const { code, err } = await world.refuse();
    assert.equal(code, 1);
    assert.match(err, /revoked/);
    chmodSync(`${world.dir}/revoked`, 0o600);
    mkdirSync(world.path('gone'));
    const lost = spawnSync('sh', ['-c', 'cd "$1" && rmdir "$1" && exec "$0" init ward', world.program,
      world.path('gone')], { encoding: 'utf8' });
    assert.equal(lost.status, 1);
    assert.match(lost.stderr, /^skeym init: ward: the folder that this shell is in was removed\n$/);
    for (let i = 0; i < 2; i++) await world.must(['rotate', ...dir(world)]);
    await table(world, [
      [['rotate', '--retire', '2', ...dir(world)], 1, /not retired yet: 0 live .* enrol key 2/],
      [['rotate', '--retire', '3', ...dir(world)], 1, /current/],
      [['rotate', '--retire', '4', ...dir(world)], 1, /holds no enrol key 4/],
    ]);
  },

  async 'enrol: what goes with an invitation, and a server without TLS'(world) {
    await world.init();
    const words = ['--role', 'nurse', '--scope', 'user/*.rs', ...dir(world)];
    const enrol = (...more) => ['enrol', 'nurse', ...words, ...more];
    const key = (await world.must(['keygen', '-o', world.path('key'), '--no-passphrase'])).trim();
    const file = world.path('nurse.credential');
    await table(world, [
      [enrol('-o', ''), 2, /-o takes a file/],
      [enrol('-o', '-'), 2, /-o takes a file/],
      [enrol('-o', file, '--expires', '1h'), 2, /are for --invite/],
      [enrol('-o', file, '--code-only'), 2, /are for --invite/],
      [enrol('-o', file, '--qr'), 2, /are for --invite/],
      [enrol('--invite', '-o', file), 2, /--invite makes no file/],
      [enrol('--invite', '--public-key', key), 2, /--invite makes no file/],
      [enrol('--invite', '--passphrase-file', world.path('words')), 2, /--invite makes no file/],
      [enrol('--invite', '--no-passphrase'), 2, /--invite makes no file/],
      [enrol('--invite', '--code-only', '--qr'), 2, /--code-only or --qr/],
    ]);
    assert.equal(existsSync(file), false);
    const far = await world.must(enrol('-o', file, '--no-passphrase', '--server', 'http://ward.example'));
    assert.match(far, /^Mind: http:\/\/ward\.example has no TLS; .* --allow-plaintext-network\.$/m);
    const near = await world.must(enrol('-o', `${file}.2`, '--no-passphrase', '--server',
      'http://127.0.0.1:8420'));
    assert.doesNotMatch(near, /Mind/);
  },

  async 'standard output that is full or closed is no success'(world) {
    const { doctor, server } = await begin(world);
    const get = (path, ...more) => ['get', path, '--as', doctor, '--server', server.url, ...more];
    const note = [{ text: 'x'.repeat(20000) }]; /* more than what is kept before it is written */
    const made = await world.post(server, '/fhir/Observation', doctor, { ...observation(1), note });
    assert.equal(made.code, 0, made.err);
    for (const path of ['/fhir/metadata', '/fhir/Observation?patient=100']) {
      for (const more of [[], ['--pretty']]) {
        const full = redirected(world, get(path, ...more), '>/dev/full');
        assert.equal(full.status, 1, full.stderr);
        assert.match(full.stderr, /standard output: /);
      }
    }
    const closed = redirected(world, get('/fhir/metadata'), '>&-');
    assert.equal(closed.status, 1);
    assert.match(closed.stderr, /standard output: /);
    for (const how of ['>&-', '2>&-', '<&- >&- 2>&-', `>${world.path('out')}`, '2>&1']) {
      const none = redirected(world, get('/fhir/Patient/none'), how);
      assert.equal(none.status, 1, how);
      if (!how.includes('2>')) assert.match(none.stderr, /404 Not Found\n/, how);
    }
    assert.match(readFileSync(world.path('out'), 'utf8'), /OperationOutcome/);
  },

  /* Else the next file that is opened, a socket or a database, would have the number of the closed one. */
  async 'no file of ours comes to stand in the place of a standard one that was closed'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    for (const how of ['<&-', '>&-', '2>&-', '<&- >&- 2>&-']) {
      const child = spawn('sh', ['-c', `exec "$0" "$@" ${how}`, world.program, 'serve', world.dir,
        '--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', '--ready-fd', '3', '--db',
        world.path(`db${how.length}`)], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
      let ready = '';
      let said = '';
      child.stdio[3].on('data', (data) => (ready += data));
      child.stderr.on('data', (data) => (said += data));
      await until('the server', () => child.exitCode !== null || ready.endsWith('\n'), 60000);
      assert.equal(child.exitCode, null, `${how}: ${said}`);
      const files = [0, 1, 2].map((fd) => fileOf(child.pid, fd));
      const url = `http://127.0.0.1:${ready.split(' ')[0]}`;
      const { code, err } = await world.get({ url }, '/fhir/metadata', doctor);
      child.kill('SIGTERM');
      await new Promise((resolve) => child.on('close', resolve));
      assert.equal(code, 0, `${how}: ${err}`);
      ['<', '>', '2>'].forEach((mark, fd) => {
        if (how.split(' ').includes(`${mark}&-`)) assert.ok(['/dev/null', null].includes(files[fd]), `${how}: ${files[fd]}`);
      });
    }
  },

  async 'where nothing can stand in for a closed file, nothing is begun'(world) {
    if (process.getuid() !== 0 || spawnSync('unshare', ['-m', 'true']).status !== 0) {
      throw new Skip('no mounts here');
    }
    await world.init();
    const run = (how) => spawnSync('unshare', ['-m', 'sh', '-c',
      `mount -t tmpfs none /dev && exec "$0" list --dir "$1" ${how}`, world.program, world.dir],
    { encoding: 'utf8' });
    assert.equal(run('').status, 0);
    for (const how of ['<&-', '>&-', '2>&-']) {
      const { status, stdout } = run(how);
      assert.deepEqual([status, stdout], [1, ''], how);
    }
  },

  async 'in the open form the wire shows that a question has no body'(world) {
    const { doctor, server } = await begin(world);
    const { code, err } = await world.get(server, '/fhir/metadata', doctor, '--open', '--show-wire');
    assert.equal(code, 0, err);
    const [, asked] = /^(wire ----> GET \/fhir\/metadata\n(?:wire ----> .*\n)*)/m.exec(err);
    assert.deepEqual(asked.match(/^wire ----> \S*/gm), ['wire ----> GET', 'wire ----> Authorization:',
      'wire ----> SkeyM-Proof:']);
  },

  async 'an answer without end is cut off, and a server that stays busy is told'(world) {
    const { doctor, server } = await begin(world);
    const endless = (answer) => {
      answer.writeHead(200, { 'Content-Type': 'application/jose' });
      const more = () => {
        while (!answer.destroyed && answer.write(Buffer.alloc(1 << 20, 'x')));
      };
      answer.on('drain', more);
      answer.on('error', () => {});
      more();
    };
    await between(server, endless, async (proxy) => {
      const read = await world.get(proxy, '/fhir/metadata', doctor);
      assert.equal(read.code, 1);
      assert.match(read.err, /the answer is too large/);
      assert.doesNotMatch(read.err, /may have been executed/);
      const written = await world.post(proxy, '/fhir/Observation', doctor, observation(1));
      assert.equal(written.code, 1);
      assert.match(written.err, /the answer is too large\n.*may have been executed/);
      const pages = await world.get(proxy, '/fhir/Observation?patient=1', doctor, '--all');
      assert.equal(pages.code, 1);
      assert.match(pages.err, /too large/);
    });
    const long = `/fhir/Observation?patient=${'x'.repeat(20000)}`;
    for (const more of [[], ['--open']]) { /* these never leave */
      const { code, err } = await world.get(server, long, doctor, ...more);
      assert.equal(code, 1);
      assert.match(err, more.length ? /longer or shorter than the protocol allows/ : /accepted form/);
    }
    const busy = (answer) => answer.writeHead(503, { 'Retry-After': '1000' }).end();
    await between(server, busy, async (proxy) => {
      const { code, err } = await world.post(proxy, '/fhir/Observation', doctor, observation(1));
      assert.equal(code, 1);
      assert.match(err, /busy|later|503/i);
      assert.doesNotMatch(err, /may have been executed/);
    });
  },

  async 'a private key of its own under a passphrase'(world) {
    const { server } = await begin(world);
    const words = world.path('words');
    const key = world.path('lee.key');
    const file = world.path('lee.credential');
    writeFileSync(words, 'correct horse\n', { mode: 0o600 });
    const publicKey = (await world.must(['keygen', '-o', key, '--passphrase-file', words])).trim();
    await world.must(['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs', '-o', file, ...dir(world),
      '--no-passphrase', '--public-key', publicKey]);
    const get = ['get', '/fhir/metadata', '--as', file, '--key', key, '--server', server.url];
    writeFileSync(world.path('wrong'), 'another horse\n', { mode: 0o600 });
    await table(world, [
      [[...get, '--passphrase-file', words], 0, /CapabilityStatement/],
      [[...get, '--passphrase-file', world.path('wrong')], 1, /passphrase/],
    ]);
    if (spawnSync('setsid', ['--version']).status !== 0) throw new Skip('no setsid here');
    const alone = spawnSync('setsid', ['-w', world.program, ...get], { encoding: 'utf8', timeout: 60000 });
    assert.equal(alone.status, 1);
    assert.match(alone.stderr, /lee\.key: it is locked by a passphrase, and there is no terminal/);
  },

  async 'a passphrase at a terminal: two that differ, one that is given up, one that is too long'(world) {
    await world.init();
    const words = world.path('words');
    const file = world.path('locked');
    writeFileSync(words, 'correct horse\n', { mode: 0o600 });
    await world.must(['enrol', 'doc', '--role', 'doctor', '--scope', 'user/*.rs', ...dir(world),
      '--passphrase-file', words, '-o', file]);
    const keygen = ['keygen', '-o', world.path('key')];
    assert.match(await terminal(world, keygen, ['correct horse', 'correct']), /the two passphrases differ/);
    assert.match(await terminal(world, keygen, ['correct horse', '\x03']), /cancelled/);
    assert.equal(existsSync(world.path('key')), false);
    const get = ['get', '/fhir/metadata', '--as', file, '--server', 'http://127.0.0.1:1'];
    assert.match(await terminal(world, get, ['\x03']), /skeym get: cancelled/);
    assert.match(await terminal(world, get, ['x'.repeat(1025)]),
      /skeym get: the terminal: a passphrase has 1 to 1024 bytes/);
  },

  async 'a terminal that goes away while a passphrase is asked for'(world) {
    if (spawnSync('script', ['--version']).status !== 0) throw new Skip('no script(1) here');
    await world.init();
    const words = world.path('words');
    const file = world.path('locked');
    writeFileSync(words, 'correct horse\n', { mode: 0o600 });
    await world.must(['enrol', 'doc', '--role', 'doctor', '--scope', 'user/*.rs', ...dir(world),
      '--passphrase-file', words, '-o', file]);
    const tries = [['get', '/fhir/metadata', '--as', file, '--server', 'http://127.0.0.1:1'],
      ['keygen', '-o', world.path('key')]];
    for (const [i, args] of tries.entries()) {
      const said = world.path(`said${i}`);
      const command = `trap '' HUP; '${world.program}' ${args.map((word) => `'${word}'`).join(' ')} ` +
        `2>'${said}'; echo "exit $?" >>'${said}'`;
      const child = spawn('script', ['-qec', command, '/dev/null']);
      let seen = '';
      child.stdout.on('data', (data) => (seen += data));
      await until('the question', () => seen.includes('Passphrase: '), 60000);
      child.kill('SIGKILL');
      await until('its end', () => existsSync(said) && /exit/.test(readFileSync(said, 'utf8')), 60000);
      assert.match(readFileSync(said, 'utf8'), /^skeym \w+: the terminal: .*\nexit 1\n$/);
    }
    assert.equal(existsSync(world.path('key')), false);
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

  async 'a finding whose interval has one end'(world) {
    const report = world.path('report');
    const one = `${report}/collision.json`;
    await world.must(['inspect', 'collision', '--report', report]);
    const finding = JSON.parse(readFileSync(one, 'utf8'));
    const [figure] = finding.figures;
    const shown = async (low, high) => {
      Object.assign(figure, { what: 'the mark', value: 5, low, high });
      writeFileSync(one, JSON.stringify(finding));
      const out = await world.must(['inspect', 'collision', '--report', report]);
      return /^ +the mark.*$/m.exec(out)[0];
    };
    assert.match(await shown(2, 8), /\(2 to 8\)/);
    assert.doesNotMatch(await shown(2, undefined), / to /);
    assert.doesNotMatch(await shown(undefined, 8), / to /);
  },

  async 'a post that does not end is refused before it is sent'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const { code, err } = await world.post({ url: 'http://127.0.0.1:1' }, '/fhir/Observation', doctor,
      'x'.repeat(40 << 20));
    assert.equal(code, 1, err);
    assert.match(err, /more than 16 MiB/);
  },
};
