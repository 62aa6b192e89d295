// SPDX-License-Identifier: Apache-2.0

/**
 * shape      bytes that are not what the protocol says
 * seal       does not open, or is not sealed: somebody changed it, or it is another's
 * handshake  not an answer of the authority that we know
 * key        an X25519 result of zeros
 * passphrase does not open the record
 * network    no answer, or a lost one
 * timeout    no answer in time
 * offline    patience ended before the server could be reached
 * busy       429 or 503 for longer than patience
 * refused    401
 * size       413 or 431
 * clock      our clock is wrong even after a correction
 * revoked    no longer admitted; expired: the same, and our time is over
 * locked     no keys in memory
 * forgotten  the record is gone
 * aborted    by the caller
 * unsupported the browser lacks what is needed
 * usage      the caller's mistake
 * @typedef {'shape' | 'seal' | 'handshake' | 'key' | 'passphrase' | 'network' | 'timeout' | 'offline' |
 *     'busy' | 'refused' | 'size' | 'clock' | 'revoked' | 'expired' | 'locked' | 'forgotten' |
 *     'aborted' | 'unsupported' | 'usage'} ErrorCode
 */

/** Every failure of this folder. Its text is for logs; a screen says `code` in its own words. */
export class SkeymError extends Error {
  /**
   * @param {ErrorCode} code
   * @param {string} [text]
   * @param {{cause?: unknown, maybe?: boolean, status?: number, retryAfterS?: number}} [more]
   */
  constructor(code, text = code, more = {}) {
    super(text, { cause: more.cause });
    this.name = 'SkeymError';
    this.code = code;
    /** The request may have been carried out: nobody knows. */
    this.maybe = more.maybe ?? false;
    /** Of the last answer outside of the seal; 0: none. */
    this.status = more.status ?? 0;
    this.retryAfterS = more.retryAfterS ?? 0;
  }
}

/** @param {unknown} error @param {ErrorCode} code */
export const isCode = (error, code) => error instanceof SkeymError && error.code === code;
