// SPDX-License-Identifier: Apache-2.0
// Node claims (docs/PROTOCOL.md, 3.2 and 5): what a node was enrolled as. Read only.
import { Reader, refuse, text } from './bytes.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */

const ROLES = ['', 'doctor', 'nurse', 'device', 'auditor', 'service'];
const CONTEXTS = ['', 'patient', 'user', 'system'];
const TYPES = [
  '*', 'Patient', 'Observation', 'Device', 'DeviceMetric', 'Encounter', 'Condition', 'Flag',
  'Communication', 'AuditEvent', 'Consent', 'MedicationRequest', 'DiagnosticReport', 'Practitioner',
  'Location',
];
const ACTIONS = 'cruds';
const SCOPES_MOST = 8;
const BLOCK = 16;
const NODE_ID = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,31}$/;
const PATIENT_ID = /^[A-Za-z0-9.-]{1,64}$/;

/**
 * @typedef {object} Claims
 * @property {Bytes} publicKey
 * @property {number} generation
 * @property {number} notAfterS
 * @property {string} role
 * @property {string} node
 * @property {string[]} scopes
 */

/** @param {Reader} reader @param {RegExp} form */
function name(reader, form) {
  const found = text(reader.take(reader.u8()));
  if (!form.test(found)) refuse('no id');
  return found;
}

/** @param {Reader} reader */
function scope(reader) {
  const context = CONTEXTS[reader.u8()];
  const type = TYPES[reader.u8()];
  const bits = reader.u8();
  if (!context || !type || bits === 0 || bits >= 1 << ACTIONS.length) refuse('no scope');
  const patient = context === 'patient' ? `/${name(reader, PATIENT_ID)}` : '';
  const actions = [...ACTIONS].filter((_, i) => bits & (1 << i)).join('');
  return `${context}${patient}/${type}.${actions}`;
}

/** @param {Bytes} bytes @returns {Claims} */
export function readClaims(bytes) {
  const reader = new Reader(bytes);
  const publicKey = reader.take(32);
  const generation = reader.u32();
  const notAfterS = reader.u32();
  const role = ROLES[reader.u8()];
  if (!role || generation === 0 || notAfterS === 0) refuse('no role, generation or end');
  const node = name(reader, NODE_ID);
  const count = reader.u8();
  if (count > SCOPES_MOST) refuse('too many scopes');
  const scopes = Array.from({ length: count }, () => scope(reader));
  const padding = reader.take(reader.left);
  if (padding.length >= BLOCK || bytes.length % BLOCK !== 0 || padding.some((byte) => byte !== 0)) {
    refuse('other padding');
  }
  return { publicKey, generation, notAfterS, role, node, scopes };
}
