// SPDX-License-Identifier: Apache-2.0
/*
 * The browser as a full SkeyM node (docs/PROTOCOL.md): what the console builds on. No DOM in here,
 * no dependency; WebCrypto does the arithmetic.
 *
 *   const store = await openStore();
 *   const credential = (await store.list()).length
 *     ? await store.unlock({ passphrase })
 *     : await enrolByInvitation({ origin: location.origin, code, passphrase }, store);
 *   const session = new Session({ credential });
 *   session.addEventListener('state', (event) => show(event.detail));
 *   await session.login();
 *   const answer = await session.request({ method: 'GET', target: '/fhir/Patient' });
 */
export { SkeymError, isCode } from './errors.js';
export { enrolByInvitation, parseInvitation } from './enrol.js';
export { Lock } from './lock.js';
export { askPasskey, makePasskey, passkeyPossible } from './passkey.js';
export { Session } from './session.js';
export { PASSPHRASE_LEAST, Store, memoryStore, openStore } from './store.js';

/** @typedef {import('./types.js').Credential} Credential */
/** @typedef {import('./types.js').Invitation} Invitation */
/** @typedef {import('./types.js').NodeAnswer} NodeAnswer */
/** @typedef {import('./types.js').NodeRequest} NodeRequest */
/** @typedef {import('./types.js').Opener} Opener */
/** @typedef {import('./types.js').SessionState} SessionState */
/** @typedef {import('./types.js').StateDetail} StateDetail */
/** @typedef {import('./types.js').StoreEntry} StoreEntry */
/** @typedef {import('./types.js').TokensDetail} TokensDetail */
/** @typedef {import('./types.js').WireDetail} WireDetail */
