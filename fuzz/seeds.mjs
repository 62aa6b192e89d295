// SPDX-License-Identifier: Apache-2.0
// node fuzz/seeds.mjs: writes fuzz/corpus/, the inputs that every target begins with, from our own
// vectors and from what is written here. What a target makes of its first byte is said in its file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const vectors = JSON.parse(readFileSync(`${here}../tests/vectors/protocol.json`, 'utf8'));
const { enrolment, invitation, login, exchange } = vectors;

const hex = (text) => Buffer.from(text, 'hex');
const u16 = (n) => Buffer.from([n >> 8, n & 255]);
const u32 = (n) => Buffer.concat([u16(n >>> 16), u16(n & 65535)]);
const span8 = (bytes) => Buffer.concat([Buffer.from([bytes.length]), Buffer.from(bytes)]);
const part = (bytes) => Buffer.concat([u16(bytes.length), Buffer.from(bytes)]);
const all = (...parts) => Buffer.concat(parts.map((p) => (typeof p === 'number' ? Buffer.from([p]) : Buffer.from(p))));
const run = (size, first) => Buffer.from(Array.from({ length: size }, (_, i) => (first + i) & 255));
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const checked = (lines) =>
  `${lines}check ${b64(createHash('sha256').update(lines).digest().subarray(0, 8))}\n`;

function put(target, files) {
  mkdirSync(`${here}corpus/${target}`, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(`${here}corpus/${target}/${name}.bin`, bytes);
  }
}

const lane = login.usual.lanes[0];
put('token', {
  whole: all(0, hex(lane.token)),
  claims: all(1, hex(lane.token_claims)),
  'claims-of-epoch-before': all(3, hex(lane.token_claims)),
  'bad-padding': all(1, hex(lane.token_claims), 1),
  short: all(0, hex(lane.token).subarray(0, 29)),
});
put('locator', {
  whole: all(0, hex(enrolment.locator)),
  claims: all(1, hex(enrolment.node_claims)),
  'another-id': all(3, hex(enrolment.node_claims)),
  short: all(0, hex(enrolment.locator).subarray(0, 5)),
});
put('claims', {
  node: all(0, hex(enrolment.node_claims)),
  token: all(1, hex(lane.token_claims)),
  scopes: all(2, hex('0201021203702d3102021200')),
});
put('scope', {
  two: 'patient/p-1/*.cruds\npatient/p-1/Observation.rs',
  user: 'user/Observation.rs\nsystem/*.r',
  names: 'dr.Lee_1\nward',
  role: 'device\n',
});
put('base64url', { empty: '', one: '\0AA', two: '\0AAA', four: '\x0f-_09', left: '\0AB', long: `\x03${b64(run(192, 7))}` });
put('login_read', {
  usual: all(0, hex(login.usual.body)),
  'payload-usual': all(1, hex(login.usual.payload_1)),
  'payload-scopes': all(1, hex(login.after_rotation.payload_1)),
  'payload-clock': all(1, hex(login.clock_is_off.payload_1)),
});
put('login_finish', {
  usual: all(0, hex(login.usual.message_2)),
  'payload-usual': all(1, hex(login.usual.payload_2)),
  'payload-renewed': all(1, hex(login.after_rotation.payload_2)),
  'payload-clock': all(1, hex(login.clock_is_off.payload_2)),
});
put('invite', {
  code: all(0, invitation.code), 'code-cut': all(0, invitation.code.slice(0, 96)),
  body: all(1, hex(invitation.granted.body)), clock: all(1, hex(invitation.clock_is_off.body)),
  claims: all(2, hex(invitation.invitation_claims)), 'bad-padding': all(2, hex(invitation.invitation_claims), 1),
  payload: all(3, run(22, 1)), locator: all(1, hex(login.usual.body)),
});
put('invite_finish', {
  whole: all(0, hex(invitation.granted.message_2)), 'payload-clock': all(1, 1, hex('01a3185c523b')),
  payload: all(1, 0, hex('01a3185c523b'), part(hex(enrolment.locator)), run(32, 5), part(hex(enrolment.node_claims))),
  'payload-other-key': all(1, 0, hex('01a3185c523b'), part(hex(enrolment.locator)), run(32, 5), part(hex(invitation.granted.node_claims))),
});
put('uses', {
  none: all(1, 'SKEYMIN1', u32(0)), one: all(1, 'SKEYMIN1', u32(1), run(48, 9), u32(1800000000)),
  same: all(1, 'SKEYMIN1', u32(2), run(48, 1), u32(1800000000), run(48, 1), u32(1)),
  count: all(1, 'SKEYMIN1', u32(3), run(48, 1), u32(1800000000)), wrong: all(65, 'SKEYMIN1', u32(0)),
  whole: all(0, 'SKEYMIN1', u32(0), run(32, 1)), cut: all(0, 'SKEYM'),
});
put('connect', {
  bundle: all(0, '{"resourceType":"Bundle","link":[{"url":"https://w/fhir/Patient?a=b"}],"entry":[{"fullUrl":"https://w/fhir/Patient/1",'
    + '"resource":{"subject":{"reference":"https:\\/\\/w\\/fhir/Patient/1"},"x":[1,-2.5e3,true,null,{}]},"response":{"location":"https://w/fhir"}}]}'),
  resource: all(0, '{"resourceType":"Patient","id":"p","meta":{"versionId":"3","lastUpdated":"2026-11-22T20:28:34.123Z"}}'),
  metadata: all(0, '{"implementation":{"url":"https://w/fhir"}}'),
  get: all(1, 'GET\n/fhir/Patient?a=b\nHost\nlocalhost:8080\nOrigin\nhttp://127.0.0.1\n'),
  post: all(1, 'POST\n/fhir/Observation\nhost\n[::1]\nContent-Type\n a/b \nIdempotency-Key\n"k.1"\nIf-None-Exist\na=b\nPrefer\nx\n'),
});
put('closed', {
  get: exchange.closed_get.plain,
  post: exchange.closed_post.plain,
  key: exchange.closed_key.plain,
  all: 'POST /fhir/Patient\ncontent-type: a/b\nidempotency-key: k.1_-Z\nif-none-exist: identifier=a|b\nprefer: return=minimal\n\n{}',
});
// As many lanes as are said, each with the shortest token there is.
const granted = (lanes) => all(1, hex(login.usual.payload_2).subarray(0, 12), part(run(46, 1)), 0, lanes,
  ...Array.from({ length: lanes }, () => part(run(46, 2))));
