// SPDX-License-Identifier: Apache-2.0
// The rivals, one row each. checks: what a token is tested for; nothing, signature or claims (and signature).
import { existsSync, readFileSync, writeFileSync, mkdirSync, chownSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, owner, startServer } from './process.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const BODY = 'x'.repeat(256);

/** Words between @ are replaced; one that has no value is empty. */
const fill = (text, words) => text.replace(/@([A-Z]+)@/g, (_, name) => words[name] ?? '');

function ownFolder(world, name) {
  const dir = join(world.folder, name);
  mkdirSync(dir, { mode: 0o700 });
  if (owner.uid) chownSync(dir, owner.uid, owner.gid);
  return dir;
}

function putConfig(world, name, text) {
  const dir = ownFolder(world, name);
  const file = join(dir, 'conf');
  writeFileSync(file, text(dir), { mode: 0o600 });
  if (owner.uid) chownSync(file, owner.uid, owner.gid);
  return { dir, file };
}

/** A program of ours, which says its port. */
const ours = (program, secret) => (world, name) =>
  startServer({ name, on: world.on, log: world.log,
    argv: [join(world.programs, program), ...(secret ? [join(world.keys.folder, 'secret')] : [])] });

/** Sections of a file begin with @@NAME. */
const nginx = (conf, { checker = false } = {}) => async (world, name) => {
  const port = await freePort();
  const beside = checker ? await ours('hand_jwt', true)(world, `${name}.checker`) : null;
  const sections = Object.fromEntries(readFileSync(join(HERE, 'nginx', conf), 'utf8').split(/^@@/m).slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trimEnd()]));
  const { dir, file } = putConfig(world, name, (folder) => {
    const words = { DIR: folder, KEYS: world.keys.folder, FOLDER: world.nginx, BODY, PORT: port, CHECKER: beside?.port };
    const filled = Object.fromEntries(Object.entries(sections).map(([key, text]) => [key, fill(text, words)]));
    return fill(readFileSync(join(HERE, 'nginx/frame.conf'), 'utf8'), { ...words, ...filled });
  });
  const server = await startServer({ name, on: world.on, log: world.log, port,
    argv: ['nginx', '-p', dir, '-e', 'stderr', '-c', file] });
  if (!beside) return server;
  const { pids } = server;
  return Object.assign(server, { pids: () => [...pids(), ...beside.pids()] });
};

const haproxy = (rules) => async (world, name) => {
  const port = await freePort();
  const words = { KEYS: world.keys.folder, SECRET: world.keys.secret, PORT: port, BODY };
  const text = (file) => readFileSync(join(HERE, 'haproxy', file), 'utf8');
  const { file } = putConfig(world, name, () =>
    fill(text('frame.cfg'), { ...words, RULES: fill(text(rules), words) }));
  return startServer({ name, on: world.on, log: world.log, port, argv: ['haproxy', '-db', '-q', '-f', file] });
};

export const RIVALS = [
  { name: 'floor', what: 'bare epoll loop, constant answer', checks: 'nothing', start: ours('floor') },
  { name: 'hand_jwt', what: 'bare epoll loop, HS256 by hand, AES-GCM answer', checks: 'claims', alg: 'HS256', start: ours('hand_jwt', true) },
  { name: 'nginx', what: 'nginx, return', checks: 'nothing', start: nginx('return.conf') },
  { name: 'mhd', what: 'libmicrohttpd, constant answer', checks: 'nothing', start: ours('hello_mhd') },
  { name: 'h2o', what: 'libh2o, constant answer', checks: 'nothing', start: ours('hello_h2o') },
  { name: 'haproxy_hs256', what: 'HAProxy, HS256, signature alone', checks: 'signature', alg: 'HS256', start: haproxy('hs256.cfg') },
  { name: 'haproxy_claims', what: 'HAProxy, HS256, all claims', checks: 'claims', alg: 'HS256', start: haproxy('claims.cfg') },
  { name: 'haproxy_es256', what: 'HAProxy, ES256, all claims', checks: 'claims', alg: 'ES256', start: haproxy('es256.cfg') },
  { name: 'mhd_libjwt', what: 'libmicrohttpd and libjwt, HS256', checks: 'claims', alg: 'HS256', start: ours('mhd_libjwt', true) },
  { name: 'nginx_lua', what: 'nginx, Lua, HMAC by FFI, HS256', checks: 'claims', alg: 'HS256', start: nginx('lua_hs256.conf') },
  { name: 'nginx_njs', what: 'nginx, njs, HS256', checks: 'claims', alg: 'HS256', start: nginx('njs_hs256.conf') },
  { name: 'nginx_es256', what: 'nginx, njs, ES256', checks: 'claims', alg: 'ES256', start: nginx('njs_es256.conf') },
  { name: 'nginx_auth', what: 'nginx, auth_request to HS256 by hand', checks: 'claims', alg: 'HS256', start: nginx('auth_request.conf', { checker: true }) },
  { name: 'nginx_tls', what: 'nginx, return, TLS 1.3', checks: 'nothing', tls: true, start: nginx('tls.conf') },
];

/** Programs of ours that a run starts, where they could be built. */
export const PROGRAMS = ['floor', 'hand_jwt', 'hello_mhd', 'hello_h2o', 'mhd_libjwt'];
export const missingPrograms = (folder) => PROGRAMS.filter((name) => !existsSync(join(folder, name)));
