// SPDX-License-Identifier: Apache-2.0
// Bytes: the one error type, joining, and the strict reader and writer of PROTOCOL.md's numbers.

/** What the protocol does not spell is refused with this. `code` is one short word for programs. */
export class SkeymError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(`${code}: ${message}`);
    this.name = 'SkeymError';
    this.code = code;
  }
}

/** @param {string} code @param {string} message @returns {never} */
export function refuse(code, message) {
  throw new SkeymError(code, message);
}

/** @param {unknown} condition @param {string} code @param {string} message
 * @returns {asserts condition} */
export function need(condition, code, message) {
  if (!condition) refuse(code, message);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of a text (UTF-8, of which ASCII is the part the protocol's own words use).
 * @param {string} text @returns {Uint8Array} */
export function toBytes(text) {
  return new TextEncoder().encode(text);
}

/** The text of bytes; refuses what is not UTF-8. @param {Uint8Array} bytes @returns {string} */
export function toText(bytes) {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return refuse('charset', 'not UTF-8');
  }
}

/** `a || b || ...`; texts stand for their bytes.
 * @param {...(Uint8Array | string)} parts @returns {Uint8Array} */
export function concat(...parts) {
  const all = parts.map((part) => (typeof part === 'string' ? toBytes(part) : part));
  const out = new Uint8Array(all.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Equal, in a time that depends on the size alone. @param {Uint8Array} a @param {Uint8Array} b */
export function equal(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** A big-endian number of `size` bytes.
 * @param {number} value @param {number} size 1 to 6 @returns {Uint8Array} */
function number(value, size) {
  need(
    Number.isSafeInteger(value) && value >= 0 && value < 256 ** size,
    'range',
    `${value} is no u${8 * size}`,
  );
  const out = new Uint8Array(size);
  for (let i = size - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256))
    out[i] = rest % 256;
  return out;
}

export const u8 = (/** @type {number} */ value) => number(value, 1);
export const u16 = (/** @type {number} */ value) => number(value, 2);
export const u32 = (/** @type {number} */ value) => number(value, 4);
export const u48 = (/** @type {number} */ value) => number(value, 6);

/** `u8 size || text` @param {string} text @returns {Uint8Array} */
export function sized8(text) {
  const bytes = toBytes(text);
  return concat(u8(bytes.length), bytes);
}

/** `u16 size || bytes` @param {Uint8Array} bytes @returns {Uint8Array} */
export function sized16(bytes) {
  return concat(u16(bytes.length), bytes);
}

/** Appends zeros up to the next multiple of 16 (§5).
 * @param {Uint8Array} bytes @returns {Uint8Array} */
export function pad16(bytes) {
  return concat(bytes, new Uint8Array(-bytes.length & 15));
}

/** Reads a message from its start to its end; anything short or left over is refused. */
export class Reader {
  #bytes;
  #at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** @param {number} size @returns {Uint8Array} a copy */
  take(size) {
    need(size <= this.#bytes.length - this.#at, 'size', 'the message is too short');
    return this.#bytes.slice(this.#at, (this.#at += size));
  }

  /** @param {number} size */
  #number(size) {
    return this.take(size).reduce((value, byte) => value * 256 + byte, 0);
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

  /** `u8 size || text` @returns {string} */
  text8() {
    return toText(this.take(this.u8()));
  }

  /** `u16 size || bytes` @returns {Uint8Array} */
  bytes16() {
    return this.take(this.u16());
  }

  /** What has not been read yet. */
  rest() {
    return this.take(this.#bytes.length - this.#at);
  }

  /** Nothing may follow. */
  end() {
    need(this.#at === this.#bytes.length, 'size', 'the message goes on after its end');
  }

  /** Only the zeros of pad16 may follow, and no more of them than needed. */
  endOfPadding() {
    const zeros = this.#bytes.length - this.#at;
    need(
      this.#bytes.length % 16 === 0 && zeros < 16,
      'padding',
      'not padded to the next multiple of 16',
    );
    need(
      this.take(zeros).every((byte) => byte === 0),
      'padding',
      'padding that is not zero',
    );
  }
}
