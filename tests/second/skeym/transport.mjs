// SPDX-License-Identifier: Apache-2.0
// How bytes travel. Everything else in this folder only knows the type `Transport`.

/** @typedef {object} Wire
 * @property {string} method @property {string} target
 * @property {Record<string, string>} headers @property {Uint8Array} [body] */
/** @typedef {object} WireAnswer
 * @property {number} status
 * @property {(name: string) => string | null} header null when there is none
 * @property {Uint8Array} body */
/** @typedef {(server: string, request: Wire) => Promise<WireAnswer>} Transport */

/** Over fetch, in a browser or in Node. @type {Transport} */
export async function fetchTransport(server, { method, target, headers, body }) {
  const answer = await fetch(new URL(target, server), {
    method,
    headers,
    body,
    redirect: 'error',
    cache: 'no-store',
    credentials: 'omit',
  });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, header: (name) => answer.headers.get(name), body: bytes };
}

/** The target as fetch will send it (it escapes some characters), because the proof covers it.
 * @param {string} server @param {string} target @returns {string} */
export function sentTarget(server, target) {
  const { pathname, search } = new URL(target, server);
  return pathname + search;
}
