// SPDX-License-Identifier: Apache-2.0
// One POST and its answer, over fetch. Nothing of the browser's own (cookies, cache, referrer,
// redirects) takes part.
import { SkeymError } from './errors.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */

export const ANSWER_MOST = 64 * 1024 * 1024;
const RETRY_AFTER_MOST_S = 3600;

/**
 * @typedef {object} WireRequest
 * @property {string} url
 * @property {Record<string, string>} fields
 * @property {Bytes} body
 * @property {number} timeoutMs
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {object} WireAnswer
 * @property {number} status
 * @property {string} type          content type; '' when there is none
 * @property {string | null} next   SkeyM-Next
 * @property {number} retryAfterS   0: none
 * @property {Bytes} body
 */

/** @param {string | null} value */
function retryAfter(value) {
  return value && /^[0-9]{1,9}$/.test(value) ? Math.min(Number(value), RETRY_AFTER_MOST_S) : 0;
}

/** The whole body, and never more than there may be. @param {Response} response @returns {Promise<Bytes>} */
async function readBody(response) {
  if (!response.body) return new Uint8Array(0);
  const parts = [];
  let size = 0;
  const reader = response.body.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    size += step.value.length;
    if (size > ANSWER_MOST) {
      reader.cancel().catch(() => {});
      throw new SkeymError('size', 'an answer without end');
    }
    parts.push(step.value);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Errors: 'network', 'timeout', 'size', 'locked' (the signal). After any of them nobody knows whether
 * the request arrived: fetch does not tell.
 * @param {typeof fetch} fetch @param {WireRequest} request @returns {Promise<WireAnswer>} */
export async function post(fetch, { url, fields, body, timeoutMs, signal }) {
  const ender = new AbortController();
  const timer = setTimeout(() => ender.abort('timeout'), timeoutMs);
  const stop = () => ender.abort('locked');
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: fields,
      body,
      signal: ender.signal,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    });
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      next: response.headers.get('skeym-next'),
      retryAfterS: retryAfter(response.headers.get('retry-after')),
      body: await readBody(response),
    };
  } catch (cause) {
    if (cause instanceof SkeymError) throw cause;
    const code = ender.signal.aborted ? ender.signal.reason : 'network';
    throw new SkeymError(code === 'timeout' || code === 'locked' ? code : 'network', 'no answer', {
      cause,
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** What an answer outside of the seal says. Nobody signed it. @param {WireAnswer} answer
 * @param {import('./errors.js').ErrorCode} otherwise */
export function refusal({ status, retryAfterS }, otherwise) {
  /** @type {Record<number, import('./errors.js').ErrorCode>} */
  const table = { 401: 'refused', 413: 'size', 431: 'size', 429: 'busy', 503: 'busy' };
  const code = table[status] ?? (status >= 500 ? 'network' : otherwise);
  return new SkeymError(code, `answered with ${status}`, { status, retryAfterS });
}

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 15_000;

/** How long to wait after so many failures: half of it fixed, half by chance, so that a ward full of
 * screens does not come back in one moment. @param {number} failures from 1 */
export function backoff(failures) {
  const whole = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1));
  return whole / 2 + (Math.random() * whole) / 2;
}
