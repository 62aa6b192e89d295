// SPDX-License-Identifier: Apache-2.0
// `skeym serve` as the bench measures it: an authority, and one Observation to read.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer } from './process.mjs';

const run = promisify(execFile);
/** Limits of logins are raised, as a bench makes more of them than a ward; no check is off. */
const LIMITS = ['--connections', '8192', '--per-ip', '8192', '--login-rate', '100000', '--login-burst', '1000000',
  '--login-cpu', '6400', '--token-lifetime', '59'];
/** Room for all tokens that a run uses up within a minute; memory is measured with the standard. */
const ROOMY = ['--used-slots', '8388608'];

/** How a server is started: settings, and on which cores. */
const KINDS = {
  roomy: () => ({ settings: ROOMY }),
  standard: () => ({ settings: [] }),
  two: (world) => ({ settings: ROOMY, on: world.two }),
  tls: ({ keys }) => ({ settings: [...ROOMY, '--tls-cert', join(keys.folder, 'tls.cert'), '--tls-key', join(keys.folder, 'tls.key')] }),
};

class Home {
  constructor(world, kind) {
    Object.assign(this, { world, kind, program: world.program, dir: join(world.folder, `authority.${kind}`) });
  }

  skeym(...args) {
    return execFileSync(this.program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  }

  async begin() {
    this.skeym('init', this.dir);
    const credential = join(this.world.folder, `device.${this.kind}`);
    this.skeym('enrol', 'device', '--role', 'device', '--scope', 'system/Observation.c', '--dir', this.dir,
      '-o', credential, '--no-passphrase');
    const server = await this.serve();
    const tls = this.kind === 'tls';
    /* short, so that the answer is near the 256 bytes of the rivals */
    const reading = { resourceType: 'Observation', status: 'final', code: { coding: [{ code: '8867-4' }] },
      subject: { reference: 'Patient/p' }, effectiveDateTime: '2026-01-01', valueInteger: 72 };
    const made = execFileSync(this.program, ['post', '/fhir/Observation', '--as', credential, '--data', '-',
      '--server', `http${tls ? 's' : ''}://${tls ? 'localhost' : '127.0.0.1'}:${server.port}`,
      ...(tls ? ['--tls-ca', join(this.world.keys.folder, 'tls.cert')] : [])], { input: JSON.stringify(reading), encoding: 'utf8' });
    this.path = `/fhir/Observation/${JSON.parse(made).id}`;
    return server;
  }

  serve() {
    const { on = this.world.on, settings } = KINDS[this.kind](this.world);
    return startServer({ name: `skeym.${this.kind}`, on, log: this.world.log, ours: true,
      argv: [this.program, 'serve', this.dir, '--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0',
        '--threads', String(on.length), ...LIMITS, ...settings, '--ready-fd'] });
  }
}

/** A server of that kind with an authority of its own; its folder, and the path of what there is to read. */
export async function startHome(world, kind) {
  const home = new Home(world, kind);
  const server = await home.begin();
  return Object.assign(server, { dir: home.dir, path: home.path });
}

/** One run of the generator; its figures. */
export async function drive(world, server, { path = '/', tls, header, dir, connections = 64, seconds, warmup, free, more = [] }) {
  const json = join(world.folder, 'figures.json');
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${server.port}`;
  const args = ['bench', 'load', dir ? url : url + path, '--connections', String(connections), '--seconds', String(seconds),
    '--warmup', String(warmup), '--json', json, ...server.pids().flatMap((pid) => ['--watch', String(pid)]), ...more];
  if (dir) args.push('--dir', dir, '--path', path);
  else args.push('--expect', '200', '--body-bytes', '256');
  if (header) args.push('--header-file', header);
  if (tls) args.push('--ca', join(world.keys.folder, 'tls.cert'));
  try {
    const words = free ? ['taskset', '-c', free.join(','), world.program, ...args] : [world.program, ...args];
    await run(words[0], words.slice(1), { timeout: 120000 });
  } catch (error) {
    throw new Error(`${server.name}: ${(error.stdout ?? '') + (error.stderr ?? '')}${error.code ?? error.signal}`);
  }
  return JSON.parse(readFileSync(json, 'utf8'));
}
