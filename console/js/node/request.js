// SPDX-License-Identifier: Apache-2.0
// A request as the console says it, an answer as the console reads it.
import { utf8 } from './bytes.js';
import { SkeymError } from './errors.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./types.js').NodeAnswer} NodeAnswer */
/** @typedef {import('./types.js').NodeRequest} NodeRequest */

const FHIR_TYPE = 'application/fhir+json';

/** @param {NodeRequest} request @returns {import('./closed.js').Closed} */
export function normalise({ method, target, contentType, body, ifNoneExist, idempotencyKey, prefer }) {
  /** @type {Bytes | undefined} */ let bytes;
  if (typeof body === 'string') bytes = utf8(body);
  else if (body instanceof Uint8Array) bytes = new Uint8Array(body);
  else if (body !== undefined) bytes = utf8(JSON.stringify(body));
  contentType ??= bytes ? FHIR_TYPE : undefined;
  return { method, target, contentType, body: bytes, ifNoneExist, idempotencyKey, prefer };
}

/** Whether it does no harm when it is carried out twice. @param {NodeRequest} request */
export function mayRepeat({ method, ifNoneExist, idempotencyKey }) {
  return method === 'GET' || method === 'HEAD' || !!ifNoneExist || !!idempotencyKey;
}

/** @param {{status: number, type: string, plain: Bytes}} answer @returns {NodeAnswer} */
export function nodeAnswer({ status, type, plain }) {
  const text = () => new TextDecoder().decode(plain);
  return { status, type, bytes: plain, text, json: () => JSON.parse(text()) };
}

/** Gives up waiting when the caller does; the work itself goes on.
 * @template T @param {Promise<T>} work @param {AbortSignal} [signal]
 * @returns {Promise<T>} */
export async function orAborted(work, signal) {
  if (!signal) return work;
  work.catch(() => {});
  /** @type {() => void} */ let stop = () => {};
  const aborted = new Promise((_, reject) => {
    stop = () => reject(new SkeymError('aborted'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([work, /** @type {Promise<never>} */ (aborted)]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
