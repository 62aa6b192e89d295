// SPDX-License-Identifier: Apache-2.0
// What a command prints, and where: a terminal, a full disk, a standard file that was closed.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dir, redirected, seen, ward } from './commands.mjs';
import { observation, Skip, until } from './world.mjs';

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
  async 'what cannot be printed is no success'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve();
    await world.post(server, '/fhir/Observation', doctor, observation(1));
    const as = ['--as', doctor, '--server', server.url];
    const search = '/fhir/Observation?patient=100';
    for (const args of [['vectors'], ['list', ...dir(world)],
      ['list', '--json', ...dir(world)], ['get', search, ...as], ['get', search, '--pretty', ...as],
      ['get', search, '--all', ...as], ['serve', '--list-settings']]) {
      const { status, stderr } = redirected(world, args, '>/dev/full');
      assert.equal(status, 1, `${args.join(' ')}: ${status}: ${stderr}`);
      assert.match(stderr, /skeym/, args.join(' '));
    }
    assert.equal(redirected(world, ['list', '--frob'], '>/dev/full').status, 2);
    /* as on a terminal: what it says stands in a line of its own */
    const both = spawnSync('sh', ['-c', 'exec "$0" "$@" 2>&1', world.program, 'get',
      '/fhir/Patient/none', ...as], { encoding: 'utf8' });
    assert.equal(both.status, 1);
    assert.match(both.stdout, /\}\nskeym get: .*404/);
  },

  async 'standard output that is full or closed is no success'(world) {
    const { doctor, server } = await ward(world);
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

  async 'on a terminal JSON is laid out, and a message begins its own line'(world) {
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.cruds');
    const server = await world.serve();
    const as = ['--as', doctor, '--server', server.url];
    const one = world.path('one.json');
    writeFileSync(one, JSON.stringify(observation(1)));
    assert.match(await seen(world, ['post', '/fhir/Observation', ...as, '--data', one]),
      /^\{\r\n +"resourceType": ?"Observation",\r\n/m);
    assert.match(await seen(world, ['get', '/fhir/Observation?patient=100', ...as]),
      /^\{\r\n +"resourceType": ?"Bundle",\r\n/m);
    assert.match(await seen(world, ['get', '/fhir/Observation/none', ...as]),
      /\}\r\nskeym get: .*404/);
    const apart = await world.get(server, '/fhir/Observation/none', doctor);
    assert.match(apart.out, /^\{"resourceType":"OperationOutcome"/);
    assert.match(apart.err, /^skeym get: .*404/);
  },
};
