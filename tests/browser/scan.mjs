// SPDX-License-Identifier: Apache-2.0
// Looks for secrets in what was heard on a wire: as they are, and in every dress that an eavesdropper
// would think of (base64, base64url, hex, UTF-16, percent, JSON escapes, gzip, deflate, chunks).
import { inflateRawSync, inflateSync } from 'node:zlib';

const DEPTH = 3;

const escaped = (text) =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

/** The dresses of a secret that are found without undressing the wire. */
export function dresses(secret) {
  const bytes = Buffer.from(secret);
  const list = [bytes, Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('hex').toUpperCase())];
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) {
    list.push(Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16());
    list.push(Buffer.from(encodeURIComponent(text)), Buffer.from(escaped(text)));
    list.push(Buffer.from(text.split('').reverse().join('')));
  }
  for (let shift = 0; shift < 3; shift++) { /* base64, wherever it begins within three bytes */
    const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
    const whole = padded.toString('base64').replace(/=+$/, '');
    const first = shift === 0 ? 0 : shift + 1;
    const last = padded.length % 3 === 0 ? whole.length : whole.length - 1;
    const core = whole.slice(first, last);
    if (core.length < 8) continue;
    list.push(Buffer.from(core), Buffer.from(core.replace(/\+/g, '-').replace(/\//g, '_')));
  }
  return list.filter((dress) => dress.length >= 6);
}

/** Past a gzip header: its name, if it has one, ends with a NUL. */
const packed = (bytes) => bytes.subarray(bytes[3] & 8 ? bytes.indexOf(0, 10) + 1 : 10);
const gunzip = (bytes, options) => inflateRawSync(packed(bytes), options);

function undressed(bytes) {
  const text = bytes.toString('latin1');
  const out = [];
  const chunks = text.replace(/\r\n[0-9a-fA-F]{1,8}\r\n/g, '');
  if (chunks.length !== text.length) out.push(Buffer.from(chunks, 'latin1'));
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)) {
    for (let shift = 0; shift < 4; shift++) out.push(Buffer.from(run.slice(shift), 'base64'));
  }
  for (const [run] of text.matchAll(/[0-9a-fA-F]{16,}/g)) {
    out.push(Buffer.from(run, 'hex'), Buffer.from(run.slice(1), 'hex'));
  }
  if (/%[0-9a-fA-F]{2}/.test(text)) {
    out.push(Buffer.from(text.replace(/%([0-9a-fA-F]{2})/g, (_, hex) =>
      String.fromCharCode(parseInt(hex, 16))), 'latin1'));
  }
  for (let at = 0; at + 2 < bytes.length; at++) {
    const pair = bytes.readUInt16BE(at);
    const unpack = pair === 0x1f8b ? gunzip : pair === 0x7801 || pair === 0x789c || pair === 0x78da
      ? inflateSync : undefined;
    if (!unpack) continue;
    try {
      out.push(unpack(bytes.subarray(at), { finishFlush: 2 /* what there is */ }));
    } catch { /* it only looked like it */ }
  }
  const body = bytes.indexOf('\r\n\r\n');
  if (body >= 0) {
    try {
      out.push(inflateRawSync(bytes.subarray(body + 4), { finishFlush: 2 }));
    } catch { /* no */ }
  }
  return out.filter((found) => found.length >= 6);
}

/** Finds any of many needles in one pass: by their first four bytes. Calls back with each that is
 * there. */
function finder(needles) {
  const pairs = new Uint8Array(1 << 16);
  const heads = new Map();
  for (const needle of needles) {
    const { dress } = needle;
    pairs[dress[0] | (dress[1] << 8)] = 1;
    const head = dress.readUInt32LE(0);
    heads.set(head, [...(heads.get(head) ?? []), needle]);
  }
  return (bytes, found) => {
    for (let at = 0; at + 6 <= bytes.length; at++) {
      if (!pairs[bytes[at] | (bytes[at + 1] << 8)]) continue;
      for (const needle of heads.get(bytes.readUInt32LE(at)) ?? []) {
        const { dress } = needle;
        if (bytes.compare(dress, 0, dress.length, at, Math.min(at + dress.length, bytes.length)) === 0) {
          found(needle, at);
        }
      }
    }
  };
}

/** Which secrets ({what, secret}) are readable in the buffers: {what, dress, near}. */
export function scan(buffers, secrets) {
  const find = finder(secrets.flatMap(({ what, secret }) =>
    dresses(secret).map((dress, kind) => ({ what, dress, kind }))));
  const found = new Map();
  const look = (bytes, depth) => {
    find(bytes, ({ what, dress, kind }, at) => {
      if (found.has(what)) return;
      const near = bytes.subarray(Math.max(0, at - 40), at + dress.length + 40).toString('latin1');
      found.set(what, { what, kind, depth, near: near.replace(/[^ -~]/g, '.') });
    });
    if (depth < DEPTH) for (const inner of undressed(bytes)) look(inner, depth + 1);
  };
  for (const bytes of buffers) look(bytes, 0);
  return [...found.values()];
}
