// SPDX-License-Identifier: Apache-2.0
// Controls: what the other stories measure with finds what is there, and nothing where nothing is.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { difference } from '../images.mjs';
import { scan } from '../scan.mjs';
import { record, Skip } from '../ward.mjs';
import { readRecord } from '../wfdb.mjs';

const secret = 'Ottilie Wohlgemuth';
const key = randomBytes(32);
const secrets = [{ what: 'name', secret }, { what: 'key', secret: key }];
const noise = (size) => randomBytes(size);
const within = (bytes) => Buffer.concat([noise(501), Buffer.from(bytes), noise(333)]);
const text64 = (bytes) => Buffer.from(Buffer.from(bytes).toString('base64'));

const dressed = {
  plain: within(secret),
  'UTF-16': within(Buffer.from(secret, 'utf16le')),
  'UTF-16, the other end': within(Buffer.from(secret, 'utf16le').swap16()),
  hex: within(Buffer.from(secret).toString('hex')),
  'percent signs': within(encodeURIComponent(secret)),
  'percent signs throughout': within([...secret].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')),
  'JSON escapes': within([...secret].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')),
  base64: within(`"${text64(secret)}"`),
  'base64, one byte on': within(`"${text64(`x${secret}`)}"`),
  'base64, two bytes on': within(`"${text64(`xy${secret}`)}"`),
  'base64 of base64': within(`"${text64(`{"a":"${text64(`{"name":"${secret}"}`)}"}`)}"`),
  gzip: within(gzipSync(`{"name":"${secret}"}`)),
  'deflate (zlib)': within(deflateSync(`{"name":"${secret}"}`)),
  'deflate, of a body': Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'),
    deflateRawSync(`{"name":"${secret}"}`)]),
  'base64 of gzip': within(`"${text64(gzipSync(`{"name":"${secret}"}`))}"`),
  'chunks of a body': Buffer.from(`5\r\nOttil\r\nd\r\nie Wohlgemuth\r\n0\r\n\r\n`),
};

export default async function tell(story) {
  for (const [dress, bytes] of Object.entries(dressed)) {
    await story.step(`a secret in ${dress} is found on the wire`, () => {
      assert.deepEqual(scan([noise(999), bytes], secrets).map(({ what }) => what), ['name']);
    });
  }
  await story.step('a key as bytes, in hex and in base64url is found on the wire', () => {
    for (const bytes of [key, key.toString('hex'), key.toString('base64url'), key.toString('base64'),
      `x${Buffer.concat([noise(4), key]).toString('base64url')}`]) {
      assert.deepEqual(scan([within(bytes)], secrets).map(({ what }) => what), ['key']);
    }
  });
  await story.step('noise holds no secret', () => {
    assert.deepEqual(scan([noise(200000), Buffer.from(noise(90000).toString('base64'))], secrets), []);
  });
  await story.step('a picture that differs in a corner is not the same', () => {
    const one = new PNG({ width: 320, height: 320 });
    one.data.fill(200);
    const other = PNG.sync.read(PNG.sync.write(one));
    assert.equal(difference(PNG.sync.write(one), PNG.sync.write(other)), 0);
    for (let y = 0; y < 64; y++) other.data.fill(20, y * 320 * 4, y * 320 * 4 + 256);
    assert.equal(difference(PNG.sync.write(one), PNG.sync.write(other)), 0.04);
  });
  await story.step("the reader of records agrees with a record's checksums", () => {
    const file = record('100.hea');
    if (!file) throw new Skip('there is no ../shared/data/wfdb/100.hea');
    const { frequency, signals } = readRecord(file);
    assert.equal(frequency, 360);
    assert.deepEqual(signals.map(({ name, gain, baseline, samples }) => [name, gain, baseline,
      samples.length, samples.reduce((sum, sample) => (sum + sample) << 16 >> 16, 0)]),
    [['MLII', 200, 1024, 650000, -22131], ['V5', 200, 1024, 650000, 20052]]);
  });
}
