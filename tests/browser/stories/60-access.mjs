// SPDX-License-Identifier: Apache-2.0
// For everybody: axe-core finds nothing on any page, in any width, dark or light; and the keyboard is
// enough.
import assert from 'node:assert/strict';
import { patient, people, put } from '../people.mjs';
import { PASSPHRASE } from '../ward.mjs';

const widths = { phone: [390, 844], desk: [1280, 800], wall: [1920, 1080] };

/** Presses Tab until the focus is on an element with that test id; how often. */
async function tabTo(view, id, most = 120) {
  for (let presses = 0; presses <= most; presses++) {
    const on = await view.run(() =>
      document.activeElement?.closest('[data-testid]')?.dataset.testid ?? '');
    if (on === id) {
      const visible = await view.run(() => {
        const of = (part) => getComputedStyle(document.activeElement, part);
        return [null, '::before', '::after'].map(of).some(({ outlineStyle, outlineWidth, boxShadow }) =>
          (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none');
      });
      assert.ok(visible, `${id} has the focus, and does not show it`);
      return presses;
    }
    await view.page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${id}`);
}

export default async function tell(story) {
  const { ward } = story;
  let view;

  /** One page in all its looks. */
  const looks = async (what) => {
    for (const [width, [across, down]] of Object.entries(widths)) {
      for (const colorScheme of ['dark', 'light']) {
        await story.also(`${what}, ${width}, ${colorScheme}: axe-core finds nothing`, async () => {
          await view.page.setViewportSize({ width: across, height: down });
          await view.page.emulateMedia({ colorScheme });
          assert.deepEqual(await view.axe(), []);
          const beyond = await view.run(() =>
            document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.ok(beyond <= 0, `${beyond} pixels wider than the screen`);
          const cut = await view.run(() => [...document.querySelectorAll('.numeric-head')]
            .filter((head) => head.scrollWidth > head.clientWidth).map((head) => head.textContent));
          assert.deepEqual(cut, [], 'a name or a unit is cut');
        });
      }
    }
    await view.page.setViewportSize({ width: 1280, height: 800 });
    await view.page.emulateMedia({ colorScheme: 'dark' });
  };

  await story.step('a ward with an alarm', async () => {
    await ward.open();
    await put(ward, people.map(patient));
    await ward.device('bed-one', people[0].id, '--simulate', '--leads', '12');
    await ward.device('bed-two', people[1].id, '--simulate', '--seed', '2', '--deteriorate', 'tachycardia',
      '--after', '0', '--over', '1');
    view = await ward.view(await ward.chromium(), await ward.invite('dr-lindgren', 'doctor', 'user/*.cruds'));
    await view.by('enrol').waitFor();
  });
  await looks('enrolment');
  await story.step('an enrolment by keyboard alone', async () => {
    await tabTo(view, 'passphrase');
    await view.page.keyboard.type(PASSPHRASE);
    if (await view.by('passphrase-again').count()) {
      await tabTo(view, 'passphrase-again');
      await view.page.keyboard.type(PASSPHRASE);
    }
    await tabTo(view, 'enrol');
    await view.page.keyboard.press('Enter');
    await view.state('live');
    await view.sees('the alarm', (id) => /high|medium|low/.test(
      document.querySelector(`[data-testid="alarm-${id}"]`)?.dataset.priority ?? ''), people[1].id);
  });
  await looks('ward');
  await story.step('a bed by keyboard alone', async () => {
    await tabTo(view, `bed-${people[0].id}`);
    await view.page.keyboard.press('Enter');
    await view.sees('the waves', (bed) =>
      globalThis.skeymTest.samples(bed, 'II')?.values.length > 250, people[0].id);
  });
  await looks('bed');
  await story.step('the security page by keyboard alone', async () => {
    await tabTo(view, 'tab-security');
    await view.page.keyboard.press('Enter');
    await view.shows('bed-one');
  });
  await looks('security');
  await story.step('locked and unlocked by keyboard alone', async () => {
    await tabTo(view, 'lock');
    await view.page.keyboard.press('Enter');
    await view.by('unlock').waitFor();
  });
  await looks('locked');
  await story.step('the passphrase by keyboard alone', async () => {
    await tabTo(view, 'passphrase');
    await view.page.keyboard.type(PASSPHRASE);
    await view.page.keyboard.press('Enter');
    await view.state('live');
  });
  await story.step('axe-core finds what is wrong', async () => {
    const control = await ward.view(view.page.context());
    await control.page.setContent('<img src="x.png"><p style="color:#777;background:#888">faint</p><input>');
    const found = (await control.axe()).join();
    for (const rule of ['image-alt', 'color-contrast', 'label']) assert.match(found, new RegExp(rule));
  });
}
