// SPDX-License-Identifier: Apache-2.0
// The shapes that this folder's modules exchange with each other and with the console. Types only.

/** @typedef {import('./bytes.js').Bytes} Bytes */

/**
 * What a node is, while it is unlocked. `locator` and `secret` (C_i) move with each login.
 * @typedef {object} Credential
 * @property {string} id            of the record in the store; a random name
 * @property {string} origin        the server's, e.g. "https://ward.example:8443"
 * @property {string} audience      the data server's name
 * @property {Bytes} identity   S, the authority's public key
 * @property {CryptoKey} privateKey               X25519; not extractable
 * @property {Bytes} publicKey
 * @property {Bytes} locator
 * @property {Bytes} secret     C_i; SECRET
 * @property {Bytes} [claims]       what the node was enrolled as, in bytes
 * @property {string} [node]        its id: these are in the claims and known after an enrolment here
 * @property {string} [role]
 * @property {string[]} [scopes]
 * @property {number} [notAfter]    ms since 1970
 * @property {Keeper} [keeper]      where it is kept, if anywhere
 */

/**
 * Keeps a credential's moving parts between logins, and between tabs.
 * @typedef {object} Keeper
 * @property {<T>(work: () => Promise<T>) => Promise<T>} exclusively  one tab at a time
 * @property {(credential: Credential) => Promise<void>} refresh      takes what another tab may have
 *     kept since. Throws SkeymError 'forgotten' when the record is gone, 'locked' after lock()
 * @property {(credential: Credential) => Promise<void>} save   as it is at the moment of the call
 * @property {() => void} lock       drops what opens the record
 */

/**
 * What opens a record: one of the two. The PRF's output is of 32 bytes.
 * @typedef {{passphrase: string, prf?: undefined} | {prf: Bytes, passphrase?: undefined,
 *     passkey?: PasskeyHint}} Opener
 */

/**
 * What a passkey is asked for again with. Not secret.
 * @typedef {object} PasskeyHint
 * @property {Bytes} credentialId
 * @property {Bytes} salt
 */

/**
 * What can be said of a record without opening it.
 * @typedef {object} StoreEntry
 * @property {string} id
 * @property {'passphrase' | 'passkey'} protection
 * @property {number} createdAt      ms since 1970
 * @property {PasskeyHint} [passkey]
 */

/**
 * @typedef {object} Invitation
 * @property {Bytes} identity     S
 * @property {Bytes} secret       16 bytes; SECRET, never sent
 * @property {string} audience
 * @property {Bytes} invitation   what is sent; sealed by the authority
 */

/**
 * A request to the FHIR server or to /skeym/v1/*. It is carried closed (docs/PROTOCOL.md, 8.2).
 * @typedef {object} NodeRequest
 * @property {string} method
 * @property {string} target           path and query, e.g. "/fhir/Patient?_count=50"
 * @property {string} [contentType]
 * @property {string | Uint8Array | object} [body]   an object goes as JSON (application/fhir+json
 *     unless contentType says otherwise)
 * @property {string} [ifNoneExist]
 * @property {string} [idempotencyKey]  1 to 64 of A-Z a-z 0-9 . _ -
 * @property {string} [prefer]
 * @property {AbortSignal} [signal]     gives up waiting; what was sent stays sent
 * @property {number} [patienceMs]      how long it may wait for a lane, the network, a busy server
 */

/**
 * An answer that the server sealed, whatever its status.
 * @typedef {object} NodeAnswer
 * @property {number} status
 * @property {string} type
 * @property {Bytes} bytes
 * @property {() => string} text
 * @property {() => any} json
 */

/**
 * 'locked'            no keys in memory; make a new Session after the store was unlocked
 * 'idle'              before the first login
 * 'connecting'        logging in; nothing was wrong yet, or a first answer was lost
 * 'live'
 * 'offline'           the server cannot be reached; it is tried again and again
 * 'server-restarted'  for the moment between finding that out and 'live', which follows at once
 * 'revoked'           the authority no longer admits us; login() tries again, nothing else does
 * 'expired'           the same, and our time is known to be over
 * 'clock'             the server calls our clock wrong even after it was corrected
 * @typedef {'locked' | 'idle' | 'connecting' | 'live' | 'offline' | 'server-restarted' | 'revoked' |
 *     'expired' | 'clock'} SessionState
 */

/**
 * Why: '' (nothing to say), 'network', 'no-network' (the browser says so), 'tokens-refused',
 * 'server-restarted' (with 'live'), 'slept', 'busy', 'impostor' (an answer that the authority did
 * not make), 'unsupported' (the browser lacks X25519), 'refused', 'clock', 'user', 'forgotten' (the record was deleted in another tab).
 * @typedef {object} StateDetail
 * @property {SessionState} state
 * @property {string} reason
 * @property {SessionState} before
 * @property {number} at             ms since 1970
 * @property {number} [retryAt]      when the next try is due; ms since 1970
 */

/**
 * One request or answer as it crosses the wire, next to what it means. `head` and `bytes` are all
 * that somebody sees who has broken TLS.
 * @typedef {object} WireDetail
 * @property {'out' | 'in'} direction
 * @property {string} method
 * @property {string} url
 * @property {number} [status]       of an answer
 * @property {string} head           start line and the fields that SkeyM sets, lines end in "\n"
 * @property {Uint8Array} bytes      the body
 * @property {'login' | 'exchange'} kind
 * @property {number} exchange       the same number for a request and its answer
 * @property {WireClear | null} clear  null for a login, and for an answer that did not open
 * @property {number} at             ms since 1970
 */

/**
 * @typedef {object} WireClear
 * @property {string} [method]
 * @property {string} [target]
 * @property {number} [status]
 * @property {string} type
 * @property {string} body           decoded when it is looked at
 */

/**
 * @typedef {object} TokensDetail
 * @property {number} spent          in this session
 * @property {number} left           live ones at hand
 * @property {{lane: number, expiresAt: number, sequence: number}[]} lanes   expiresAt: ms since 1970
 * @property {number} loginAt        ms since 1970; 0 before the first login
 * @property {number} deadline       when the chain ends; ms since 1970
 * @property {number} logins
 * @property {number} refused        tokens that the server, or somebody in between, did not take
 * @property {number} lost           lanes that ended without an answer
 * @property {number} clockOffsetMs  the server's clock minus ours, as of the last login
 */

export {};
