// SPDX-License-Identifier: Apache-2.0
// "Shown by" 1, to the letter: skeym demo --keep says where its console is and a code for one browser;
// with these two a browser watches its four devices, one of which gets worse, and is locked out.
import assert from 'node:assert/strict';
import { alarmOf, becomeNode, hasNumber } from '../console.mjs';
import { PASSPHRASE, until } from '../ward.mjs';

const PLAY_MS = 110000;
const ILL_MS = 280000;
const beds = ['pat-2041', 'pat-2042', 'pat-2043', 'pat-2044'];

/** Stops the demo as Ctrl-C does, so that it takes its processes and its folder along. */
async function end(demo) {
  demo.child.kill('SIGINT');
  return demo.exit;
}

export default async function tell(story) {
  const { ward, options } = story;
  let demo, code, address, dir, view;

  try {
    await story.step('the demo says where its console is, and a code for one browser', async () => {
      demo = ward.begin(['demo', '--keep']);
      let over = false;
      demo.exit.then(() => (over = true));
      await until("the console's address", () => {
        if (over) throw new Error(`the demo ended: ${demo.out} ${demo.err}`);
        return /Ctrl-C ends it/.test(demo.out);
      }, PLAY_MS);
      [, address] = /console: (http:\/\/\S+\/console\/)/.exec(demo.out);
      [, code] = /within an hour: (\S+)/.exec(demo.out);
      [, dir] = /list --dir (\S+)/.exec(demo.out);
    });
    await story.step('the code, pasted at that address, makes the browser a node', async () => {
      view = await ward.view(await ward.chromium(), `${address}?test`);
      await view.by('invitation').fill(code);
      await becomeNode(view, PASSPHRASE);
    });
    await story.step('the four devices are seen live', async () => {
      for (const bed of beds) await view.sees(bed, (id) =>
        document.querySelector(`[data-testid="bed-${id}"]`) !== null, bed);
      await hasNumber(view, beds[3], 'hr');
      await view.sees('waves', (bed) => globalThis.skeymTest.samples(bed, 'II')?.values.length > 500, beds[3]);
    });
    /* a minute and a half later; the story `ward` shows it in less */
    if (options.full) await story.step('one of them gets worse, and the right alarm comes', async () => {
      await until('the alarm for saturation', async () =>
        /^spo2-low/.test((await alarmOf(view, beds[3])).kind), ILL_MS);
      assert.match((await alarmOf(view, beds[3])).priority, /medium|high/);
    });
    await story.step('revoked, it is locked out at its next request', async () => {
      const node = await view.run(() => globalThis.skeymTest.app.me.node);
      await ward.must(['revoke', node, '--dir', dir]);
      await view.state('revoked', 'expired');
    });
    await story.step('the demo ends well', async () => {
      assert.equal(await end(demo), 0, demo.out.slice(-300));
    });
  } finally {
    if (demo) await end(demo);
  }
}
