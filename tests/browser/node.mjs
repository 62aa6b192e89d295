// SPDX-License-Identifier: Apache-2.0
// The console's node without the console: its modules in a page of the same origin that does nothing.
import { b64url } from './text.mjs';

const BARE = '/console/js/node/types.js'; /* shown as text: no script of the page runs */

/** Opens the bare page and puts the modules into it, as globalThis.skeymNode. */
export async function bare(ward, context) {
  const view = await ward.view(context, `${ward.wire.url}${BARE}`);
  await view.run(async () => {
    globalThis.skeymNode = await import('/console/js/node/index.js');
  });
  return view;
}

/** Takes an invitation, in the page; what the node is. */
export const enrol = (view, link, passphrase) =>
  view.run(async (code, words) => {
    const { openStore, enrolByInvitation } = globalThis.skeymNode;
    const store = await openStore();
    const credential = await enrolByInvitation(
      { origin: location.origin, code, passphrase: words }, store);
    Object.assign(globalThis, { store, credential });
    return { node: credential.node, role: credential.role, scopes: credential.scopes };
  }, link.split('invite=')[1], passphrase);

/** Opens what is kept and logs in: 'live', or the error's code. */
export const enter = (view, passphrase) =>
  view.run(async (words) => {
    const { openStore, Session } = globalThis.skeymNode;
    try {
      globalThis.store = await openStore();
      globalThis.credential = await globalThis.store.unlock({ passphrase: words });
      globalThis.session = new Session({ credential: globalThis.credential });
      await globalThis.session.login();
      return globalThis.session.state;
    } catch (error) {
      return error.code ?? String(error);
    }
  }, passphrase);

export const request = (view, target) =>
  view.run(async (wanted) => {
    const answer = await globalThis.session.request({ method: 'GET', target: wanted });
    return { status: answer.status, text: answer.text() };
  }, target);

/** The secrets of the node now, as base64url. */
export const secretsOf = (view) =>
  view.run(() => {
    const text = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-')
      .replace(/\//g, '_').replace(/=+$/, '');
    const { secret, locator } = globalThis.credential;
    return { secret: text(secret), locator: text(locator) };
  }).then(({ secret, locator }) => ({ secret: b64url(secret), locator: b64url(locator) }));
