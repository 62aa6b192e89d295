// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAudit, parseNodes } from '../../js/model/audit.js';
import { Feed, may, patientsOf } from '../../js/model/feed.js';
import { loadHistory } from '../../js/model/history.js';
import { ageText, clockText, countdownText } from '../../js/model/time.js';
import { Trend } from '../../js/model/trend.js';
import { Ward } from '../../js/model/ward.js';
import { WireLog, pretty, seen } from '../../js/model/wirelog.js';
import { START, bundle, heartRate, iso, saturation, wave } from './support.mjs';

const hear = (ward, ...resources) => resources.forEach((one) => ward.observation(one, START, START));

test('beds come from what is heard, in the order of their numbers', () => {
  const ward = new Ward();
  hear(ward, heartRate(70, { patient: 'b', device: 'bed-10' }), heartRate(71, { patient: 'a', device: 'bed-9' }), { resourceType: 'Observation' });
  ward.patient({ id: 'z', name: [{ text: 'Z' }] });
  ward.patient({ id: '../z' });
  assert.deepEqual(ward.list.map((bed) => bed.id), ['a', 'b', 'z']);
  assert.equal(ward.bed('z').name, 'Z');
  assert.equal(ward.figures.ignored, 1);
});

test('a deterioration raises its alarm with the round that brings it', () => {
  const ward = new Ward();
  hear(ward, saturation(97));
  ward.look(START);
  assert.equal(ward.calling, null);
  hear(ward, saturation(84, { at: START + 1000 }), heartRate(130, { at: START + 1000, patient: 'c' }));
  ward.look(START);
  assert.equal(ward.calling, 'high');
  assert.deepEqual(ward.calls(), { high: 1, medium: 1, low: 0 });
});

test('what is past its age is not shown, and a silent bed says so', () => {
  const ward = new Ward();
  hear(ward, heartRate(70));
  const bed = ward.bed('pat-1');
  assert.equal(bed.value('hr', START + 10_000), 70);
  assert.equal(bed.value('hr', START + 60_000), null);
  assert.equal(bed.value('spo2', START), null);
  ward.look(START + 60_000);
  assert.deepEqual(bed.alarms.list.map((one) => one.key), ['no-data']);
  assert.equal(bed.ageMs(START + 60_000), 59_800);
});

test('trust is what the server says of the writer', () => {
  const ward = new Ward();
  hear(ward, heartRate(70), heartRate(70, { patient: 'relayed', writer: 'gateway' }), heartRate(70, { patient: 'none', writer: '' }));
  assert.deepEqual(['pat-1', 'relayed', 'none'].map((id) => ward.trust(ward.bed(id))), ['sealed', 'other', 'unknown']);
  ward.revoked.add('bed-1');
  assert.equal(ward.trust(ward.bed('pat-1')), 'revoked');
});

test('waves reach the bed\'s leads and move its pen', () => {
  const ward = new Ward();
  hear(ward, wave('1 2 3'), wave('4 E 6', { at: START + 12 }));
  const bed = ward.bed('pat-1');
  assert.deepEqual(bed.leads.map((lead) => lead.lead), ['II']);
  assert.equal(bed.waves.get('II').end, 6);
  assert.equal(bed.endMs, START + 24);
  assert.equal(ward.figures.samples, 6);
});

/** A server that answers by a list. */
function server(answers) {
  const asked = [];
  return { asked, request: async ({ method, target, body }) => {
    asked.push(method === 'POST' ? body : target);
    const [status, json] = answers(target, asked.length);
    return { status, json: () => json };
  } };
}
const clocks = { now: () => START + 1000, local: () => 0 };

test('each round asks for what is newer than the newest, page by page', async () => {
  const pages = [bundle([heartRate(70)]), bundle([heartRate(71, { at: START + 1000 })], 'https://x/fhir/Observation?_cursor=1'),
    bundle([heartRate(72, { at: START + 2000 })]), bundle([])];
  const session = server((target) => [200, target.startsWith('/fhir/Patient') ? bundle([]) : pages.shift()]);
  const ward = new Ward();
  const feed = new Feed(session, ward, clocks);
  await feed.round();
  await feed.round();
  await feed.round();
  const observations = session.asked.filter((target) => target.includes('/Observation'));
  assert.match(observations[0], /category=vital-signs&_lastUpdated=ge.*&_sort=-_lastUpdated/);
  assert.match(observations[1], new RegExp(`_lastUpdated=gt${iso(START + 200)}&_sort=_lastUpdated&_count=200`));
  assert.equal(observations[2], '/fhir/Observation?_cursor=1');
  assert.match(observations[3], new RegExp(`gt${iso(START + 2200)}`));
  assert.equal(ward.bed('pat-1').value('hr', START + 3000), 72);
});

test('the first page may be empty; a refusal is told', async () => {
  const session = server((target) => (target.startsWith('/fhir/Patient') ? [403, {}] : [200, bundle([])]));
  const feed = new Feed(session, new Ward(), clocks);
  await feed.round();
  await feed.round();
  assert.match(session.asked[2], /_lastUpdated=gt/);
  assert.equal(feed.trouble, '');
  const denied = new Feed(server(() => [403, {}]), new Ward(), clocks);
  await denied.round();
  assert.equal(denied.trouble, 'denied');
});

