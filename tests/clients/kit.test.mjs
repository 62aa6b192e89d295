// SPDX-License-Identifier: Apache-2.0
// npm fhir-kit-client, as it is, through a sidecar.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CapabilityTool, Client } from 'fhir-kit-client';
import { bare, bundle, heartRate, LOINC, observation, patient, posting } from './makers.mjs';
import { assertOutcome, here, hospital } from './world.mjs';

hospital();

const client = (base = here.base) => new Client({ baseUrl: base });
const sent = (answer) => Client.httpFor(answer).request;
const came = (answer) => Client.httpFor(answer).response;
const values = ({ entry = [] }) => entry.map(({ resource }) => resource.valueQuantity.value);

/** The client's own error, with the server's OperationOutcome. */
async function refused(status, code, promise) {
  const error = await promise.then(() => assert.fail('it was not refused'), (caught) => caught);
  assert.equal(error.response?.status, status, String(error));
  assertOutcome(error.response.data, code);
}

async function stored(name, count) {
  const entry = Array.from({ length: count }, (_, i) => posting(heartRate(name, i, 60 + i)));
  return client().batch({ body: bundle('batch', ...entry) });
}

test('the capability statement answers what the client asks it', async () => {
  const statement = await client().capabilityStatement();
  assert.equal(statement.resourceType, 'CapabilityStatement');
  assert.equal(statement.implementation.url, here.base);
  const tool = new CapabilityTool(statement);
  for (const interaction of ['batch', 'transaction']) assert.ok(tool.serverCan(interaction));
  assert.ok(tool.resourceCan('Observation', 'create'));
  assert.ok(!tool.resourceCan('Observation', 'delete'));
  assert.ok(!tool.resourceCan('Observation', 'update'));
  assert.ok(tool.resourceCan('Patient', 'update'));
  assert.ok(tool.resourceSearch('Observation', 'date'));
});

test('it looks for SMART endpoints, finds none and goes on', async () => {
  assert.deepEqual(await client().smartAuthMetadata(), {});
});

test('create, read, vread', async () => {
  const body = heartRate('kit-one', 0, 61.50);
  const created = await client().create({ resourceType: 'Observation', body });
  const { status, headers } = came(created);
  const place = `${here.base}/Observation/${created.id}`;
  assert.equal(status, 201);
  assert.equal(headers.get('location'), `${place}/_history/1`);
  assert.equal(headers.get('etag'), 'W/"1"');
  assert.equal(Date.parse(headers.get('last-modified')),
    Math.floor(Date.parse(created.meta.lastUpdated) / 1000) * 1000);
  assert.match(headers.get('content-type'), /^application\/fhir\+json/);
  assert.deepEqual(bare(created), body);
  const read = await client().read({ resourceType: 'Observation', id: created.id });
  assert.deepEqual(read, created);
  assert.equal(came(read).headers.get('etag'), 'W/"1"');
  const same = { resourceType: 'Observation', id: created.id, version: '1' };
  assert.deepEqual(await client().vread(same), created);
  const location = headers.get('location');
  assert.deepEqual(await client().resolve({ reference: location.split('/_history')[0] }), created);
});

test('search with date twice and a token with %7C', async () => {
  await stored('kit-search', 10);
  const searchParams = {
    patient: 'kit-search',
    date: ['ge2026-11-22T10:03:00Z', 'lt2026-11-22T10:06:00+00:00'],
    code: `${LOINC}|8867-4`,
  };
  const found = await client().search({ resourceType: 'Observation', searchParams });
  assert.match(sent(found).url, /date=.*&date=/);
  assert.match(sent(found).url, /%7C8867-4/);
  assert.deepEqual(values(found), [65, 64, 63]);
  assert.equal(found.total, 3);
  const posted = await client().search({
    resourceType: 'Observation', searchParams, options: { postSearch: true },
  });
  assert.equal(sent(posted).method, 'POST');
  assert.deepEqual(values(posted), [65, 64, 63]);
  const other = { ...searchParams, code: `${LOINC}|8310-5` };
  assert.equal((await client().search({ resourceType: 'Observation', searchParams: other })).total, 0);
});

test('the compartment of a patient', async () => {
  await stored('kit-compartment', 4);
  const found = await client().search({
    compartment: { resourceType: 'Patient', id: 'kit-compartment' },
    resourceType: 'Observation',
    searchParams: { _count: 3, date: 'ge2026-11-22' },
  });
  assert.match(sent(found).url, /Patient\/kit-compartment\/Observation\?/);
  assert.deepEqual(values(found), [63, 62, 61]);
  assert.deepEqual(values(await client().nextPage({ bundle: found })), [60]);
});

