// SPDX-License-Identifier: Apache-2.0
// The last of what crossed the wire, to be looked at. Few are kept, and each only in part.

/** @typedef {import('../node/types.js').WireDetail} WireDetail */

const KEPT = 12;
const SHOWN = 4_096;

export class WireLog {
  /** @type {WireDetail[]} the newest last */ list = [];
  count = 0;
  bytes = 0;

  /** @param {WireDetail} detail */
  add(detail) {
    this.count++;
    this.bytes += detail.bytes.length;
    this.list.push(detail);
    if (this.list.length > KEPT) this.list.shift();
  }

  clear() {
    this.list = [];
  }

  /** A request and its answer, the newest pair that is whole. @returns {WireDetail[]} */
  get pair() {
    for (let i = this.list.length - 1; i >= 0; i--) {
      const answer = this.list[i];
      if (answer.direction !== 'in') continue;
      const request = this.list.find((one) => one.direction === 'out' && one.exchange === answer.exchange);
      if (request) return [request, answer];
    }
    return this.list.slice(-1);
  }
}

/**
 * Bytes as one sees them who listens: text where it is text, else in hexadecimal.
 * @param {Uint8Array} bytes @param {number} [most] @returns {string}
 */
export function seen(bytes, most = 768) {
  const part = bytes.subarray(0, most);
  const printable = part.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d);
  if (printable) return new TextDecoder().decode(part);
  /** @type {string[]} */ const lines = [];
  for (let at = 0; at < Math.min(part.length, most / 3); at += 16) {
    const row = part.subarray(at, at + 16);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex}  ${text}`);
  }
  return lines.join('\n');
}

/** JSON in lines, cut. @param {string} body */
export function pretty(body, most = SHOWN) {
  try {
    if (body.length < 200_000) return JSON.stringify(JSON.parse(body), shorten, 2).slice(0, most);
  } catch { /* as it is */ }
  return body.slice(0, most);
}

/** @param {string} key @param {unknown} value */
function shorten(key, value) {
  if (key === 'data' && typeof value === 'string' && value.length > 120) return `${value.slice(0, 120)}\u2026`;
  return value;
}
