// SPDX-License-Identifier: Apache-2.0
// Flaws of others as tests, over the wire: numbers, sizes, framing, memory, and what is written down.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { b64 } from '../../second/skeym/base64url.mjs';
import { toBytes } from '../../second/skeym/bytes.mjs';
import { prepare } from '../../second/skeym/client.mjs';
import { CLOSED_TARGET } from '../../second/skeym/closed.mjs';
import { readCredential } from '../../second/skeym/credential.mjs';
import { exchangeKeys } from '../../second/skeym/exchange.mjs';
import { JWE_TYPE } from '../../second/skeym/jwe.mjs';
import { observation, raw, statuses, until } from '../world.mjs';
import { FHIR, HOST, METADATA, NEXT, REFUSAL, admitted, begin, bytesOf, crafted, memory, refused,
  sealed, send } from './kit.mjs';

const MIB = 1 << 20;

const many = (count, line) => Array.from({ length: count }, (_, i) => line(i)).join('');

/** Numbers that have been too much for others. */
const NUMBERS = ['18446744073709551616', '18446744073709551615', '9223372036854775808', '4294967296',
  '4294967295', '2147483648', '-1', '-0', '+1', '0x10', '1e3', '1e999', '1.5', ' 1', '1 ', '01', '',
  'NaN', '٣', '99999999999999999999999999999999999999'];

const get = (target) => ({ method: 'GET', target });
const post = (text, target = '/fhir/Observation') => ({ method: 'POST', target, contentType: FHIR,
  body: toBytes(text) });

/** An observation with this text in the place of its value, time or field. */
let number = 0; /* each is another: an identifier may come once */
const some = (what, value) => JSON.stringify(observation(`n${number++}`)).replace(what, value);
const withValue = (text) => some('"value":72', `"value":${text}`);
const withTime = (text) => some('2026-01-02T03:04:05Z', text);

/** [JSON, may it be stored?]. */
const VALUES = [['1e999', false], ['-1e999', false], ['NaN', false], ['Infinity', false],
  ['0x10', false], ['+1', false], ['01', false], ['"72"', false], ['[72]', false],
  ['1e308', false], ['123456789012345678901234567890', false], ['18446744073709551616', false],
  ['-0', true], ['1e-9', true], ['4294967296', true], ['0.1e-400', undefined]];

const TIMES = ['99999999999-01-01', '-0001-01-01', '10000-01-01T00:00:00Z', '2026-13-01', '2026-02-30',
  '2026-01-02T24:00:00Z', '2026-01-02T03:04:05+99:99', '2026-01-02T03:04:65Z', '1e9', '0', ''];

/** A search's bad number or time: 400, or a page that is bounded. */
async function searches(server, lane) {
  for (const number of NUMBERS) {
    for (const name of ['_count', 'date', '_lastUpdated']) {
      const target = `/fhir/Observation?patient=100&${name}=${encodeURIComponent(number)}`;
      const { status, text } = await sealed(server, lane, await prepare(lane, get(target)));
      const plain = name === '_count' && number === '01'; /* one, in a strange spelling */
      assert.equal(status, plain ? 200 : 400, target);
      assert.ok((JSON.parse(text).entry ?? []).length <= 1, target);
    }
  }
}

async function bodies(server, lane) {
  for (const [text, may] of VALUES) {
    const { status } = await sealed(server, lane, await prepare(lane, post(withValue(text))));
    if (may === undefined) assert.ok(status === 201 || status === 400, `${text}: ${status}`);
    else assert.equal(status, may ? 201 : 400, text);
  }
  for (const text of TIMES) {
    const { status } = await sealed(server, lane, await prepare(lane, post(withTime(text))));
    assert.equal(status, 400, text);
  }
}

/* Bombs: [what, its bytes]. Each is small on the wire or dear to work off, and but for that it would
 * be taken: the bomb is in an extension of an observation that is right. */
