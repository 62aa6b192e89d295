// SPDX-License-Identifier: Apache-2.0
// What the server keeps: after 1,000 logins and 10,000 requests nothing of them is in its memory or files, and its
// memory is the same after 100,000. Searched by tests/soak, which knows every secret of its node.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Skip } from './world.mjs';

const OPEN = ['--login-rate', '100000', '--login-burst', '1000000', '--login-cpu', '6400',
  '--log-level', 'warning'];

function searcher(world) {
  const beside = dirname(world.program);
  const found = ['skeym-soak', 'tests/soak/skeym-soak', 'debug/tests/soak/skeym-soak', '../debug/tests/soak/skeym-soak']
    .map((path) => join(beside, path)).find(existsSync);
  if (!found) throw new Skip('tests/soak is not built');
  return found;
}

/** Runs the search against a server; its exit code and its words. */
async function search(world, server, credential, more) {
  const args = [server.url, server.pid, world.dir, credential, 1000, 10000, more].map(String);
  const child = spawn(searcher(world), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  child.stderr.on('data', (data) => (said += data));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code === 77) throw new Skip(said.trim());
  return { code, said };
}

export default {
  async 'no secret of 1,000 logins and 10,000 requests stays, and memory is flat to 100,000'(world) {
    await world.init();
    const server = await world.serve(OPEN);
    const credential = await world.enrol('dr-flat', 'doctor', 'user/*.rs');
    const { code, said } = await search(world, server, credential, 90000);
    assert.equal(code, 0, said);
    assert.match(said, /memory: \d{7,} bytes searched: S_n 0, C_i 0, private key 0, k_m 0, k_q 0, k_p 0; control [1-9]/);
    assert.equal(await server.stop(), 0);
  },

  /* The compiler keeps in registers what it otherwise lays on the stack, where nobody wipes it. */
  async 'no secret stays in a program that was not optimized'(world) {
    const plain = join(dirname(searcher(world)), '../../skeym');
    if (!existsSync(plain) || realpathSync(plain) === realpathSync(world.program)) {
      throw new Skip('there is no other program beside tests/soak');
    }
    world.program = plain;
    await world.init();
    const server = await world.serve(OPEN);
    const { code, said } = await search(world, server, await world.enrol('dr-plain', 'doctor', 'user/*.rs'), 0);
    assert.equal(code, 0, said);
    assert.equal(await server.stop(), 0);
  },

  async 'the same search finds them when the server does not wipe'(world) {
    const program = join(dirname(searcher(world)), 'skeym-forgetful');
    if (!existsSync(program)) throw new Skip('tests/soak/skeym-forgetful is not built');
    world.program = program;
    await world.init();
    const server = await world.serve(OPEN);
    const credential = await world.enrol('dr-left', 'doctor', 'user/*.rs');
    const { code, said } = await search(world, server, credential, 0);
    assert.equal(code, 1, said);
    assert.match(said, /S_n [1-9]/);
    assert.equal(await server.stop(), 0);
  },
};
