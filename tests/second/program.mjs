// SPDX-License-Identifier: Apache-2.0
// The real program, from $SKEYM, on a folder of its own: what the live tests talk to.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { b64 } from './skeym/base64url.mjs';
import { readCredential } from './skeym/credential.mjs';
import { keyPair } from './skeym/primitives.mjs';

/** The program's path; undefined when the live tests cannot run. */
export const SKEYM = process.env.SKEYM;

/** One authority and data server. `stop` ends it and removes its folder. */
export class Ward {
  #folder = mkdtempSync(join(tmpdir(), 'skeym-second-'));
  #authority = join(this.#folder, 'authority');
  /** @type {import('node:child_process').ChildProcess} */ #server;
  url = '';
  log = '';

  /** Makes the authority and starts to serve. */
  static async start() {
    const ward = new Ward();
    ward.run('init', ward.#authority);
    await ward.serve();
    return ward;
  }

  /** @param {...string} words @returns {string} what it printed */
  run(...words) {
    return execFileSync(/** @type {string} */ (SKEYM), words, { encoding: 'utf8', stdio: 'pipe' });
  }

  /** A command on this authority. @param {...string} words */
  administer(...words) {
    return this.run(...words, '--dir', this.#authority);
  }

  /** @param {...string} settings */
  async serve(...settings) {
    const words = [
      'serve',
      this.#authority,
      '--listen',
      '127.0.0.1:0',
      '--metrics-listen',
      '127.0.0.1:0',
    ];
    const server = spawn(
      /** @type {string} */ (SKEYM),
      [...words, '--ready-fd', '3', ...settings],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      },
    );
    this.#server = server;
    /** @type {import('node:stream').Readable} */ (server.stderr).on(
      'data',
      (text) => (this.log += text),
    );
    const ready = /** @type {import('node:stream').Readable} */ (server.stdio[3]);
    const [line] = await Promise.race([
      once(ready, 'data'),
      once(server, 'exit').then(() => assert.fail(`the server ended at its start: ${this.log}`)),
    ]);
    this.url = `http://127.0.0.1:${String(line).split(' ')[0]}`;
  }

  /** Ends the server in order. */
  async halt() {
    const ended = once(this.#server, 'exit');
    this.#server.kill('SIGTERM');
    const [code] = await ended;
    assert.equal(code, 0, this.log);
  }

  /** Enrols a node that makes its own key pair here; the program only sees the public key.
   * @param {string} node @param {string} role @param {...string} scopes */
  async enrol(node, role, ...scopes) {
    const pair = await keyPair();
    const file = join(this.#folder, `${node}.credential`);
    this.administer(
      'enrol',
      node,
      '--role',
      role,
      ...scopes.flatMap((scope) => ['--scope', scope]),
      '--public-key',
      b64(pair.publicKey),
      '--server',
      this.url,
      '--no-passphrase',
      '-o',
      file,
    );
    return readCredential(readFileSync(file, 'utf8'), pair.privateKey);
  }

  async stop() {
    await this.halt();
    rmSync(this.#folder, { recursive: true });
  }
}