const repeat = (text, times) => text.repeat(times);
const within = (text) => some('{', `{"extension":[{"url":"urn:x","valueString":"a"},${text}],`);
const BOMBS = [
  ['deep arrays', () => within(repeat('[', 100000) + repeat(']', 100000))],
  ['deep objects', () => within(repeat('{"a":', 50000) + '1' + repeat('}', 50000))],
  ['deep extensions', () => within(repeat('{"extension":[', 2000) + '{}' + repeat(']}', 2000))],
  ['a wide array', () => within(`{"x":[${repeat('0,', 300000)}0]}`)],
  ['many containers', () => within(repeat('{},', 200000) + '{}')],
  ['one key again and again', () => within(`{${repeat('"a":0,', 100000)}"a":0}`)],
  ['one key twice', () => within('{"a":0,"a":0}')],
  ['a long number', () => withValue(repeat('9', 500000))],
  ['a long fraction', () => withValue(`0.${repeat('9', 500000)}`)],
  ['escapes as a time', () => withTime(repeat('\\u0041', 100000))],
  ['not JSON at all', () => repeat('\u0000', 100000)],
  ['a Bundle of ten thousand', () => JSON.stringify({ resourceType: 'Bundle', type: 'batch',
    entry: Array.from({ length: 10000 }, () => ({ request: { method: 'GET', url: 'Observation' } })) })],
];

/** [name, fields, statuses that are right]. */
const HEADS = [
  ['1,000 fields', many(1000, (i) => `X${i}: 1\r\n`), [431]],
  ['10,000 fields', many(10000, (i) => `X${i}: 1\r\n`), [431]],
  ['1,000 fields of one name', many(1000, () => 'A:\r\n'), [401, 431]],
  ['one long value', `X: ${'a'.repeat(9000)}\r\n`, [431]],
  ['one long name', `${'X'.repeat(9000)}: a\r\n`, [431]],
  ['a megabyte', `X: ${'a'.repeat(MIB)}\r\n`, [431]],
  ['a long list of cookies', `Cookie: ${'a=b; '.repeat(3000)}\r\n`, [431]],
  ['a long Authorization', `Authorization: SkeyM ${'A'.repeat(2000)}\r\n`, [431]],
  ['a field that is folded 500 times', `X: 1\r\n${' a\r\n'.repeat(500)}`, [401, 431]],
  ['8,000 bytes', `X: ${'a'.repeat(7900)}\r\n`, [401]],
];

/** Ends of a request that two readers may see in two places: each hides `inner`, a whole request
 * whose token and proof are right, where one of them would look for the next request. */
