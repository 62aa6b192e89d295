// SPDX-License-Identifier: Apache-2.0
// ES256 in njs. public.js is made when the bench begins.
import key from 'public.js';

const body = 'x'.repeat(256);
const curve = { name: 'ECDSA', namedCurve: 'P-256' };

async function isGood(field) {
  const parts = field && field.startsWith('Bearer ') ? field.slice(7).split('.') : [];
  if (parts.length !== 3) return false;
  const spki = await crypto.subtle.importKey('spki', Buffer.from(key.spki, 'base64'), curve, false, ['verify']);
  const good = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, spki,
    Buffer.from(parts[2], 'base64url'), Buffer.from(`${parts[0]}.${parts[1]}`));
  if (!good) return false;
  const header = JSON.parse(Buffer.from(parts[0], 'base64url'));
  const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
  const now = Date.now() / 1000;
  return header.alg === 'ES256' && claims.exp > now && claims.nbf <= now
    && claims.iss === 'bench-issuer' && claims.aud === 'bench-audience';
}

async function answer(r) {
  let good = false;
  try {
    good = await isGood(r.headersIn.Authorization);
  } catch (e) {
    good = false;
  }
  if (good) r.return(200, body);
  else r.return(401);
}

export default { answer };
