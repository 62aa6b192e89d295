// SPDX-License-Identifier: Apache-2.0
// What the tests of flaws have in common: a ward, lanes with their secrets, requests as bytes of
// our own, many sockets at once, and the server's figures.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { b64, unb64 } from '../../second/skeym/base64url.mjs';
import { toText } from '../../second/skeym/bytes.mjs';
import { accept } from '../../second/skeym/client.mjs';
import { exchangeKeys, proof } from '../../second/skeym/exchange.mjs';
import { raw, sleep, statuses } from '../world.mjs';

export const HOST = 'Host: x\r\n';
export const NEXT = `GET / HTTP/1.1\r\n${HOST}\r\n`;
export const METADATA = { method: 'GET', target: '/fhir/metadata' };
export const FHIR = 'application/fhir+json';
export const REFUSAL =
  '{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login",' +
  '"diagnostics":"not admitted"}]}';
/* a test is never about tokens that grew old meanwhile, unless it says so; nor about rates */
const PATIENT = ['--token-lifetime', '59', '--login-rate', '100000', '--login-burst', '1000000',
  '--login-cpu', '6400'];

/** A server, a doctor who may do everything, and a way to fresh lanes of tokens. */
export async function begin(world, args = [], { standard = PATIENT, launch } = {}) {
  await world.init();
  const credential = await world.enrol('doc', 'doctor', 'user/*.cruds');
  const server = await world.serve([...standard, ...args], launch);
  return { server, credential, take: () => lanes(world, server, credential) };
}

/** The lanes that one login brings, each with its token and secret. */
export async function lanes(world, server, credential) {
  const chain = world.path(`chain-${Math.random()}`);
  const { code, err } = await world.get(server, METADATA.target, credential, '--chain', chain);
  assert.equal(code, 0, err);
  return readFileSync(chain, 'utf8').split('\n').filter((line) => line.startsWith('lane '))
    .map((line) => line.split(' ').slice(-2))
    .map(([secret, token]) => ({ secret: unb64(secret), token: unb64(token) }));
}

/** A request of any content whose proof is right. */
export async function crafted(lane, { method = 'POST', target, contentType, body }) {
  const keys = await exchangeKeys(lane.secret);
  const mac = await proof(keys.mac, { method, target, contentType, body });
  const headers = { authorization: `SkeyM ${b64(lane.token)}`, 'skeym-proof': b64(mac) };
  if (contentType) headers['content-type'] = contentType;
  return { keys, wire: { method, target, headers, body } };
}

/** The bytes of a request on the wire. */
export function bytesOf({ method, target, headers, body }, more = '') {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const size = body ? `Content-Length: ${body.length}\r\n` : '';
  return `${method} ${target} HTTP/1.1\r\n${HOST}${fields}${size}${more}\r\n` +
    (body ? Buffer.from(body).toString('latin1') : '');
}

const whole = (text) => {
  const [head, ...rest] = text.split('\r\n\r\n');
  const size = /^content-length: (\d+)/im.exec(head);
  return rest.length > 0 && size && rest.join('\r\n\r\n').length >= Number(size[1]);
};

/** Sends a request on a connection of its own. */
export async function send(server, wire, more = '') {
  const { text } = await raw(server.port, bytesOf(wire, more), { ms: 60000, until: whole });
  const head = text.split('\r\n\r\n')[0];
  return { status: statuses(text)[0], text, body: Buffer.from(text.slice(head.length + 4), 'latin1'),
    header: (name) => new RegExp(`^${name}: (.*?)\r?$`, 'im').exec(head)?.[1] ?? null };
}

/** Sends it, opens the answer, goes on with the chain. */
export async function sealed(server, lane, { keys, wire }, more = '') {
  const answer = await accept(keys, await send(server, wire, more));
  Object.assign(lane, { token: answer.next, secret: keys.next });
  return { status: answer.status, text: toText(answer.body) };
}

export const admitted = (server) => server.metric('skeym_requests_admitted_total');
export const refused = (server, check) => server.metric(`skeym_refusals_total{check="${check}"}`);

/** A figure of /proc/PID/status, in bytes. */
export function memory(server, name = 'VmRSS') {
  const line = readFileSync(`/proc/${server.pid}/status`, 'utf8').split('\n')
    .find((text) => text.startsWith(`${name}:`));
  return 1024 * Number(line.replace(/\D/g, ''));
}

/** Many sockets, some at a time: each says its first words, and is told of its end. */
export class Crowd {
  constructor(port) {
    Object.assign(this, { port, sockets: [], closed: 0, stopped: false });
  }

  join(from, words) {
    return new Promise((resolve) => {
      const socket = net.connect({ port: this.port, host: '127.0.0.1', localAddress: from });
      this.sockets.push(socket);
      socket.once('connect', () => {
        if (words) socket.write(Buffer.from(words, 'latin1'));
        resolve();
      });
      socket.on('data', () => {});
      socket.on('error', () => {});
      socket.once('close', () => {
        this.closed++;
        resolve();
      });
    });
  }

  /** count sockets; who(i): [source address, first words]. */
  async fill(count, who, atOnce = 128) {
    let next = 0;
    const hand = async () => {
      while (next < count && !this.stopped) {
        const [from, words] = who(next++);
        await this.join(from, words);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, hand));
  }

  /** A byte from each, again and again. */
  async drip(ms = 500) {
    while (!this.stopped) {
      for (const socket of this.sockets) {
        if (!socket.destroyed && socket.writable) socket.write('a');
      }
      await sleep(ms);
    }
  }

  leave() {
    this.stopped = true;
    for (const socket of this.sockets) socket.destroy();
  }
}