put('login_finish', { 'lanes-16': granted(16), 'lanes-17': granted(17) });
const header = (more) => Buffer.from(`{"alg":"dir","enc":"A256GCM","cty":"a/b"${more}}`);
put('jwe', {
  'request-header': all(1, span8(header('')), '{}'),
  'other-dots': all(5, '.-..', span8(header('')), '{}'),
  'answer-header': all(3, span8(header(',"status":201')), 'xyz'),
  'open-post': all(0, exchange.open_post.jwe),
  answer: all(2, exchange.answer.jwe),
});
put('answer', {
  sealed: all(5, u16(100), '\n{"resourceType":"Patient"}'),
  'other-inside': all(7, u16(100), u16(101), '\nx'),
  clear: all(0, u16(301), 'text/plain\nno'),
  raw: all(4, u16(101), '\n', exchange.answer.jwe),
});
const ask = `GET\n${exchange.open_get.target}\n\n`;
put('admit', {
  get: all(3, ask),
  post: all(3, 'POST\n/fhir/Observation\napplication/jose\n', exchange.open_post.jwe),
  vector: all(0, ask, `SkeyM ${lane.token_text}\n${exchange.open_get.proof_text}\n`),
  forged: all(1, ask, `${exchange.open_get.proof_text}\n`),
  stranger: all(7, ask),
  revoked: all(11, ask),
  late: all(19, ask),
  tampered: all(35, ask, 'x'),
  doubled: all(67, ask),
  method: all(131, ask),
});
put('fields', {
  usual: `Host:a\nAuthorization: SkeyM ${lane.token_text}\nSkeyM-Proof:\t${exchange.open_get.proof_text} \nContent-Type:application/jose\nContent-Length:17`,
  twice: 'content-length:1\nCONTENT-LENGTH:1',
  chunked: 'Transfer-Encoding:chunked\nExpect:100-continue',
  odd: 'Content-Length:+1\nContent-Length :0x1\nHost:\nhost:',
});
const keyring = all('SKEYMKR1', u32(3600), u32(499999), run(32, 0x70), run(32, 0x50), span8('ward'), 2,
  u32(1), u32(1799990000), run(32, 0x10), u32(2), u32(1799999000), run(32, 0x30));
