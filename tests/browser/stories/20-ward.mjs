// SPDX-License-Identifier: Apache-2.0
// "Shown by" 1 and 3: a browser becomes a node, watches four beds, sees one get worse, is revoked; and
// nobody on the wire can read any of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { alarmOf, becomeNode, hasNumber, openBed, picture, shown, toWard } from '../console.mjs';
import { patient, people, put } from '../people.mjs';
import { scan } from '../scan.mjs';
import { pieces } from '../text.mjs';
import { PASSPHRASE, until } from '../ward.mjs';

const ALARM_MS = 2000;
const ids = people.map(({ id }) => id);

/** When the page first shows an alarm, by the page's clock: watched from within. */
const watchAlarm = (view, id) =>
  view.run((bed) => {
    globalThis.alarmSeen = new Promise((resolve) => {
      const look = () => {
        const alarm = document.querySelector(`[data-testid="alarm-${bed}"]`);
        const priority = alarm?.dataset.priority ?? 'none';
        if (priority === 'none') return;
        observer.disconnect();
        resolve({ at: Date.now(), ...alarm.dataset, text: alarm.innerText });
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body,
        { subtree: true, childList: true, attributes: true, characterData: true });
      look();
    });
    globalThis.alarmSeen.then((alarm) => (globalThis.alarm = alarm));
  }, id);

/** What an eavesdropper must not read: what the server holds, who is who, and the keys. */
async function secretsOf(ward) {
  const list = [];
  const add = (what, secret) => list.push({ what, secret });
  for (const { id, given, family, birth } of people) {
    for (const text of [id, given, family, birth]) add(`patient's ${text}`, text);
  }
  for (const node of ['bed-one', 'bed-four', 'dr-lindgren', 'nurse-abara']) add(`node ${node}`, node);
  for (const text of ['/fhir/Observation', '/fhir/Patient', '/skeym/v1/whoami', '_lastUpdated',
    'valueQuantity', 'valueSampledData', 'effectiveDateTime', 'beats/minute',
    'urn:iso:std:iso:11073', 'http://loinc.org', '8867-4', '2708-6', 'user/*.rs',
    'user/Observation', PASSPHRASE]) add(text, text);
  const bundle = await ward.read('/fhir/Observation?_sort=-_lastUpdated&_count=200');
  for (const { resource } of bundle.entry) {
    add(`id of ${resource.code.text}`, resource.id);
    add(`identifier of ${resource.code.text}`, resource.identifier[0].value);
    const data = resource.valueSampledData?.data ?? '';
    pieces(data, 24, 3).forEach((piece) => add(`samples of ${resource.code.text}`, piece));
    if (resource.valueQuantity) add('a value', JSON.stringify(resource.valueQuantity).slice(0, 30));
  }
  for (const file of ['keyring', 'identity']) add(`the authority's ${file}`, keyBytes(ward, file));
  return list.filter(({ secret }) => secret && secret.length >= 6);
}

/** The last 32 bytes of a file of the authority's: of a secret, or nothing when there is no such file. */
function keyBytes(ward, file) {
  try {
    return readFileSync(`${ward.dir}/${file}`).subarray(-32);
  } catch {
    return undefined;
  }
}

/** The console's own files are served in the open: what was asked by GET /console/ is not looked at. */
const overTheWire = (wire, mark) =>
  wire.since(mark).filter((bytes) => !bytes.includes('GET /console/') &&
    !bytes.includes('content-security-policy') && !bytes.includes('Content-Security-Policy'));

