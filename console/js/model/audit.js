// SPDX-License-Identifier: Apache-2.0
// FHIR AuditEvents and nodes as rows of a table.
import { moment } from './fhir.js';

/**
 * @typedef {object} AuditRow
 * @property {string} id
 * @property {number} timeMs
 * @property {string} what      "login", "refused: used"
 * @property {string} who       a node, or an address
 * @property {string} detail
 * @property {'ok' | 'refused' | 'failed'} outcome
 */

/** @param {any} coding */
const word = (coding) => String(coding?.display ?? coding?.code ?? '');

const REFUSALS = ['refused', 'unreadable', 'dropped'];

/** Our own word for it, of a system "urn:skeym:event" or "urn:skeym:check"; '' when it has none.
 * @param {any} event @param {string} system */
function ours(event, system) {
  const codings = Array.isArray(event.subtype) ? event.subtype : [];
  return String(codings.find((/** @type {any} */ one) => one?.system === system)?.code ?? '');
}

/** @param {any} event */
function whatOf(event) {
  const own = [ours(event, 'urn:skeym:event'), ours(event, 'urn:skeym:check')].filter(Boolean).join(': ');
  const subtypes = Array.isArray(event.subtype) ? event.subtype.map(word).filter(Boolean).join(', ') : '';
  const text = own.replace(/-/g, ' ') || subtypes || word(event.type);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {any} event @returns {AuditRow['outcome']} */
function outcomeOf(event) {
  const code = String(event.outcome ?? '0');
  const own = ours(event, 'urn:skeym:event');
  if (code === '0') return 'ok';
  return REFUSALS.includes(own) || ours(event, 'urn:skeym:check') || (!own && code !== '12') ? 'refused' : 'failed';
}

/** @param {any} event an AuditEvent @returns {AuditRow | undefined} */
export function parseAudit(event) {
  const timeMs = moment(event?.recorded);
  if (event?.resourceType !== 'AuditEvent' || Number.isNaN(timeMs)) return undefined;
  const agents = Array.isArray(event.agent) ? event.agent : [];
  const who = agents.map((/** @type {any} */ agent) =>
    String(agent?.who?.identifier?.value ?? agent?.who?.display ?? agent?.altId ?? agent?.name
      ?? agent?.who?.reference ?? agent?.network?.address ?? '')).filter(Boolean);
  const from = agents.map((/** @type {any} */ agent) => String(agent?.network?.address ?? '')).filter(Boolean);
  const about = Array.isArray(event.entity) ? event.entity.map((/** @type {any} */ one) =>
    String(one?.what?.identifier?.value ?? one?.what?.reference ?? one?.name ?? '')).filter(Boolean) : [];
  const places = from.filter((/** @type {string} */ one) => !who.includes(one));
  const detail = [String(event.outcomeDesc ?? ''), ...about, ...places];
  return {
    id: String(event.id ?? ''),
    timeMs,
    what: whatOf(event),
    who: [...new Set(who)].join(', '),
    detail: detail.filter(Boolean).join(' · '),
    outcome: outcomeOf(event),
  };
}

/**
 * @typedef {object} NodeRow
 * @property {string} id
 * @property {string} role
 * @property {string[]} scopes
 * @property {number} enrolledMs
 * @property {number} notAfterMs
 * @property {number} generation
 * @property {boolean} revoked
 * @property {number} seenMs
 * @property {number} loginMs
 * @property {number} refused
 */

/** @param {any} body of /skeym/v1/nodes @returns {NodeRow[]} */
export function parseNodes(body) {
  const nodes = Array.isArray(body?.nodes) ? body.nodes : [];
  return nodes.map((/** @type {any} */ node) => ({
    id: String(node?.id ?? ''),
    role: String(node?.role ?? ''),
    scopes: Array.isArray(node?.scopes) ? node.scopes.map(String) : [],
    enrolledMs: moment(node?.enrolled),
    notAfterMs: moment(node?.notAfter),
    generation: Number(node?.generation ?? 0),
    revoked: node?.revoked === true,
    seenMs: moment(node?.lastSeen),
    loginMs: moment(node?.lastLogin),
    refused: Number(node?.refused ?? 0),
  })).filter((/** @type {NodeRow} */ node) => node.id);
}