put('keyring', { body: all(1, keyring), whole: all(0, keyring, createHash('sha256').update(keyring).digest()) });
put('revoked', {
  list: '# lost\nbed-1 2\n\ndr.Lee_1 4294967295\nbed-1 7\n',
  wrong: 'bed-1 0\n',
  long: 'bed-1 4294967296\n',
  wraps: 'bed-1 18446744073709551623\n',
  blanks: ' bed-1  2 \r\n',
});
const credential = `skeym-credential 1\nnode dr.Lee_1\nserver https://ward:8420\naudience ward\nauthority ${b64(run(32, 1))}\nlocator ${b64(hex(enrolment.locator))}\npublic ${b64(run(32, 2))}\n`;
const lock = `lock scrypt 17 8 1 ${b64(run(16, 3))} ${b64(run(12, 4))}\n`;
put('credential', {
  open: all(1, `${credential}lock none\nsecret ${b64(run(64, 5))}\n`),
  locked: all(1, `${credential}${lock}secret ${b64(run(80, 6))}\n`),
  key: all(3, `skeym-key 1\npublic ${b64(run(32, 7))}\nlock none\nsecret ${b64(run(32, 8))}\n`),
  whole: all(0, checked(`${credential}lock none\nsecret ${b64(run(64, 9))}\n`)),
});
const chain = `skeym-chain 1\nnode dr.Lee_1\nserver https://ward:8420\n`;
const link = `lane 1000 28801000 30 ${b64(run(32, 1))} ${lane.token_text}\n`;
put('chain', { none: all(1, chain), two: all(1, chain, link, link), whole: all(0, checked(chain + link)) });
put('journal', {
  run: all(1, 5, 1, 0, part('note'), 2, 0, part('one'), 2, 1, part('two'), 3, 0, part(''), 4, 0, part('')),
  torn: all(1, 2, 1, 0, part('note'), 2, 0, part('one'), 'SKJR\x02\0\0\0'),
  damaged: all(1, 3, 1, 0, part('note'), 0x82, 0, part('one'), 2, 1, part('two')),
  empty: all(0),
});
put('ids', {
  reading: 'bed-1.9f02c1aa.0-MLII.17',
  run: 'skeym-run 1 9f02c1aa 0123456789abcdef 1800000000000 1700000000000\n',
});
put('samples', {
  wave: all(1, u16(1024), u16(0), u16(65535), u16(32768), u16(32767), u16(5)),
  json: all(16, '{"resourceType":"Observation","valueSampledData":{"origin":{"value":0},"period":4,"dimensions":1,"data":"1 -2 E 2147483647"}}'),
  limits: all(16, '{"resourceType":"Observation","valueSampledData":{"dimensions":1,"data":"U L"}}'),
});
const hea = (lines) => part(`${lines.join('\n')}\n`);
put('wfdb_header', {
  two: all(hea(['100 2 360 2', '100.dat 212 200 11 1024 1 3 0 MLII', '100.dat 212 200 11 1024 2 6 0 V5', '# x']), hex('010002020004')),
  numerics: all(hea(['n 2 0.0166 0 12:00:00 1/2/2020', 'n.dat 16 10/bpm 16 0 5 0 0 HR', 'n.dat 16 10(2)/% 16 0 0 0 0 SpO2']), hex('05000000')),
  frames: all(hea(['f/1 1 10', 'f.dat 80']), hex('80')),
  several: all(hea(['g 2 250/500(1.5) 1', 'a.dat 80x2+1 1 8', 'b.dat 16 1e2 16 -5']), hex('00818200')),
});
put('wfdb_sample', {
  16: all(0, 0, 1, 3, hex('0100ff7f0080')),
  80: all(1, 1, 2, 2, hex('00017f80ff')),
  212: all(2, 1, 1, 4, hex('010203040506ff8f07')),
  far: all(14, run(8, 255), run(8, 1), 2, hex('0000')),
});
put('conf', {
  file: all(0, '# ward\nlisten 0.0.0.0:8420\nallow-plaintext-network yes\nused-slots 4096\nlog-level debug\npublic-url https://ward/x\ndb /a b\n'),
  flags: all(1, '--listen\n[::1]:0\n--tls-cert=a\n--tls-key=b\n--allow-plaintext-network\n--lanes=16\n-x'),
  wrong: all(0, 'listen x\nlanes 017\nno-such 1\nlanes 2\nmetrics-listen 8.8.8.8:1\n'),
});
put('fhir_time', {
  year: '2013', month: '2013-02', day: '2000-02-29', minute: '2013-01-14T10:00',
  instant: '2013-01-14T10:00:01.123+02:00', zulu: '9999-12-31T23:59:59Z', leap: '2016-12-31T23:59:60Z',
});
const observation = {
  resourceType: 'Observation', status: 'final', meta: { profile: ['x'], versionId: '7' },
  category: [{ coding: [{ system: 'http://x', code: 'vital-signs' }] }],
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: { reference: 'Patient/p-1' }, effectiveDateTime: '2027-01-15T08:00:00Z',
  identifier: [{ system: 'urn:skeym:reading', value: 'bed-1.9f02c1aa.HR.1' }],
  valueQuantity: { value: 60.50, unit: '/min' },
};
const period = { ...observation, effectivePeriod: { start: '2027-01-15', end: '2027-01-16' } };
delete period.effectiveDateTime;
const patient = { resourceType: 'Patient', id: 'p-1', name: [{ family: 'Lée', given: ['A'] }], birthDate: '1970-01' };
put('fhir_json', {
  observation: JSON.stringify(observation), period: JSON.stringify(period), patient: JSON.stringify(patient),
  device: '{"resourceType":"Device","identifier":[{"value":"d"}],"patient":{"reference":"Patient/p-1"}}',
  numbers: '{"a":[1,-0,1.50,1e-7,1E+300,123456789012345678],"b":"\\ud83d\\ude00\\n","c":null,"d":true}',
  keys: '{"a":1,"a":2}', number: '-10.5e+3', 'zero-first': '012', 'zero-in-object': '{"a":-01.5}',
});
put('fhir_search', {
  none: all(0, '/fhir/Observation?patient=p-1&_count=00&_sort=-date'),
  page: all(0, '/fhir/Observation?patient=p-1&code=http://loinc.org|8867-4&date=ge2027-01-15&_count=10&_sort=-date'),
  latest: all(3, '/fhir/Observation/$lastn?patient=Patient/p-1&category=vital-signs&max=3'),
  match: all(0x86, 'identifier=urn:x%7C2&subject=p-1'),
  patient: all(1, '/fhir/Patient?name=le&identifier=|2&_lastUpdated=gt2027-01-15T08:00:00Z&_id=a,b'),
  device: all(2, '/fhir/Device?patient=p-1&_format=json'),
  xml: all(0, '/fhir/Observation?_format=xml'),
  views: all(1, '/fhir/Patient?_summary=count&_elements=name,id&_pretty=true&_total=estimate&name=van+den%2B'),
});
put('incidents', {
  page: all(0, '/fhir/AuditEvent?date=ge2027-01&outcome=4,8&_sort=-date&_count=5'),
  next: all(1, '/fhir/AuditEvent?_count=5&_cursor=1800000123460.m.7'),
  who: all(2, '/fhir/AuditEvent?agent=Device/bed-7&entity=urn:skeym:node%7Cbed-7&type=110113&subtype=used'),
  file: all(3, '/console/js/main.js?x'), folder: all(4, '/console/'), out: all(5, '/console/../js/./main.js'),
  audit: all(6, '/console\n{"time":1,"event":"init"}\n{"time":2,"ev\nno JSON\n{"event":"revoke","node":"bed-7","by":"dr.Lee_1"}'),
});
const request = (who, method, target, body = '', exist = '') =>
  all(who, `${method}\n/fhir${target}\n${body ? 'application/fhir+json' : ''}\n${exist}\n`, body);
