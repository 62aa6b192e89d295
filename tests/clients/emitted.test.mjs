// SPDX-License-Identifier: Apache-2.0
// Both validators over each kind of resource that the server emits.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { bundle, device, everyKind, heartRate, patient, posting } from './makers.mjs';
import { ask, here, hospital, must } from './world.mjs';
import { faults, parts } from './validators.mjs';

hospital();

/** What was seen, by kind: a Bundle's type, an outcome's status, else the resource's type. */
const seen = new Map();

function valid(resource, kind = resource.resourceType) {
  assert.deepEqual(faults(resource), [], kind);
  for (const part of parts(resource)) {
    seen.set(part.resourceType === 'Bundle' ? `Bundle ${part.type}` : part.resourceType, part);
  }
  return resource;
}

const post = (resource, target = `/${resource.resourceType}`, more) =>
  ask(target, { method: 'POST', body: resource, ...more });

test('the validators see planted faults', () => {
  const plant = (change) => {
    const resource = { ...heartRate('p', 0, 60), id: 'a' };
    change(resource);
    return faults(bundle('searchset', { resource }));
  };
  assert.deepEqual(plant(() => {}), []);
  for (const change of [
    (one) => delete one.status,
    (one) => (one.colour = 'red'),
    (one) => (one.effectiveDateTime = 'today'),
    (one) => (one.valueQuantity.value = '60'),
    (one) => (one.component = {}),
  ]) {
    const found = plant(change);
    assert.ok(found.length > 0, String(change));
  }
  const both = plant((one) => (one.valueQuantity.value = { is: 'no number' }));
  for (const who of ['fhir: ', 'schema: ']) assert.ok(both.some((one) => one.startsWith(who)), who);
});

test('the capability statement', async () => {
  const statement = valid(await must('/metadata'));
  assert.equal(statement.fhirVersion, '4.0.1');
});

for (const [name, resource] of Object.entries(everyKind('emit-kinds'))) {
  test(`an observation: ${name}`, async () => {
    const made = await post(resource);
    assert.equal(made.status, 201, made.text);
    valid(made.json);
    valid(await must(`/Observation/${made.json.id}`));
  });
}

test('what our own devices send: vital signs, and waveforms of twelve leads', async () => {
  await here.hospital.device('emit-device', 'emit-ward', '--simulate', '--minutes', '1',
    '--leads', '12', '--speed', '0');
  let page = await must('/Observation?patient=emit-ward&_count=100');
  const codes = new Set();
  let waves = 0;
  for (;;) {
    valid(page);
    for (const { resource } of page.entry) {
      codes.add(resource.code.coding[0].code);
      waves += JSON.stringify(resource).includes('valueSampledData');
    }
    const next = page.link.find(({ relation }) => relation === 'next');
    if (!next) break;
    page = await must(next.url.slice(here.base.length));
  }
  assert.ok(waves > 0 && codes.size > 5, `${waves} waves, ${[...codes]}`);
});

test('patients and devices', async () => {
  for (const resource of [patient('emit'), device('emit', 'emit')]) {
    const target = `/${resource.resourceType}/${resource.id}`;
    valid(await must(target, { method: 'PUT', body: resource }));
    valid(await must(target));
    valid(await must(`${target}/_history/1`));
  }
});

test('searches: none, one page, a page with more, a count, $lastn', async () => {
  const entry = Array.from({ length: 7 }, (_, i) => posting(heartRate('emit-search', i, 60 + i)));
  await post(bundle('batch', ...entry), '');
  for (const [query, found] of [
    ['?patient=emit-nobody', 0],
    ['?patient=emit-search', 7],
    ['?patient=emit-search&_count=3', 3],
    ['?patient=emit-search&_summary=count', 0],
    ['/$lastn?patient=emit-search&category=vital-signs&max=2', 2],
  ]) {
    const { entry: entries = [] } = valid(await must(`/Observation${query}`));
    assert.equal(entries.length, found, query);
  }
  valid(await must('/Patient'));
  valid(await must('/Device'));
});

