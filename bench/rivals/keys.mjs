// SPDX-License-Identifier: Apache-2.0
// Secrets and tokens of the rivals, made when a run begins and gone with its folder. Files are 0600.
import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ISSUER = 'bench-issuer';
const AUDIENCE = 'bench-audience';
const text = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const signers = {
  HS256: (keys, signed) => createHmac('sha256', keys.secret).update(signed).digest('base64url'),
  ES256: (keys, signed) =>
    sign('sha256', signed, { key: keys.pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
};

function token(keys, alg, claims = {}, header = { alg, typ: 'JWT' }) {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: ISSUER, aud: AUDIENCE, sub: 'device-0017', iat: now, nbf: now - 60, exp: now + 7200,
    scope: 'system/Observation.rs', ...claims };
  const signed = `${text(header)}.${text(all)}`;
  return `${signed}.${signers[alg](keys, Buffer.from(signed))}`;
}

/** Another character near the end of the last part, which changes the signature. */
function altered(good) {
  const at = good.length - 10;
  return good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1);
}

/** What must be refused: [why, token or null]. Claims are for those alone that look at them. */
export function bad(keys, alg, claims) {
  const now = Math.floor(Date.now() / 1000);
  const good = token(keys, alg);
  const unsigned = good.split('.');
  const list = [
    ['no token', null],
    ['an altered signature', altered(good)],
    ['altered claims', [unsigned[0], text({ iss: ISSUER, aud: AUDIENCE, nbf: 0, exp: now + 9e6 }), unsigned[2]].join('.')],
    ['alg none', [text({ alg: 'none', typ: 'JWT' }), unsigned[1], ''].join('.')],
    ['not a token', 'x.y.z'],
  ];
  return claims ? [...list,
    ['expired', token(keys, alg, { exp: now - 60 })],
    ['not yet valid', token(keys, alg, { nbf: now + 3600 })],
    ['for another audience', token(keys, alg, { aud: 'another' })],
    ['by another issuer', token(keys, alg, { iss: 'another' })]] : list;
}

/** Writes all of it into `folder`, and a header with a good token for each algorithm. */
export function makeKeys(folder) {
  const keys = { folder, secret: randomBytes(32).toString('hex'),
    pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }), good: {} };
  const put = (name, data) => writeFileSync(join(folder, name), data, { mode: 0o600 });
  const spki = keys.pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  put('secret', `${keys.secret}\n`);
  put('secret.js', `export default { key: '${keys.secret}' };\n`);
  put('public.js', `export default { spki: '${spki}' };\n`);
  put('es256.pub', keys.pair.publicKey.export({ type: 'spki', format: 'pem' }));
  for (const alg of Object.keys(signers)) {
    keys.good[alg] = token(keys, alg);
    put(`${alg}.header`, `Authorization: Bearer ${keys.good[alg]}\n`);
  }
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.cert'), '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { stdio: 'ignore' });
  return keys;
}