const bundle = (type) => JSON.stringify({
  resourceType: 'Bundle', type,
  entry: [
    { fullUrl: 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a', resource: patient, request: { method: 'PUT', url: 'Patient/p-1' } },
    { resource: observation, request: { method: 'POST', url: 'Observation', ifNoneExist: 'identifier=urn:skeym:reading|bed-1.9f02c1aa.HR.1' } },
    { request: { method: 'GET', url: 'Observation?patient=p-1' } },
  ],
});
put('fhir', {
  metadata: request(3, 'GET', '/metadata'),
  search: request(1, 'GET', '/Observation?patient=p-1&date=ge2027'),
  'search-others': request(1, 'GET', '/Observation?patient=p-2'),
  'read-others': request(2, 'GET', '/Patient/p-2'),
  latest: request(0, 'GET', '/Observation/$lastn?patient=p-1&code=8867-4'),
  history: request(1, 'GET', '/Patient/p-1/_history/1'),
  post: request(1, 'POST', '/Observation', JSON.stringify(observation), 'identifier=urn:skeym:reading|bed-1.9f02c1aa.HR.1'),
  'post-others': request(1, 'POST', '/Observation', JSON.stringify({ ...observation, subject: { reference: 'Patient/p-2' }, identifier: [{ system: 'urn:x', value: '2' }] })),
  'device-others': request(1, 'POST', '/Device', '{"resourceType":"Device","patient":{"reference":"Patient/p-1"},"identifier":[{"system":"urn:x","value":"2"}]}', 'identifier=urn:x|2'),
  'device-moved': request(1, 'PUT', '/Device/d-2', '{"resourceType":"Device","id":"d-2","patient":{"reference":"Patient/p-1"}}'),
  'search-device': request(1, 'GET', '/Device?patient=p-1&identifier=urn:x|2'),
  put: request(1, 'PUT', '/Patient/p-1', JSON.stringify(patient)),
  transaction: request(1, 'POST', '', bundle('transaction')),
  batch: request(2, 'POST', '', bundle('batch')),
  compartment: request(1, 'GET', '/Patient/p-1/Observation?_count=1&patient=p-2'),
  'compartment-others': request(1, 'GET', '/Patient/p-2/Observation?patient=p-1'),
  form: all(1, 'POST\n/fhir/Observation/_search?_count=2\napplication/x-www-form-urlencoded\n\n', 'patient=p-1&code=a+b%2Bc&date=ge2027-01-15T08:00:00+01:00'),
  'form-others': all(2, 'POST\n/fhir/Patient/_search\napplication/x-www-form-urlencoded\n\n', '_id=p-2'),
  parameters: request(1, 'POST', '/Observation/$lastn', '{"resourceType":"Parameters","parameter":[{"name":"patient","valueReference":{"reference":"Patient/p-1"}},{"name":"code","valueCoding":{"system":"urn:x","code":"a"}},{"name":"max","valuePositiveInt":2}]}'),
  'parameters-others': request(2, 'POST', '/Observation/$lastn', '{"resourceType":"Parameters","parameter":[{"name":"patient","valueId":"p-2"},{"name":"code","valueString":"8867-4"}]}'),
  condition: request(0, 'PUT', '/Patient?identifier=urn:x|2', '{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"2"}]}'),
  'condition-others': request(1, 'PUT', '/Device?identifier=urn:x|2', '{"resourceType":"Device","patient":{"reference":"Patient/p-1"}}'),
  match: request(0, 'POST', '', JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: [
    { resource: patient, request: { method: 'PUT', url: 'Patient/p-1', ifMatch: 'W/"1"' } },
    { resource: { resourceType: 'Patient' }, request: { method: 'PUT', url: 'Patient?identifier=urn:x|7', ifMatch: '"1"' } },
  ] })),
  views: request(3, 'GET', '/Patient?_summary=count&_elements=name&_pretty=true&_total=none'),
});
const lines = (...text) => part(text.map((line) => `${line}\r\n`).join(''));
put('http', {
  usual: all(0, u16(200), 'https://ward:8420\n', lines('HTTP/1.1 200 OK', 'Content-Type: application/jose', `SkeyM-Next: ${lane.token_text}`, 'Content-Length: 5', ''), '\0body'),
  interim: all(4, u16(201), 'http://127.0.0.1:1\n', lines('HTTP/1.1 100 Continue', 'SkeyM-Next: x', '', 'HTTP/1.1 201 Created', 'skeym-next:\t y ', '')),
  later: all(0, u16(503), 'http://[::1]:1/\n', lines('HTTP/1.1 503 x', 'Retry-After: 30', 'Retry-After: Fri, 1 Jan', 'Content-Type: a/b', 'Content-Type: a/b')),
  twice: all(1, u16(200), 'http://ward\n', lines('HTTP/1.1 200 OK')),
  broken: all(2, u16(200), 'ftp://ward\n', lines('HTTP/1.1 200 OK'), '0123456789'),
  address: all(0, u16(99), 'https://u:p@ward:8/x?y#z\n', lines('')),
});
const row = (how, id, patient, writer, start, stop, updated, version, body) =>
  all(how, span8(id), span8(patient), span8(writer), ...[start, stop, updated, version].map((n) => Buffer.concat([u32(Math.floor(n / 2 ** 32)), u32(n % 2 ** 32)])), body);
