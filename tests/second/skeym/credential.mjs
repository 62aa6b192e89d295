// SPDX-License-Identifier: Apache-2.0
// The text of the credential file that `skeym enrol` writes. The protocol does not need this form;
// a browser would get the same values from a QR code or a file picker.
import { b64, unb64 } from './base64url.mjs';
import { equal, need, Reader, refuse, toBytes } from './bytes.mjs';
import { keyPair, sha256 } from './primitives.mjs';

/** @typedef {object} Identity what a node holds between logins
 * @property {string} node its id
 * @property {string} server URL
 * @property {string} audience
 * @property {Uint8Array} authority S
 * @property {Uint8Array} locator replaced at each login
 * @property {Uint8Array} credential C_i, SECRET
 * @property {import('./primitives.mjs').KeyPair} pair SECRET */

const LINES = [
  'skeym-credential',
  'node',
  'server',
  'audience',
  'authority',
  'locator',
  'public',
  'lock',
  'secret',
  'check',
];

/** Reads a file that has no passphrase.
 * @param {string} text @param {Uint8Array} [privateKey] when the file holds none
 * @returns {Promise<Identity>} */
export async function readCredential(text, privateKey) {
  const lines = text.split('\n');
  need(lines.length === LINES.length + 1 && lines.at(-1) === '', 'shape', 'not a credential file');
  const values = LINES.map((name, i) =>
    lines[i].startsWith(`${name} `)
      ? lines[i].slice(name.length + 1)
      : refuse('shape', `no line ${name}`),
  );
  const [version, node, server, audience, authority, locator, publicKey, lock, secret, check] =
    values;
  const digest = await sha256(toBytes(`${lines.slice(0, -2).join('\n')}\n`));
  need(equal(unb64(check), digest.slice(0, 8)), 'checksum', 'the file was altered');
  need(
    version === '1' && lock === 'none',
    'shape',
    'only unlocked files of version 1 are read here',
  );

  const reader = new Reader(unb64(secret));
  const [held, credential] = [reader.take(32), reader.take(32)];
  reader.end();
  const pair = await keyPair(held.some((byte) => byte !== 0) ? held : privateKey);
  need(b64(pair.publicKey) === publicKey, 'conflict', 'the private key is not that of this file');
  return {
    node,
    server,
    audience,
    authority: unb64(authority),
    locator: unb64(locator),
    credential,
    pair,
  };
}
