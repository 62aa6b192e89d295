// SPDX-License-Identifier: Apache-2.0
// Enrolment over the network by an invitation (docs/PROTOCOL.md, 5.1).
import assert from 'node:assert/strict';
import {
  appendFileSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { dir, seen, table } from './commands.mjs';
import { stand } from './servers.mjs';
import { preload, Skip, sleep, until } from './world.mjs';
import {
  decodeCode, encodeCode, ENROL_TARGET, ENROL_TYPE, startEnrolment,
} from '../second/skeym/invite.mjs';
import { keyPair } from '../second/skeym/primitives.mjs';

const RATE = ['--login-rate', '10000', '--login-burst', '10000', '--login-cpu', '100'];
const INVITE = ['--role', 'nurse', '--scope', 'user/*.rs', '--invite'];
const METADATA = '/fhir/metadata';
const NOT_ADMITTED = JSON.stringify({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: 'login', diagnostics: 'not admitted' }],
});

/** An invitation's CODE. */
async function invite(world, server, node = 'tablet-1', ...more) {
  const out = await world.must(['enrol', node, '--role', 'nurse', '--scope', 'user/*.rs', '--invite',
    '--code-only', '--server', server.url, ...dir(world), ...more]);
  return out.trim();
}

/** `skeym accept`: its result. */
const accept = (world, server, code, file, ...more) =>
  world.skeym(['accept', '-o', world.path(file), '--server', server.url, '--no-passphrase', ...more],
    { input: `${code}\n` });

/** One try. */
async function post(server, body, { type = ENROL_TYPE, target = ENROL_TARGET } = {}) {
  const answer = await fetch(server.url + target,
    { method: 'POST', headers: { 'content-type': type }, body });
  const headers = Object.fromEntries(answer.headers);
  delete headers.date;
  return { status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) };
}

/** The same, as often as it is to wait: strangers get little of a busy server's time. */
async function send(server, body, how) {
  for (;;) {
    const answer = await post(server, body, how);
    if (answer.status !== 429) return answer;
    await sleep(100);
  }
}

/** Refused, and by the one answer that every refusal is. */
function refused(answer, why) {
  assert.equal(answer.status, 401, why);
  assert.equal(answer.body.toString(), NOT_ADMITTED, why);
  assert.equal(answer.headers['www-authenticate'], 'SkeyM', why);
  assert.equal(answer.headers['content-type'], 'application/fhir+json', why);
}

/** Whether this code still lets a new key in. */
async function isOpen(server, code, how = {}) {
  const { body, finish } = await startEnrolment(decodeCode(code), await keyPair(), how);
  let answer;
  await until('an answer of the keys of this hour', async () => {
    answer = await send(server, body);
    return answer.status !== 503;
  });
  if (answer.status !== 200) {
    refused(answer);
    return false;
  }
  assert.equal((await finish(answer.body)).kind, 'granted');
  return true;
}

