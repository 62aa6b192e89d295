// SPDX-License-Identifier: Apache-2.0
// Small things with text.
export const b64url = (text) => Buffer.from(text, 'base64url');

/** Pieces of a text that are long enough not to be found by chance. */
export const pieces = (text, size = 24, most = 40) => {
  const out = [];
  const stride = Math.max(size, Math.floor(text.length / most));
  for (let at = 0; at + size <= text.length; at += stride) out.push(text.slice(at, at + size));
  return out;
};