test('the answers to a batch and to a transaction', async () => {
  const batch = bundle('batch',
    posting(heartRate('emit-bundle', 0, 60)),
    posting({ resourceType: 'Observation' }),
    { request: { method: 'GET', url: 'Observation?patient=emit-bundle' } },
    { request: { method: 'GET', url: 'Patient/nobody-here' } },
    { request: { method: 'DELETE', url: 'Patient/1' } });
  assert.equal(valid((await post(batch, '')).json).type, 'batch-response');
  const { id, ...newborn } = patient('emit-transaction');
  const transaction = bundle('transaction', posting(newborn), posting(heartRate('emit-bundle', 1, 61)));
  assert.equal(valid((await post(transaction, '')).json).type, 'transaction-response');
  for (const type of ['batch', 'transaction']) {
    valid((await post({ resourceType: 'Bundle', type }, '')).json);
  }
});

test('outcomes of every sort', async () => {
  const one = heartRate('emit-outcome', 0, 60);
  const once = { ...one, identifier: [{ system: 'urn:test:emit', value: 'once' }] };
  const mute = await here.hospital.connect('emit-mute', 'device', 'patient/emit-outcome/Observation.c');
  await post(once, undefined, { base: mute });
  const match = bundle('transaction', {
    resource: patient('emit-match'),
    request: { method: 'PUT', url: 'Patient/emit-match', ifMatch: 'W/"3"' },
  });
  for (const [status, asking] of [
    [200, () => post(once, undefined, { base: mute })], // it was stored before: may not be read
    [400, () => ask('/Observation?nonsense=1')],
    [400, () => post(one, '/Observation', { body: '{' })],
    [403, () => ask('/Observation?patient=other', { base: mute })],
    [404, () => ask('/Observation/nothing-here')],
    [404, () => ask('/Encounter')],
    [405, () => ask('/Patient/1', { method: 'DELETE' })],
    [406, () => ask('/metadata?_format=xml')],
    [409, () => post({ ...once, status: 'amended' }, undefined, { base: mute })],
    [412, () => post(match, '')],
    [413, () => post(bundle('batch', ...Array(1001).fill(posting(one))), '')],
    [415, () => post(one, '/Observation', { headers: { 'content-type': 'application/fhir+xml' } })],
    [422, () => post({ ...one, status: 'wrong' })],
    [422, () => post(bundle('searchset'), '')],
  ]) {
    const answer = await asking();
    assert.equal(answer.status, status, answer.text);
    assert.equal(valid(answer.json).resourceType, 'OperationOutcome', `${status}`);
    assert.match(answer.headers.get('content-type'), /^application\/fhir\+json/);
  }
});

test('what the server says outside of any seal', async () => {
  for (const [target, how, status] of [
    ['/fhir/metadata', {}, 401],
    ['/skeym/v1/login', { method: 'POST', body: 'x' }, 401],
    ['/skeym/v1/exchange', { method: 'POST', body: 'x' }, 401],
    ['/fhir/metadata', { headers: { 'x-long': 'x'.repeat(12_000) } }, 431],
  ]) {
    const answer = await fetch(here.hospital.url + target, how);
    assert.equal(answer.status, status, target);
    if (answer.headers.get('content-type')?.startsWith('application/fhir+json')) {
      valid(await answer.json());
    } else {
      assert.equal(status, 431); // the HTTP library's own, before any of ours
    }
  }
});

test('audit events', async () => {
  const page = valid(await must('/AuditEvent?_count=100'));
  assert.equal(page.resourceType, 'Bundle');
  assert.ok(page.entry.length > 0);
  const types = new Set(page.entry.map(({ resource }) => resource.type.code));
  assert.ok(types.size > 1, [...types].join());
  for (const { resource } of page.entry.slice(0, 3)) {
    valid(await must(`/AuditEvent/${resource.id}`));
  }
});

test('the sidecar alone, when the server is away', async () => {
  await here.hospital.halt();
  const answer = await ask('/metadata');
  assert.ok([502, 503, 504].includes(answer.status), answer.text);
  assert.equal(valid(answer.json).resourceType, 'OperationOutcome');
});

after(() => {
  assert.deepEqual([...seen.keys()].sort(), ['AuditEvent', 'Bundle batch-response',
    'Bundle searchset', 'Bundle transaction-response', 'CapabilityStatement', 'Device', 'Observation',
    'OperationOutcome', 'Patient']);
});
