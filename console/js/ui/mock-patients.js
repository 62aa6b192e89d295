// SPDX-License-Identifier: Apache-2.0
// Patients that do not exist, for ?demo=mock: waves and values as a device would send them. Simple
// shapes, made to be looked at; src/node/simulate.c has the better model.

/** A sum of bells: place in the beat, height, width. @type {readonly [number, number, number][]} */
const ECG = [[0.2, 0.12, 0.025], [0.29, -0.12, 0.009], [0.315, 1.1, 0.011], [0.34, -0.22, 0.01], [0.56, 0.28, 0.045]];
const PULSE = /** @type {readonly [number, number, number][]} */ ([[0.3, 1, 0.09], [0.52, 0.42, 0.11], [0.7, 0.15, 0.14]]);

/** How each lead sees the heart. @type {Record<string, [number, number]>} */
const LEADS = { I: [0.6, 0], II: [1, 0], III: [0.45, 0], aVR: [-0.8, 0], aVL: [0.25, 0.03], aVF: [0.7, 0],
  V1: [-0.55, 0.1], V2: [-0.35, 0.25], V3: [0.5, 0.25], V4: [1.2, 0.2], V5: [1.1, 0.1], V6: [0.85, 0.05] };
/** @type {Record<string, string>} */
const CODES = { I: '131329', II: '131330', III: '131389', aVR: '131390', aVL: '131391', aVF: '131392', V1: '131331',
  V2: '131332', V3: '131333', V4: '131334', V5: '131335', V6: '131336', PLETH: '150452', RESP: '151780', ABP: '150036' };

/** @param {readonly (readonly [number, number, number])[]} bells @param {number} phase 0 to 1 */
function bells(bells, phase) {
  let sum = 0;
  for (const [at, height, width] of bells) {
    const away = Math.abs(phase - at);
    const d = Math.min(away, 1 - away) / width;
    sum += height * Math.exp(-d * d / 2);
  }
  return sum;
}

/** The same number for the same seed. @param {number} seed */
function noise(seed) {
  const x = Math.sin(seed * 12.9898) * 43758.5453;
  return (x - Math.floor(x)) * 2 - 1;
}

/** @typedef {{hr: number, spo2: number, rr: number, sys: number, dia: number, temp: number}} Values */

/**
 * @typedef {object} Patient
 * @property {string} id
 * @property {string} device
 * @property {string} name
 * @property {string} born
 * @property {string} sex
 * @property {Values} usual
 * @property {string[]} leads
 * @property {'' | 'stale' | 'hostile' | 'asystole' | 'gaps'} special
 * @property {number} beat    phase, 0 to 1
 * @property {number} breath
 */

const NAMES = [
  ['Adeyemi, Folake', '1961-04-12', 'female'], ['Bergstr\u00f6m, Lars-Erik', '1948-11-02', 'male'], ['Castellanos, Maria del Carmen', '1972-06-30', 'female'],
  ['Doherty, Sean', '1990-01-17', 'male'], ['Eriksen, Ida', '2001-09-08', 'female'], ['<img src=x onerror=alert(1)>', '1955-05-05', 'other'],
  ['Gupta, Rajesh', '1967-03-23', 'male'], ['H\u00e4m\u00e4l\u00e4inen-Korhonen, Anna-Liisa Margareeta Tellervo', '1939-12-24', 'female'], ['Ivanova, Olga', '1983-07-19', 'female'],
  ['Johnson, Marcus', '1976-10-11', 'male'], ['Kowalczyk, Jan', '1958-02-28', 'male'], ['', '', ''],
];
/** @type {Values[]} */
const USUAL = [
  { hr: 72, spo2: 98, rr: 14, sys: 118, dia: 74, temp: 36.8 }, { hr: 61, spo2: 96, rr: 16, sys: 142, dia: 85, temp: 36.4 },
  { hr: 88, spo2: 97, rr: 18, sys: 109, dia: 66, temp: 37.2 }, { hr: 68, spo2: 98, rr: 14, sys: 121, dia: 77, temp: 36.7 },
  { hr: 126, spo2: 95, rr: 22, sys: 104, dia: 62, temp: 38.9 }, { hr: 77, spo2: 99, rr: 13, sys: 127, dia: 80, temp: 36.9 },
  { hr: 83, spo2: 88, rr: 24, sys: 136, dia: 84, temp: 37.4 }, { hr: 54, spo2: 94, rr: 15, sys: 151, dia: 72, temp: 36.1 },
  { hr: 92, spo2: 97, rr: 17, sys: 115, dia: 71, temp: 37.0 }, { hr: 74, spo2: 98, rr: 12, sys: 82, dia: 51, temp: 36.6 },
  { hr: 66, spo2: 97, rr: 15, sys: 129, dia: 78, temp: 36.5 }, { hr: 80, spo2: 96, rr: 16, sys: 133, dia: 82, temp: 36.9 },
];

/** @returns {Patient[]} */
export function patients() {
  return NAMES.map(([name, born, sex], i) => ({
    id: `pat-${2041 + i}`, device: `bed-${i + 1}`, name, born, sex, usual: USUAL[i],
    leads: i === 3 ? [...Object.keys(LEADS), 'PLETH', 'ABP', 'RESP'] : i === 8 ? ['II', 'V1'] : ['II', 'PLETH', 'ABP', 'RESP'],
    special: i === 10 ? 'stale' : i === 5 ? 'hostile' : i === 8 ? 'gaps' : '',
    beat: (i * 0.37) % 1, breath: (i * 0.61) % 1,
  }));
}