export default async function tell(story) {
  const { ward, options } = story;
  let view, mark, link;

  await story.step('four devices stream for four patients', async () => {
    await ward.open();
    await put(ward, people.map(patient));
    for (const [i, node] of ['bed-one', 'bed-two', 'bed-three', 'bed-four'].entries()) {
      ward[node] = await ward.device(node, ids[i], '--simulate', '--seed', String(i + 1));
    }
    await until('readings of all four', async () => {
      const found = await Promise.all(ids.map((id) => ward.read(`/fhir/Observation?patient=${id}&_count=1`)));
      return found.every(({ entry }) => entry?.length);
    }, 60000);
  });

  await story.step('the invitation opens the enrolment, and is gone from the address', async () => {
    link = await ward.invite('dr-lindgren', 'doctor', 'user/*.cruds');
    view = await ward.view(await ward.chromium(), link);
    await view.sees('the enrolment', () => document.querySelector('[data-testid="enrol"]') !== null);
    assert.doesNotMatch(view.page.url(), /invite|=/);
    assert.doesNotMatch(await view.run(() => `${location.href} ${JSON.stringify(history.state)}`), /invite=/);
    await picture(view, 'enrol', options);
  });

  await story.step('a passphrase makes it a node, which logs in by itself', async () => {
    await becomeNode(view, PASSPHRASE);
    mark = ward.wire.mark();
  });

  await story.step('the ward shows four patients by name, with numbers that are the server\'s', async () => {
    for (const { id, family } of people) {
      await view.shows(family);
      await hasNumber(view, id, 'hr');
      await until(`the server's heart rate for ${id}`, async () => {
        const recent = await ward.read(`/fhir/Observation?patient=${id}&code=8867-4&_sort=-date&_count=12`);
        const rates = recent.entry.map(({ resource }) => String(resource.valueQuantity.value));
        return rates.includes(await shown(view, id, 'hr'));
      }, 60000);
    }
    await view.sees('waves', (all) => all.every((bed) =>
      globalThis.skeymTest.samples(bed, 'II')?.values.length > 500), ids);
    await picture(view, 'ward', options);
  });

  await story.step('a used invitation makes no second node', async () => {
    const other = await ward.view(await ward.chromium(), link);
    await other.by('passphrase').fill(PASSPHRASE);
    if (await other.by('passphrase-again').count()) await other.by('passphrase-again').fill(PASSPHRASE);
    await other.by('enrol').click();
    await other.sees('the refusal', () => document.querySelector('.gate-message.error') !== null);
    await other.page.context().close();
  });

  await story.step('a patient gets worse, and the right alarm comes', async () => {
    await watchAlarm(view, ids[3]);
    ward['bed-four'].child.kill('SIGTERM');
    await ward['bed-four'].exit;
    ward.stream(ward.path('bed-four.credential'), ids[3], '--simulate', '--seed', '4',
      '--deteriorate', 'desaturation', '--after', '2', '--over', '4');
    await view.sees('an alarm', () => globalThis.alarm !== undefined);
    await view.sees('the alarm for saturation', (bed) => /spo2/i.test(
      document.querySelector(`[data-testid="alarm-${bed}"]`)?.dataset.alarm ?? ''), ids[3]);
    const alarm = await view.run(() => globalThis.alarm);
    assert.match((await alarmOf(view, ids[3])).kind, /^spo2-low$/);
    assert.match(alarm.text, /SpO/);
    await picture(view, 'alarm', options);
    const limit = 90;
    const readings = await ward.read(`/fhir/Observation?patient=${ids[3]}&code=2708-6&_sort=date&_count=200`);
    const low = readings.entry.map(({ resource }) => resource)
      .find(({ valueQuantity }) => valueQuantity.value < limit);
    const took = alarm.at - Date.parse(low.meta.lastUpdated);
    story.figure('from the acknowledgement of the first low reading to its alarm on the screen', `${took} ms`);
    if (options.full) assert.ok(took <= ALARM_MS, `${took} ms`);
    for (const id of ids.slice(0, 3)) { /* and no other bed is made to look ill */
      assert.doesNotMatch((await alarmOf(view, id)).kind, /-(low|high|standstill)$/);
    }
  });

  await story.step('a bed shows its waves', async () => {
    await openBed(view, ids[0]);
    await view.sees('four waves', (bed) => ['II', 'PLETH', 'ABP', 'RESP'].every((lead) =>
      globalThis.skeymTest.samples(bed, lead)?.values.length > 100), ids[0]);
    await picture(view, 'bed', options);
  });

  await story.step('the security page shows the tokens, the wire beside the clear, and who is enrolled',
    async () => {
      await view.by('tab-security').click();
      await view.shows('bed-four');
      await view.shows('dr-lindgren');
      await view.sees('four chains of tokens', () => document.querySelectorAll('.chain').length === 4);
      await picture(view, 'security', options);
    });

  await story.step('another node is revoked from the screen, after a confirmation', async () => {
    await ward.enrol('nurse-abara', 'nurse', 'user/Observation.rs');
    await view.by('revoke-nurse-abara').click();
    await view.by('revoke-confirm').click();
    await until('the revocation', async () =>
      /nurse-abara.*revoked/.test(await ward.must(['list', '--dir', ward.dir])), 60000);
    await toWard(view);
  });

  await story.step('locked, nothing of the ward is on the screen; the passphrase brings it back', async () => {
    await view.by('lock').click();
    await view.by('unlock').waitFor();
    assert.doesNotMatch(await view.run(() => document.documentElement.outerHTML), /Wohlgemuth|Zimmerling/);
    await picture(view, 'locked', options);
    await view.by('passphrase').fill('not this one at all');
    await view.by('unlock').click();
    await view.sees('the refusal', () => document.querySelector('.gate-message.error') !== null);
    await view.by('passphrase').fill(PASSPHRASE);
    await view.by('unlock').click();
    await view.state('live');
    await view.shows('Wohlgemuth');
  });

  await story.step('no name, value, scope, path or key is readable on the wire after the login', async () => {
    const heard = overTheWire(ward.wire, mark);
    assert.ok(heard.reduce((sum, bytes) => sum + bytes.length, 0) > 20000);
    const found = scan(heard, await secretsOf(ward));
    assert.deepEqual(found, []);
    story.figure('traffic of the session that was searched for names, values, scopes, paths and keys',
      `${Math.round(heard.reduce((sum, bytes) => sum + bytes.length, 0) / 1024)} KiB, nothing found`);
  });

  await story.step('revoked, it is locked out at its next request, and says so', async () => {
    await ward.must(['revoke', 'dr-lindgren', '--dir', ward.dir]);
    await view.state('revoked', 'expired');
    await view.sees('an empty ward', () => !/Wohlgemuth|Zimmerling/.test(document.body.innerText));
    await picture(view, 'revoked', options);
  });

  await story.step('all that time the page broke no rule of its policy and no script failed', () => {
    assert.deepEqual({ ...view.conduct }, { breaches: [], errors: [], dialogs: [] });
  });
}