test('spaces that the client writes as plus signs', async () => {
  const body = patient('kit-plus', 'van den Berg');
  await client().update({ resourceType: 'Patient', id: body.id, body });
  const found = await client().search({
    resourceType: 'Patient', searchParams: { name: 'van den', _id: body.id },
  });
  assert.match(sent(found).url, /name=van\+den/);
  assert.equal(found.total, 1);
});

test('every page by following next: all found, each once', async () => {
  await stored('kit-pages', 23);
  for (const postSearch of [false, true]) {
    const all = [];
    let pages = 0;
    let page = await client().search({
      resourceType: 'Observation',
      searchParams: { patient: 'kit-pages', _count: 5 },
      options: { postSearch },
    });
    while (page) {
      all.push(...values(page));
      assert.ok(++pages <= 5, 'too many pages');
      const next = page.link.find(({ relation }) => relation === 'next');
      if (next) assert.ok(next.url.startsWith(`${here.base}/Observation`), next.url);
      page = await client().nextPage({ bundle: page });
    }
    assert.deepEqual(all, Array.from({ length: 23 }, (_, i) => 82 - i));
    assert.equal(pages, 5);
  }
});

test('a batch: each entry alone', async () => {
  const body = bundle(
    'batch',
    posting(heartRate('kit-batch', 0, 60)),
    posting({ resourceType: 'Observation' }),
    { request: { method: 'GET', url: 'Observation?patient=kit-batch' } },
    { request: { method: 'GET', url: 'Patient/nobody-here' } },
    { request: { method: 'DELETE', url: 'Patient/kit-batch' } },
  );
  const answer = await client().batch({ body });
  assert.equal(answer.type, 'batch-response');
  const statuses = answer.entry.map(({ response }) => response.status.slice(0, 3));
  assert.deepEqual(statuses, ['201', '400', '200', '404', '405']);
  assert.equal(answer.entry[2].resource.resourceType, 'Bundle');
  for (const i of [1, 3, 4]) assertOutcome(answer.entry[i].response.outcome);
});

test('a transaction: references within it, all or nothing', async () => {
  const fullUrl = 'urn:uuid:3f0c9b0a-0000-4000-8000-000000000001';
  const one = { ...heartRate('x', 0, 60), subject: { reference: fullUrl } };
  const { id, ...newborn } = patient('kit-transaction');
  const good = bundle('transaction', posting(newborn, { fullUrl }), posting(one));
  const answer = await client().transaction({ body: good });
  assert.equal(answer.type, 'transaction-response');
  assert.deepEqual(answer.entry.map(({ response }) => response.status), ['201 Created', '201 Created']);
  const [made, observed] = answer.entry.map(({ response }) => response.location.split('/'));
  assert.equal(made[0], 'Patient');
  const read = await client().read({ resourceType: 'Observation', id: observed[1] });
  assert.equal(read.subject.reference, `Patient/${made[1]}`);
  assert.ok(answer.entry[0].fullUrl.startsWith(here.base));

  const bad = bundle('transaction', posting(heartRate('kit-nothing', 0, 60)),
    posting({ ...heartRate('kit-nothing', 1, 60), status: 'wrong' }));
  await refused(422, 'code-invalid', client().transaction({ body: bad }));
  const searchParams = { patient: 'kit-nothing' };
  assert.equal((await client().search({ resourceType: 'Observation', searchParams })).total, 0);
});

test('$lastn by GET and by POST', async () => {
  await stored('kit-lastn', 5);
  const temperature = observation('kit-lastn', 7, { valueQuantity: { value: 37 } });
  temperature.code.coding[0] = { system: LOINC, code: '8310-5' };
  await client().create({ resourceType: 'Observation', body: temperature });
  const asked = { resourceType: 'Observation', name: 'lastn' };
  const input = { patient: 'kit-lastn', category: 'vital-signs', max: 2 };
  const found = await client().operation({ ...asked, method: 'GET', input });
  assert.deepEqual(values(found).sort(), [37, 63, 64]);
  const parameter = [
    { name: 'patient', valueString: 'kit-lastn' },
    { name: 'category', valueCode: 'vital-signs' },
    { name: 'max', valuePositiveInt: 2 },
  ];
  const body = { resourceType: 'Parameters', parameter };
  assert.deepEqual(values(await client().operation({ ...asked, input: body })), values(found));
});

