// SPDX-License-Identifier: Apache-2.0
// Texts and scopes (PROTOCOL.md §3.1, §3.2).
import { concat, need, refuse, sized8, u8 } from './bytes.mjs';

/** @typedef {import('./bytes.mjs').Reader} Reader */
/** @typedef {{ context: string, type: string, actions: string, patient?: string }} Scope
 * context: patient, user or system; type: `*` or a FHIR type; actions: of `cruds`, in that order */

const CONTEXTS = ['', 'patient', 'user', 'system'];
const TYPES = (
  '* Patient Observation Device DeviceMetric Encounter Condition Flag Communication AuditEvent ' +
  'Consent MedicationRequest DiagnosticReport Practitioner Location'
).split(' ');
const ACTIONS = 'cruds';
const MAX_SCOPES = 8;

/** A text that is one of §3.1's. @param {RegExp} pattern @param {string} name
 * @returns {(text: string) => string} */
const text = (pattern, name) => (value) => {
  need(pattern.test(value), 'charset', `not a ${name}`);
  return value;
};
export const nodeId = text(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,31}$/, 'node id');
export const audienceName = text(/^[a-z0-9.-]{1,32}$/, 'audience');
export const patientId = text(/^[A-Za-z0-9.-]{1,64}$/, 'patient id');

/** `patient/ID/TYPE.ACTIONS`, `user/TYPE.ACTIONS` or `system/TYPE.ACTIONS`.
 * @param {string} word @returns {Scope} */
export function parseScope(word) {
  const parts = /^(?:patient\/([^/]+)|user|system)\/([A-Za-z]+|\*)\.(c?r?u?d?s?)$/.exec(word);
  if (!parts) return refuse('scope', `no scope: ${word}`);
  const [, patient, type, actions] = parts;
  need(TYPES.includes(type) && actions !== '', 'scope', `no scope: ${word}`);
  const context = word.slice(0, word.indexOf('/'));
  return patient === undefined
    ? { context, type, actions }
    : { context, type, actions, patient: patientId(patient) };
}

/** @param {Scope} scope @returns {string} */
export function scopeWord({ context, patient, type, actions }) {
  return `${context}/${patient === undefined ? '' : `${patient}/`}${type}.${actions}`;
}

/** @param {Scope} scope @returns {Uint8Array} */
export function encodeScope(scope) {
  const { context, patient, type, actions } = parseScope(scopeWord(scope));
  const bits = [...actions].reduce((sum, letter) => sum | (1 << ACTIONS.indexOf(letter)), 0);
  const head = concat(u8(CONTEXTS.indexOf(context)), u8(TYPES.indexOf(type)), u8(bits));
  return patient === undefined ? head : concat(head, sized8(patient));
}

/** @param {Reader} reader @returns {Scope} */
export function decodeScope(reader) {
  const [context, type, bits] = [CONTEXTS[reader.u8()], TYPES[reader.u8()], reader.u8()];
  need(context && type && bits >= 1 && bits <= 31, 'scope', 'no scope of this version');
  const actions = [...ACTIONS].filter((_, i) => bits & (1 << i)).join('');
  return context === 'patient'
    ? { context, type, actions, patient: patientId(reader.text8()) }
    : { context, type, actions };
}

/** @param {Scope[]} scopes @returns {Uint8Array} */
export function encodeScopes(scopes) {
  need(scopes.length <= MAX_SCOPES, 'scope', `more than ${MAX_SCOPES} scopes`);
  return concat(u8(scopes.length), ...scopes.map(encodeScope));
}

/** @param {Reader} reader @returns {Scope[]} */
export function decodeScopes(reader) {
  const count = reader.u8();
  need(count <= MAX_SCOPES, 'scope', `more than ${MAX_SCOPES} scopes`);
  return Array.from({ length: count }, () => decodeScope(reader));
}

/** Whether `wide` covers `narrow`. @param {Scope} wide @param {Scope} narrow @returns {boolean} */
export function covers(wide, narrow) {
  const context =
    wide.context === 'patient'
      ? narrow.context === 'patient' && narrow.patient === wide.patient
      : narrow.context === 'patient' || narrow.context === wide.context;
  return (
    context &&
    (wide.type === '*' || wide.type === narrow.type) &&
    [...narrow.actions].every((letter) => wide.actions.includes(letter))
  );
}

/** Whether one of `scopes` allows a request.
 * @param {Scope[]} scopes @param {{ action: string, type: string, patient?: string }} request */
export function allows(scopes, { action, type, patient }) {
  return scopes.some(
    (scope) =>
      scope.actions.includes(action) &&
      (scope.type === '*' || scope.type === type) &&
      (scope.context !== 'patient' || scope.patient === patient),
  );
}
