// SPDX-License-Identifier: Apache-2.0
// curl, by hand, and as a device that can only speak plain HTTP to its own sidecar.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bare, bundle, heartRate, patient, posting } from './makers.mjs';
import { assertOutcome, here, hospital, run } from './world.mjs';

let device;
hospital(async () => {
  device = await here.hospital.connect('monitor', 'device', 'patient/bed-1/Observation.c');
});

const TYPE = ['-H', 'Content-Type: application/fhir+json'];

/** The last head and the body of an answer. */
async function curl(words, input) {
  const { code, out, err } = await run('curl', ['-sS', '-i', '--max-time', '60', ...words], input);
  assert.equal(code, 0, err);
  const heads = out.split('\r\n\r\n');
  let at = 0;
  while (/^HTTP\/\S+ 1\d\d/.test(heads[at])) at++;
  const [line, ...fields] = heads[at].split('\r\n');
  const headers = Object.fromEntries(fields.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  }));
  const text = heads.slice(at + 1).join('\r\n\r\n');
  return { status: Number(line.split(' ')[1]), headers, text, json: text && JSON.parse(text) };
}

const post = (base, target, resource, ...more) =>
  curl([...TYPE, '--data-binary', '@-', ...more, `${base}/${target}`], JSON.stringify(resource));

test('a device posts by plain HTTP, a doctor reads it', async () => {
  const sent = heartRate('bed-1', 0, 71.50);
  const created = await post(device, 'Observation', sent);
  assert.equal(created.status, 201);
  assert.equal(created.headers.location, `${device}/Observation/${created.json.id}/_history/1`);
  const read = await curl([`${here.base}/Observation/${created.json.id}`]);
  assert.equal(read.status, 200);
  assert.deepEqual(bare(read.json), sent);
  assert.match(read.text, /"value":71\.5[,0]/);
  assert.equal(read.json.meta.source, 'urn:skeym:node:monitor');
  const other = await post(device, 'Observation', heartRate('bed-2', 0, 70));
  assert.equal(other.status, 403);
  assertOutcome(other.json, 'forbidden');
});

test('a body in chunks, one announced by Expect, HTTP/1.0, an offer of HTTP/2', async () => {
  const sent = heartRate('bed-1', 1, 72);
  for (const [words, how] of [
    [['-H', 'Transfer-Encoding: chunked'], 'chunked'],
    [['-H', 'Expect: 100-continue'], 'expect'],
    [['-0'], 'HTTP/1.0'],
    [['--http2'], 'upgrade'],
    [['--compressed', '-A', 'infusion pump/1', '-H', 'X-Request-Id: 7'], 'other headers'],
  ]) {
    assert.equal((await post(device, 'Observation', sent, ...words)).status, 201, how);
  }
});

test('a large body', async () => {
  const entry = Array.from({ length: 400 }, (_, i) => posting(heartRate('bed-1', i % 60, i)));
  const large = await post(here.base, '', bundle('batch', ...entry));
  assert.equal(large.status, 200);
  assert.equal(large.json.entry.length, 400);
});

test('one connection carries several requests', async () => {
  const { out } = await run('curl', ['-sS', '-g', '-w', '\n%{http_code} %{num_connects}\n',
    ...Array(4).fill(`${here.base}/metadata`)]);
  const lines = out.match(/^\d{3} \d+$/gm);
  assert.deepEqual(lines, ['200 1', '200 0', '200 0', '200 0']);
});

test('what is asked of a read: trailing slash, _format, Accept, HEAD, If-None-Match', async () => {
  await curl(['-X', 'PUT', ...TYPE, '--data-binary', '@-', `${here.base}/Patient/asked`],
    JSON.stringify(patient('asked')));
  const one = `${here.base}/Patient/asked`;
  const accept = (type) => ['-H', `Accept: ${type}`];
  for (const words of [
    [one], [`${one}/`], [`${one}?_format=json`], [`${one}?_format=application/fhir+json`],
    [`${one}?_pretty=true`], [`${one}?_summary=false`], [...accept('*/*'), one],
    [...accept('application/json'), one], [...accept('text/html, application/fhir+json;q=0.9'), one],
    [...accept('application/fhir+json; fhirVersion=4.0'), one], [...accept(''), one],
    ['-H', 'If-None-Match: W/"7"', one], ['-H', 'Cache-Control: no-cache', one],
  ]) {
    const { status, json, headers } = await curl(words);
    assert.equal(status, 200, words.join(' '));
    assert.equal(json.id, 'asked');
    assert.equal(headers.etag, 'W/"1"');
  }
  const head = await curl(['-I', one]);
  assert.deepEqual([head.status, head.text, head.headers.etag], [200, '', 'W/"1"']);
  const same = await curl(['-H', 'If-None-Match: W/"1"', one]);
  assert.deepEqual([same.status, same.text], [304, '']);
  for (const words of [[...accept('application/fhir+xml'), one], [`${one}?_format=xml`]]) {
    const refused = await curl(words);
    assert.equal(refused.status, 406, words.join(' '));
    assertOutcome(refused.json, 'not-supported');
  }
});