test('update, and update by an identifier', async () => {
  const body = patient('kit-update');
  const put = (resource) => client().update({ resourceType: 'Patient', id: body.id, body: resource });
  assert.equal(came(await put(body)).status, 201);
  const second = await put({ ...body, active: true });
  assert.equal(came(second).status, 200);
  assert.equal(second.meta.versionId, '2');

  const { id, ...unnamed } = patient('kit-conditional');
  const searchParams = { identifier: 'urn:test:patients|kit-conditional' };
  const conditional = (resource) =>
    client().update({ resourceType: 'Patient', searchParams, body: resource });
  const made = await conditional(unnamed);
  assert.equal(came(made).status, 201);
  const changed = await conditional({ ...unnamed, active: false });
  assert.equal(came(changed).status, 200);
  assert.deepEqual([changed.id, changed.meta.versionId, changed.active], [made.id, '2', false]);
});

test('If-Match: kept to in a transaction; by itself refused, never let go', async () => {
  const body = patient('kit-match');
  const put = (headers) =>
    client().update({ resourceType: 'Patient', id: body.id, body, options: { headers } });
  const match = (ifMatch) => client().transaction({
    body: bundle('transaction', {
      resource: body, request: { method: 'PUT', url: `Patient/${body.id}`, ifMatch },
    }),
  });
  await put({});
  await refused(501, 'not-supported', put({ 'if-match': 'W/"1"' }));
  const { entry: [{ response }] } = await match('W/"1"');
  assert.deepEqual([response.status, response.etag], ['200 OK', 'W/"2"']);
  await refused(412, 'conflict', match('W/"1"'));
  assert.equal((await client().read({ resourceType: 'Patient', id: body.id })).meta.versionId, '2');
});

test('If-None-Exist: a create that is there already is 200', async () => {
  const { id, ...body } = patient('kit-exists');
  const options = { headers: { 'If-None-Exist': 'identifier=urn:test:patients|kit-exists' } };
  const first = await client().create({ resourceType: 'Patient', body, options });
  const again = await client().create({ resourceType: 'Patient', body, options });
  assert.deepEqual([came(first).status, came(again).status], [201, 200]);
  assert.equal(again.id, first.id);
});

test('errors arrive as the client\'s own, with the OperationOutcome', async () => {
  const nurse = client(await here.hospital.connect('nurse', 'nurse', 'patient/p-one/*.rs'));
  const own = heartRate('p-one', 0, 60);
  await client().create({ resourceType: 'Observation', body: own });
  const search = (who, searchParams) => who.search({ resourceType: 'Observation', searchParams });
  assert.equal((await search(nurse, { patient: 'p-one' })).total, 1);

  const once = { ...own, identifier: [{ system: 'urn:test:kit', value: 'once' }] };
  await client().create({ resourceType: 'Observation', body: once });
  const resourceType = 'Observation';
  for (const [status, code, asking] of [
    [404, 'not-found', () => client().read({ resourceType, id: 'nothing-here' })],
    [404, 'not-supported', () => client().read({ resourceType: 'Encounter', id: '1' })],
    [400, 'not-supported', () => search(client(), { nonsense: '1' })],
    [400, 'invalid', () => search(client(), { date: 'yesterday' })],
    [400, 'structure', () => client().create({ resourceType, body: '{"resourceType":' })],
    [422, 'business-rule', () => client().create({ resourceType, body: { ...own, subject: undefined } })],
    [403, 'forbidden', () => search(nurse, { patient: 'p-two' })],
    [403, 'forbidden', () => nurse.create({ resourceType, body: own })],
    [409, 'duplicate', () => client().create({ resourceType, body: { ...once, status: 'amended' } })],
    [405, 'not-supported', () => client().delete({ resourceType, id: '1' })],
    [405, 'not-supported', () => client().update({ resourceType, id: '1', body: { ...own, id: '1' } })],
    [405, 'not-supported', () => client().patch({ resourceType, id: '1', jsonPatch: [] })],
  ]) {
    await refused(status, code, asking());
  }
});

test('a hundred requests at once', async () => {
  const asked = Array.from({ length: 100 }, (_, i) =>
    i % 2 ? client().create({ resourceType: 'Observation', body: heartRate('kit-many', i % 60, i) })
      : client().capabilityStatement());
  await Promise.all(asked);
  const searchParams = { patient: 'kit-many', _summary: 'count' };
  assert.equal((await client().search({ resourceType: 'Observation', searchParams })).total, 50);
});
