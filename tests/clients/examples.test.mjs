// SPDX-License-Identifier: Apache-2.0
// The official examples: those that apply go in and come out equal, but for what a server sets.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Client } from 'fhir-kit-client';
import { EXAMPLES } from './examples.mjs';
import { bare } from './makers.mjs';
import { ask, assertOutcome, here, hospital, must } from './world.mjs';

const FOLDER = new URL('../../../shared/data/fhir-r4-examples/', import.meta.url);
const skip = existsSync(FOLDER) ? false : 'no examples in ../shared/data/fhir-r4-examples';
if (!skip) hospital();

const read = (name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
const named = (fate) => Object.entries(EXAMPLES).filter(([, one]) => one.fate === fate);

test('each example has its row', { skip }, () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json')).sort();
  assert.deepEqual(Object.keys(EXAMPLES).sort(), files);
});

for (const [name, { why }] of named('in')) {
  test(`${name} goes in and comes out equal (${why})`, { skip }, async () => {
    const example = read(name);
    const { resourceType, id } = example;
    const client = new Client({ baseUrl: here.base });
    const created = resourceType === 'Observation' // those get an id of the server's
      ? await client.create({ resourceType, body: example })
      : await client.update({ resourceType, id, body: example });
    const expected = bare(example);
    assert.deepEqual(bare(created), expected);
    const got = await must(`/${resourceType}/${created.id}`);
    assert.deepEqual(bare(got), expected);
    const page = await must(`/${resourceType}?_id=${created.id}`);
    assert.deepEqual(bare(page.entry[0].resource), expected);
    if (resourceType !== 'Observation') assert.equal(created.id, id);
  });
}

test('the numbers of an example keep their digits', { skip }, async () => {
  const text = readFileSync(new URL('observation-example-body-temperature.json', FOLDER), 'utf8')
    .replace(/"value": *36\.5\b/, '"value":36.500');
  const made = await ask('/Observation', { method: 'POST', body: text });
  assert.equal(made.status, 201);
  assert.match((await ask(`/Observation/${made.json.id}`)).text, /"value":36\.500,/);
});

for (const [name, { why }] of named('out')) {
  test(`${name} is not to be written by a client (${why})`, { skip }, async () => {
    const example = read(name);
    const target = example.resourceType === 'Bundle' ? '' : `/${example.resourceType}`;
    const answer = await ask(target, { method: 'POST', body: example });
    assert.ok([404, 405, 422].includes(answer.status), answer.text);
    assertOutcome(answer.json);
  });
}

for (const [name, { why, status }] of named('refused')) {
  test(`${name} is refused (${why})`, { skip }, async () => {
    const example = read(name);
    const target = example.resourceType === 'Bundle' ? '' : `/${example.resourceType}`;
    const answer = await ask(target, { method: 'POST', body: example });
    assert.equal(answer.status, status, answer.text);
    assertOutcome(answer.json);
  });
}

test('what is served of the official transaction goes in alone, all of it', { skip }, async () => {
  const example = read('bundle-transaction.json');
  assert.equal((await ask('/Patient/123')).status, 404); // nothing of the whole was stored
  const matched = example.entry.find(({ request }) => request.ifMatch);
  for (let version = 1; version <= 2; version++) { // it wants version 2 to be there
    await must(`/${matched.request.url}`, { method: 'PUT', body: matched.resource });
  }
  const entry = example.entry.filter(({ request: { method, url } }) =>
    ['POST', 'PUT'].includes(method) && url.startsWith('Patient'));
  assert.equal(entry.length, 5);
  const answer = await must('', { method: 'POST', body: { ...example, entry } });
  const statuses = answer.entry.map(({ response }) => response.status.slice(0, 3));
  assert.deepEqual(statuses, ['201', '201', '201', '201', '200']);
  for (const [i, { response }] of answer.entry.entries()) {
    const got = await must(`/${response.location.split('/_history')[0]}`);
    assert.deepEqual(bare(got), bare(entry[i].resource));
  }
});
