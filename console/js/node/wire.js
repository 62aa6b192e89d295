// SPDX-License-Identifier: Apache-2.0
// What crossed the wire, told to whoever listens: all that an eavesdropper sees, and beside it what it
// meant. Bodies are decoded only when somebody looks.

/** @typedef {import('./types.js').WireClear} WireClear */
/** @typedef {import('./types.js').WireDetail} WireDetail */
/** @typedef {import('./transport.js').WireAnswer} WireAnswer */

const lenient = new TextDecoder();

/** @param {Omit<WireClear, 'body'>} what @param {Uint8Array} bytes @returns {WireClear} */
export function clearOf(what, bytes) {
  return {
    ...what,
    get body() {
      return lenient.decode(bytes);
    },
  };
}

/** @param {string} start @param {Record<string, string | null>} fields */
function headOf(start, fields) {
  const lines = Object.entries(fields).filter(([, value]) => value);
  return [start, ...lines.map(([name, value]) => `${name}: ${value}`), ''].join('\n');
}

/** @param {string} url @param {Record<string, string>} fields @param {Uint8Array} bytes
 * @param {Pick<WireDetail, 'kind' | 'exchange' | 'clear' | 'at'>} more @returns {WireDetail} */
export function requestDetail(url, fields, bytes, more) {
  const head = headOf(`POST ${new URL(url).pathname} HTTP/1.1`, fields);
  return { direction: 'out', method: 'POST', url, head, bytes, ...more };
}

/** @param {string} url @param {WireAnswer} answer
 * @param {Pick<WireDetail, 'kind' | 'exchange' | 'clear' | 'at'>} more @returns {WireDetail} */
export function answerDetail(url, answer, more) {
  const { status, type, next, retryAfterS, body } = answer;
  const fields = {
    'Content-Type': type,
    'SkeyM-Next': next,
    'Retry-After': retryAfterS ? String(retryAfterS) : null,
  };
  const head = headOf(`HTTP/1.1 ${status}`, fields);
  return { direction: 'in', method: 'POST', url, status, head, bytes: body, ...more };
}
