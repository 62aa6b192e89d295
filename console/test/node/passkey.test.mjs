// SPDX-License-Identifier: Apache-2.0
// Passkeys with a WebAuthn of the tests: what is asked for, and what counts as an answer.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { askPasskey, makePasskey, passkeyPossible } from '../../js/node/passkey.js';
import { random } from '../../js/node/primitives.js';
import { failsAs } from './support.mjs';

const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
afterEach(() => {
  Reflect.deleteProperty(globalThis, 'PublicKeyCredential');
  if (before) Object.defineProperty(globalThis, 'navigator', before);
  else Reflect.deleteProperty(globalThis, 'navigator');
});

/** A browser whose authenticator says this. @param {any} credentials */
function browser(credentials) {
  Object.defineProperty(globalThis, 'PublicKeyCredential', { value: class {}, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: { credentials }, configurable: true });
}
const rawId = random(20).buffer;
const says = (/** @type {any} */ prf) => ({ rawId, getClientExtensionResults: () => ({ prf }) });
const hint = { credentialId: random(20), salt: random(32) };

test('without WebAuthn it is not offered, and refused', async () => {
  assert.equal(passkeyPossible(), false);
  await assert.rejects(askPasskey(hint), failsAs('unsupported'));
  await assert.rejects(makePasskey('Lee'), failsAs('unsupported'));
});

test('a passkey is made, and asked with a salt of its own', async () => {
  const first = random(32);
  /** @type {any} */ let made;
  /** @type {any} */ let asked;
  browser({
    create: async (/** @type {any} */ { publicKey }) => ((made = publicKey), says({ enabled: true })),
    get: async (/** @type {any} */ { publicKey }) => ((asked = publicKey), says({ results: { first: first.buffer } })),
  });
  assert.equal(passkeyPossible(), true);
  const { hint: found, prf } = await makePasskey('Lee');
  assert.deepEqual(prf, first);
  assert.deepEqual(found.credentialId, new Uint8Array(rawId));
  assert.equal(made.user.name, 'Lee');
  assert.equal(made.authenticatorSelection.userVerification, 'required');
  assert.equal(asked.userVerification, 'required');
  assert.deepEqual(asked.allowCredentials, [{ type: 'public-key', id: found.credentialId }]);
  assert.deepEqual(asked.extensions.prf.eval.first, found.salt);
  assert.equal(found.salt.length, 32);
});

for (const [what, credentials] of /** @type {[string, any][]} */ ([
  ['cannot do it', { create: async () => says(undefined), get: async () => says(undefined) }],
  ['says nothing', { create: async () => null, get: async () => null }],
  ['gives too few bytes', {
    create: async () => says({ enabled: false }),
    get: async () => says({ results: { first: random(31).buffer } }),
  }],
  ['is sent away by the user', {
    create: async () => Promise.reject(new DOMException('no', 'NotAllowedError')),
    get: async () => Promise.reject(new DOMException('no', 'NotAllowedError')),
  }],
])) {
  test(`an authenticator that ${what}: refused`, async () => {
    browser(credentials);
    await assert.rejects(askPasskey(hint), failsAs('unsupported'));
    await assert.rejects(makePasskey('Lee'), failsAs('unsupported'));
  });
}
