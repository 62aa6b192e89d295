// SPDX-License-Identifier: Apache-2.0
// The examples for makers of devices (docs/DEVICE.md), compiled as it says, against the real server.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dir } from './commands.mjs';
import { Skip } from './world.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const IS_HERE = '#include <mbedtls/version.h>\n#if MBEDTLS_VERSION_MAJOR != 2\n#error another one\n#endif\n';

/** examples/device.c with the core and the door on Mbed TLS, without any of src/crypto. */
function compiled(world) {
  const asked = spawnSync('cc', ['-fsyntax-only', '-x', 'c', '-'], { input: IS_HERE });
  if (asked.status !== 0) throw new Skip('no C compiler, or no Mbed TLS 2.28 (libmbedtls-dev)');
  const core = readdirSync(join(root, 'src/core')).filter((file) => file.endsWith('.c'));
  const sources = [...core.map((file) => `src/core/${file}`), 'examples/device.c', 'examples/door_mbedtls.c'];
  const program = world.path('device');
  execFileSync('cc', ['-std=c11', '-Os', '-ffunction-sections', '-fdata-sections', '-Iinclude', '-Isrc',
    '-Wl,--gc-sections', ...sources, '-lmbedcrypto', '-o', program], { cwd: root });
  return program;
}

/** A program's end, which comes within minutes. */
function finished(program, words, input) {
  const child = spawn(program, words, { timeout: 300000 });
  const run = { out: '', err: '' };
  child.stdout.on('data', (data) => (run.out += data));
  child.stderr.on('data', (data) => (run.err += data));
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ ...run, code: code ?? signal })));
}

export default {
  async 'a device with a crypto door of its own enrols itself, logs in, sends readings, and comes back'(world) {
    const program = compiled(world);
    await world.init();
    const doctor = await world.enrol('doc', 'doctor', 'user/*.rs');
    const server = await world.serve();
    const code = await world.must(['enrol', 'pump-1', '--role', 'device', '--scope', 'patient/7/Observation.c',
      '--invite', '--code-only', ...dir(world)]);
    const device = (readings, input) => {
      const words = ['127.0.0.1', server.port, world.path('flash'), 7, readings].map(String);
      return finished(program, words, input);
    };
    for (const [readings, input] of [[2, code], [1, '']]) {
      const run = await device(readings, input);
      assert.equal(run.code, 0, run.err);
      assert.equal(run.out.match(/: 201$/gm).length, readings);
    }
    assert.equal(server.log('enrol').length, 1);
    const { out } = await world.get(server, '/fhir/Observation?patient=7&_summary=count', doctor);
    assert.equal(JSON.parse(out).total, 3);
  },
};
