// SPDX-License-Identifier: Apache-2.0
// Bytes and their texts. Every parser here either returns a value or throws SkeymError 'shape'.
import { SkeymError } from './errors.js';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CODES = Uint8Array.from(ALPHABET, (c) => c.charCodeAt(0));
const NO_VALUE = 0xff;
const MOST = 63;
const VALUES = new Uint8Array(256).fill(NO_VALUE);
CODES.forEach((code, value) => (VALUES[code] = value));

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const asciiDecoder = new TextDecoder('ascii');

/** @param {string} why @returns {never} */
export function refuse(why) {
  throw new SkeymError('shape', why);
}

/** @param {string} text @returns {Bytes} */
export const utf8 = (text) => /** @type {Bytes} */ (encoder.encode(text));

/** @param {Uint8Array} bytes */
export function text(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse('not UTF-8');
  }
}

/** @param {...Uint8Array} parts @returns {Bytes} */
export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A copy that nobody else writes to. @param {Uint8Array} bytes @returns {Bytes} */
export const copy = (bytes) => new Uint8Array(bytes);

/** Overwrites; undefined is fine. @param {...(Uint8Array | undefined | null)} secrets */
export function wipe(...secrets) {
  for (const secret of secrets) secret?.fill(0);
}

/** For public values only: it ends at the first difference. @param {Uint8Array} a @param {Uint8Array} b */
export function same(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// --- numbers, big-endian ------------------------------------------------------

/** @param {number} value @param {number} size @returns {Bytes} */
function number(value, size) {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
    throw new SkeymError('usage', `${value} is no u${8 * size}`);
  }
  const out = new Uint8Array(size);
  for (let i = size - 1, left = value; i >= 0; i--, left = Math.floor(left / 256)) {
    out[i] = left % 256;
  }
  return out;
}
/** @param {number} value */
export const u8 = (value) => number(value, 1);
/** @param {number} value */
export const u16 = (value) => number(value, 2);
/** @param {number} value */
export const u32 = (value) => number(value, 4);
/** @param {number} value */
export const u48 = (value) => number(value, 6);

/** A cursor over bytes from outside. */
export class Reader {
  #bytes;
  #at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  get left() {
    return this.#bytes.length - this.#at;
  }

  /** A copy. @param {number} size @returns {Bytes} */
  take(size) {
    if (size > this.left) refuse('too short');
    this.#at += size;
    return this.#bytes.slice(this.#at - size, this.#at);
  }

  /** @param {number} size */
  #number(size) {
    return this.take(size).reduce((sum, byte) => sum * 256 + byte, 0);
  }
  u8() {
    return this.#number(1);
  }
  u16() {
    return this.#number(2);
  }
  u32() {
    return this.#number(4);
  }
  u48() {
    return this.#number(6);
  }

  end() {
    if (this.left > 0) refuse('bytes after the end');
  }
}

// --- base64url without padding (RFC 4648, 5) -----------------------------------

/** @param {Uint8Array} bytes @returns {string} */
export function b64(bytes) {
  const out = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  const whole = bytes.length - (bytes.length % 3);
  let at = 0;
  for (let i = 0; i < whole; i += 3) {
    const held = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2];
    out[at++] = CODES[held >> 18];
    out[at++] = CODES[(held >> 12) & 63];
    out[at++] = CODES[(held >> 6) & 63];
    out[at++] = CODES[held & 63];
  }
  if (whole < bytes.length) {
    const held = (bytes[whole] << 16) | ((bytes[whole + 1] ?? 0) << 8);
    for (let shift = 18; at < out.length; shift -= 6) out[at++] = CODES[(held >> shift) & 63];
  }
  return asciiDecoder.decode(out);
}

/** How many bytes a text of so many characters holds. @param {number} chars */
export const b64Size = (chars) => Math.floor((chars * 3) / 4);

/**
 * Reads the characters chars[from..to) to out[at..]: big answers are decoded in one go into one
 * buffer. Refuses padding, other alphabets, left-over bits that are not zero, an impossible length.
 * @param {Uint8Array} out @param {number} at @param {Uint8Array} chars @param {number} from
 * @param {number} to @returns {number} bytes written
 */
export function unb64Into(out, at, chars, from, to) {
  const rest = (to - from) % 4;
  if (rest === 1) refuse('no base64url: length');
  const start = at;
  const whole = to - rest;
  let seen = 0; // the values of all characters, one over the other: one that is none shows
  for (let i = from; i < whole; i += 4) {
    const [a, b] = [VALUES[chars[i]], VALUES[chars[i + 1]]];
    const [c, d] = [VALUES[chars[i + 2]], VALUES[chars[i + 3]]];
    seen |= a | b | c | d;
    out[at++] = (a << 2) | (b >> 4);
    out[at++] = (b << 4) | (c >> 2);
    out[at++] = (c << 6) | d;
  }
  let left = 0;
  if (rest > 0) {
    const [a, b] = [VALUES[chars[whole]], VALUES[chars[whole + 1]]];
    const c = rest === 3 ? VALUES[chars[whole + 2]] : 0;
    seen |= a | b | c;
    out[at++] = (a << 2) | (b >> 4);
    left = rest === 3 ? c & 3 : b & 15;
    if (rest === 3) out[at++] = (b << 4) | (c >> 2);
  }
  if (seen > MOST) refuse('no base64url: character');
  if (left !== 0) refuse('no base64url: left-over bits');
  return at - start;
}

/** @param {string} chars @returns {Bytes} */
export function unb64(chars) {
  const codes = new Uint8Array(chars.length);
  for (let i = 0; i < chars.length; i++) {
    const code = chars.charCodeAt(i);
    codes[i] = code < 128 ? code : 0; // 0 has no value, so it is refused
  }
  const out = new Uint8Array(b64Size(chars.length));
  unb64Into(out, 0, codes, 0, codes.length);
  return out;
}
