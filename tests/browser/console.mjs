// SPDX-License-Identifier: Apache-2.0
// What stories do on the console's pages.
import { compare } from './images.mjs';

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

/** A picture of the page as it is, without what moves by itself, against its reference. */
export async function picture(view, name, options) {
  const shot = await view.page.screenshot({
    mask: [view.page.locator('[data-volatile]')], maskColor: '#808080', animations: 'disabled',
  });
  compare(name, shot, options);
}
