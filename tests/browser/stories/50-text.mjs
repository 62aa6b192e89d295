// SPDX-License-Identifier: Apache-2.0
// "Shown by" 5: whatever a device or an administrator writes stays text on the screen.
import assert from 'node:assert/strict';
import { becomeNode, openBed } from '../console.mjs';
import { put } from '../people.mjs';
import { PASSPHRASE, until } from '../ward.mjs';

let number = 0;
const probes = [];
/** A text that would run as a script in any of the usual places. */
function probe() {
  const id = `x${++number}x`;
  probes.push(id);
  return `${id}"'><img src=x onerror=alert('${id}')><script>alert('${id}')</script>` +
    `<svg onload=alert('${id}')><a href="javascript:alert('${id}')">{{7*7}}\${7*7}</a>`;
}

const vitals = [['8867-4', '/min'], ['2708-6', '%'], ['9279-1', '/min'], ['8310-5', 'Cel']];
const coding = (code, system = 'http://loinc.org') => ({ coding: [{ system, code, display: probe() }], text: probe() });

/** Resources with a probe in each text that the server takes. */
function resources() {
  const now = new Date().toISOString();
  const about = { status: 'final', subject: { reference: 'Patient/pat-9', display: probe() },
    device: { reference: 'Device/bed-9', display: probe() }, effectiveDateTime: now,
    performer: [{ display: probe() }], note: [{ text: probe() }] };
  const quantity = (code, i) => ({ value: 60 + i, unit: probe(), system: 'http://unitsofmeasure.org', code });
  return [
    { resourceType: 'Patient', id: 'pat-9', name: [{ text: probe(), family: probe(), given: [probe()] }],
      identifier: [{ system: 'urn:mrn', value: probe() }] },
    ...vitals.map(([code, unit], i) => ({ resourceType: 'Observation', ...about,
      code: coding(code), valueQuantity: quantity(unit, i), interpretation: [{ text: probe() }] })),
    { resourceType: 'Observation', ...about,
      code: coding('131330', 'urn:iso:std:iso:11073:10101'),
      valueSampledData: { origin: { value: 0, unit: probe() }, period: 4, factor: 0.005, dimensions: 1,
        data: Array.from({ length: 250 }, (_, i) => i % 50).join(' ') } },
    { resourceType: 'Observation', ...about, code: coding('8867-4'), valueString: probe() },
    { resourceType: 'Observation', ...about, code: coding('85354-9'),
      component: [['8480-6', 120], ['8462-4', 80]].map(([code, value]) => ({ code: coding(code),
        valueQuantity: { value, unit: probe(), system: 'http://unitsofmeasure.org', code: 'mm[Hg]' } })) },
  ];
}

/** Elements on the page that a probe would have made. */
const made = (view) =>
  view.run(() => [...document.querySelectorAll(
    'img[src="x"], svg[onload], a[href^="javascript"], [onerror], [onload], script:not([src])')]
    .map((element) => element.outerHTML));

export default async function tell(story) {
  const { ward } = story;
  let view;
  const clean = async () => {
    assert.deepEqual(await made(view), []);
    assert.deepEqual({ ...view.conduct }, { breaches: [], errors: [], dialogs: [] });
  };

  await story.step('a ward whose every text is a probe', async () => {
    await ward.open();
    await put(ward, resources());
    assert.ok(probes.length > 30);
    view = await ward.view(await ward.chromium(), await ward.invite('dr-lindgren', 'doctor', 'user/*.cruds'));
    await becomeNode(view, PASSPHRASE);
    await view.sees('the bed', () => document.querySelector('[data-testid="bed-pat-9"]') !== null);
    await view.sees('the name as text', (ids) =>
      ids.some((id) => document.body.innerText.includes(`${id}"'><img`)), probes.slice(0, 6));
    await clean();
  });
  await story.step('the bed shows them as text', async () => {
    await put(ward, resources()); /* so that there is something new */
    await openBed(view, 'pat-9');
    await view.sees('text of a probe', () => document.body.innerText.includes('<img src=x'));
    await clean();
  });
  await story.step('the security page and its filters do', async () => {
    await view.by('tab-security').click();
    await view.shows('dr-lindgren');
    await clean();
    await view.by('audit-find').fill(probe());
    await clean();
  });
  await story.step('an address does', async () => {
    for (const hash of [`#bed=${encodeURIComponent(probe())}`, `#bed=${probe()}`, `#${probe()}`,
      `#invite=${encodeURIComponent(probe())}`, '#%', '#bed=%E0%A4%A', '#__proto__', '#bed=__proto__', `#security=${probe()}`]) {
      await view.run((text) => {
        location.hash = text;
      }, hash);
      await view.run(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 200))));
      await clean();
    }
  });
  await story.step('a probe that is put in as markup would be seen by this test', async () => {
    const control = await ward.view(view.page.context());
    await control.page.setContent(`<p>${probe()}</p>`);
    await until('the dialog', () => control.conduct.dialogs.length > 0, 60000);
    assert.ok((await made(control)).length >= 3);
  });
}