test('who may see one patient asks for one', async () => {
  assert.deepEqual(patientsOf(['patient/p1/Observation.rs', 'patient/p2/*.s', 'patient/p3/Observation.c']), ['p1', 'p2']);
  assert.equal(patientsOf(['patient/p1/*.rs', 'user/Observation.s']), null);
  assert.deepEqual(patientsOf(['user/Observation.c', 'user/Patient.rs']), []);
  assert.ok(may(['user/*.cruds'], 'Device', 'd') && may(['system/Device.d'], 'Device', 'd'));
  assert.ok(!may(['user/*.rs', 'patient/x/Device.d'], 'Device', 'd'));
  const session = server(() => [200, bundle([])]);
  const feed = new Feed(session, new Ward(), clocks);
  feed.patients = ['p1', 'p2'];
  await feed.round();
  assert.ok(session.asked[0].endsWith('&_id=p1,p2') && session.asked[1].endsWith('&patient=p1,p2'));
  feed.patients = [];
  await feed.round();
  assert.equal(feed.trouble, 'denied');
});

test('history: little comes whole, much in slots, of this bed alone', async () => {
  const ward = new Ward();
  const bed = ward.bed('pat-1');
  const whole = server((target) => [200, target.includes('_count=0') ? { ...bundle([]), total: 2 }
    : bundle([heartRate(70), heartRate(99, { patient: 'other', at: START + 5 })])]);
  assert.equal((await loadHistory(whole, bed, START - 1e6, START + 10)).state, 'whole');
  assert.equal(bed.trends.get('hr').size, 1);
  const much = server((target) => [200, target?.includes('_count=0') ? { ...bundle([]), total: 90_000 }
    : bundle([bundle([heartRate(71, { at: START + 1 })])])]);
  const got = await loadHistory(much, bed, START - 3_600_000, START);
  assert.deepEqual([got.state, got.everyMs, much.asked.length], ['sampled', 60_000, 4]);
  assert.equal(much.asked[1].entry.length, 20);
  assert.equal((await loadHistory(server(() => [403, {}]), bed, 0, 1)).state, 'refused');
});

test('trends: least, largest, mean, and nothing where nothing was', () => {
  const trend = new Trend();
  for (const [at, value] of [[10, 5], [11, 9], [35, 7], [10, 5], [12, 1]]) trend.add(at, value);
  const { low, high, mean, least, most } = trend.columns(0, 40, 4);
  assert.deepEqual([...low], [NaN, 1, NaN, 7]);
  assert.deepEqual([...high], [NaN, 9, NaN, 7]);
  assert.deepEqual([...mean], [NaN, 5, NaN, 7]);
  assert.deepEqual([least, most, trend.size], [1, 9, 4]);
  assert.deepEqual(trend.before(12), { timeMs: 12, value: 1 });
  assert.equal(trend.before(9), null);
  assert.ok(Number.isNaN(new Trend().columns(0, 1, 2).least));
  for (let i = 0; i < 31_000; i++) trend.add(100 + i, 1);
  assert.ok(trend.size <= 30_000);
});

test('audit and nodes as rows', () => {
  const row = parseAudit({ resourceType: 'AuditEvent', id: 'a', recorded: iso(START), outcome: '4', outcomeDesc: 'spent',
    type: { code: 'rest' }, subtype: [{ display: 'Refused' }], agent: [{ who: { identifier: { value: 'bed-1' } }, network: { address: '10.0.0.0/24' } }] });
  assert.deepEqual(row, { id: 'a', timeMs: START, what: 'Refused', who: 'bed-1', detail: 'spent · 10.0.0.0/24', outcome: 'refused' });
  const own = (event, check, outcome) => parseAudit({ resourceType: 'AuditEvent', recorded: iso(START), outcome, agent: [{ who: { display: 'a stranger' } }],
    subtype: [{ display: 'Login' }, { system: 'urn:skeym:event', code: event }, ...(check ? [{ system: 'urn:skeym:check', code: check }] : [])] });
  assert.deepEqual([own('refused', 'used', '8'), own('login', '', '0'), own('login', 'revoked', '8'), own('store-damaged', '', '12')].map((one) => [one.what, one.outcome, one.who]),
    [['Refused: used', 'refused', 'a stranger'], ['Login', 'ok', 'a stranger'], ['Login: revoked', 'refused', 'a stranger'], ['Store damaged', 'failed', 'a stranger']]);
  assert.equal(parseAudit({ resourceType: 'AuditEvent' }), undefined);
  const [node] = parseNodes({ nodes: [{ id: 'n', role: 'device', scopes: ['x'], enrolled: iso(START), notAfter: iso(START), generation: 2, revoked: true, lastSeen: null, refused: 3 }, {}] });
  assert.deepEqual([node.id, node.revoked, node.generation, node.refused, Number.isNaN(node.seenMs)], ['n', true, 2, 3, true]);
  assert.deepEqual(parseNodes(null), []);
});

