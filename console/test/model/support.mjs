// SPDX-License-Identifier: Apache-2.0
// Resources as src/node/observation.c writes them.
export const START = Date.parse('2026-03-01T12:00:00.000Z');
export const iso = (ms) => new Date(ms).toISOString();

const LOINC = 'http://loinc.org';
const MDC = 'urn:iso:std:iso:11073:10101';
const UCUM = 'http://unitsofmeasure.org';
export const loinc = (code, text) => ({ coding: [{ system: LOINC, code, display: text }], text });
export const mdc = (code, text) => ({ coding: [{ system: MDC, code }], text });
export const quantity = (value, code, unit = code) => ({ value, unit, system: UCUM, code });

export function observation(more = {}) {
  const { at = START, patient = 'pat-1', device = 'bed-1', writer = device, ...rest } = more;
  return {
    resourceType: 'Observation', id: 'x', status: 'final',
    meta: { versionId: '1', lastUpdated: iso(at + 200), source: `urn:skeym:node:${writer}` },
    subject: { reference: `Patient/${patient}` }, device: { reference: `Device/${device}` }, effectiveDateTime: iso(at), ...rest,
  };
}

export const heartRate = (value, more = {}) =>
  observation({ code: { coding: [...loinc('8867-4').coding, ...mdc('147842').coding], text: 'Heart rate' }, valueQuantity: quantity(value, '/min', 'beats/minute'), ...more });
export const saturation = (value, more = {}) =>
  observation({ code: loinc('2708-6', 'Oxygen saturation'), valueQuantity: quantity(value, '%'), ...more });

export const sampled = (data, more = {}) => ({ origin: { value: 0, unit: 'mV' }, period: 4, factor: 0.005, dimensions: 1, data, ...more });
export const wave = (data, { code = mdc('131330', 'II'), of = {}, ...more } = {}) =>
  observation({ code, valueSampledData: sampled(data, of), ...more });
export const bundle = (resources, next) => ({
  resourceType: 'Bundle', type: 'searchset',
  link: [{ relation: 'self', url: 'https://ward/fhir/x' }, ...(next ? [{ relation: 'next', url: next }] : [])],
  ...(resources.length ? { entry: resources.map((resource) => ({ resource })) } : {}),
});