const SMUGGLED = (inner) => {
  const size = inner.length;
  const head = `POST / HTTP/1.1\r\n${HOST}`;
  return [
    ['two lengths', `${head}Content-Length: 0\r\nContent-Length: ${size}\r\n\r\n${inner}`],
    ['two lengths, the other way', `${head}Content-Length: ${size}\r\nContent-Length: 0\r\n\r\n${inner}`],
    ['a list of lengths', `${head}Content-Length: 0, ${size}\r\n\r\n${inner}`],
    ['0x', `${head}Content-Length: 0x0\r\n\r\n${inner}`],
    ['+', `${head}Content-Length: +0\r\n\r\n${inner}`],
    ['-', `${head}Content-Length: -0\r\n\r\n${inner}`],
    ['a space in the number', `${head}Content-Length: 0 0\r\n\r\n${inner}`],
    ['a comma', `${head}Content-Length: ,0\r\n\r\n${inner}`],
    ['no number', `${head}Content-Length: \r\n\r\n${inner}`],
    ['a space before the colon', `${head}Content-Length : ${size}\r\n\r\n${inner}`],
    ['a tab before the colon', `${head}Content-Length\t: ${size}\r\n\r\n${inner}`],
    ['chunked', `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['chunked and a length', `${head}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${inner}`],
    ['a length and chunked', `${head}Content-Length: ${size + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['xchunked', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`],
    ['chunked, identity', `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`],
    ['a coding with a vertical tab', `${head}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${inner}`],
    ['two codings', `${head}Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['bare LF before the length', `${head}X: a\nContent-Length: ${size}\r\n\r\n${inner}`],
    ['bare LF everywhere', `${head.replaceAll('\r', '')}Content-Length: ${size}\n\n${inner}`],
    ['a bare CR in a value', `${head}X: a\rContent-Length: ${size}\r\n\r\n${inner}`],
    ['Expect', `${head}Content-Length: ${size}\r\nExpect: 100-continue\r\n\r\n${inner}`],
    ['HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n${inner}`],
    ['HTTP/0.9', `GET /\r\n${inner}`],
    ['a version of its own', `GET / HTTP/1.1 HTTP/1.1\r\n${HOST}\r\n${inner}`],
    ['HEAD with a length', `HEAD / HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n\r\n${inner}`],
    ['CONNECT', `CONNECT x:1 HTTP/1.1\r\n${HOST}\r\n${inner}`],
    ['an upgrade with a length', `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n` +
      `Content-Length: ${size}\r\n\r\n${inner}`],
    ['a plain body', `${head}Content-Length: ${size}\r\n\r\n${inner}`],
  ];
};

/** What strangers send, each kind once. */
const STRANGERS = [
  `GET /${'a'.repeat(3000)} HTTP/1.1\r\n${HOST}X: ${'b'.repeat(4000)}\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 60000\r\n\r\n${'c'.repeat(60000)}`,
  `GET / HTTP/1.1\r\n${HOST}Authorization: SkeyM ${'A'.repeat(800)}\r\nSkeyM-Proof: ${'A'.repeat(43)}\r\n\r\n`,
  `POST /skeym/v1/login HTTP/1.1\r\n${HOST}Content-Type: application/skeym-login\r\n` +
    `Content-Length: 600\r\n\r\n\x01\x01\x00${'d'.repeat(597)}`,
  many(40, (i) => (i ? `X${i}: ${'e'.repeat(100)}\r\n` : `GET / HTTP/1.1\r\n${HOST}`)) + '\r\n',
];

/** A wave of strangers from many addresses: whole requests, halves, and connections that say nothing. */
async function wave(server, count) {
  const hand = async (number) => {
    for (let i = number; i < count; i += 16) {
      const from = `127.0.${1 + (i % 4)}.${1 + (Math.floor(i / 4) % 250)}`;
      const bytes = STRANGERS[i % STRANGERS.length];
      const half = i % 7 === 0;
      await raw(server.port, half ? bytes.slice(0, 40) : bytes, { ms: half ? 5 : 60000, gap: 0, from,
        until: (got) => got.includes(']}') });
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, number) => hand(number)));
  await until('their end', async () => (await server.metric('skeym_connections')) === 0, 60000);
  assert.equal(await server.metric('skeym_body_bytes'), 0);
}

/** Pieces of a secret that must stand nowhere: as text, as bytes, as hex. */
function pieces(secret) {
  const bytes = Buffer.from(secret);
  return [b64(secret).slice(0, 20), b64(secret).slice(-20), bytes.toString('hex').slice(0, 32),
    bytes.toString('base64').slice(0, 20), bytes.toString('latin1')];
}

export default {
  async 'huge integers in numeric fields'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const before = await admitted(server);
    for (const number of NUMBERS.filter((text) => text.trim() === text && text !== '01')) {
      const { text } = await raw(server.port, Buffer.from(`POST / HTTP/1.1\r\n${HOST}` +
        `Content-Length: ${number}\r\n\r\n`).toString('latin1'),
      { ms: 60000, until: (got) => statuses(got).length > 0 && got.includes('\r\n\r\n') });
      assert.ok(statuses(text).every((status) => [400, 401, 413].includes(status)), number);
      assert.equal(await server.metric('skeym_body_bytes'), 0);
    }
    assert.equal(await admitted(server), before);
    await searches(server, lane);
    await bodies(server, lane);
    for (const number of NUMBERS) {
      for (const flag of ['--token-lifetime', '--connections', '--used-slots', '--threads']) {
        if (flag === '--connections' && number === '4294967296') continue;
        const run = await world.skeym(['serve', '--check-config', `${flag}=${number}`]);
        assert.equal(run.code, 1, `${flag} ${number}: ${run.out}`);
      }
      const { code } = await world.skeym(['enrol', 'n', '--role', 'doctor', '--scope', 'user/*.r',
        '-o', world.path('n'), '--dir', world.dir, '--no-passphrase', `--days=${number}`]);
      assert.notEqual(code, 0, `--days ${number}`);
    }
    assert.equal((await server.monitor('/healthz')).status, 200);
  },

  async 'decompression or cost bombs'(world) {
    const { server, take } = await begin(world);
    const [lane] = await take();
    const before = memory(server, 'VmHWM');
    const ask = async (text, target) =>
      (await sealed(server, lane, await prepare(lane, post(text, target)))).status;
    assert.equal(await ask(within('{}')), 201); /* the rest of it is right */
    assert.equal(await ask(within(`{${many(50000, (i) => `"a${i}":0,`)}"a":0}`)), 201); /* bounded */
    for (const [name, make] of BOMBS) {
      for (const target of ['/fhir/Observation', '/fhir']) {
        const status = await ask(make(), target);
        assert.ok([400, 413].includes(status), `${name}: ${target}: ${status}`);
      }
    }
    /* a coded body is never decoded: 64 MiB of zeros in 64 KiB are no JWE */
    const body = new Uint8Array(gzipSync(Buffer.alloc(64 * MIB)));
    for (const coding of ['gzip', 'deflate', 'br', 'gzip, gzip']) {
      const made = await crafted(lane, { target: CLOSED_TARGET, contentType: JWE_TYPE, body });
      const { status } = await sealed(server, lane, made, `Content-Encoding: ${coding}\r\n`);
      assert.equal(status, 400, coding);
    }
    const inside = await sealed(server, lane, await prepare(lane, { ...post(''), body }));
    assert.equal(inside.status, 400);
    const grown = memory(server, 'VmHWM') - before;
    assert.ok(grown < 48 * MIB, `${grown} bytes more at the peak`);
    assert.equal((await sealed(server, lane, await prepare(lane, METADATA))).status, 200);
  },

  async 'header count and length limits'(world) {
    const { server } = await begin(world);
    for (const [name, fields, right] of HEADS) {
      const { text } = await raw(server.port, `GET / HTTP/1.1\r\n${HOST}${fields}\r\n`,
        { ms: 60000, until: (got) => /\r\n\r\n[^]/.test(got) });
      assert.ok(right.includes(statuses(text)[0]), `${name}: ${statuses(text)}`);
    }
    for (const [size, status] of [[4000, 401], [5000, 431], [20000, 414]]) {
      const { text } = await raw(server.port, `GET /${'a'.repeat(size)} HTTP/1.1\r\n${HOST}\r\n`,
        { ms: 60000, until: (got) => /\r\n\r\n[^]/.test(got) });
      assert.equal(statuses(text)[0], status, `a target of ${size}`);
    }
    assert.equal((await server.monitor('/healthz')).status, 200);
    assert.equal(await admitted(server), 0);
  },

  async 'request smuggling'(world) {
    const { server, take } = await begin(world);
    const stock = await take();
    const before = await admitted(server);
    const inner = bytesOf((await prepare(stock[0], METADATA)).wire);
    for (const [name, bytes] of SMUGGLED(inner)) {
      const { text } = await raw(server.port, bytes, { ms: 60000,
        until: (got) => statuses(got).length > 0 && /\r\n\r\n[^]/.test(got) });
      assert.ok(statuses(text).every((status) => status >= 400 && status < 500), `${name}: ${text}`);
      assert.equal(await admitted(server), before, name);
      assert.equal(await refused(server, 'used'), 0, name);
    }
    /* the bait was good: alone it is admitted, and behind a whole request */
    const { text } = await raw(server.port, NEXT + inner,
      { ms: 60000, until: (got) => statuses(got).length === 2 });
    assert.deepEqual(statuses(text), [401, 200]);
    assert.equal(await admitted(server), before + 1);
  },

  async 'unauthenticated memory growth'(world) {
    const { server } = await begin(world, ['--log-level', 'error']);
    const count = 1500;
    await wave(server, count); /* what is taken once, and kept for the next */
    await wave(server, count);
    const before = memory(server);
    for (let i = 0; i < 4; i++) await wave(server, count);
    const grown = memory(server) - before;
    assert.ok(grown < 4 * MIB, `${grown} bytes more after ${4 * count} requests`);
    assert.equal(await server.metric('skeym_used_tokens'), 0);
  },

  async 'token in URL or log'(world) {
    const { server, credential, take } = await begin(world, ['--log-level', 'debug']);
    const identity = await readCredential(readFileSync(credential, 'utf8'));
    const [lane, spare] = await take();
    const before = await admitted(server);
    const { wire, keys } = await prepare(lane, METADATA);
    const { authorization, 'skeym-proof': proof } = wire.headers;
    const token = b64(lane.token);
    const answers = [];
    const ask = async (target, fields) => {
      const answer = await send(server, { ...wire, target, headers: {
        'content-type': wire.headers['content-type'], ...fields } });
      assert.equal(answer.status, 401, target);
      answers.push(answer.text);
    };
    for (const name of ['token', 'access_token', 'authorization', 'skeym', 'SkeyM-Token']) {
      await ask(`${wire.target}?${name}=${token}&proof=${proof}`, { 'skeym-proof': proof });
      await ask(`${wire.target}?${name}=SkeyM%20${token}`, {});
      await ask(wire.target, { [`x-${name.toLowerCase()}`]: authorization, 'skeym-proof': proof });
      await ask(wire.target, { cookie: `${name}=${token}`, 'skeym-proof': proof });
    }
    await ask(`/${token}`, { 'skeym-proof': proof });
    await ask(wire.target, { authorization: `SkeyM ${token}`, 'skeym-proof': 'A'.repeat(43) });
    assert.equal(await admitted(server), before);
    const good = await send(server, wire); /* none of it cost the token */
    assert.equal(good.status, 200);
    assert.equal((await send(server, wire)).status, 401);
    const next = good.header('skeym-next');
    await world.must(['revoke', 'doc', '--dir', world.dir]);
    assert.equal((await send(server, (await prepare(spare, METADATA)).wire)).status, 401);
    const { body: metrics } = await server.monitor('/metrics');
    const limits = readFileSync(`/proc/${server.pid}/limits`, 'utf8');
    assert.match(limits, /^Max core file size +0 +0 /m);
    const cmdline = readFileSync(`/proc/${server.pid}/cmdline`, 'latin1');
    const environ = readFileSync(`/proc/${server.pid}/environ`, 'latin1');
    await server.stop();
    const texts = { answers: answers.join(), metrics, cmdline, environ, log: world.logs() };
    for (const file of readdirSync(world.dir)) {
      texts[file] = readFileSync(`${world.dir}/${file}`, 'latin1');
    }
    assert.ok(texts.log.includes('"check":"used"') && texts['data.db'].length > 0);
    const secrets = { token: lane.token, next: Buffer.from(next, 'base64url'), S_n: lane.secret,
      k_m: keys.mac, k_q: keys.request, proof: Buffer.from(proof, 'base64url'),
      spare: spare.token, C_i: identity.credential, private: identity.pair.privateKey };
    for (const [place, text] of Object.entries(texts)) {
      for (const [name, secret] of Object.entries(secrets)) {
        for (const piece of pieces(secret)) assert.ok(!text.includes(piece), `${name} in ${place}`);
      }
    }
    assert.deepEqual(readdirSync('.').filter((name) => /^core/.test(name)), []);
  },
};
