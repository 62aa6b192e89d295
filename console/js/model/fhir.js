// SPDX-License-Identifier: Apache-2.0
/*
 * FHIR resources to what a screen can show. Whatever is not understood is left out and counted: a
 * value of unknown unit, code or status is never shown as another.
 */
import { PARAMS, PRESSURE_PANEL, hasLoinc, hasUnit, paramOf, waveOf } from './codes.js';
import { decodeSampled } from './sampled.js';

/** @typedef {import('./codes.js').ParamId} ParamId */

/**
 * @typedef {object} Heard
 * @property {string} patient
 * @property {string} device      '' when it says none
 * @property {string} writer      the node that wrote it, as the server admitted it; '' unknown
 * @property {number} timeMs      when it was measured, by the device's clock
 * @property {number} updatedMs   when the server stored it
 * @property {{param: ParamId, value: number | null}[]} values   null: measured, and absent
 * @property {{lead: string, hue: import('./codes.js').Hue,
 *     sampled: import('./sampled.js').Sampled} | null} wave
 */

const WRITER = 'urn:skeym:node:';
const STATUSES = ['final', 'amended', 'corrected', 'preliminary', 'registered'];

/** @param {unknown} text @param {string} type "Patient" @returns {string} its id, or '' */
function referred(text, type) {
  const match = typeof text === 'string' ? text.match(/(?:^|\/)([A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/) : null;
  return match && match[1] === type ? match[2] : '';
}

/** @param {unknown} text @returns {number} ms since 1970, NaN when it is no moment */
export function moment(text) {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)) {
    return NaN;
  }
  return Date.parse(text);
}

/** @param {any} of an Observation or a component @returns {Heard['values']} */
function valueOf(of) {
  const param = paramOf(of?.code);
  if (!param) return [];
  if (of.dataAbsentReason) return [{ param: param.id, value: null }];
  const quantity = of.valueQuantity;
  const value = quantity?.value;
  if (typeof value !== 'number' || !Number.isFinite(value) || !hasUnit(param, quantity)) return [];
  if (quantity.comparator !== undefined) return [];
  const standstill = value === 0 && (param.id === 'hr' || param.id === 'rr');
  const living = value >= PARAMS[param.id].low && value <= PARAMS[param.id].high;
  return [{ param: param.id, value: living || standstill ? value : null }];
}

/** A panel's parts may have only the codes that both kinds share: then its text tells.
 * @param {any} resource @returns {Heard['values']} */
function panel(resource) {
  const parts = Array.isArray(resource.component) ? resource.component : [];
  const values = parts.flatMap((/** @type {any} */ part) => valueOf(part));
  const cuff = /cuff|non-?invasive|NBP|NIBP/i.test(String(resource.code?.text ?? ''));
  if (!cuff) return values;
  return values.map((/** @type {Heard['values'][0]} */ one) => ({
    param: /** @type {ParamId} */ (one.param.startsWith('n') ? one.param : 'n' + one.param),
    value: one.value,
  }));
}

/** @param {any} resource @returns {Heard | undefined} undefined: nothing that is shown */
export function parseObservation(resource) {
  if (resource?.resourceType !== 'Observation' || !STATUSES.includes(resource.status)) return undefined;
  const patient = referred(resource.subject?.reference, 'Patient');
  const timeMs = moment(resource.effectiveDateTime ?? resource.effectiveInstant ?? resource.effectivePeriod?.start);
  if (!patient || Number.isNaN(timeMs)) return undefined;
  const source = String(resource.meta?.source ?? '');
  const updatedMs = moment(resource.meta?.lastUpdated);
  /** @type {Heard} */
  const heard = {
    patient,
    device: referred(resource.device?.reference, 'Device'),
    writer: source.startsWith(WRITER) ? source.slice(WRITER.length) : '',
    timeMs,
    updatedMs: Number.isNaN(updatedMs) ? timeMs : updatedMs,
    values: [],
    wave: null,
  };
  if (resource.valueSampledData) {
    const kind = waveOf(resource.code);
    const sampled = kind && decodeSampled(resource.valueSampledData);
    heard.wave = kind && sampled ? { ...kind, sampled } : null;
  } else {
    heard.values = hasLoinc(resource.code, PRESSURE_PANEL) ? panel(resource) : valueOf(resource);
  }
  return heard.wave || heard.values.length > 0 ? heard : undefined;
}

/** @param {any} bundle @returns {any[]} its resources */
export function resourcesOf(bundle) {
  const entries = bundle?.resourceType === 'Bundle' && Array.isArray(bundle.entry) ? bundle.entry : [];
  return entries.map((/** @type {any} */ entry) => entry?.resource).filter(Boolean);
}

/** The path of a bundle's next page on our own server, or ''. @param {any} bundle */
export function nextOf(bundle) {
  const links = Array.isArray(bundle?.link) ? bundle.link : [];
  const url = links.find((/** @type {any} */ link) => link?.relation === 'next')?.url;
  const at = typeof url === 'string' ? url.indexOf('/fhir/') : -1;
  return at < 0 ? '' : url.slice(at);
}

/** @param {any} patient a Patient @returns {{id: string, name: string, born: string, sex: string}} */
export function parsePatient(patient) {
  const names = Array.isArray(patient?.name) ? patient.name : [];
  const best = names.find((/** @type {any} */ one) => one?.use === 'official') ?? names[0] ?? {};
  const given = Array.isArray(best.given) ? best.given.join(' ') : '';
  const family = typeof best.family === 'string' ? best.family : '';
  const name = typeof best.text === 'string' && best.text ? best.text : [family, given].filter(Boolean).join(', ');
  return {
    id: String(patient?.id ?? ''),
    name,
    born: typeof patient?.birthDate === 'string' ? patient.birthDate : '',
    sex: typeof patient?.gender === 'string' ? patient.gender : '',
  };
}

/** Why a request failed, in the server's words. @param {any} outcome */
export function outcomeText(outcome) {
  const issue = outcome?.resourceType === 'OperationOutcome' && Array.isArray(outcome.issue) ? outcome.issue[0] : null;
  return String(issue?.diagnostics ?? issue?.details?.text ?? issue?.code ?? '');
}