// Each row under each question that there is for it.
const asked = (count, how, name, ...rest) =>
  Object.fromEntries(Array.from({ length: count }, (_, which) => [`${name}-${which}`, row(how + 32 * which, ...rest)]));
put('row', {
  ...asked(5, 1, 'observation', 'o-1', 'p-1', 'bed-1', 1.8e12, 1.8e12 + 1000, 1.8e12, 1, JSON.stringify(observation)),
  ...asked(3, 5, 'patient', 'o-1', 'p-1', 'dr.Lee_1', 0, 0, 1.8e12, 3, JSON.stringify(patient)),
  ...asked(3, 19, 'device', 'x', 'y', 'bed-1', 0, 0, 1.8e12, 1, '{"resourceType":"Device","patient":{"reference":"Patient/p-1"}}'),
  ...asked(5, 16, 'damaged', 'o-1', 'p-1', 'bed-1', 1.8e12, 1.8e12, 1.8e12, 1, JSON.stringify(observation)),
  ...asked(5, 17, 'no-json', '', '', '', 0, 0, 0, 0, '{'),
  ...asked(5, 9, 'empty', 'o-1', 'p-1', '', 2 ** 53, 0, 2 ** 63, 2 ** 32, ''),
  ...asked(5, 1, 'no-id', '', 'p-1', 'bed-1', 1.8e12, 1.8e12, 1.8e12, 1, '{}'),
  all: row(225, 'o-1', 'p-1', 'bed-1', 1.8e12, 1.8e12 + 1000, 1.8e12, 1, JSON.stringify(observation)),
});

