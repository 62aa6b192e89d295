// SPDX-License-Identifier: Apache-2.0
// What a locator says of a node (PROTOCOL.md §5) and what a token says of a session (§7).
import { concat, need, pad16, Reader, sized8, u32, u48, u8 } from './bytes.mjs';
import { decodeScopes, encodeScopes, nodeId } from './scopes.mjs';

/** @typedef {import('./scopes.mjs').Scope} Scope */
/** @typedef {object} NodeClaims
 * @property {Uint8Array} publicKey X25519, 32 bytes
 * @property {number} generation from 1; revocation names it
 * @property {number} notAfter in s
 * @property {string} role one of ROLES
 * @property {string} node the node id
 * @property {Scope[]} scopes */
/** @typedef {object} TokenClaims
 * @property {Uint8Array} secret S_n, 32 bytes
 * @property {number} issued in ms
 * @property {number} lifetime in s, 1 to 59
 * @property {number} loginTime in s
 * @property {number} loginDeadline in s
 * @property {number} lane 0 to 15
 * @property {number} sequence
 * @property {number} flags 0
 * @property {number} instance
 * @property {number} generation
 * @property {string} role
 * @property {string} node
 * @property {Scope[]} scopes */

export const ROLES = ['', 'doctor', 'nurse', 'device', 'auditor', 'service'];

/** @param {{ role: string, node: string, scopes: Scope[] }} claims */
function encodeWho({ role, node, scopes }) {
  const number = ROLES.indexOf(role);
  need(number > 0, 'role', `no role: ${role}`);
  return concat(u8(number), sized8(nodeId(node)), encodeScopes(scopes));
}

/** @param {Reader} reader */
function decodeWho(reader) {
  const role = ROLES[reader.u8()];
  need(role, 'role', 'no role of this version');
  return { role, node: nodeId(reader.text8()), scopes: decodeScopes(reader) };
}

/** @param {NodeClaims} claims @returns {NodeClaims} */
function checkedNode(claims) {
  need(claims.publicKey.length === 32, 'size', 'a public key has 32 bytes');
  need(
    claims.generation >= 1 && claims.notAfter >= 1,
    'range',
    'generation and not-after start at 1',
  );
  return claims;
}

/** @param {NodeClaims} claims @returns {Uint8Array} */
export function encodeNodeClaims(claims) {
  checkedNode(claims);
  return pad16(
    concat(claims.publicKey, u32(claims.generation), u32(claims.notAfter), encodeWho(claims)),
  );
}

/** @param {Uint8Array} bytes @returns {NodeClaims} */
export function decodeNodeClaims(bytes) {
  const reader = new Reader(bytes);
  const claims = {
    publicKey: reader.take(32),
    generation: reader.u32(),
    notAfter: reader.u32(),
    ...decodeWho(reader),
  };
  reader.endOfPadding();
  return checkedNode(claims);
}

/** What an invitation says of the node to be (§5.1): all but its key, and its own end.
 * @typedef {Omit<NodeClaims, 'publicKey'> & { expires: number }} InvitationClaims in s */

/** @param {InvitationClaims} claims @returns {InvitationClaims} */
function checkedInvitation(claims) {
  need(
    claims.expires >= 1 && claims.generation >= 1 && claims.notAfter >= 1,
    'range',
    'expires, generation and not-after start at 1',
  );
  return claims;
}

/** @param {InvitationClaims} claims @returns {Uint8Array} */
export function encodeInvitationClaims(claims) {
  const { expires, generation, notAfter } = checkedInvitation(claims);
  return pad16(concat(u32(expires), u32(generation), u32(notAfter), encodeWho(claims)));
}

/** @param {Uint8Array} bytes @returns {InvitationClaims} */
export function decodeInvitationClaims(bytes) {
  const reader = new Reader(bytes);
  const claims = {
    expires: reader.u32(),
    generation: reader.u32(),
    notAfter: reader.u32(),
    ...decodeWho(reader),
  };
  reader.endOfPadding();
  return checkedInvitation(claims);
}

/** @param {TokenClaims} claims @returns {TokenClaims} */
function checkedToken(claims) {
  need(claims.secret.length === 32, 'size', 'a session secret has 32 bytes');
  need(claims.lifetime >= 1 && claims.lifetime <= 59, 'range', 'a token lives 1 to 59 s');
  need(claims.lane <= 15, 'range', 'lanes are 0 to 15');
  need(claims.flags === 0, 'range', 'no flags in this version');
  need(claims.generation >= 1, 'range', 'generations start at 1');
  return claims;
}

/** @param {TokenClaims} claims @returns {Uint8Array} */
export function encodeTokenClaims(claims) {
  checkedToken(claims);
  return pad16(
    concat(
      claims.secret,
      u48(claims.issued),
      u8(claims.lifetime),
      u32(claims.loginTime),
      u32(claims.loginDeadline),
      u8(claims.lane),
      u32(claims.sequence),
      u8(claims.flags),
      u32(claims.instance),
      u32(claims.generation),
      encodeWho(claims),
    ),
  );
}

/** @param {Uint8Array} bytes @returns {TokenClaims} */
export function decodeTokenClaims(bytes) {
  const reader = new Reader(bytes);
  const claims = {
    secret: reader.take(32),
    issued: reader.u48(),
    lifetime: reader.u8(),
    loginTime: reader.u32(),
    loginDeadline: reader.u32(),
    lane: reader.u8(),
    sequence: reader.u32(),
    flags: reader.u8(),
    instance: reader.u32(),
    generation: reader.u32(),
    ...decodeWho(reader),
  };
  reader.endOfPadding();
  return checkedToken(claims);
}