test('a web page of elsewhere gets nothing', async () => {
  const answer = await curl(['-H', 'Origin: http://elsewhere', `${here.base}/metadata`]);
  assert.equal(answer.status, 403);
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
  assertOutcome(answer.json);
});

test('Prefer: return=minimal', async () => {
  const made = await post(here.base, 'Observation', heartRate('bed-1', 2, 73),
    '-H', 'Prefer: return=minimal');
  assert.deepEqual([made.status, made.text], [201, '']);
  assert.match(made.headers.etag, /^W\/"1"$/);
  const read = await curl([made.headers.location]);
  assert.equal(read.json.valueQuantity.value, 73);
});

test('search by a form, $lastn, date twice and %7C', async () => {
  const query = ['--data-urlencode', 'patient=Patient/bed-1', '--data-urlencode',
    'code=http://loinc.org|8867-4', '-d', 'date=ge2026-11-22T10:01:00%2B00:00',
    '-d', 'date=lt2026-11-22T10:02:00Z', '-d', '_count=100'];
  const got = await curl(['-G', ...query, `${here.base}/Observation`]);
  assert.equal(got.status, 200);
  assert.ok(got.json.total > 0);
  assert.ok(got.json.entry.every(({ resource }) => resource.effectiveDateTime.startsWith('2026-11-22T10:01')));
  const posted = await curl([...query, `${here.base}/Observation/_search`]);
  assert.deepEqual(posted.json.entry, got.json.entry);
  const last = await curl([`${here.base}/Observation/$lastn?patient=bed-1&category=vital-signs&max=3`]);
  assert.equal(last.json.entry.length, 3);
});

test('an absolute reference to the address that the client knows is one to this server', async () => {
  const sent = heartRate('bed-1', 3, 74);
  sent.subject.reference = `${here.base}/Patient/bed-1`;
  const made = await post(here.base, 'Observation', sent);
  assert.equal(made.status, 201, made.text);
  const found = await curl([`${here.base}/Observation?patient=bed-1&date=2026-11-22T10:03`]);
  assert.ok(found.json.entry.some(({ resource }) => resource.id === made.json.id));
});

test('errors are OperationOutcomes', async () => {
  for (const [status, code, words, input] of [
    [404, 'not-found', [`${here.base}/Observation/none`]],
    [404, 'not-supported', [`${here.base}/Encounter/1`]],
    [404, undefined, [`${here.base.replace('/fhir', '')}/elsewhere`]],
    [400, 'not-supported', [`${here.base}/Observation?nonsense=1`]],
    [405, 'not-supported', ['-X', 'DELETE', `${here.base}/Patient/asked`]],
    [415, 'not-supported', ['-H', 'Content-Type: application/fhir+xml', '-d', '<a/>', `${here.base}/Patient`]],
    [400, 'structure', [...TYPE, '-d', '{', `${here.base}/Patient`]],
    [403, 'forbidden', [`${device}/Observation?patient=bed-1`]],
  ]) {
    const answer = await curl(words, input);
    assert.equal(answer.status, status, words.join(' '));
    assertOutcome(answer.json, code);
  }
});

test('a node that is revoked is told so, as an OperationOutcome', async () => {
  const lost = await here.hospital.connect('lost', 'device', 'patient/bed-1/Observation.cs');
  const search = [`${lost}/Observation?patient=bed-1&_count=1`];
  assert.equal((await curl(search)).status, 200);
  await here.hospital.revoke('lost');
  const answer = await curl(search);
  assert.ok([401, 403].includes(answer.status), answer.text);
  assertOutcome(answer.json);
});
