// SPDX-License-Identifier: Apache-2.0
// The real program, from $SKEYM, on a folder of its own.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { b64, unb64 } from '../../js/node/bytes.js';
import { keyPair } from '../../js/node/primitives.js';

/** The program's path; undefined when the live tests cannot run. */
export const SKEYM = process.env.SKEYM;

export class Ward {
  #folder = mkdtempSync(join(tmpdir(), 'skeym-console-'));
  #authority = join(this.#folder, 'authority');
  /** @type {import('node:child_process').ChildProcess | undefined} */ #server;
  #port = 0;
  log = '';

  static async start() {
    const ward = new Ward();
    ward.run('init', ward.#authority);
    await ward.serve();
    return ward;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** @param {...string} words @returns {string} what it printed */
  run(...words) {
    return execFileSync(/** @type {string} */ (SKEYM), words, { encoding: 'utf8', stdio: 'pipe' });
  }

  /** A command on this authority. @param {...string} words */
  administer(...words) {
    return this.run(...words, '--dir', this.#authority);
  }

  /** On the port that it had, if it had one. @param {...string} settings */
  async serve(...settings) {
    const listen = ['--listen', `127.0.0.1:${this.#port}`, '--metrics-listen', '127.0.0.1:0'];
    const words = ['serve', this.#authority, ...listen, '--ready-fd', '3', ...settings];
    const server = spawn(/** @type {string} */ (SKEYM), words, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    this.#server = server;
    server.stderr?.on('data', (text) => (this.log += text));
    const ready = /** @type {import('node:stream').Readable} */ (server.stdio[3]);
    const [line] = await Promise.race([
      once(ready, 'data'),
      once(server, 'exit').then(() => assert.fail(`the server ended at its start: ${this.log}`)),
    ]);
    this.#port = Number(String(line).split(' ')[0]);
  }

  /** Ends the server in order. */
  async halt() {
    const server = /** @type {import('node:child_process').ChildProcess} */ (this.#server);
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    const [code] = await ended;
    assert.equal(code, 0, this.log);
  }

  async stop() {
    await this.halt();
    rmSync(this.#folder, { recursive: true });
  }

  /** Enrols a node whose pair is made here, and reads its credential from the file.
   * @param {string} node @param {string} role @param {...string} scopes
   * @returns {Promise<import('../../js/node/types.js').Credential>} */
  async enrol(node, role, ...scopes) {
    const pair = await keyPair();
    const file = join(this.#folder, `${node}.credential`);
    const words = scopes.flatMap((scope) => ['--scope', scope]);
    this.administer(
      'enrol', node, '--role', role, ...words, '-o', file, '--no-passphrase',
      '--public-key', b64(pair.publicKey),
    );
    const lines = readFileSync(file, 'utf8').split('\n').map((line) => line.split(' '));
    /** @param {string} name */
    const value = (name) => /** @type {string[]} */ (lines.find(([word]) => word === name)).at(-1) ?? '';
    assert.equal(value('lock'), 'none');
    return {
      id: node,
      origin: this.url,
      audience: value('audience'),
      identity: unb64(value('authority')),
      locator: unb64(value('locator')),
      secret: unb64(value('secret')).slice(32), // the first half is the place of the private key
      ...pair,
    };
  }
}
