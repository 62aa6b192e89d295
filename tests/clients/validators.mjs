// SPDX-License-Identifier: Apache-2.0
// Two validators that know nothing of each other: npm fhir (structure definitions) and
// @asymmetrik/fhir-json-schema-validator (HL7's JSON schema).
import Schema from '@asymmetrik/fhir-json-schema-validator';
import fhir from 'fhir';

const schema = new Schema();
const structure = new fhir.Fhir();

/** The resource, and each that it holds. */
export function* parts(value) {
  if (typeof value !== 'object' || value === null) return;
  if (value.resourceType) yield value;
  for (const member of Object.values(value)) yield* parts(member);
}

/** HL7's schema in that package is of 4.0.0: it does not know the version that we state. */
const known = (resource) =>
  resource.fhirVersion === '4.0.1' ? { ...resource, fhirVersion: '4.0.0' } : resource;

/** What the validators say against a resource and all that it holds; empty: nothing. */
export function faults(resource) {
  const found = [];
  for (const part of parts(resource)) {
    const { messages } = structure.validate(part, { errorOnUnexpected: true });
    const bad = messages.filter(({ severity }) => ['error', 'fatal'].includes(severity));
    found.push(...bad.map((one) => `fhir: ${part.resourceType}: ${JSON.stringify(one)}`));
    const errors = schema.validate(known(part), true).slice(0, 5); // all: thousands of lines
    found.push(...errors.map((one) => `schema: ${part.resourceType}: ${JSON.stringify(one)}`));
  }
  return found;
}
