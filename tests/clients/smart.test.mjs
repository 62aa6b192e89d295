// SPDX-License-Identifier: Apache-2.0
// npm fhirclient (SMART on FHIR), as it is: its plain FhirClient, and the Client that an app gets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import FHIR from 'fhirclient';
import { bare, bundle, heartRate, LOINC, patient, posting } from './makers.mjs';
import { assertOutcome, here, hospital } from './world.mjs';

hospital();

const client = () => new FHIR.FhirClient(here.base);
const values = (resources) => resources.map(({ valueQuantity }) => valueQuantity.value);
const json = (body) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/fhir+json' },
});

/** The Client of an app, as FHIR(request, response).client() makes it. */
const app = () =>
  FHIR({ headers: {}, url: '/' }, {}, { get: async () => undefined }).client({ serverUrl: here.base });

async function refused(status, code, promise) {
  const error = await promise.then(() => assert.fail('it was not refused'), (caught) => caught);
  assert.equal(error.name, 'HttpError');
  assert.equal(error.status, status, error.message);
  assertOutcome(JSON.parse(error.message.slice(error.message.indexOf('{'))), code);
}

test('metadata, create, read, update', async () => {
  const statement = await client().fhirRequest('metadata');
  assert.equal(statement.resourceType, 'CapabilityStatement');
  const body = heartRate('smart-one', 0, 62);
  const created = await client().create(body);
  assert.deepEqual(bare(created), body);
  assert.deepEqual(await client().fhirRequest(`Observation/${created.id}`), created);
  const someone = patient('smart-one');
  await client().update(someone);
  const changed = await client().update({ ...someone, active: true });
  assert.equal(changed.meta.versionId, '2');
});

test('a create whose answer is left out is fetched from Location', async () => {
  const body = heartRate('smart-minimal', 0, 63);
  const answer = await client().create(body, {
    headers: { prefer: 'return=minimal' }, includeResponse: true,
  });
  assert.deepEqual(bare(answer.body), body);
  assert.equal(answer.response.status, 200); // the read's: the create had no body
});

test('search with date twice and %7C; all pages, all resources', async () => {
  const entry = Array.from({ length: 17 }, (_, i) => posting(heartRate('smart-pages', i, 60 + i)));
  await client().fhirRequest('', json(bundle('batch', ...entry)));
  const query = new URLSearchParams({ patient: 'smart-pages', code: `${LOINC}|8867-4`, _count: 3 });
  query.append('date', 'ge2026-11-22T10:02:00Z');
  query.append('date', 'le2026-11-22T10:13:00Z');
  assert.match(String(query), /%7C/);
  const all = [];
  for await (const resource of client().resources(`Observation?${query}`)) all.push(resource);
  const expected = Array.from({ length: 12 }, (_, i) => 73 - i);
  assert.deepEqual(values(all), expected);
  let pages = 0;
  for await (const page of client().pages(`Observation?${query}`)) pages += page.entry.length === 3;
  assert.equal(pages, 4);
  const flat = await app().request(`Observation?${query}`, { pageLimit: 0, flat: true });
  assert.deepEqual(values(flat), expected);
  const two = await app().request(`Observation?${query}`, { pageLimit: 2, flat: true });
  assert.deepEqual(values(two), expected.slice(0, 6));
});

test('references are followed', async () => {
  await client().update(patient('smart-ref'));
  const observation = await client().create(heartRate('smart-ref', 0, 64));
  const resolved = await app().request(`Observation/${observation.id}`, {
    resolveReferences: ['subject'],
  });
  assert.deepEqual(bare(resolved.subject), bare(patient('smart-ref')));
});

test('batch, transaction, $lastn', async () => {
  const batch = bundle('batch', posting(heartRate('smart-batch', 0, 60)),
    { request: { method: 'GET', url: 'Patient/smart-nobody' } });
  const answer = await app().request({ url: '/', ...json(batch) });
  assert.deepEqual(answer.entry.map(({ response }) => response.status.slice(0, 3)), ['201', '404']);
  const transaction = bundle('transaction', posting(heartRate('smart-batch', 1, 61)));
  assert.equal((await client().fhirRequest('', json(transaction))).type, 'transaction-response');
  const last = await client().fhirRequest(
    'Observation/$lastn?patient=Patient/smart-batch&category=vital-signs');
  assert.deepEqual(values(last.entry.map(({ resource }) => resource)), [61]);
});

test('errors arrive as HttpError, with the OperationOutcome', async () => {
  const bad = { ...heartRate('smart-one', 0, 60), status: 'wrong' };
  const once = { ...heartRate('smart-one', 0, 60), identifier: [{ system: 'urn:s', value: 'o' }] };
  await client().create(once);
  await refused(404, 'not-found', client().fhirRequest('Observation/nothing-here'));
  await refused(400, 'not-supported', client().fhirRequest('Observation?nonsense=1'));
  await refused(422, 'code-invalid', client().create(bad));
  await refused(409, 'duplicate', client().create({ ...once, status: 'amended' }));
  await refused(405, 'not-supported', client().delete('Patient/smart-one'));
  await refused(405, 'not-supported', client().patch('Patient/smart-one',
    [{ op: 'replace', path: '/active', value: false }]));
  const device = await here.hospital.connect('smart-device', 'device', 'patient/smart-one/Observation.c');
  await refused(403, 'forbidden', new FHIR.FhirClient(device).fhirRequest('Observation?patient=smart-one'));
});