const audit = (world, event) =>
  readFileSync(join(world.dir, 'audit'), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
    .filter((line) => line.event === event);

async function begin(world, ...settings) {
  await world.init();
  return world.serve([...RATE, ...settings]);
}

/** The log says so of an enrolment. */
const logged = (server, reason) => until(`${reason} in the log`,
  () => server.log('enrol').some((line) => line.reason === reason));

export default {
  async 'invites, accepts, reads; and says so in the audit file and the list'(world) {
    const server = await begin(world);
    const code = await invite(world, server);
    const open = JSON.parse(await world.must(['list', '--json', ...dir(world)])).invitations;
    assert.deepEqual(open.map(({ node, role }) => [node, role]), [['tablet-1', 'nurse']]);
    assert.match(await world.must(['list', ...dir(world)]), /tablet-1 +nurse +1 +1 /);
    const done = await accept(world, server, code, 'cred');
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /Enrolled as tablet-1, a nurse, generation 1/);
    assert.equal(statSync(world.path('cred')).mode & 0o777, 0o600);
    assert.equal(existsSync(world.path('cred.pending-key')), false);
    const read = await world.get(server, METADATA, world.path('cred'));
    assert.equal(read.code, 0, read.err);
    const [[invited], [enrolled]] = [audit(world, 'invite'), audit(world, 'enrol')];
    assert.equal(enrolled.invitation, invited.invitation);
    assert.equal(Buffer.from(invited.invitation, 'base64url').length, 16);
    assert.equal(invited.public_key, undefined);
    assert.equal(enrolled.node, 'tablet-1');
    const after = JSON.parse(await world.must(['list', '--json', ...dir(world)]));
    assert.deepEqual(after.invitations, []);
    assert.equal(after.nodes[0].state, 'active');
    assert.equal(await server.metric('skeym_enrolments_total'), 1);
  },

  async 'takes the link as it is printed, from a file, too, and shows its QR code when asked'(world) {
    const server = await begin(world);
    const words = ['enrol', 'tablet-2', '--role', 'nurse', '--scope', 'user/*.rs', '--invite',
      '--server', `${server.url}/`, '--expires', '15m', ...dir(world)];
    const out = await world.must(words);
    const [link] = out.match(/^http.*$/m);
    assert.ok(link.startsWith(`${server.url}/console/#invite=`), out);
    assert.doesNotMatch(out, /█/);
    assert.match(await world.must([...words, '--qr']), /█▀/);
    writeFileSync(world.path('link'), `${link}\n`, { mode: 0o600 });
    const done = await world.skeym(['accept', '-o', world.path('cred'), '--no-passphrase',
      '--code-file', world.path('link')]);
    assert.equal(done.code, 0, done.err);
    assert.equal((await world.get(server, METADATA, world.path('cred'))).code, 0);
  },

  async 'lets one key in, and that one again'(world) {
    const server = await begin(world);
    const code = await invite(world, server);
    const pair = await keyPair();
    const first = await startEnrolment(decodeCode(code), pair);
    const one = await first.finish((await send(server, first.body)).body);
    assert.equal(await isOpen(server, code), false);
    const again = await startEnrolment(decodeCode(code), pair);
    const two = await again.finish((await send(server, again.body)).body);
    assert.deepEqual(two.credential, one.credential);
    assert.deepEqual(two.claims, one.claims);
    assert.equal((await send(server, first.body)).status, 200); /* replayed: only the node can read it */
    assert.equal(audit(world, 'enrol').length, 1);
    await server.stop();
    const restarted = await world.serve(RATE);
    assert.equal(await isOpen(restarted, code), false);
    const third = await startEnrolment(decodeCode(code), pair);
    assert.equal((await send(restarted, third.body)).status, 200);
  },

  async 'lets exactly one of twenty in that come at once'(world) {
    const server = await begin(world);
    const code = decodeCode(await invite(world, server));
    const bodies = await Promise.all(Array.from({ length: 20 }, async () =>
      (await startEnrolment(code, await keyPair())).body));
    const answers = await Promise.all(bodies.map((body) => send(server, body)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const answer of answers.filter(({ status }) => status !== 200)) refused(answer);
    const winner = answers.findIndex(({ status }) => status === 200);
    for (const [i, body] of bodies.entries())
      assert.equal((await send(server, body)).status, i === winner ? 200 : 401);
    assert.equal(audit(world, 'enrol').length, 1);
  },

  async 'is used up by what was killed after it was written down, and not before'(world) {
    await world.init();
    const die = world.path('die');
    const env = { ...preload(world, 'die.c'), SKEYM_TEST_DIE: die };
    let server = await world.serve(RATE, { env });
    if (/ASan runtime does not come first/.test(server.run.err)) throw new Skip('a sanitizer');
    const code = await invite(world, server);
    const pair = await keyPair();
    for (const when of ['before', 'after']) {
      writeFileSync(die, when);
      const { body } = await startEnrolment(decodeCode(code), when === 'after' ? pair : await keyPair());
      await assert.rejects(send(server, body));
      assert.equal(await server.run.exit, 'SIGKILL');
      rmSync(die);
      server = await world.serve(RATE, { env });
    }
    assert.equal(await isOpen(server, code), false);
    const { body, finish } = await startEnrolment(decodeCode(code), pair);
    assert.equal((await finish((await send(server, body)).body)).kind, 'granted');
    /* a line may be there without its use: that of the key which was killed before; never the reverse */
    assert.equal(audit(world, 'enrol').length, 2);
  },

  async 'keeps its key while the server is away, and goes on with it'(world) {
    const server = await begin(world);
    const code = await invite(world, server);
    const { url } = server;
    await server.stop();
    const lost = await accept(world, server, code, 'cred');
    assert.equal(lost.code, 1);
    assert.match(lost.err, /run the same command again/);
    const pending = readFileSync(world.path('cred.pending-key'));
    assert.equal(statSync(world.path('cred.pending-key')).mode & 0o777, 0o600);
    const back = await world.serve([...RATE, '--listen', url.slice('http://'.length)]);
    const done = await accept(world, back, code, 'cred');
    assert.equal(done.code, 0, done.err);
    assert.equal(existsSync(world.path('cred.pending-key')), false);
    assert.match(readFileSync(world.path('cred'), 'utf8'),
      new RegExp(`^${pending.toString().match(/^public .*$/m)[0]}$`, 'm'));
  },

  async 'refuses what is revoked; the next one is of the next generation'(world) {
    const server = await begin(world);
    const early = await invite(world, server, 'tablet-3');
    await world.must(['revoke', 'tablet-3', ...dir(world)]);
    assert.equal(await isOpen(server, early), false);
    await logged(server, 'revoked');
    assert.deepEqual(JSON.parse(await world.must(['list', '--json', ...dir(world)])).invitations, []);
    const next = await invite(world, server, 'tablet-3');
    const done = await accept(world, server, next, 'cred');
    assert.match(done.out, /generation 2/);
  },

  async 'refuses what is expired, and lets nobody forget a use until long after'(world) {
    await world.init();
    const clock = world.path('clock');
    const env = { ...preload(world, 'clock.c'), SKEYM_TEST_CLOCK: clock };
    const server = await world.serve(RATE, { env });
    if (/ASan runtime does not come first/.test(server.run.err)) throw new Skip('a sanitizer');
    const [short, long] = [await invite(world, server, 'a', '--expires', '30m'),
      await invite(world, server, 'b', '--expires', '2h')];
    writeFileSync(clock, '1810000'); /* 30 minutes and 10 seconds on */
    const time = Date.now() + 1_810_000;
    assert.equal(await isOpen(server, short, { time }), false);
    await logged(server, 'expired');
    assert.equal(await isOpen(server, long, { time }), true);
    const size = () => statSync(join(world.dir, 'invitations')).size;
    const one = size();
    writeFileSync(clock, String(8 * 86_400_000)); /* its use is forgotten at the next one */
    const late = await world.must(['enrol', 'c', '--role', 'nurse', '--scope', 'user/*.rs',
      '--invite', '--code-only', ...dir(world)], { env });
    assert.equal(await isOpen(server, late.trim(), { time: Date.now() + 8 * 86_400_000 }), true);
    assert.equal(size(), one);
  },

  async 'lasts 1 minute to 7 days'(world) {
    await world.init();
    for (const [text, seconds] of [['1m', 60], ['15m', 900], ['7d', 604_800], ['168h', 604_800]]) {
      const before = Math.floor(Date.now() / 1000);
      await invite(world, { url: 'https://ward' }, 'tablet-1', '--expires', text);
      const took = audit(world, 'invite').at(-1).expires - before - seconds;
      assert.ok(took >= 0 && took < 60, text);
    }
    for (const bad of ['59s', '0m', '8d', '169h', 'h', '1w', '-1h', '1', '', '99999999999m', '1.5h']) {
      const wrong = await world.skeym(['enrol', 't', '--role', 'nurse', '--scope', 'user/*.rs',
        '--invite', '--expires', bad, ...dir(world)]);
      assert.equal(wrong.code, 2, bad);
    }
  },

  async 'refuses what no longer has its enrol key'(world) {
    const server = await begin(world);
    const old = await invite(world, server, 'tablet-4');
    const kept = await invite(world, server, 'tablet-5');
    await world.must(['rotate', ...dir(world)]);
    assert.equal(await isOpen(server, kept), true); /* its credential is under the new key */
    assert.equal(audit(world, 'enrol').at(-1).enrol_key, 2);
    await world.must(['rotate', '--retire', '1', '--yes', ...dir(world)]);
    assert.equal(await isOpen(server, old), false);
    await logged(server, 'locator');
  },

  async 'refuses what was altered at any byte, by the one answer, and uses nothing up'(world) {
    const server = await begin(world);
    const code = await invite(world, server);
    const { body } = await startEnrolment(decodeCode(code), await keyPair());
    const seen = new Set();
    for (let at = 0; at < body.length; at++) {
      const changed = Uint8Array.from(body);
      changed[at] ^= 1 << at % 8;
      const answer = await send(server, changed);
      refused(answer, `byte ${at}`);
      seen.add(JSON.stringify([answer.headers, answer.body.toString()]));
    }
    for (const cut of [0, 1, 2, 3, 50, body.length - 1])
      refused(await send(server, body.slice(0, cut)), `cut at ${cut}`);
    refused(await send(server, Buffer.concat([body, Buffer.from([0])])), 'a byte more');
    refused(await send(server, new Uint8Array(4097).fill(1)), 'too large');
    refused(await send(server, body, { type: 'application/skeym-login' }), 'of another type');
    refused(await send(server, body, { target: '/skeym/v1/login', type: 'application/skeym-login' }),
      'as a login');
    assert.equal(seen.size, 1);
    const wrong = decodeCode(code);
    wrong.secret[5] ^= 1;
    assert.equal(await isOpen(server, encodeCode(wrong)), false);
    assert.equal(await isOpen(server, code), true);
    assert.ok((await server.metric('skeym_enrolments_refused_total')) > body.length);
  },

  async 'tells the time to who has it wrong, and accept heeds it'(world) {
    const server = await begin(world);
    const code = await invite(world, server);
    for (const time of [Date.now() - 3_600_000, Date.now() + 90_000, 0]) {
      const { body, finish } = await startEnrolment(decodeCode(code), await keyPair(), { time });
      const answer = await send(server, body);
      assert.equal(answer.status, 200);
      assert.equal((await finish(answer.body)).kind, 'clock');
    }
    assert.equal(audit(world, 'enrol').length, 0);
    assert.equal(await isOpen(server, code), true);
  },

  async 'is no way in where the list of used ones is lost or damaged, until an operator says so'(world) {
    const server = await begin(world);
    const code = await invite(world, server);
    const file = join(world.dir, 'invitations');
    const whole = readFileSync(file);
    const { body } = await startEnrolment(decodeCode(code), await keyPair());
    const damaged = Buffer.from(whole);
    damaged[9] ^= 1;
    for (const bytes of [null, damaged, Buffer.alloc(0), whole.subarray(0, 20)]) {
      rmSync(file, { force: true });
      if (bytes) writeFileSync(file, bytes, { mode: 0o600 });
      assert.equal((await send(server, body)).status, 503);
    }
    writeFileSync(file, whole, { mode: 0o600 });
    assert.equal((await send(server, body)).status, 200);
    assert.equal(audit(world, 'enrol').length, 1);
  },

  async 'waits when the network asks too often'(world) {
    await world.init();
    const server = await world.serve(['--login-rate', '1', '--login-burst', '4']);
    const code = await invite(world, server);
    const { body } = await startEnrolment(decodeCode(code), await keyPair());
    body[body.length - 1] ^= 1;
    await until('a 429', async () => {
      const answer = await post(server, body);
      assert.ok([401, 429].includes(answer.status));
      return answer.status === 429 && Number(answer.headers['retry-after']) >= 1;
    });
  },

  async 'keeps the secret out of the log, the folder and arguments'(world) {
    const server = await begin(world);
    const codes = [await invite(world, server), await invite(world, server, 'tablet-9')];
    assert.equal((await accept(world, server, codes[0], 'cred')).code, 0);
    assert.equal(await isOpen(server, codes[0]), false);
    const files = readdirSync(world.dir).filter((name) => statSync(join(world.dir, name)).isFile());
    const texts = files.map((name) => readFileSync(join(world.dir, name)));
    texts.push(Buffer.from(server.run.err), Buffer.from(server.run.out));
    for (const code of codes) {
      const { secret } = decodeCode(code);
      const forms = [Buffer.from(secret), Buffer.from(code.slice(-40)),
        Buffer.from(Buffer.from(secret).toString('base64url').slice(0, 20)),
        Buffer.from(Buffer.from(secret).toString('hex'))];
      for (const text of texts) for (const form of forms) assert.ok(!text.includes(form));
    }
    const named = await world.skeym(['accept', codes[1], '-o', world.path('x'), '--no-passphrase']);
    assert.equal(named.code, 2);
    assert.equal(existsSync(world.path('x')), false);
  },

  async 'says what is wrong'(world) {
    const server = await begin(world);
    const code = await invite(world, server);
    const wrong = async (input, words, args, code_ = 1) => {
      const { code: exit, err } = await world.skeym(['accept', ...args], { input });
      assert.equal(exit, code_, err);
      assert.match(err, words);
    };
    const file = ['-o', world.path('cred'), '--no-passphrase'];
    await wrong(code, /-o FILE is missing/, [], 2);
    await wrong(code, /-o takes a file/, ['-o', '-'], 2);
    await wrong(code, /--server is missing/, file, 2);
    await wrong('', /this is no invitation, or not all of it/, [...file, '--server', server.url]);
    await wrong(code.slice(0, -4), /not all of it/, [...file, '--server', server.url]);
    await wrong('x'.repeat(5000), /not all of it/, [...file, '--server', server.url]);
    await wrong(code, /ftp:..x/, [...file, '--server', 'ftp://x']);
    await wrong(code, /plain HTTP to another host is refused/, [...file, '--server', 'http://192.0.2.1']);
    await wrong(code, /no such file/, [...file, '--code-file', world.path('none')]);
    writeFileSync(world.path('open'), code, { mode: 0o644 });
    await wrong('', /read or written by others/, [...file, '--code-file', world.path('open')]);
    writeFileSync(world.path('there'), '');
    await wrong(code, /exists/, ['-o', world.path('there'), '--no-passphrase']);
    const other = decodeCode(code);
    other.authority[0] ^= 1;
    await wrong(encodeCode(other), /not admitted/, [...file, '--server', server.url]);
    const enrol = ['enrol', 'n', '--role', 'nurse', '--scope', 'user/*.rs', ...dir(world)];
    for (const more of [['--invite', '-o', 'x'], ['--invite', '--no-passphrase'], ['--qr', '-o', 'x'],
      ['--invite', '--public-key', 'x'], ['--invite', '--qr', '--code-only'], ['--code-only', '-o', 'x'],
      ['--expires', '1h', '-o', 'x']])
      assert.equal((await world.skeym([...enrol, ...more])).code, 2, more.join(' '));
    assert.equal(await isOpen(server, code), true);
  },

  async 'keeps the credential under a passphrase, and the key that waits, too'(world) {
    const server = await begin(world);
    const code = await invite(world, server);
    for (const name of ['one', 'two'])
      writeFileSync(world.path(name), `passphrase ${name}`, { mode: 0o600 });
    const go = (server_, name) => world.skeym(['accept', '-o', world.path('cred'), '--server',
      server_.url, '--passphrase-file', world.path(name)], { input: code });
    await server.stop();
    assert.equal((await go(server, 'one')).code, 1);
    assert.match(readFileSync(world.path('cred.pending-key'), 'utf8'), /^lock scrypt/m);
    const back = await world.serve([...RATE, '--listen', server.url.slice('http://'.length)]);
    assert.match((await go(back, 'two')).err, /has another passphrase/);
    const done = await go(back, 'one');
    assert.equal(done.code, 0, done.err);
    assert.match(readFileSync(world.path('cred'), 'utf8'), /^lock scrypt/m);
    const read = await world.get(back, METADATA, world.path('cred'), '--passphrase-file',
      world.path('one'));
    assert.equal(read.code, 0, read.err);
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

  async 'on a terminal an invitation is a QR code as well, and its link may be typed'(world) {
    await world.init();
    const server = await world.serve();
    const words = ['enrol', 't', ...INVITE, ...dir(world), '--server'];
    const shown = await seen(world, [...words, `${server.url}/`]);
    assert.match(shown, /\x1b\[40;97m/);
    const [link] = shown.match(/http:\/\/\S+#invite=[\w-]+/);
    assert.ok(!link.includes('//console'), link);
    const file = world.path('cred');
    const done = await seen(world, ['accept', '-o', file, '--no-passphrase'], [` \t${link} \t`],
      /The link, or its code: /);
    assert.match(done, /Enrolled as t, a nurse/);
    assert.equal((await world.get(server, '/fhir/metadata', file)).code, 0);
    const far = await world.must([...words, 'http://ward.example']);
    assert.match(far, /http:\/\/ward\.example\/console/);
    assert.doesNotMatch(await world.must([...words, 'https://ward.example', '--qr']), /\x1b\[/);
  },

  async 'accept says who it was that answered'(world) {
    await world.init();
    const code = (await world.must(['enrol', 't', ...INVITE, '--code-only', ...dir(world),
      '--server', 'http://127.0.0.1:1'])).trim();
    const file = ['-o', world.path('cred'), '--no-passphrase'];
    const type = { 'content-type': 'application/skeym-enrol' };
    const tries = [
      [200, type, Buffer.alloc(200, 7), /is not the server that the invitation is from/],
      [200, type, Buffer.alloc(3), /./],
      [200, { 'content-type': 'text/html' }, '<html>', /./],
      [401, type, '', /not admitted: the invitation is used up, expired or revoked/],
      [500, type, '', /./],
    ];
    for (const [status, headers, body, words] of tries) {
      const liar = await stand(status, headers, body);
      const { code: exit, err } = await world.skeym(['accept', ...file, '--server', liar.url,
        '--code-file', '-'], { input: `\t ${code}\r` });
      liar.end();
      assert.equal(exit, 1, err);
      assert.match(err, words, `${status}`);
      assert.equal(existsSync(world.path('cred')), false);
      assert.equal(existsSync(world.path('cred.pending-key')), true, err);
    }
    const wrong = async (words, args, exit = 1) => {
      const result = await world.skeym(['accept', ...args, '--server', 'http://127.0.0.1:1'],
        { input: code });
      assert.equal(result.code, exit, result.err);
      assert.match(result.err, words);
    };
    await wrong(/-o takes a file/, ['-o', '-', '--no-passphrase'], 2);
    await wrong(/-o takes a file/, ['-o', '', '--no-passphrase'], 2);
    await wrong(/too long a name/, ['-o', `/${'x'.repeat(5000)}`, '--no-passphrase'], 2);
    await wrong(/--tls-ca|no such file/, [...file, '--tls-ca', world.path('none')]);
    await wrong(/gone/, ['-o', world.path('c'), '--passphrase-file', world.path('gone')]);
    await wrong(/run the same command again: the key is in/, file);
  },

  async 'list shows the invitations that are open, and only these'(world) {
    await world.init();
    const server = await world.serve();
    const invite = (node, ...more) => world.must(['enrol', node, ...INVITE, '--code-only',
      ...dir(world), '--server', server.url, ...more]);
    for (const node of ['used', 'other']) {
      const file = world.path(`${node}.cred`);
      const done = await world.skeym(['accept', '-o', file, '--server', server.url,
        '--no-passphrase'], { input: await invite(node) });
      assert.equal(done.code, 0, done.err);
    }
    await invite('open', '--days', '1', '--expires', '7d'); /* as long as the credential: a day */
    await invite('revoked');
    await world.must(['revoke', 'revoked', ...dir(world)]);
    const audit = `${world.dir}/audit`;
    const line = JSON.parse(readFileSync(audit, 'utf8').trim().split('\n')
      .find((text) => /"invite"/.test(text) && /"open"/.test(text)));
    assert.ok(line.expires <= line.time + 86400 + 1, JSON.stringify(line));
    for (const change of [{ expires: 1 }, { invitation: 'AAAA' }, { invitation: '!' },
      { enrol_key: 99 }, { event: 'something' }])
      appendFileSync(audit, `${JSON.stringify({ ...line, node: 'odd', ...change })}\n`);
    const { invitations } = JSON.parse(await world.must(['list', '--json', ...dir(world)]));
    assert.deepEqual(invitations.map(({ node }) => node), ['open']);
    const shown = await world.must(['list', ...dir(world)]);
    assert.match(shown, /^open +nurse +1 +1 /m);
    assert.doesNotMatch(shown, /odd/);
  },
};
