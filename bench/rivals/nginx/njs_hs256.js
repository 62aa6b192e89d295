// SPDX-License-Identifier: Apache-2.0
// HS256 in njs. secret.js is made when the bench begins.
import crypto from 'crypto';
import secret from 'secret.js';

const body = 'x'.repeat(256);

function isGood(field) {
  const parts = field && field.startsWith('Bearer ') ? field.slice(7).split('.') : [];
  if (parts.length !== 3) return false;
  const wanted = crypto.createHmac('sha256', secret.key).update(`${parts[0]}.${parts[1]}`).digest('base64url');
  if (wanted !== parts[2]) return false;
  const header = JSON.parse(Buffer.from(parts[0], 'base64url'));
  const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
  const now = Date.now() / 1000;
  return header.alg === 'HS256' && claims.exp > now && claims.nbf <= now
    && claims.iss === 'bench-issuer' && claims.aud === 'bench-audience';
}

function answer(r) {
  let good = false;
  try {
    good = isGood(r.headersIn.Authorization);
  } catch (e) {
    good = false;
  }
  if (good) r.return(200, body);
  else r.return(401);
}

export default { answer };
