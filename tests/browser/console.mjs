// SPDX-License-Identifier: Apache-2.0
// What stories do on the console's pages, and how they find things there.
import { sleep } from '../system/world.mjs';
import { compare } from './images.mjs';
import { PATIENT_MS } from './ward.mjs';

/** On the enrolment page: chooses the passphrase, and waits until the ward is live. */
export async function becomeNode(view, passphrase) {
  await view.by('passphrase').fill(passphrase);
  const again = view.by('passphrase-again');
  if (await again.count()) await again.fill(passphrase);
  await view.by('enrol').click();
  await view.state('live');
}

export async function unlock(view, passphrase) {
  await view.by('passphrase').fill(passphrase);
  await view.by('unlock').click();
  await view.state('live');
}

/** From the ward to one bed. */
export async function openBed(view, id) {
  await view.by(`bed-${id}`).getByRole('link').first().click();
  await view.by(`bed-view-${id}`).waitFor();
}

export const toWard = (view) => view.by('tab-ward').click();

/** How a page finds a number and an alarm of a bed: for the page, as text. */
const number = (id, param) => `[data-testid="bed-${id}"] [data-param="${param}"] .numeric-value`;

export const shown = (view, id, param) =>
  view.run((where) => document.querySelector(where)?.textContent.trim() ?? '', number(id, param));

/** Waits for a number of a bed on the ward. */
export const hasNumber = (view, id, param) =>
  view.sees(`${param} of ${id}`, (where) =>
    /^\d/.test(document.querySelector(where)?.textContent.trim() ?? ''), number(id, param));

export const alarmOf = (view, id) =>
  view.run((where) => {
    const bar = document.querySelector(where);
    return { priority: bar?.dataset.priority ?? 'none', kind: bar?.dataset.alarm ?? '' };
  }, `[data-testid="alarm-${id}"]`);

/** Everything on a page that moves by itself. */
const MOVES = ['canvas', 'time', '.calls', '.numeric', '.tile-age', '.tile-nowave', '.alarm-bar', '.bed-foot *',
  '.tokens', 'dd', 'pre', 'tbody', 'meter', 'progress', 'svg', '.banner', '.aside',
  '[data-volatile]'].join();

/** A picture of the page as it is, against its reference where nothing moves by itself. A busy machine
 * may be late with something: it is looked at again for a minute. */
export async function picture(view, name, options) {
  const end = Date.now() + PATIENT_MS;
  for (;;) {
    const shot = await view.page.screenshot({ animations: 'disabled' });
    const moving = await view.run((which) => [...document.querySelectorAll(which)].map((element) => {
      const { left, top, right, bottom } = element.getBoundingClientRect();
      return [left, top, right, bottom];
    }), MOVES);
    try {
      compare(name, shot, moving, options);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(1000);
    }
  }
}
