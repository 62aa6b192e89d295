// SPDX-License-Identifier: Apache-2.0
// HL7's official R4 examples: what the server does with each, and why. "in" goes in and comes out
// equal; "out" is of a kind that only servers say; "refused" says its reason.

/** @type {Record<string, { fate: 'in' | 'out' | 'refused', status?: number, why: string }>} */
export const EXAMPLES = {
  'observation-example-bloodpressure.json': { fate: 'in', why: 'components' },
  'observation-example-body-temperature.json': { fate: 'in', why: 'a quantity' },
  'observation-example-heart-rate.json': { fate: 'in', why: 'a quantity' },
  'observation-example-mbp.json': { fate: 'in', why: 'a quantity' },
  'observation-example-respiratory-rate.json': { fate: 'in', why: 'a quantity' },
  'observation-example-sample-data.json': { fate: 'in', why: 'waveforms (SampledData)' },
  'observation-example-satO2.json': { fate: 'in', why: 'several codings, an identifier' },
  'patient-example.json': { fate: 'in', why: 'extensions of primitives, narrative, UTF-8' },
  'device-example.json': { fate: 'in', why: 'no patient' },
  'bundle-transaction.json': {
    fate: 'refused',
    status: 405,
    why: 'has DELETE, which nothing here can be; nothing of it is stored. What is served of it ' +
      '(creates, If-None-Exist, updates by id and by search, If-Match) goes in alone',
  },
  'bundle-example.json': { fate: 'out', why: 'a searchset' },
  'bundle-search-warning.json': { fate: 'out', why: 'a searchset' },
  'bundle-response.json': { fate: 'out', why: 'the answer to a transaction' },
  'operationoutcome-example.json': { fate: 'out', why: 'answers' },
  'operationoutcome-example-exception.json': { fate: 'out', why: 'answers' },
  'operationoutcome-example-validationfail.json': { fate: 'out', why: 'answers' },
  'capabilitystatement-example.json': { fate: 'out', why: 'metadata' },
  'auditevent-example.json': { fate: 'out', why: 'the server writes its own, nobody else does' },
  'auditevent-example-error.json': { fate: 'out', why: 'as above' },
  'auditevent-example-disclosure.json': { fate: 'out', why: 'as above' },
  'consent-example.json': { fate: 'refused', status: 404, why: 'not stored here: no consents' },
  'consent-example-Emergency.json': { fate: 'refused', status: 404, why: 'no consents' },
  'consent-example-smartonfhir.json': { fate: 'refused', status: 404, why: 'no consents' },
  'devicemetric-example.json': {
    fate: 'refused',
    status: 404,
    why: 'not stored here: an observation says its unit and source itself',
  },
  'flag-example.json': { fate: 'refused', status: 404, why: 'not stored here: no flags' },
};
