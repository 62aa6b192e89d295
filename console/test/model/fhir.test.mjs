// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { byLead, paramOf, waveOf } from '../../js/model/codes.js';
import { moment, nextOf, outcomeText, parseObservation, parsePatient, resourcesOf } from '../../js/model/fhir.js';
import { decodeSampled } from '../../js/model/sampled.js';
import { START, bundle, heartRate, loinc, mdc, observation, quantity, sampled, saturation, wave } from './support.mjs';

const table = readFileSync(new URL('../../../src/node/vitals.c', import.meta.url), 'utf8');

test('every code of the devices is known here', () => {
  const codes = [...table.matchAll(/(LOINC|MDC)\("([0-9-]+)"/g)].map(([, system, code]) => [system, code]).filter(([, code]) => code !== '85354-9');
  const ecg = [...table.matchAll(/ECG\("([A-Za-z0-9]+)", "(\d+)"/g)];
  assert.ok(codes.length > 20 && ecg.length > 14);
  for (const [system, code] of codes) {
    const concept = system === 'LOINC' ? loinc(code) : mdc(code);
    assert.ok(paramOf(concept) || waveOf(concept), `${system} ${code}`);
  }
  for (const [, name, code] of ecg) {
    assert.equal(waveOf(mdc(code, name))?.lead, name);
    assert.equal(waveOf(mdc(code, `ECG ${name}`))?.lead, name);
  }
});

test('leads: the record\'s own name, else the code\'s; in the order of a screen', () => {
  assert.equal(waveOf(mdc('131330', 'MLII'))?.lead, 'MLII');
  assert.equal(waveOf(mdc('131330', '<b>x</b>'))?.lead, 'II');
  assert.equal(waveOf(mdc('150452', 'Plethysmogram'))?.lead, 'PLETH');
  assert.equal(waveOf(loinc('8867-4')), undefined);
  assert.deepEqual(['ABP', 'odd', 'V1', 'RESP', 'II', 'PLETH'].sort(byLead), ['II', 'V1', 'PLETH', 'ABP', 'RESP', 'odd']);
});

test('a number: whose, when, by whom', () => {
  const heard = parseObservation(heartRate(72, { writer: 'gateway' }));
  assert.deepEqual(heard?.values, [{ param: 'hr', value: 72 }]);
  assert.equal(heard?.patient, 'pat-1');
  assert.equal(heard?.device, 'bed-1');
  assert.equal(heard?.writer, 'gateway');
  assert.equal(heard?.timeMs, START);
  assert.equal(heard?.updatedMs, START + 200);
});

test('what is not surely a value is none', () => {
  const bad = (more) => parseObservation(heartRate(72, more));
  assert.equal(bad({ valueQuantity: quantity(72, 'Hz') }), undefined);
  assert.equal(bad({ valueQuantity: { value: 72, unit: '/min' } }), undefined);
  assert.equal(bad({ valueQuantity: quantity('72', '/min') }), undefined);
  assert.equal(bad({ valueQuantity: { ...quantity(72, '/min'), comparator: '<' } }), undefined);
  assert.equal(bad({ status: 'entered-in-error' }), undefined);
  assert.equal(bad({ status: 'cancelled' }), undefined);
  assert.equal(bad({ subject: { reference: 'Group/1' } }), undefined);
  assert.equal(bad({ effectiveDateTime: '2026-03-01' }), undefined);
  assert.equal(bad({ code: loinc('1234-5') }), undefined);
  assert.equal(parseObservation({ resourceType: 'Patient' }), undefined);
  assert.equal(parseObservation(null), undefined);
  assert.deepEqual(bad({ dataAbsentReason: loinc('unknown') })?.values, [{ param: 'hr', value: null }]);
});

test('implausible is absent, standstill is told', () => {
  const of = (resource) => parseObservation(resource)?.values[0].value;
  assert.equal(of(heartRate(0)), 0);
  assert.equal(of(heartRate(5)), null);
  assert.equal(of(heartRate(351)), null);
  assert.equal(of(saturation(0)), null);
  assert.equal(of(saturation(101)), null);
  assert.equal(of(saturation(100)), 100);
});

const part = (code, value) => ({ code: loinc(code), valueQuantity: quantity(value, 'mm[Hg]', 'mmHg') });

test('pressures: arterial and cuff are told apart by code or by words', () => {
  const panel = (text, ...component) => parseObservation(observation({ code: loinc('85354-9', text), component }))?.values;
  assert.deepEqual(panel('Arterial blood pressure', part('8480-6', 120), part('8462-4', 80)),
    [{ param: 'sys', value: 120 }, { param: 'dia', value: 80 }]);
  assert.deepEqual(panel('Cuff blood pressure', part('8480-6', 120), { code: loinc('8478-0'), dataAbsentReason: loinc('x') }),
    [{ param: 'nsys', value: 120 }, { param: 'nmap', value: null }]);
  assert.deepEqual(panel('x', part('76534-7', 130)), [{ param: 'nsys', value: 130 }]);
  assert.equal(panel('x', { code: loinc('8480-6'), valueQuantity: quantity(16, 'kPa') }), undefined);
});

test('samples are exactly what was sent; E, U and L are gaps', () => {
  const of = decodeSampled(sampled('995 -3 E 0 U L 1011', { origin: { value: -5.12, unit: 'mV' } }));
  assert.deepEqual([...of.raw], [995, -3, NaN, 0, NaN, NaN, 1011]);
  assert.equal(of.beyond, 2);
  assert.equal(of.periodMs, 4);
  assert.equal(of.origin, -5.12);
  assert.equal(of.factor, 0.005);
  assert.deepEqual([...decodeSampled(sampled('1.5 -2.25')).raw], [1.5, -2.25]);
  assert.equal(decodeSampled(sampled('1', { factor: undefined })).factor, 1);
});

test('half a block is none', () => {
  for (const data of ['1 2 x', '1 2e3', '', '1 NaN', '0x10', 5]) assert.equal(decodeSampled(sampled(data)), undefined, String(data));
  for (const more of [{ period: 0 }, { period: 'a' }, { factor: 0 }, { dimensions: 2 }, { origin: { value: 'x' } }, { period: Infinity }]) {
    const good = decodeSampled(sampled('1', more));
    assert.equal(more.origin ? good?.origin ?? 0 : good, more.origin ? good?.origin ?? 0 : undefined, JSON.stringify(more));
  }
  assert.equal(decodeSampled(undefined), undefined);
  assert.equal(parseObservation(wave('1 2 x')), undefined);
});

test('bundles: what is in them, and where they go on', () => {
  assert.equal(resourcesOf(bundle([heartRate(1), heartRate(2)])).length, 2);
  assert.deepEqual(resourcesOf(bundle([])), []);
  assert.deepEqual(resourcesOf({ resourceType: 'OperationOutcome' }), []);
  assert.equal(nextOf(bundle([], 'https://ward:1/fhir/Observation?a=b&_cursor=c')), '/fhir/Observation?a=b&_cursor=c');
  assert.equal(nextOf(bundle([])), '');
  assert.equal(outcomeText({ resourceType: 'OperationOutcome', issue: [{ code: 'forbidden', diagnostics: 'no' }] }), 'no');
});

test('patients: a name as it is', () => {
  assert.equal(parsePatient({ id: 'a', name: [{ family: 'B', given: ['C', 'D'] }] }).name, 'B, C D');
  assert.equal(parsePatient({ id: 'a', name: [{ text: 'x' }, { use: 'official', text: '<img src=x>' }] }).name, '<img src=x>');
  assert.equal(parsePatient({ id: 'a' }).name, '');
});

test('moments have a zone', () => {
  assert.equal(moment('2026-03-01T12:00:00.000Z'), START);
  assert.equal(moment('2026-03-01T13:00:00+01:00'), START);
  for (const bad of ['2026-03-01', '2026-03-01T12:00:00', 'now', 5, undefined]) assert.ok(Number.isNaN(moment(bad)), String(bad));
});
