// SPDX-License-Identifier: Apache-2.0
// "Shown by" 5: a copy of what the browser keeps, taken to another browser.
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bare, enrol, enter, request, secretsOf } from '../node.mjs';
import { scan } from '../scan.mjs';
import { PASSPHRASE } from '../ward.mjs';

/** All that a script can carry away: IndexedDB, as structured clones would travel, and the rest. */
const carryAway = (view) =>
  view.run(async () => {
    const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
    const out = { rows: [], local: { ...localStorage }, session: { ...sessionStorage },
      cookies: document.cookie, caches: await caches.keys(), exported: [], databases: [] };
    for (const { name, version } of await indexedDB.databases()) {
      out.databases.push(name);
      const database = await new Promise((resolve, reject) => {
        const opening = indexedDB.open(name, version);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      for (const shelf of database.objectStoreNames) {
        const rows = await new Promise((resolve) => {
          const reading = database.transaction(shelf).objectStore(shelf).getAll();
          reading.onsuccess = () => resolve(reading.result);
        });
        for (const row of rows) {
          const plain = {};
          for (const [field, value] of Object.entries(row)) {
            if (value instanceof CryptoKey) {
              plain[field] = { key: value.type, extractable: value.extractable };
              for (const format of ['pkcs8', 'jwk', 'raw']) {
                const key = await crypto.subtle.exportKey(format, value).catch(() => null);
                if (key && value.type === 'private') out.exported.push(`${field} as ${format}`);
              }
            } else if (ArrayBuffer.isView(value)) plain[field] = { bytes: text(value) };
            else if (typeof value !== 'object') plain[field] = value;
          }
          out.rows.push({ name, shelf, plain });
        }
      }
      database.close();
    }
    return out;
  });

/** Puts carried rows into a browser; the private key is one of our own, as there is no other. */
const putBack = (view, rows) =>
  view.run(async (carried) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    await globalThis.skeymNode.openStore(); /* makes the shelves */
    const own = await crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']);
    const database = await new Promise((resolve) => {
      const opening = indexedDB.open('skeym');
      opening.onsuccess = () => resolve(opening.result);
    });
    for (const { shelf, plain } of carried) {
      const row = {};
      for (const [field, value] of Object.entries(plain)) {
        row[field] = value?.bytes !== undefined ? bytes(value.bytes) : value?.key ? own.privateKey : value;
      }
      await new Promise((resolve, reject) => {
        const change = database.transaction(shelf, 'readwrite');
        change.objectStore(shelf).put(row);
        change.oncomplete = resolve;
        change.onerror = () => reject(change.error);
      });
    }
    database.close();
  }, rows);

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const what = statSync(path, { throwIfNoEntry: false });
    if (what?.isDirectory()) yield* files(path);
    else if (what?.isFile() && what.size < 1 << 26) yield path;
  }
}

/** A profile as a thief copies it: all but the locks. */
function copyProfile(from, to) {
  cpSync(from, to, { recursive: true, filter: (path) => !/Singleton|\.lock$|\/lockfile$/.test(path) });
  rmSync(join(to, 'SingletonLock'), { force: true });
}

export default async function tell(story) {
  const { ward } = story;
  let own, view, carried, secrets, profile;

  await story.step('a browser becomes a node by an invitation, and logs in', async () => {
    await ward.open();
    own = await ward.chromium(ward.path('own'));
    view = await bare(ward, own);
    const link = await ward.invite('dr-lindgren', 'doctor', 'user/*.rs');
    const who = await enrol(view, link, PASSPHRASE);
    assert.deepEqual(who, { node: 'dr-lindgren', role: 'doctor', scopes: ['user/*.rs'] });
    assert.equal(await enter(view, PASSPHRASE), 'live');
    assert.equal((await request(view, '/fhir/Patient')).status, 200);
    secrets = await secretsOf(view);
  });

  await story.step('no script can carry the private key away, nor anything in the clear', async () => {
    carried = await carryAway(view);
    assert.deepEqual(carried.exported, []);
    const keys = carried.rows.flatMap(({ plain }) => Object.values(plain)).filter((value) => value.key);
    assert.equal(keys.filter(({ key }) => key === 'private').length, 1);
    assert.ok(keys.every(({ extractable, key }) => key !== 'private' || !extractable));
    const known = [{ what: 'C_i', secret: secrets.secret }, { what: 'locator', secret: secrets.locator },
      { what: 'passphrase', secret: PASSPHRASE }, { what: 'name', secret: 'dr-lindgren' }];
    assert.deepEqual(scan([Buffer.from(JSON.stringify(carried))], known), []);
    assert.deepEqual([carried.cookies, carried.session, carried.caches], ['', {}, []]);
  });

  await story.step('what a script carries to another browser does not open without the passphrase',
    async () => {
      const other = await ward.chromium(ward.path('other'));
      view = await bare(ward, other);
      await putBack(view, carried.rows);
      const mark = ward.wire.mark();
      assert.equal(await enter(view, 'a passphrase that is guessed'), 'passphrase');
      assert.equal(ward.wire.since(mark).length, 0); /* it did not even ask */
    });

  await story.step('nor does it log in with the passphrase, for it has no private key', async () => {
    assert.notEqual(await enter(view, PASSPHRASE), 'live');
    assert.equal((await ward.read('/fhir/Patient')).resourceType, 'Bundle'); /* the server is well */
  });

  await story.step('the files of the profile hold neither C_i, nor locator, nor passphrase', async () => {
    profile = own.profile;
    await own.close(); /* so that all is on disk */
    const known = [{ what: 'C_i', secret: secrets.secret }, { what: 'locator', secret: secrets.locator },
      { what: 'passphrase', secret: PASSPHRASE }];
    let read = 0;
    for (const path of files(profile)) {
      const bytes = readFileSync(path);
      read += bytes.length;
      for (const { what, secret } of known) assert.equal(bytes.indexOf(secret), -1, `${what} in ${path}`);
    }
    assert.ok(read > 100000);
  });

  await story.step('a copied profile does not log in without the passphrase', async () => {
    copyProfile(profile, ward.path('thief'));
    view = await bare(ward, await ward.chromium(ward.path('thief')));
    assert.equal((await carryAway(view)).rows.length, 1); /* the copy is a whole one */
    const mark = ward.wire.mark();
    for (const guess of ['', 'password', PASSPHRASE.slice(1), `${PASSPHRASE} `, PASSPHRASE.toUpperCase()]) {
      assert.equal(await enter(view, guess), 'passphrase');
    }
    assert.equal(ward.wire.since(mark).length, 0);
  });

  /* What it cannot do, said as a test so that nobody believes otherwise: chromium writes a key that no
   * script can read into its files as it is. Profile and passphrase together are the node. */
  await story.step('a copied profile together with the passphrase is the node, until it is revoked',
    async () => {
      assert.equal(await enter(view, PASSPHRASE), 'live');
      await ward.must(['revoke', 'dr-lindgren', '--dir', ward.dir]);
      const answer = await request(view, '/fhir/Patient').catch((error) => error);
      assert.notEqual(answer.status, 200);
      assert.match(await enter(view, PASSPHRASE), /revoked|refused/);
    });
}