/** What a patient's values are now. @param {Patient} of @param {number} ms @param {number} worse 0 to 1 */
export function valuesOf(of, ms, worse) {
  const { hr, spo2, rr, sys, dia, temp } = of.usual;
  const wander = (/** @type {number} */ size, /** @type {number} */ seed) =>
    size * Math.sin(ms / 1000 / (17 + seed * 5) + of.beat * 9 + seed) + size * 0.5 * noise(Math.floor(ms / 4000) + seed * 31);
  return {
    hr: hr + wander(2, 1) + 60 * worse, spo2: Math.min(100, spo2 + wander(0.6, 2) - 15 * worse), rr: rr + wander(1, 3) + 14 * worse,
    sys: sys + wander(3, 4) - 35 * worse, dia: dia + wander(2, 5) - 20 * worse, temp: temp + wander(0.05, 6) + 1.5 * worse,
  };
}

/** @param {Patient} of @param {string} lead @param {number} beat @param {number} breath @param {Values} now */
function sampleOf(of, lead, beat, breath, now) {
  const air = Math.sin(2 * Math.PI * breath);
  if (lead === 'PLETH') return Math.round(1000 * ((0.75 + 0.04 * air) * bells(PULSE, (beat + 0.82) % 1) + 0.08));
  if (lead === 'ABP') return Math.round(10 * (now.dia + (now.sys - now.dia) * Math.min(1, bells(PULSE, (beat + 0.9) % 1) * 0.98) + air));
  if (lead === 'RESP') return Math.round(1000 * (0.5 * air + 0.06 * Math.sin(4 * Math.PI * breath)));
  const [size, offset] = LEADS[lead] ?? [1, 0];
  return Math.round(200 * (size * bells(ECG, beat) + offset * bells([ECG[4]], beat) + 0.02 * air + 0.008 * noise(beat * 997 + breath * 13)));
}

/**
 * A block of all leads. Moves the patient on. @param {Patient} of @param {number} startMs @param {number} seconds
 * @param {Values} now @returns {any[]} Observations without meta
 */
export function waveBlock(of, startMs, seconds, now) {
  const rate = 250;
  const count = rate * seconds;
  const data = of.leads.map(() => /** @type {(number | string)[]} */ ([]));
  for (let i = 0; i < count; i++) {
    of.beat = (of.beat + now.hr / 60 / rate) % 1;
    of.breath = (of.breath + now.rr / 60 / rate) % 1;
    const second = Math.floor((startMs + i * 4) / 1000);
    const gap = of.special === 'gaps' && second % 9 === 0 && i > 60 && i < 200;
    of.leads.forEach((lead, n) => data[n].push(gap ? 'E' : sampleOf(of, lead, of.beat, of.breath, now)));
  }
  return of.leads.map((lead, n) => {
    const [gain, unit] = lead === 'ABP' ? [10, 'mmHg'] : lead === 'PLETH' || lead === 'RESP' ? [1000, 'NU'] : [200, 'mV'];
    return observation(of, startMs, { coding: [{ system: 'urn:iso:std:iso:11073:10101', code: CODES[lead] }], text: lead },
      { valueSampledData: { origin: { value: 0, unit }, period: 1000 / rate, factor: 1 / gain, dimensions: 1, data: data[n].join(' ') } });
  });
}

/** @param {Patient} of @param {number} ms @param {any} code @param {any} more */
function observation(of, ms, code, more) {
  return { resourceType: 'Observation', status: 'final', subject: { reference: `Patient/${of.id}` },
    device: { reference: `Device/${of.device}` }, effectiveDateTime: new Date(ms).toISOString(), code, ...more };
}

/** @param {Patient} of @param {number} ms @param {Values} now @returns {any[]} */
export function numerics(of, ms, now) {
  const loinc = (/** @type {string} */ code, /** @type {string} */ text) => ({ coding: [{ system: 'http://loinc.org', code }], text });
  const quantity = (/** @type {number} */ value, /** @type {string} */ unit, /** @type {string} */ code, decimals = 0) =>
    ({ valueQuantity: { value: Number(value.toFixed(decimals)), unit, system: 'http://unitsofmeasure.org', code } });
  const text = of.special === 'hostile' ? '<script>alert(2)</script>' : '';
  const pressure = (/** @type {string} */ code, /** @type {number} */ value) => ({ code: loinc(code, text), ...quantity(value, 'mmHg', 'mm[Hg]') });
  return [
    observation(of, ms, loinc('8867-4', text || 'Heart rate'), quantity(now.hr, text || 'beats/minute', '/min')),
    observation(of, ms, loinc('2708-6', 'Oxygen saturation'), quantity(now.spo2, '%', '%')),
    observation(of, ms, loinc('9279-1', 'Respiratory rate'), quantity(now.rr, 'breaths/minute', '/min')),
    observation(of, ms, loinc('8310-5', 'Body temperature'), quantity(now.temp, 'C', 'Cel', 1)),
    observation(of, ms, loinc('85354-9', 'Arterial blood pressure'), { component: [pressure('8480-6', now.sys), pressure('8462-4', now.dia),
      pressure('8478-0', now.dia + (now.sys - now.dia) / 3)] }),
  ];
}
