// SPDX-License-Identifier: Apache-2.0
// Servers under measurement: on one core, not as root, ended with the bench, whatever becomes of it.
import { spawn } from 'node:child_process';
import { openSync, closeSync, readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const NOBODY = 65534;
export const owner = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** Cores that this program may use. */
export function cores() {
  const list = readFileSync('/proc/self/status', 'utf8').match(/^Cpus_allowed_list:\s*(\S+)/m)[1];
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function until(what, check) {
  for (const end = Date.now() + 60000; Date.now() < end; await sleep(20)) {
    if (await check()) return;
  }
  throw new Error(`waited in vain for ${what}`);
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.setTimeout(1000, () => resolve(false));
    socket.unref();
  });

/** The process and those that it started, deep. */
export function family(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch { /* it has just ended */ }
  }
  const all = [pid];
  for (const one of all) for (const [child, parent] of parents) if (parent === one) all.push(child);
  return all;
}

const running = new Set();

/**
 * argv on these cores. port: that it was told; without one, the program gets the number of a descriptor as its
 * last word and writes its port to it. ours: it needs files of ours, so it runs as we do.
 */
export async function startServer({ name, argv, on, log, port, ours = false, env = {} }) {
  const out = openSync(log, 'a', 0o600);
  const words = ['taskset', '-c', on.join(','), 'setpriv', '--pdeathsig', 'TERM', ...argv];
  const child = spawn(words[0], port ? words.slice(1) : [...words.slice(1), '3'],
    { ...(ours ? {} : owner), cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
      stdio: ['ignore', out, out, 'pipe'] });
  closeSync(out);
  const server = { name, child, port, ready: '', ended: null };
  running.add(server);
  child.stdio[3].on('data', (data) => (server.ready += data));
  server.exit = new Promise((resolve) => child.on('close', (code, signal) => {
    server.ended = code ?? signal;
    running.delete(server);
    resolve(server.ended);
  }));
  child.on('error', (error) => (server.ended = error.message));
  await until(`${name} to begin`, async () => {
    if (server.ended !== null) throw new Error(`${name} does not begin (${server.ended}); see ${log}`);
    return port ? answers(port) : server.ready.endsWith('\n');
  });
  server.port = port ?? Number(server.ready.trim().split(' ')[0]);
  server.pids = () => family(child.pid);
  return server;
}

export async function endServers() {
  const all = [...running];
  for (const { child } of all) child.kill('SIGTERM');
  const patience = sleep(15000, 'late', { ref: false });
  await Promise.race([Promise.all(all.map((server) => server.exit)), patience]);
  for (const { child } of running) child.kill('SIGKILL');
}