test('the wire: a request with its answer; bytes as they look', () => {
  const log = new WireLog();
  const detail = (direction, exchange) => ({ direction, exchange, bytes: new Uint8Array(3) });
  for (const one of [detail('out', 1), detail('out', 2), detail('in', 1)]) log.add(one);
  assert.deepEqual(log.pair.map((one) => [one.direction, one.exchange]), [['out', 1], ['in', 1]]);
  for (let i = 0; i < 50; i++) log.add(detail('out', 9));
  assert.ok(log.list.length <= 12 && log.bytes === 159);
  assert.equal(seen(new TextEncoder().encode('eyJ.x')), 'eyJ.x');
  assert.match(seen(new Uint8Array([0, 65, 255])), /^0000 {2}00 41 ff +\.A\.$/);
  assert.equal(pretty('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(pretty('no json'), 'no json');
  assert.ok(pretty(JSON.stringify({ data: 'x'.repeat(999) })).length < 200);
});

test('ages and times in words', () => {
  assert.deepEqual([0, 99_999, 100_000, 7_200_000, 2e8, Infinity].map(ageText), ['0 s', '99 s', '1 min', '2 h', '2 d', '--']);
  assert.deepEqual([0, 61_000, 3_661_000].map(countdownText), ['0:00', '1:01', '1:01:01']);
  assert.match(clockText(START), /^\d\d:\d\d:\d\d$/);
  assert.equal(clockText(NaN), '--:--');
});

test('after a sleep it does not wade through hours of old values before it sees the new ones', async () => {
  let nowMs = START + 1_000;
  const session = server((target) => [200, target.startsWith('/fhir/Patient') ? bundle([]) : bundle([heartRate(70, { at: nowMs - 500 })])]);
  const ward = new Ward();
  const feed = new Feed(session, ward, { now: () => nowMs, local: () => 0 });
  for (const wait of [1_000, 1_000, 120_000, 8 * 3_600_000]) {
    await feed.round();
    nowMs += wait;
  }
  session.asked.length = 0;
  await feed.round();
  assert.match(session.asked[0], /category=vital-signs&_lastUpdated=ge2026-03-01T19:59:/);
  assert.equal(ward.bed('pat-1').value('hr', nowMs), 70);
});

test('a ward where nothing was said for long, but asked for, is asked for what is new, waves too', async () => {
  let nowMs = START + 1_000;
  const session = server(() => [200, bundle([])]);
  const feed = new Feed(session, new Ward(), { now: () => nowMs, local: () => 0 });
  for (let i = 0; i < 20; i++, nowMs += 10_000) await feed.round();
  session.asked.length = 0;
  await feed.round();
  assert.match(session.asked[0], /^\/fhir\/Observation\?_lastUpdated=gt/);
});

test('a round that fails is a trouble, until one has come to its end', async () => {
  let broken = true;
  const session = { request: async () => ({ status: 200, json: () => { if (broken) throw new SyntaxError('no JSON'); return bundle([]); } }) };
  const feed = new Feed(session, new Ward(), clocks);
  await assert.rejects(feed.round(), SyntaxError);
  assert.equal(feed.trouble, 'failed');
  broken = false;
  const round = feed.round();
  assert.equal(feed.trouble, 'failed', 'not hidden while it is asked again');
  await round;
  assert.equal(feed.trouble, '');
});

test('how long nothing was heard is counted from the last round that brought all there was', async () => {
  let nowMs = START;
  let status = 200;
  const feed = new Feed({ request: async () => ({ status, json: () => bundle([]) }) }, new Ward(), { now: () => nowMs, local: () => 0 });
  assert.equal(feed.quietMs, 0);
  for (let i = 0; i < 3; i++, nowMs += 1_000) await feed.round();
  assert.equal(feed.quietMs, 1_000);
  status = 500;
  for (let i = 0; i < 3; i++, nowMs += 1_000) await feed.round();
  assert.equal(feed.quietMs, 4_000);
  status = 200;
  await feed.round();
  assert.equal(feed.quietMs, 0);
});

test('a clock that is ahead until the login within a round makes it deaf to nothing', async () => {
  let nowMs = START + 1_000;
  const session = server((target) => {
    if (nowMs > START + 500_000) nowMs = START + 5_000; // it logs in first, and hears the server's time
    const from = Date.parse(target.match(/_lastUpdated=g[et]([^&]+)/)?.[1] ?? '');
    const one = heartRate(70, { at: nowMs - 500 });
    return [200, bundle(from < nowMs ? [one] : [])];
  });
  const ward = new Ward();
  const feed = new Feed(session, ward, { now: () => nowMs, local: () => 0 });
  await feed.round();
  nowMs += 600_000;
  await feed.round();
  assert.equal(feed.quietMs, 0);
  nowMs += 30_000;
  assert.equal(feed.quietMs, 30_000);
  await feed.round();
  assert.equal(ward.bed('pat-1').value('hr', nowMs), 70);
});
