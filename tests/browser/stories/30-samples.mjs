// SPDX-License-Identifier: Apache-2.0
// "Shown by" 2: what is drawn are the record's samples, and drawing twelve waves is done in time.
import assert from 'node:assert/strict';
import { becomeNode, openBed, picture, toWard } from '../console.mjs';
import { patient, people, put } from '../people.mjs';
import { PASSPHRASE, record, Skip, until } from '../ward.mjs';
import { readRecord } from '../wfdb.mjs';

const ENOUGH_S = 8;
const FRAME_MS = 50;
const [{ id: first }, { id: simulated }, { id: second }] = people;
/* 250 Hz, and 360 Hz: a period that no number of milliseconds is */
const replays = [{ file: 'v102s.hea', node: 'bed-one', id: first }, { file: '100.hea', node: 'bed-three', id: second }];

/** When the first sample of a run's signal was taken, and the name of the run. */
async function beginning(ward, id, signal) {
  const all = await ward.read(`/fhir/Observation?patient=${id}&_sort=date&_count=20`);
  const first = all.entry.map(({ resource }) => resource)
    .find(({ identifier }) => identifier[0].value.endsWith(`-${signal}.0`));
  return Date.parse(first.effectiveDateTime);
}

/** What is drawn of some leads, all at one moment at which there are so many samples of each. */
async function drawn(view, id, leads, least) {
  await view.sees(`${least} samples of ${leads}`, (bed, names, count) => {
    const all = names.map((name) => globalThis.skeymTest.samples(bed, name));
    if (!all.every((lead) => lead?.values.length >= count)) return false;
    globalThis.kept = all.map(({ startMs, periodMs, values }) => ({ startMs, periodMs, values: [...values] }));
    return true;
  }, id, leads, least);
  return view.run(() => globalThis.kept);
}

/** How many samples are those of the record, each at its time. Throws at the first that is not. */
function compare(shown, signal, startMs, frequency, name) {
  let equal = 0;
  for (const [i, value] of shown.values.entries()) {
    if (value === null || Number.isNaN(value)) continue; /* a gap */
    const at = Math.round((shown.startMs + i * shown.periodMs - startMs) / 1000 * frequency);
    const raw = signal.samples[at];
    const physical = (raw - signal.baseline) / signal.gain;
    if (Math.abs(value - physical) > 0.51e-6 * Math.max(1, Math.abs(physical)) && value !== raw) {
      throw new Error(`${name}: sample ${at} is drawn as ${value}, and is ${physical} (raw ${raw})`);
    }
    equal++;
  }
  return equal;
}

export default async function tell(story) {
  const { ward, options } = story;
  let view;

  await story.step('a device replays a record while a browser looks on', async () => {
    await ward.open();
    await put(ward, people.map(patient));
    view = await ward.view(await ward.chromium(), await ward.invite('dr-lindgren', 'doctor', 'user/*.rs'));
    await becomeNode(view, PASSPHRASE);
    for (const replay of replays) {
      replay.path = record(replay.file);
      if (replay.path) await ward.device(replay.node, replay.id, '--record', replay.path);
    }
  });

  for (const { file, id, path } of replays) {
    await story.step(`every sample of ${file} that is drawn is the record's, at its time`, async () => {
      if (!path) throw new Skip(`there is no ../shared/data/wfdb/${file}`);
      const { frequency, signals } = readRecord(path);
      await openBed(view, id);
      const names = signals.map(({ name }) => name);
      const all = await drawn(view, id, names, ENOUGH_S * frequency);
      let equal = 0;
      for (const [i, signal] of signals.entries()) {
        const startMs = await beginning(ward, id, signal.name);
        assert.ok(Math.abs(all[i].periodMs - 1000 / frequency) < 1e-4);
        const found = compare(all[i], signal, startMs, frequency, signal.name);
        assert.ok(found >= (ENOUGH_S - 2) * frequency, `${signal.name}: only ${found}`);
        equal += found;
        const other = { ...all[i], values: all[i].values.map((value) => value && value + 2 / signal.gain) };
        assert.throws(() => compare(other, signal, startMs, frequency, 'II'), /is drawn as/); /* a control */
      }
      story.figure(`samples on the screen that were compared with ${file}`, `${equal}, all equal`);
      await picture(view, file.replace('.hea', ''), options);
      await toWard(view);
    });
  }

  await story.step('twelve waves run at once', async () => {
    await ward.device('bed-two', simulated, '--simulate', '--leads', '12', '--seed', '12');
    await openBed(view, simulated);
    await view.sees('twelve waves', (bed) => {
      const { model, samples } = globalThis.skeymTest;
      const leads = [...model.beds.get(bed).waves.keys()];
      return leads.filter((lead) => samples(bed, lead)?.values.length > 250).length >= 12;
    }, simulated);
  });

  await story.step('frames are drawn in time', async () => {
    const seconds = options.full ? 60 : 5;
    const from = await view.run(() => globalThis.skeymTest.frames().at(-1)?.start ?? 0);
    await until('the frames', () => view.run((start, ms) =>
      (globalThis.skeymTest.frames().at(-1)?.start ?? 0) > start + ms, from, seconds * 1000), 240000);
    const frames = await view.run((start) =>
      globalThis.skeymTest.frames().filter((frame) => frame.start > start), from);
    const sorted = (list) => list.sort((one, other) => one - other);
    const work = sorted(frames.map((frame) => frame.work));
    const gaps = sorted(frames.map((frame) => frame.ms));
    const at = (list, share) => list[Math.floor(share * (list.length - 1))].toFixed(1);
    assert.ok(frames.length > seconds); /* it draws at all, however busy the machine */
    const late = gaps.filter((ms) => ms > FRAME_MS).length;
    await picture(view, 'twelve', options);
    story.figure(`${seconds} s of twelve waves on the screen`,
      `${frames.length} frames, ${late} of them over ${FRAME_MS} ms; median ${at(gaps, 0.5)} ms, 99 % ${
        at(gaps, 0.99)} ms, longest ${at(gaps, 1)} ms; of it work: median ${at(work, 0.5)} ms, longest ${
        at(work, 1)} ms`);
    if (options.full) assert.ok(work.at(-1) <= FRAME_MS, `a frame took ${work.at(-1)} ms`);
  });

  await story.step('the page broke no rule of its policy and no script failed', () => {
    assert.deepEqual({ ...view.conduct }, { breaches: [], errors: [], dialogs: [] });
  });
}
