// SPDX-License-Identifier: Apache-2.0
// Resources as the clients of a ward send them.

export const LOINC = 'http://loinc.org';
export const UCUM = 'http://unitsofmeasure.org';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';

const coded = (system, code, display) => ({ coding: [{ system, code, display }] });
const quantity = (value, unit, code = unit) => ({ value, unit, system: UCUM, code });

/** @param {string} patient @param {number} minute of 22 November 2026, 10 o'clock */
export function observation(patient, minute, rest) {
  return {
    resourceType: 'Observation',
    status: 'final',
    category: [coded(CATEGORY, 'vital-signs', 'Vital Signs')],
    code: coded(LOINC, '8867-4', 'Heart rate'),
    subject: { reference: `Patient/${patient}` },
    effectiveDateTime: `2026-11-22T10:${String(minute).padStart(2, '0')}:00Z`,
    ...rest,
  };
}

export const heartRate = (patient, minute, value) =>
  observation(patient, minute, { valueQuantity: quantity(value, '/min') });

const component = (code, display, rest) => ({ code: coded(LOINC, code, display), ...rest });

/** One of each kind of value that an observation may have. */
export function everyKind(patient) {
  const wave = {
    origin: quantity(0, 'mV'),
    period: 4,
    factor: 0.005,
    lowerLimit: -2048,
    upperLimit: 2047,
    dimensions: 1,
    data: '0 12 -7 250 E 3.5 U L 0',
  };
  const kinds = {
    quantity: { valueQuantity: quantity(36.50, 'Cel') },
    'less than': { valueQuantity: { ...quantity(5, 'mg/L'), comparator: '<' } },
    concept: { valueCodeableConcept: coded('http://snomed.info/sct', '37016008', 'Asystole') },
    string: { valueString: 'Größe „gemessen“ \u{1F600}' },
    boolean: { valueBoolean: false },
    integer: { valueInteger: -3 },
    range: { valueRange: { low: quantity(1, 'mg'), high: quantity(2, 'mg') } },
    ratio: { valueRatio: { numerator: quantity(1, 'mg'), denominator: quantity(2, 'L') } },
    time: { valueTime: '12:34:56' },
    'date and time': { valueDateTime: '2026-11-22T10:00:00+01:00' },
    period: { valuePeriod: { start: '2026-11-22', end: '2026-11-23' } },
    waveform: { valueSampledData: wave },
    absent: {
      dataAbsentReason: coded('http://terminology.hl7.org/CodeSystem/data-absent-reason',
        'not-performed', 'Not Performed'),
    },
    panel: {
      code: coded(LOINC, '85354-9', 'Blood pressure panel'),
      component: [
        component('8480-6', 'Systolic', { valueQuantity: quantity(120, 'mm[Hg]') }),
        component('8462-4', 'Diastolic', { valueQuantity: quantity(80, 'mm[Hg]') }),
      ],
    },
    leads: {
      code: coded('urn:iso:std:iso:11073:10101', '131328', 'MDC_ECG_ELEC_POTL'),
      effectiveDateTime: undefined,
      effectivePeriod: { start: '2026-11-22T10:00:00.000Z', end: '2026-11-22T10:00:01.000Z' },
      component: ['131329', '131330'].map((code) => ({
        code: coded('urn:iso:std:iso:11073:10101', code, 'a lead'),
        valueSampledData: { ...wave, dimensions: 3 },
      })),
    },
    instant: { effectiveDateTime: undefined, effectiveInstant: '2026-11-22T10:00:00.123Z' },
    identified: { identifier: [{ system: 'urn:test:kinds', value: patient }] },
  };
  const made = Object.entries(kinds).map(([name, rest]) => [name, observation(patient, 1, rest)]);
  return Object.fromEntries(JSON.parse(JSON.stringify(made)));
}

export const patient = (id, family = 'Example') => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: 'urn:test:patients', value: id }],
  name: [{ use: 'official', family, given: ['Ada', 'Maria'] }],
  gender: 'female',
  birthDate: '1970-01-31',
});

export const device = (id, owner) => ({
  resourceType: 'Device',
  id,
  identifier: [{ system: 'urn:test:devices', value: id }],
  status: 'active',
  patient: { reference: `Patient/${owner}` },
});

export const bundle = (type, ...entry) => ({ resourceType: 'Bundle', type, entry });

/** An entry that posts. */
export const posting = (resource, more) => ({
  ...more,
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more?.request },
});

/** What was sent, as it has to come back: without what a server sets. */
export function bare({ id, meta, ...rest }) {
  const { versionId, lastUpdated, source, ...kept } = meta ?? {};
  return Object.keys(kept).length > 0 ? { ...rest, meta: kept } : rest;
}
