// SPDX-License-Identifier: Apache-2.0
// A tab that is left open: it outlives the server, the network and sleep, and says which it is.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { becomeNode, hasNumber, openBed, toWard, unlock } from '../console.mjs';
import { patient, people, put } from '../people.mjs';
import { PASSPHRASE, until } from '../ward.mjs';
import { sleep } from '../../system/world.mjs';

const LIFETIME = 5; /* s, of a token */
const [{ id }] = people;

/** Keeps every state that the page shows. */
const watchStates = (view) =>
  view.run(() => {
    const shown = (globalThis.states = []);
    const look = () => {
      const element = document.querySelector('[data-testid="state"]');
      const text = `${element?.innerText} ${document.querySelector('.banner')?.innerText ?? ''}`;
      const now = { state: element?.dataset.state, text: text.replace(/\d+/g, '') };
      if (now.state && JSON.stringify(now) !== JSON.stringify(shown.at(-1))) shown.push(now);
    };
    new MutationObserver(look).observe(document.body,
      { subtree: true, childList: true, attributes: true, characterData: true });
    look();
  });

const states = (view) => view.run(() => globalThis.states);

/** New readings come: what is shown is of after this moment. */
async function goesOn(view) {
  const last = () => view.run((bed) => {
    const all = globalThis.skeymTest.samples(bed, 'II');
    return all ? all.startMs + all.values.length * all.periodMs : 0;
  }, id);
  const from = await last();
  await until('new samples', async () => (await last()) > from + 2000, 60000);
}

const setClockOn = (view, ms) =>
  view.run((by) => {
    const { now } = Date;
    Date.now = () => now() + by;
  }, ms);

/** The processes of a browser, by its profile and their parents. */
function processes(profile) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const parent = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1]);
      return [{ pid: Number(pid), parent, words: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }];
    } catch {
      return [];
    }
  });
  const own = new Set(all.filter(({ words }) => words.includes(profile)).map(({ pid }) => pid));
  for (let size = -1; size !== own.size;) {
    size = own.size;
    for (const { pid, parent } of all) if (own.has(parent)) own.add(pid);
  }
  own.delete(process.pid);
  return [...own];
}

export default async function tell(story) {
  const { ward } = story;
  let view, context;

  await story.step('a ward that is looked at', async () => {
    await ward.open(['--token-lifetime', String(LIFETIME)]);
    await put(ward, people.map(patient));
    await ward.device('bed-one', id, '--simulate');
    context = await ward.chromium();
    view = await ward.view(context, await ward.invite('dr-lindgren', 'doctor', 'user/*.rs'));
    await becomeNode(view, PASSPHRASE);
    await openBed(view, id);
    await watchStates(view);
    await goesOn(view);
  });

  for (const signal of ['SIGTERM', 'SIGKILL']) {
    await story.step(`the server is restarted by ${signal}, and the tab goes on and says so`, async () => {
      await view.run(() => void globalThis.states.splice(0));
      await ward.restart(signal);
      await view.sees('the restart', () => globalThis.states.some(({ state, text }) =>
        state === 'server-restarted' || /restarted/i.test(text)));
      await view.state('live');
      await goesOn(view);
    });
  }

  await story.step('the wire is cut: offline, and nothing old is shown as current', async () => {
    await view.run(() => void globalThis.states.splice(0));
    await toWard(view);
    await hasNumber(view, id, 'hr');
    ward.wire.cut();
    await view.state('offline');
    await view.sees('dashes instead of numbers', () => {
      const numbers = [...document.querySelectorAll('.numeric-value')];
      return numbers.length > 0 && numbers.every(({ textContent }) => !/\d/.test(textContent));
    });
    ward.wire.mend();
    await view.state('live');
    await goesOn(view);
    const seen = await states(view);
    assert.ok(seen.some(({ state, text }) => state === 'offline' && text.length > 3));
  });

  await story.step('the browser is told that it is offline, and comes back', async () => {
    await context.setOffline(true);
    await view.state('offline');
    await context.setOffline(false);
    await view.state('live');
    await goesOn(view);
  });

  await story.step('the machine sleeps for longer than a token lives, and the tab goes on', async () => {
    const pids = processes(context.profile);
    assert.ok(pids.length > 2);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await sleep(3 * LIFETIME * 1000);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await view.state('live');
    await goesOn(view);
  });

  await story.step('the clock of the machine is set ten minutes on, and the tab goes on', async () => {
    await view.page.mouse.click(5, 5); /* somebody is there: it does not lock for being idle */
    await setClockOn(view, 600000);
    await sleep(LIFETIME * 1000);
    await view.state('live');
    await goesOn(view);
  });

  await story.step('it is set an hour on: nobody was there, so it locks, and the passphrase opens it',
    async () => {
      await setClockOn(view, 3600000);
      await view.by('unlock').waitFor();
      assert.doesNotMatch(await view.run(() => document.documentElement.outerHTML), /Wohlgemuth/);
      await unlock(view, PASSPHRASE);
      await view.shows('Wohlgemuth');
    });

  await story.step('what the site has kept is cleared: at its next login it knows no key, and accuses nobody', async () => {
    await watchStates(view);
    await view.protocol.send('Storage.clearDataForOrigin',
      { origin: await view.run(() => location.origin), storageTypes: 'indexeddb' });
    await ward.restart('SIGKILL');
    await view.by('invitation').waitFor();
    assert.ok((await states(view)).every(({ text }) => !/Somebody answers/.test(text)), JSON.stringify(await states(view)));
  });

  await story.step('the page broke no rule of its policy and no script failed', () => {
    assert.deepEqual({ ...view.conduct }, { breaches: [], errors: [], dialogs: [] });
  });
}