const head = (first, fields, body = '') => `${[first, 'Host: ward', ...fields].join('\r\n')}\r\n\r\n${body}`;
const asks = 'GET /fhir/Patient/p-2\n\n';
const create = `POST /fhir/Observation\ncontent-type: application/fhir+json\nif-none-exist: identifier=urn:skeym:reading|bed-1.9f02c1aa.HR.1\nprefer: return=minimal\n\n${JSON.stringify(observation)}`;
put('server', {
  raw: all(0, head('GET /fhir/metadata HTTP/1.1', [`Authorization: SkeyM ${lane.token_text}`, `SkeyM-Proof: ${exchange.open_get.proof_text}`])),
  'raw-two': all(0, head('POST /fhir HTTP/1.1', ['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n') + head('GET / HTTP/1.1', ['Content-Length: +1'])),
  'raw-half': all(0, 'POST /skeym/v1/exchange HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n'),
  open: all(1, 'GET\n/fhir/Observation?patient=p-1\n\n'),
  'open-post': all(9, 'POST\n/fhir/Observation\napplication/fhir+json\n', JSON.stringify(observation)),
  closed: all(2, asks), 'closed-one': all(10, asks), 'closed-read': all(18, asks), 'closed-device': all(26, asks),
  'closed-post': all(10, create),
  'closed-bundle': all(2, `POST /fhir\ncontent-type: application/fhir+json\n\n${bundle('transaction')}`),
  trailed: all(3, head('GET /fhir/metadata HTTP/1.1', [])),
  login: all(4, hex(login.usual.body)),
  twice: all(5, asks), unsealed: all(6, exchange.open_post.jwe), split: all(7, asks),
  altered: all(34, u16(100), asks), 'altered-proof': all(33, u16(7), 'GET\n/fhir/metadata\n\n'), 'altered-body': all(34, u16(1001), asks),
});

const sampled = (n, more = {}) => ({
  resource: {
    resourceType: 'Observation', identifier: [{ system: 'urn:skeym:reading', value: `bed-1.9f02c1aa.0-MLII.${n}` }],
    code: { text: 'ECG lead MLII' }, effectivePeriod: { start: '2027-01-15T08:00:00Z', end: '2027-01-15T08:00:01Z' },
    valueSampledData: { origin: { value: 0 }, period: 4, dimensions: 1, data: '1 -2 E 7' }, ...more,
  },
});
const pulse = sampled(0, { identifier: [{ system: 'urn:skeym:reading', value: 'bed-1.9f02c1aa.HR.0' }], valueSampledData: undefined, valueQuantity: { value: 61.5, unit: '/min' } });
const panel = sampled(1, { identifier: [{ value: 'bed-1.9f02c1aa.BP.1' }], valueSampledData: undefined, component: [{ code: { text: 'systolic' }, valueQuantity: { value: 120 } }, { code: { text: 'x' }, dataAbsentReason: {} }] });
const pageOf = (entry, next) => JSON.stringify({ resourceType: 'Bundle', type: 'searchset', link: next ? [{ relation: 'next', url: 'https://ward:8420/fhir/Observation?_cursor=x' }] : [], entry });
put('readback', {
  one: all(1, part(pageOf([sampled(0), sampled(1), pulse]))),
  two: all(1, part(pageOf([sampled(1), sampled(0)], true)), part(pageOf([sampled(1), pulse, panel]))),
  latest: all(0, part(pageOf([pulse])), part(pageOf([sampled(0), pulse], true)), part(pageOf([]))),
  none: all(0, part(pageOf([]))), missing: all(3, part('x')),
});

put('cli', {
  words: all(1, '--role\ndoctor\n--scope=user/*.rs\n--scope\npatient/p-1/*.r\n-o\nx\ndr.Lee_1'),
  'end-of-options': all(1, '--no-passphrase\n--\n--role\n86400'), help: all(1, '--help'), twice: all(1, '--role\na\n--role=b\nx'),
  audit: all(0, '{"time":"2027-01-15T08:00:00.000Z","event":"enrol","node":"dr.Lee_1","generation":3}\n\n{"event":""}\nno\n{"event":"revoke","generation":-1}'),
});
put('refusals', {
  counted: all(3, 'bed-1 2\ndr.Lee_1 4294967295\n'), empty: all(3, ''), wrong: all(67, 'bed-1 2\n'),
  'other-count': all(1, 'bed-1 2\n# end 2 '), twice: all(3, 'bed-1 2\nbed-1 7\n'),
  whole: all(0, '# skeym revoked list 1\nbed-1 2\n# end 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n'),
  another: all(0, '# skeym revoked list 2\n'), cut: all(0, '# skeym rev'),
});
put('server', { 'login-good': all(36, u16(5), 3, 7), 'login-clock': all(36, u16(6001), 0, 8), 'login-late': all(36, u16(65536 - 6000), 15, 9) });
put('server', {
  'busy-raw': all(192, head('GET /console/ HTTP/1.1', [])), 'busy-post': all(202, create), 'busy-read': all(194, asks),
  'busy-login': all(228, u16(5), 3, 7), console: all(1, 'GET\n/console/\n\n'),
  enrol: all(9, 'POST\n/skeym/v1/enrol\na/b\n', '{}'), 'enrol-get': all(9, 'GET\n/skeym/v1/enrol\n\n'), 'login-get': all(9, 'GET\n/skeym/v1/login\n\n'),
});
