// SPDX-License-Identifier: Apache-2.0
/*
 * What a monitor measures, by its codes: the same tables as src/node/vitals.c. Waves have MDC codes;
 * two leads may share one (MLII stands for II), so the record's own name is taken when it has one.
 */
const LOINC = 'http://loinc.org';
const MDC = 'urn:iso:std:iso:11073:10101';

/** @typedef {'hr' | 'pulse' | 'spo2' | 'rr' | 'temp' | 'sys' | 'dia' | 'map' | 'nsys' | 'ndia' |
 *     'nmap'} ParamId */
/** @typedef {'ecg' | 'spo2' | 'art' | 'resp' | 'temp' | 'cuff'} Hue  which colour it is drawn in */

/**
 * @typedef {object} Param
 * @property {ParamId} id
 * @property {string} unit      for people
 * @property {number} decimals
 * @property {Hue} hue
 * @property {number} low       a living patient's value lies in low to high; 0 is told apart for hr, rr
 * @property {number} high
 */

/** @type {Record<ParamId, Param>} */
export const PARAMS = {
  hr: { id: 'hr', unit: '/min', decimals: 0, hue: 'ecg', low: 10, high: 350 },
  pulse: { id: 'pulse', unit: '/min', decimals: 0, hue: 'spo2', low: 10, high: 350 },
  spo2: { id: 'spo2', unit: '%', decimals: 0, hue: 'spo2', low: 20, high: 100 },
  rr: { id: 'rr', unit: '/min', decimals: 0, hue: 'resp', low: 1, high: 150 },
  temp: { id: 'temp', unit: '°C', decimals: 1, hue: 'temp', low: 20, high: 45 },
  sys: { id: 'sys', unit: 'mmHg', decimals: 0, hue: 'art', low: 20, high: 350 },
  dia: { id: 'dia', unit: 'mmHg', decimals: 0, hue: 'art', low: 5, high: 250 },
  map: { id: 'map', unit: 'mmHg', decimals: 0, hue: 'art', low: 10, high: 300 },
  nsys: { id: 'nsys', unit: 'mmHg', decimals: 0, hue: 'cuff', low: 20, high: 350 },
  ndia: { id: 'ndia', unit: 'mmHg', decimals: 0, hue: 'cuff', low: 5, high: 250 },
  nmap: { id: 'nmap', unit: 'mmHg', decimals: 0, hue: 'cuff', low: 10, high: 300 },
};

/** The more exact code stands first: a value is taken by the first that it has. */
/** @type {readonly [string, string, ParamId][]} */
const NUMERICS = [
  [LOINC, '8889-8', 'pulse'],
  [MDC, '147842', 'hr'],
  [LOINC, '76215-3', 'sys'],
  [LOINC, '76213-8', 'dia'],
  [LOINC, '76214-6', 'map'],
  [LOINC, '76534-7', 'nsys'],
  [LOINC, '76535-4', 'ndia'],
  [LOINC, '76536-2', 'nmap'],
  [LOINC, '8867-4', 'hr'],
  [LOINC, '9279-1', 'rr'],
  [MDC, '151562', 'rr'],
  [LOINC, '59408-5', 'spo2'],
  [LOINC, '2708-6', 'spo2'],
  [MDC, '150456', 'spo2'],
  [LOINC, '8310-5', 'temp'],
  [LOINC, '8480-6', 'sys'],
  [LOINC, '8462-4', 'dia'],
  [LOINC, '8478-0', 'map'],
];

export const PRESSURE_PANEL = '85354-9';

/** What units may be called; anything else is not shown, for a wrong unit is a wrong value. */
/** @type {Record<string, readonly string[]>} */
const UNITS = {
  '/min': ['/min', '{beats}/min', '{breaths}/min'],
  '%': ['%'],
  '°C': ['Cel'],
  mmHg: ['mm[Hg]'],
};

/** What each is searched for by. @type {Partial<Record<ParamId, string>>} */
export const SEARCH_CODES = {
  hr: '8867-4', pulse: '8867-4', spo2: '2708-6', rr: '9279-1', temp: '8310-5',
  sys: PRESSURE_PANEL, dia: PRESSURE_PANEL, map: PRESSURE_PANEL,
  nsys: PRESSURE_PANEL, ndia: PRESSURE_PANEL, nmap: PRESSURE_PANEL,
};

/**
 * @typedef {object} WaveKind
 * @property {string} lead   "II", "PLETH", "ABP"
 * @property {Hue} hue
 */

/** @type {readonly [string, string, Hue][]} */
const WAVES = [
  ['131329', 'I', 'ecg'], ['131330', 'II', 'ecg'], ['131389', 'III', 'ecg'],
  ['131390', 'aVR', 'ecg'], ['131391', 'aVL', 'ecg'], ['131392', 'aVF', 'ecg'],
  ['131331', 'V1', 'ecg'], ['131332', 'V2', 'ecg'], ['131333', 'V3', 'ecg'],
  ['131334', 'V4', 'ecg'], ['131335', 'V5', 'ecg'], ['131336', 'V6', 'ecg'],
  ['131395', 'V', 'ecg'], ['131328', 'ECG', 'ecg'],
  ['150452', 'PLETH', 'spo2'], ['151780', 'RESP', 'resp'], ['150036', 'ABP', 'art'],
];

/** In which order waves stand on a screen. */
export const LEADS = [
  'II', 'MLII', 'I', 'III', 'aVR', 'aVL', 'aVF', 'V', 'V1', 'MCL1', 'V2', 'V3', 'V4', 'V5', 'V6',
  'ECG', 'PLETH', 'ABP', 'RESP',
];

/** Names that say the same as the code, and names of modified leads. */
const OWN_NAME = /^[A-Za-z0-9 +-]{1,12}$/;
const SPOKEN = ['Plethysmogram', 'Respiration', 'Arterial blood pressure'];

/** @param {unknown} concept @returns {{system: string, code: string}[]} */
function codings(concept) {
  const list = /** @type {any} */ (concept)?.coding;
  return Array.isArray(list) ? list.filter((one) => one && typeof one.code === 'string') : [];
}

/** @param {unknown} concept a CodeableConcept @param {string} code of LOINC */
export const hasLoinc = (concept, code) =>
  codings(concept).some((one) => one.system === LOINC && one.code === code);

/** @param {unknown} concept a CodeableConcept @returns {Param | undefined} */
export function paramOf(concept) {
  const given = codings(concept);
  const row = NUMERICS.find(([system, code]) =>
    given.some((one) => one.system === system && one.code === code));
  return row && PARAMS[row[2]];
}

/** @param {Param} param @param {any} quantity */
export function hasUnit(param, quantity) {
  return (UNITS[param.unit] ?? []).includes(quantity?.code ?? '');
}

/** @param {unknown} concept @returns {WaveKind | undefined} */
export function waveOf(concept) {
  const given = codings(concept);
  const row = WAVES.find(([code]) => given.some((one) => one.system === MDC && one.code === code));
  if (!row) return undefined;
  const text = /** @type {any} */ (concept).text;
  const own = typeof text === 'string' ? text.replace(/^ECG (?=.)/, '') : '';
  const lead = OWN_NAME.test(own) && !SPOKEN.includes(own) ? own : row[1];
  return { lead, hue: row[2] };
}

/** @param {string} one @param {string} other */
export function byLead(one, other) {
  const rank = (/** @type {string} */ lead) => (LEADS.indexOf(lead) + LEADS.length + 1) % (LEADS.length + 1);
  return rank(one) - rank(other) || (one < other ? -1 : one > other ? 1 : 0);
}
