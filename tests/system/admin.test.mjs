// SPDX-License-Identifier: Apache-2.0
// The authority's commands: what they make, what they refuse, and what a running server makes of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync,
} from 'node:fs';
import { atTerminal, dir, secretFile, table } from './commands.mjs';
import { Skip, until } from './world.mjs';

const mode = (path) => (statSync(path).mode & 0o7777).toString(8);
const device = ['--role', 'device', '--scope', 'system/Observation.c', '--no-passphrase'];

async function wrongUse(world) {
  await world.init();
  const file = world.path('x.credential');
  const dir = ['--dir', world.dir];
  const enrol = (...more) => ['enrol', 'bed-1', '-o', file, ...dir, ...more];
  const role = ['--role', 'device'];
  const scope = ['--scope', 'system/Observation.c'];
  await table(world, [
    [[], 2, /usage: skeym COMMAND/],
    [['enrl'], 2, /there is no command 'enrl'; did you mean 'enrol'\?/],
    [['xyzzyx'], 2, /'skeym help' lists them/],
    [['help', 'xyzzyx'], 2, /there is no command/],
    [['init'], 2, /an argument is missing/],
    [['init', 'a', 'b'], 2, /b: one argument too many/],
    [['init', 'a', '--frob'], 2, /--frob: no such option/],
    [['init', 'a', '--audience'], 2, /--audience: needs a value/],
    [['init', 'a', '--audience', 'b', '--audience=c'], 2, /--audience: given twice/],
    [['init', 'a', '--audience', 'Ward'], 2, /an audience has/],
    [['init', 'a', '--epoch-seconds', '119'], 2, /takes 120 to 86400/],
    [['init', 'a', '--epoch-seconds', '0120'], 2, /takes 120 to 86400/],
    [['init', world.dir], 1, /there is something already/],
    [['init', world.path('no/where')], 1, /the folder above it is missing.*mkdir -p \S+\/no$/m],
    [['init', ''], 2, /DIR is empty/],
    [enrol('--role', 'device', ...scope).map((word) => (word === file ? '-' : word)), 2,
      /-o takes a file/],
    [['keygen', '-o', '-', '--no-passphrase'], 2, /-o takes a file/],
    [['revoke', 'bed-1', '--restore', ...dir], 2, /--restore takes no node/],
    [['revoke', ...dir], 2, /NODE is missing/],
    [['revoke', 'bed-1', ...dir], 1, /no node of that name was enrolled here/],
    [['list', '--json=yes', ...dir], 2, /--json: takes no value/],
    [['list', '--dir', world.path('nothing')], 1, /no authority here/],
    [enrol(...scope), 2, /--role is missing/],
    [enrol(...role), 2, /--scope is missing/],
    [['enrol', 'bed-1', ...role, ...scope, ...dir], 2, /-o FILE is missing/],
    [enrol('--role', 'king', ...scope), 2, /roles are doctor/],
    [enrol(...role, '--scope', 'system/Observation.rc'), 2, /ACTIONS some of/],
    [enrol(...role, '--scope', 'system/Tissue.r'), 2, /no such type/],
    [enrol(...role, '--scope', 'patient/a_b/*.r'), 2, /patient's id/],
    [enrol(...role, ...Array(9).fill(scope).flat()), 2, /at most 8 scopes/],
    [enrol(...role, ...scope, '--days', '0'), 2, /takes 1 to 3650/],
    [enrol(...role, ...scope, '--server', 'ward'), 2, /--server ward: not http/],
    [enrol(...role, ...scope, '--public-key', 'AAAA'), 2, /no public key/],
    [enrol(...role, ...scope, '--public-key', 'A'.repeat(43)), 2, /no public key/],
    [enrol(...role, ...scope, '--no-passphrase', '--passphrase-file', 'x'), 1, /exclude/],
    [enrol(...role, ...scope, '--passphrase-file', world.path('none')), 1, /no such file/],
    [['enrol', 'bed-1', ...role, ...scope, '--no-passphrase', '-o', `${file}/none/x`, ...dir], 1, /no such file/],
    [['enrol', '--', '-x', '-o', file], 2, /one argument too many/],
    [['revoke', 'a b', ...dir], 2, /no node's name/],
    [['revoke', 'bed-1', '--generation', '0', ...dir], 2, /takes 1 and up/],
    [['rotate', '--retire', 'one', ...dir], 2, /takes the number/],
    [['rotate', '--yes', ...dir], 2, /--yes goes with --retire ID/],
    [['rotate', '--retire', '1', ...dir], 1, /is the current one/],
    [['rotate', '--retire', '9', ...dir], 1, /holds no enrol key 9/],
    [['rotate', '--retire', '9', '--yes', ...dir], 1, /holds no enrol key 9/],
    [['rotate', '--retire', '1', '--yes', ...dir], 1, /is the current one/],
    [['keygen', '--no-passphrase'], 2, /-o FILE is missing/],
  ]);
  assert.ok(!existsSync(file));
  assert.equal(readFileSync(`${world.dir}/audit`, 'utf8').split('\n').length, 2); // init alone
}

async function helpOfAll(world) {
  const overview = await world.must(['help']);
  const names = [...overview.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1]);
  assert.ok(names.length >= 12, overview);
  for (const name of names) {
    const help = await world.must(['help', name]);
    assert.match(help, new RegExp(`^(usage: )?skeym ${name}[ \\n]`, 'm'), name);
  }
  assert.match(await world.must(['--version']), /^skeym \d+\.\d+\.\d+ \(protocol 1, OpenSSL 3/);
}

async function damaged(world) {
  await world.init();
  const dir = ['--dir', world.dir];
  const keyring = `${world.dir}/keyring`;
  const good = readFileSync(keyring);
  const revoked = `${world.dir}/revoked`;
  const whole = readFileSync(revoked);
  const enrol = ['enrol', 'bed-1', ...device, '-o', world.path('x'), ...dir];
  const everyone = async (said) => {
    for (const args of [['list', ...dir], ['revoke', 'a', ...dir], enrol]) {
      await table(world, [[args, 1, said]]);
    }
    const { code, err } = await world.refuse();
    assert.equal(code, 1);
    assert.match(err, said);
  };
  appendFileSync(revoked, '# fine\n');
  await everyone(/\/revoked: the list of what is revoked is empty, cut short or added to/);
  writeFileSync(revoked, '');
  await everyone(/\/revoked: .* is empty/);
  writeFileSync(revoked, String(whole).replace('# end 0', '# end 1'));
  await everyone(/\/revoked: .* was altered/);
  writeFileSync(revoked, 'bed-1 1\nbed-2 1\nbed-3 1\nbed-4 1\n');
  await everyone(/\/revoked: this is not a list/);
  unlinkSync(revoked);
  await everyone(/\/revoked: the list of what is revoked is missing: restore it from a backup/);
  writeFileSync(revoked, whole, { mode: 0o600 });
  chmodSync(keyring, 0o644);
  await table(world, [[enrol, 1, /others may write to the folder, or read or write a file/]]);
  chmodSync(keyring, 0o600);
  writeFileSync(keyring, good.subarray(0, 100));
  await table(world, [[enrol, 1, /keyring is cut short/]]);
  writeFileSync(keyring, Buffer.concat([good, Buffer.from('x')]));
  await table(world, [[enrol, 1, /keyring is damaged/], [['rotate', ...dir], 1, /is damaged/]]);
  writeFileSync(keyring, good);
  appendFileSync(`${world.dir}/audit`, 'no JSON\n');
  await table(world, [[['list', ...dir], 1, /1 damaged lines are not shown/]]);
  assert.ok(!existsSync(world.path('x')));
}

async function privateFiles(world) {
  await world.init();
  const credential = await world.enrol('bed-1', 'device', 'system/Observation.c');
  const key = world.path('key');
  const publicKey = (await world.must(['keygen', '-o', key, '--no-passphrase'])).trim();
  assert.match(publicKey, /^[A-Za-z0-9_-]{43}$/);
  await world.must(['revoke', 'bed-1', '--dir', world.dir]);
  await world.must(['rotate', '--dir', world.dir]);
  assert.equal(mode(world.dir), '700');
  for (const name of ['keyring', 'audit', 'revoked', 'lock', 'reserve']) {
    assert.equal(mode(`${world.dir}/${name}`), '600', name);
  }
  assert.equal(mode(credential), '600');
  assert.equal(mode(key), '600');
  for (const file of [credential, key]) { // nothing is written over
    const before = readFileSync(file, 'utf8');
    const args = file === key ? ['keygen', '-o', key, '--no-passphrase']
      : ['enrol', 'bed-1', ...device, '-o', file, '--dir', world.dir];
    await table(world, [[args, 1, /exists already/]]);
    assert.equal(readFileSync(file, 'utf8'), before);
  }
}

async function noSecretShown(world) {
  let said = await world.init();
  const file = world.path('lee.credential');
  said += await world.must(['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.r', '-o', file,
    '--no-passphrase', '--dir', world.dir]);
  said += await world.must(['rotate', '--dir', world.dir]);
  said += await world.must(['list', '--dir', world.dir]);
  said += await world.must(['list', '--json', '--dir', world.dir]);
  said += readFileSync(`${world.dir}/audit`, 'utf8');
  const secret = Buffer.from(readFileSync(file, 'utf8').match(/^secret (.*)$/m)[1], 'base64url');
  const keyring = readFileSync(`${world.dir}/keyring`);
  const enrolKeys = keyring.length - 32 - 80;
  const secrets = [
    secret.subarray(0, 32), secret.subarray(32), // private key, C_i
    keyring.subarray(16, 48), keyring.subarray(48, 80), // K_{e-1}, identity
    keyring.subarray(enrolKeys + 8, enrolKeys + 40), keyring.subarray(enrolKeys + 48, -32),
  ];
  for (const bytes of secrets) {
    assert.equal(bytes.length, 32);
    for (const form of ['hex', 'base64', 'base64url']) {
      assert.ok(!said.includes(bytes.toString(form).slice(0, 20)));
    }
  }
}

async function passphrases(world) {
  await world.init();
  const server = await world.serve();
  const file = world.path('lee.credential');
  const right = secretFile(world, 'right', 'correct horse\n');
  const wrong = secretFile(world, 'wrong', 'wrong horse\n');
  const open = secretFile(world, 'open', 'correct horse');
  chmodSync(open, 0o640);
  const empty = secretFile(world, 'empty', '\n');
  const long = secretFile(world, 'long', 'x'.repeat(1025));
  const enrol = (name, passphrase) => ['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs',
    '-o', name, '--dir', world.dir, '--passphrase-file', passphrase];
  await table(world, [
    [enrol(file, open), 1, /may be read or written by others/],
    [enrol(file, empty), 1, /8 to 1024 bytes/],
    [enrol(file, long), 1, /8 to 1024 bytes|longer/],
  ]);
  await world.must(enrol(file, right));
  assert.match(readFileSync(file, 'utf8'), /^lock scrypt 17 8 1 /m);
  const get = (name) => world.get(server, '/fhir/Patient', file, '--passphrase-file', name);
  assert.match((await get(right)).out, /searchset/);
  const refused = await get(wrong);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /passphrase/);
  assert.match((await get(right)).out, /searchset/); // the file was written again by a login
}

async function terminal(world) {
  if (spawnSync('setsid', ['--version']).status !== 0) throw new Skip('no setsid here');
  await world.init();
  const file = world.path('lee.credential');
  const args = ['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs', '-o', file, '--dir',
    world.dir];
  const without = spawnSync('setsid', ['-w', world.program, ...args],
    { timeout: 20000 });
  assert.equal(without.status, 1);
  assert.match(String(without.stderr), /no terminal to ask for a passphrase on/);
  assert.ok(!existsSync(file));

  if (spawnSync('script', ['--version']).status !== 0) throw new Skip('no script(1) here');
  const typed = (...lines) => atTerminal([world.program, ...args].join(' '), lines);
  assert.match(await typed('correct horse', 'correct house'), /the two passphrases differ/);
  assert.ok(!existsSync(file));
  assert.match(await typed('\x03'), /cancelled/);
  const same = await typed('wrong\x15correct horse', 'correct horsf\x7fe');
  assert.match(same, /Enrolled lee/);
  assert.ok(!same.includes('correct')); // no echo
  assert.match(readFileSync(file, 'utf8'), /^lock scrypt /m);
}

async function keysApart(world) {
  await world.init();
  const server = await world.serve();
  const key = world.path('lee.key');
  const other = world.path('other.key');
  const file = world.path('lee.credential');
  const publicKey = (await world.must(['keygen', '-o', key, '--no-passphrase'])).trim();
  await world.must(['keygen', '-o', other, '--no-passphrase']);
  await world.must(['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs', '-o', file,
    '--dir', world.dir, '--no-passphrase', '--public-key', publicKey]);
  for (let i = 0; i < 2; i++) { // the second time with the file that the first login wrote
    const answer = await world.get(server, '/fhir/Patient', file, '--key', key);
    assert.match(answer.out, /searchset/, answer.err);
  }
  const zeros = Buffer.alloc(32).toString('base64url').slice(0, 42);
  assert.ok(readFileSync(file, 'utf8').match(/^secret (.*)$/m)[1].startsWith(zeros));
  assert.equal((await world.get(server, '/fhir/Patient', file)).code === 0, false);
  assert.equal((await world.get(server, '/fhir/Patient', file, '--key', other)).code === 0, false);
}

async function rotation(world) {
  await world.init();
  const server = await world.serve();
  const renewed = await world.enrol('renewed', 'doctor', 'user/*.rs');
  const away = await world.enrol('away', 'doctor', 'user/*.rs');
  const reads = async (file) => (await world.get(server, '/fhir/Patient', file)).code === 0;
  const rotated = await world.must(['rotate', '--dir', world.dir]);
  assert.match(rotated, /Enrol key 2 is new/);
  assert.match(rotated, /1 {2}made .* UTC {2}kept until it is retired/);
  assert.match(rotated, /The running server has taken it over/);
  assert.ok(await reads(renewed));
  const retire = ['rotate', '--retire', '1', '--dir', world.dir];
  await table(world, [[retire, 1,
    /not retired yet: 2 live credentials were enrolled under enrol key 1.* UTC.*add --yes/]]);
  assert.match(await world.must(['list', '--dir', world.dir]),
    /^away +doctor +1 +1 .*\n?/m);
  await world.must([...retire, '--yes']);
  assert.ok(await reads(renewed));
  assert.ok(!(await reads(away)));
  const shown = JSON.parse(await world.must(['list', '--json', '--dir', world.dir]));
  assert.deepEqual(shown.enrol_keys.map(({ id }) => id), [2]);
  assert.deepEqual(shown.nodes.map(({ enrol_key }) => enrol_key), [1, 1]);
  for (let id = 3; id <= 9; id++) await world.must(['rotate', '--dir', world.dir]);
  await table(world, [[['rotate', '--dir', world.dir], 1, /the most there may be/]]);
}

async function revocation(world) {
  await world.init();
  const server = await world.serve();
  const first = await world.enrol('lee', 'doctor', 'user/*.rs');
  const reads = async (file) => (await world.get(server, '/fhir/Patient', file)).code === 0;
  assert.ok(await reads(first));
  assert.match(await world.must(['revoke', 'lee', '--dir', world.dir]),
    /Revoked lee up to generation 1\.\nThe running server has taken it over/);
  assert.ok(!(await reads(first)));
  const second = world.path('lee2');
  assert.match(await world.must(['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs', '-o',
    second, '--dir', world.dir, '--no-passphrase']), /generation 2/);
  assert.ok(await reads(second));
  assert.ok(!(await reads(first)));
  const { nodes } = JSON.parse(await world.must(['list', '--json', '--dir', world.dir]));
  assert.deepEqual(nodes.map(({ state }) => state), ['revoked', 'active']);

  // A server that does not answer may go on with the old list, and the command says so.
  server.signal('SIGSTOP');
  const late = await world.skeym(['revoke', 'lee', '--dir', world.dir]);
  server.signal('SIGCONT');
  assert.equal(late.code, 1);
  assert.match(late.err, /the running server did not confirm it/);
  await server.stop();
  assert.match(await world.must(['revoke', 'stranger', '--generation', '1', '--dir', world.dir]),
    /No server runs on .*: it holds from its next start/);
}

/** No credential outlives `revoke NODE`, whatever happened to the audit file; and no untrue word. */
async function revokedIsRevoked(world) {
  await world.init();
  const dir = ['--dir', world.dir];
  const audit = () => readFileSync(`${world.dir}/audit`, 'utf8').trim().split('\n').map(JSON.parse);
  const typo = await world.skeym(['revoke', 'le', ...dir]);
  assert.equal(typo.code, 1);
  assert.doesNotMatch(typo.out, /Revoked/);
  assert.equal(audit().length, 1);

  const first = await world.enrol('lee', 'doctor', 'user/*.rs');
  await world.must(['revoke', 'lee', ...dir]);
  const second = world.path('second');
  await world.must(['enrol', 'lee', '--role', 'doctor', '--scope', 'user/*.rs', '-o', second, ...dir,
    '--no-passphrase']);
  unlinkSync(`${world.dir}/audit`);
  assert.match(await world.must(['revoke', 'lee', ...dir]), /Revoked lee up to generation 2\./);
  const server = await world.serve();
  for (const file of [first, second]) {
    assert.notEqual((await world.get(server, '/fhir/Patient', file)).code, 0);
  }

  const highest = ['revoke', 'lee', '--generation', '4294967295', ...dir];
  assert.match(await world.must(highest), /up to generation 4294967295\./);
  for (const args of [['revoke', 'lee', ...dir], ['revoke', 'lee', '--generation', '7', ...dir]]) {
    assert.match(await world.must(args), /lee is revoked already, up to generation 4294967295\./);
    assert.equal(audit().at(-1).generation, 4294967295);
  }
  const file = await world.enrol('kim', 'doctor', 'user/*.rs');
  await world.must(['revoke', 'kim', ...dir]);
  for (let i = 2; i < 4; i++) {
    await world.must(['enrol', 'kim', '--role', 'doctor', '--scope', 'user/*.rs', '-o',
      `${file}${i}`, ...dir, '--no-passphrase']);
  }
  assert.match(await world.must(['revoke', 'kim', '--generation', '1', ...dir]),
    /kim is revoked already, up to generation 1\.\nMind: .* generation 2, too, which is not revoked/);
}

async function listRestored(world) {
  await world.init();
  const dir = ['--dir', world.dir];
  const credential = await world.enrol('lee', 'doctor', 'user/*.rs');
  await world.must(['revoke', 'lee', ...dir]);
  await world.must(['revoke', 'bed-1', '--generation', '3', ...dir]);
  const before = readFileSync(`${world.dir}/revoked`, 'utf8');
  await table(world, [[['revoke', '--restore', ...dir], 1, /the list is whole; nothing was done/]]);
  const server = await world.serve();
  unlinkSync(`${world.dir}/revoked`);
  server.signal('SIGHUP'); // goes on with the list that it has
  await until('the failure', async () =>
    (await server.metric('skeym_reload_failures_total')) === 1);
  assert.notEqual((await world.get(server, '/fhir/Patient', credential)).code, 0);
  assert.match(await world.must(['revoke', '--restore', ...dir]),
    /made anew from the audit file: 2 nodes/);
  assert.equal(readFileSync(`${world.dir}/revoked`, 'utf8'), before);
  const audit = readFileSync(`${world.dir}/audit`, 'utf8');
  unlinkSync(`${world.dir}/revoked`);
  for (const text of [audit.split('\n').slice(1).join('\n'), `${audit}no JSON\n`, '']) {
    writeFileSync(`${world.dir}/audit`, text);
    await table(world, [[['revoke', '--restore', ...dir], 1, /audit is not whole either/]]);
    assert.ok(!existsSync(`${world.dir}/revoked`));
  }
}

/** On a full disk the running server still refuses a revoked node, and so does the next one. */
async function fullDisk(world) {
  mkdirSync(world.path('disk'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs',
    world.path('disk')]);
  if (mounted.status !== 0) throw new Skip('no tmpfs can be mounted here');
  try {
    world.dir = world.path('disk/authority');
    await world.init();
    const lee = await world.enrol('lee', 'doctor', 'user/*.rs');
    const server = await world.serve();
    const reads = async (at) => (await world.get(at, '/fhir/Patient', lee)).code === 0;
    assert.ok(await reads(server));
    spawnSync('sh', ['-c', `cat /dev/zero >${world.path('disk/filler')} 2>/dev/null`]);
    const said = await world.skeym(['revoke', 'lee', '--dir', world.dir]);
    assert.match(said.out, /Revoked lee up to generation 1\.\nThe running server has taken it over/);
    assert.ok(!(await reads(server)));
    unlinkSync(world.path('disk/filler'));
    await server.stop();
    const next = await world.serve();
    assert.ok(!(await reads(next)));
    await next.stop();
  } finally {
    spawnSync('umount', ['-l', world.path('disk')]);
  }
}

async function noCores(world) {
  await world.init();
  const server = await world.serve();
  const limits = readFileSync(`/proc/${server.pid}/limits`, 'utf8');
  assert.match(limits, /^Max core file size +0 +0 /m);
  if (process.getuid() !== 0) {
    assert.throws(() => readFileSync(`/proc/${server.pid}/mem`));
  }
}

async function fullOutput(world) {
  for (const words of ['vectors', 'help', 'help enrol', '--help', '--version']) {
    const result = spawnSync('sh', ['-c', `"${world.program}" ${words} >/dev/full`]);
    assert.equal(result.status, 1, words);
    assert.match(String(result.stderr), /standard output could not be written/, words);
  }
}

/* A name alone is a file of the folder in which the command runs. */
async function madeHere(world) {
  await world.init();
  const { status, stderr } = spawnSync(world.program, ['enrol', 'bed-1', ...device, '-o', 'bed-1', ...dir(world)],
    { cwd: world.folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(mode(world.path('bed-1')), '600');
}

export default {
  'every wrong use has its word, and makes nothing': wrongUse,
  'every command explains itself': helpOfAll,
  'a damaged or open folder is refused, and by name': damaged,
  'what is made is private, and never written over': privateFiles,
  'what is made may be named without its folder': madeHere,
  'no command and no audit line shows a secret': noSecretShown,
  'a passphrase locks a credential': passphrases,
  'a passphrase is asked for on the terminal, twice': terminal,
  'a private key stays in its own file': keysApart,
  'enrol keys rotate without a visit to the node': rotation,
  'revocation holds at once, and a new generation lives': revocation,
  'no credential outlives revoke, and its words are true': revokedIsRevoked,
  'a lost list is refused, and restored from the audit file': listRestored,
  'a full disk keeps no revoked node in': fullDisk,
  'no core dump, no debugger': noCores,
  'output that is lost is a failure': fullOutput,

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

  async 'audit lines by other hands are shown as far as they make sense'(world) {
    await world.init();
    await world.enrol('doc', 'doctor', 'user/*.cruds');
    await world.must(['revoke', 'doc', ...dir(world)]);
    await world.enrol('nurse', 'nurse', 'user/*.rs');
    await world.must(['rotate', ...dir(world)]);
    await world.enrol('late', 'doctor', 'user/*.rs');
    const audit = `${world.dir}/audit`;
    const line = (more) => `${JSON.stringify({ time: 1, event: 'enrol', node: 'ghost', role: 'device',
      scopes: ['user/*.rs'], generation: 1, enrol_key: 1, not_after: 2, ...more })}\n`;
    const whole = readFileSync(audit, 'utf8');
    appendFileSync(audit, line({}) + line({ node: 'a b', not_after: 4000000000 }) + line({ node: 7 })
      + line({ node: 'wide', not_after: 4294967296, generation: -1 }) + line({ scopes: 'none' })
      + line({ scopes: undefined }) + line({ scopes: [null, 3] }));
    const out = await world.must(['list', ...dir(world)]);
    assert.match(out, /^ghost +device +1 +1 .* expired +user\/\*\.rs$/m);
    assert.match(out, /^a b .* \? +user\/\*\.rs$/m);
    assert.match(out, /^wide +device +0 +1 .* expired/m);
    assert.match(out, /^ghost .* \? 3$/m);
    assert.match(out, /^doc .* revoked/m);
    assert.match(out, /^nurse .* active/m);
    const rows = JSON.parse(await world.must(['list', '--json', ...dir(world)])).nodes;
    assert.equal(rows.length, 10);
    assert.deepEqual(rows.map(({ state }) => state),
      ['revoked', 'active', 'active', 'expired', '?', '?', 'expired', 'expired', 'expired', 'expired']);
    /* of the old key: nurse alone counts */
    await table(world, [[['rotate', '--retire', '1', ...dir(world)], 1, /: 1 live credentials/]]);
    appendFileSync(audit, '\n{"time":1}\n{"event":""}\nno JSON\n' + line({ node: 'end' }).trimEnd());
    await table(world, [[['list', ...dir(world)], 1, /3 damaged lines are not shown/]]);
    rmSync(`${world.dir}/revoked`);
    await table(world, [[['revoke', '--restore', ...dir(world)], 1, /3 damaged lines, from its begin/]]);
    writeFileSync(audit, whole.split('\n').slice(1).join('\n'), { mode: 0o600 });
    await table(world, [[['revoke', '--restore', ...dir(world)], 1, /0 damaged lines, without its/]]);
    const revoke = { ...JSON.parse(line({ event: 'revoke' })), scopes: undefined };
    writeFileSync(audit, `${whole}${JSON.stringify({ ...revoke, node: 'a b' })}\n`
      + `${JSON.stringify({ ...revoke, generation: 0 })}\n`, { mode: 0o600 });
    assert.match(await world.must(['revoke', '--restore', ...dir(world)]), /made anew .*: 1 nodes/);
  },
};
