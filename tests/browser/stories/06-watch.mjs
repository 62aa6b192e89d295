// SPDX-License-Identifier: Apache-2.0
// A screen that watches must not fall silent unseen: by a clock that is set, by a fault of its own, in
// a tab that nobody looks at, by words that were said before. Simulated beds: no device is needed.
import assert from 'node:assert/strict';
import { becomeNode } from '../console.mjs';
import { PASSPHRASE } from '../ward.mjs';

const alarmed = (view) => view.sees('the alarm of high priority', () =>
  document.querySelector('.call[data-priority="high"]:not([hidden])') !== null);

/** The beds of the simulation whose heart rate is shown. */
const rates = (view) => view.run(() =>
  [...document.querySelectorAll('[data-param="hr"] .numeric-value')].filter((one) => /\d/.test(one.textContent)).length);

export default async function tell(story) {
  const { ward } = story;
  let context, view;

  const mock = async (words = '') => {
    await view.page.goto('about:blank');
    await view.page.goto(`${ward.server.url}/console/?demo=mock&test${words}`);
    await view.sees('beds', () => document.querySelectorAll('[data-testid^="bed-"]').length > 8);
  };

  await story.step('an alarm is in the name of the tab, too, and a lost connection', async () => {
    await ward.open();
    context = await ward.chromium();
    view = await ward.view(context);
    await mock('&worse');
    await alarmed(view);
    assert.match(await view.page.title(), /^!!! \d+ · SkeyM/);
    await view.page.getByRole('button', { name: 'Lose the network' }).click();
    await view.sees('it in the name', () => /^!!! \d+ · Offline · SkeyM/.test(document.title));
    await view.by('lock').click();
    await view.sees('a name without it', () => !/Offline/.test(document.title));
  });

  await story.step('an alarm that is raised again in the same words is said again', async () => {
    await mock();
    const said = await view.run(async () => {
      const { app } = globalThis.skeymTest;
      const live = document.querySelector('[role="alert"][aria-live="assertive"]');
      let times = 0;
      new MutationObserver(() => times++).observe(live, { childList: true });
      const bed = app.ward.list[0];
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      for (let i = 0; i < 2; i++) {
        app.announced.clear();
        const now = app.now();
        bed.alarms.look(new Map([['hr', { current: () => 0, timeMs: now, ageMs: () => 0 }]]), bed.limits, now, false);
        const { look } = app.ward;
        app.ward.look = () => {};
        app.acknowledge({ alarms: { acknowledge() {} } });
        app.ward.look = look;
        await wait(20);
      }
      return times;
    });
    assert.equal(said, 2);
  });

  await story.step('a fault in what is looked at is told, and the rest goes on', async () => {
    await mock();
    await view.run(() => {
      const { ward: model } = globalThis.skeymTest.app;
      model.look = () => {
        throw new Error('a fault');
      };
    });
    await view.shows('This screen failed at something');
    await view.run(() => void delete globalThis.skeymTest.app.ward.look);
    await view.sees('no more fault', () => !document.body.innerText.includes('This screen failed'));
  });

  await story.step('a network that swallows all is told, before anybody knows that it is gone', async () => {
    await mock();
    await view.run(() => void (globalThis.skeymTest.app.session.request = () => new Promise(() => {})));
    await view.sees('it told', () => /No values have come from the server for \d+ s/.test(
      document.querySelector('.banner').innerText));
  });

  await story.step('a tab that could not look for a time says for how long, and one in the background that it is late', async () => {
    await mock();
    await view.run(() => { /* as a browser does that slows it down */
      const end = performance.now() + 8000;
      while (performance.now() < end);
    });
    await view.sees('it told', () => /For \d+ s this tab did not look/.test(document.querySelector('.banner').innerText));
    const hide = (hidden) => view.run((on) =>
      void Object.defineProperty(document, 'hidden', { value: on, configurable: true }), hidden);
    await hide(true);
    await view.sees('the name of a tab in the background', () => /background/.test(document.title));
    await hide(false);
    await view.sees('its own name', () => !/background/.test(document.title));
    await view.sees('no more of it', () => !/did not look/.test(document.querySelector('.banner').innerText));
  });

  await story.step('the clock of the machine is set back an hour: what stops is seen to stop', async () => {
    await mock();
    await view.sees('numbers', () => document.querySelectorAll('[data-param="hr"]:not([data-none])').length > 8);
    await view.run(() => { /* the simulation measures by that clock, and so stops, too */
      const { now } = Date;
      Date.now = () => now() - 3600000;
    });
    await view.sees('dashes', () => document.querySelectorAll('[data-param="hr"]:not([data-none])').length === 0);
    assert.equal(await rates(view), 0);
  });

  await story.step('a page that was left does not come back unlocked', async () => {
    await view.page.goto('about:blank');
    await view.page.goto(await ward.invite('dr-lindgren', 'doctor', 'user/*.rs'));
    await becomeNode(view, PASSPHRASE);
    await view.run(() => void window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
    await view.by('unlock').waitFor();
  });

  await story.step('no address of a bed, which the history keeps, names its patient', async () => {
    await mock();
    const { id, href } = await view.run(() => {
      const [{ id }] = globalThis.skeymTest.app.ward.list;
      document.querySelector(`[data-testid="bed-${id}"] a`).click();
      return { id, href: location.href };
    });
    await view.by(`bed-view-${id}`).waitFor();
    assert.match(href, /#bed=[0-9a-f]{16}$/);
    assert.ok(!href.includes(id));
    await view.page.goBack();
    await view.by(`bed-${id}`).waitFor();
    await view.page.goForward();
    await view.by(`bed-view-${id}`).waitFor();
  });

  await story.step('where nothing can be kept the page says so', async () => {
    const other = await ward.view(await ward.chromium());
    await other.page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('denied', 'SecurityError');
      };
    });
    await other.page.goto(`${ward.server.url}/console/`);
    await other.by('no-store').waitFor();
    assert.deepEqual({ ...other.conduct }, { breaches: [], errors: [], dialogs: [] });
  });

  await story.step('the page broke no rule of its policy and no script failed', () => {
    assert.deepEqual({ ...view.conduct }, { breaches: [], errors: [], dialogs: [] });
  });

  await story.step('no script may make a policy that lets text become script', async () => {
    const can = await view.run(() => {
      try {
        globalThis.trustedTypes.createPolicy('any', { createHTML: (text) => text });
        return true;
      } catch {
        return false;
      }
    });
    assert.equal(can, false);
  });
}
