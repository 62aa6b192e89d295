// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alarms, PAUSE_MS, REMIND_MS, Sound } from '../../js/model/alarms.js';
import { adultLimits, setPair } from '../../js/model/limits.js';
import { Reading } from '../../js/model/stale.js';
import { WardClock } from '../../js/model/ward-clock.js';
import { START } from './support.mjs';

/** A bed of one value. */
function bed(param) {
  const alarms = new Alarms();
  const limits = adultLimits();
  const reading = new Reading(param);
  let at = START;
  const say = (value, afterMs = 1000) => {
    at += afterMs;
    reading.set(value, at, at, at);
    return look();
  };
  const look = (afterMs = 0) => {
    at += afterMs;
    alarms.look(new Map([[param, reading]]), limits, at, false);
    return alarms.list.map((one) => `${one.key} ${one.priority}${one.latched ? ' latched' : ''}${one.acknowledgedMs ? ' ack' : ''}`);
  };
  return { alarms, limits, reading, say, look, now: () => at };
}

test('a value within its limits raises nothing; the limits themselves are within', () => {
  const { say } = bed('spo2');
  for (const value of [98, 90, 100]) assert.deepEqual(say(value), []);
});

test('at once: low is medium, far below is high', () => {
  const { say } = bed('spo2');
  assert.deepEqual(say(89), ['spo2-low medium']);
  assert.deepEqual(say(84), ['spo2-low high']);
});

test('each side of each value', () => {
  for (const [param, value, expected] of [['hr', 49, 'hr-low medium'], ['hr', 39, 'hr-low high'], ['hr', 121, 'hr-high medium'],
    ['hr', 141, 'hr-high high'], ['sys', 89, 'sys-low medium'], ['sys', 69, 'sys-low high'], ['sys', 201, 'sys-high high'],
    ['map', 59, 'map-low medium'], ['rr', 31, 'rr-high medium'], ['rr', 4, 'rr-low high'], ['temp', 38.6, 'temp-high medium'],
    ['temp', 40.1, 'temp-high high'], ['nsys', 80, 'nsys-low medium'], ['hr', 0, 'hr-standstill high'], ['rr', 0, 'rr-standstill high']]) {
    assert.deepEqual(bed(param).say(value), [expected], `${param} ${value}`);
  }
});

test('it ends only inside of the limit', () => {
  const { say } = bed('hr');
  say(121);
  assert.deepEqual(say(119), ['hr-high medium']);
  assert.deepEqual(say(118), []);
  assert.deepEqual(say(119), []);
});

test('high ones latch until somebody acknowledges', () => {
  const { say, alarms, now } = bed('hr');
  say(150);
  assert.deepEqual(say(80), ['hr-high high latched']);
  assert.equal(alarms.calling, 'high');
  assert.deepEqual(say(145), ['hr-high high']);
  say(80);
  alarms.acknowledge(now());
  assert.deepEqual(say(80), []);
  assert.equal(alarms.calling, null);
});

test('medium ones do not', () => {
  const { say } = bed('hr');
  say(125);
  assert.deepEqual(say(80), []);
});

test('acknowledged is quiet; what is worse speaks again; so does time', () => {
  const { say, alarms, now } = bed('spo2');
  say(88);
  alarms.acknowledge(now());
  assert.deepEqual(say(87), ['spo2-low medium ack']);
  assert.equal(alarms.calling, null);
  assert.deepEqual(say(83), ['spo2-low high']);
  assert.equal(alarms.calling, 'high');
  alarms.acknowledge(now());
  assert.deepEqual(say(83, REMIND_MS - 5_000), ['spo2-low high ack']);
  assert.deepEqual(say(83, 6_000), ['spo2-low high']);
});

test('an alarm that was acknowledged and has ended is gone, and calls when it comes back', () => {
  const { say, alarms, now } = bed('hr');
  say(150);
  alarms.acknowledge(now());
  assert.deepEqual(say(80), []);
  assert.deepEqual(say(150), ['hr-high high']);
});

test('a delay is counted by the device\'s clock', () => {
  const { say, limits } = bed('hr');
  limits.hr.delayMs = 5_000;
  assert.deepEqual(say(125), []);
  assert.deepEqual(say(125, 4_000), []);
  assert.deepEqual(say(125, 1_000), ['hr-high medium']);
  say(80);
  assert.deepEqual(say(125), []);
});

test('off is off; a changed limit is in force at once', () => {
  const { say, look, limits } = bed('hr');
  limits.hr.on = false;
  assert.deepEqual(say(150), []);
  limits.hr.on = true;
  assert.ok(setPair(limits.hr, 'hr', 40, 150));
  assert.deepEqual(look(), []);
  assert.ok(setPair(limits.hr, 'hr', 40, 149));
  assert.deepEqual(look(), ['hr-high high']);
});

test('limits that are none are refused; crisis limits move along', () => {
  const { limits } = bed('hr');
  for (const [low, high] of [[120, 50], [50, 50], [NaN, 90], [5, 90], [50, 400]]) assert.equal(setPair(limits.hr, 'hr', low, high), false);
  assert.deepEqual([limits.hr.low, limits.hr.high], [50, 120]);
  setPair(limits.hr, 'hr', 30, 180);
  assert.deepEqual([limits.hr.crisisLow, limits.hr.crisisHigh], [30, 180]);
  setPair(limits.hr, 'hr', 50, 130);
  assert.deepEqual([limits.hr.crisisLow, limits.hr.crisisHigh], [40, 140]);
  assert.notEqual(adultLimits().hr, adultLimits().hr);
  assert.equal(adultLimits().hr.low, 50);
});

test('a value that stops is told, low; a high alarm before it stays', () => {
  const { say, look } = bed('spo2');
  say(95);
  say(80);
  assert.deepEqual(look(14_000), ['spo2-low high']);
  assert.deepEqual(look(20_000), ['spo2-low high latched', 'spo2-lost low']);
  assert.deepEqual(say(95), ['spo2-low high latched']);
  assert.deepEqual(look(16 * 60_000), ['spo2-low high latched']);
});

test('nothing at all from a bed is one alarm, not seven', () => {
  const { alarms, limits, reading, now } = bed('hr');
  reading.set(70, now(), now(), now());
  alarms.look(new Map([['hr', reading]]), limits, now() + 60_000, true);
  assert.deepEqual(alarms.list.map((one) => [one.key, one.priority]), [['no-data', 'low']]);
  alarms.look(new Map([['hr', reading]]), limits, now(), false);
  assert.deepEqual(alarms.list, []);
});

test('the most urgent stands first, the unacknowledged before', () => {
  const alarms = new Alarms();
  const limits = adultLimits();
  const readings = new Map([['hr', new Reading('hr')], ['spo2', new Reading('spo2')]]);
  readings.get('hr').set(125, START, START, START);
  readings.get('spo2').set(80, START, START, START);
  alarms.look(readings, limits, START, false);
  assert.deepEqual(alarms.list.map((one) => one.key), ['spo2-low', 'hr-high']);
  alarms.acknowledge(START);
  readings.get('hr').set(145, START + 1, START + 1, START + 1);
  alarms.look(readings, limits, START + 1, false);
  assert.deepEqual(alarms.list.map((one) => one.key), ['hr-high', 'spo2-low']);
});

test('sound is paused for two minutes at most', () => {
  const sound = new Sound();
  assert.equal(sound.leftMs(START), 0);
  sound.pause(START);
  assert.equal(sound.leftMs(START + 1000), PAUSE_MS - 1000);
  assert.equal(sound.leftMs(START + PAUSE_MS), 0);
  sound.pause(START + PAUSE_MS);
  sound.pause(START + PAUSE_MS + 1);
  assert.equal(sound.leftMs(START + PAUSE_MS + 2), 0);
});

test('how long a value may be shown', () => {
  const of = (param, everyMs) => {
    const reading = new Reading(param);
    for (let i = 0; i < 5; i++) reading.set(70, START + i * everyMs, START + i * everyMs, START);
    return reading.limitMs;
  };
  assert.deepEqual([of('hr', 1_000), of('hr', 10_000), of('hr', 60_000), of('hr', 100_000), of('nsys', 60_000)], [15_000, 25_000, 150_000, 150_000, 1_200_000]);
  const reading = new Reading('hr');
  assert.equal(reading.current(START), null);
  reading.set(70, START, START, START);
  assert.equal(reading.current(START + 15_000), 70);
  assert.equal(reading.current(START + 15_001), null);
  assert.equal(reading.set(90, START - 1, START, START), false);
  assert.equal(reading.value, 70);
});

test('a device\'s clock that is ahead makes no value young', () => {
  const reading = new Reading('hr');
  reading.set(70, START + 3_600_000, START, START);
  assert.equal(reading.ageMs(START + 40_000), 40_000);
  assert.equal(reading.current(START + 40_000), null);
  assert.ok(reading.ahead);
});

test('a device whose clock was ahead is heard again as soon as it is set right', () => {
  const { alarms, limits, reading } = bed('hr');
  const at = (ms) => START + ms;
  assert.ok(reading.set(70, at(3_600_000), at(0), at(0)));
  assert.ok(reading.set(71, at(3_601_000), at(1_000), at(1_000)));
  assert.ok(reading.set(0, at(1_900), at(2_000), at(2_000)));
  alarms.look(new Map([['hr', reading]]), limits, at(2_000), false);
  assert.deepEqual(alarms.list.map((one) => one.key), ['hr-standstill']);
  assert.equal(reading.set(70, at(900), at(3_000), at(3_000)), false, 'what was measured before is old');
  assert.ok(reading.set(72, at(3_605_000), at(4_000), at(4_000)));
  assert.equal(reading.set(70, at(3_604_000), at(4_000), at(4_000)), false, 'of one transaction the later');
});

test('a delay goes on when the device\'s clock is set back', () => {
  const { alarms, limits, reading } = bed('hr');
  limits.hr.delayMs = 5_000;
  const say = (timeMs, updatedMs) => {
    reading.set(150, timeMs, updatedMs, updatedMs);
    alarms.look(new Map([['hr', reading]]), limits, updatedMs, false);
    return alarms.list.length;
  };
  assert.equal(say(START + 3_600_000, START), 0);
  assert.equal(say(START + 1_000, START + 1_000), 0);
  assert.equal(say(START + 6_000, START + 6_000), 1);
});

test('a clock that is set back keeps no sound paused and no alarm quiet', () => {
  const sound = new Sound();
  sound.pause(START + 3_600_000);
  assert.equal(sound.leftMs(START), 0);
  const { alarms, limits, reading } = bed('hr');
  reading.set(150, START, START, START);
  const look = (nowMs) => alarms.look(new Map([['hr', reading]]), limits, nowMs, false);
  look(START + 10_000);
  alarms.acknowledge(START + 10_000);
  look(START + 11_000);
  assert.equal(alarms.calling, null);
  look(START + 9_000);
  assert.equal(alarms.calling, 'high');
});

test('a burst of pulses is as long after the one before as it shall be, whatever the clock does', async () => {
  let pulses = 0;
  const node = () => ({ connect: (to) => to, gain: { setValueAtTime() {}, linearRampToValueAtTime() {} }, frequency: {}, start() {}, stop() {} });
  globalThis.AudioContext = class {
    state = 'running';
    currentTime = 0;
    resume = async () => {};
    createGain = () => (pulses++, node());
    createOscillator = node;
  };
  const { Speaker } = await import('../../js/ui/sound.js');
  const speaker = new Speaker();
  speaker.allow();
  const sounds = (nowMs) => {
    const before = pulses;
    speaker.tick('high', nowMs);
    return pulses > before;
  };
  assert.deepEqual([0, 4_000, 8_000, 9_000, 600_000, 601_000, 1_000, 2_000].map((ms) => sounds(START + ms)),
    [true, false, true, false, true, false, true, false]);
});

test('the server\'s time goes on evenly when this computer\'s clock is set back, and through its sleep', () => {
  let [wall, steady] = [START, 0];
  const clock = new WardClock({ wall: () => wall, steady: () => steady });
  assert.equal(clock.now(), START);
  clock.set(START + 500);
  assert.equal(clock.offsetMs, 500);
  steady += 1_000;
  wall += 1_000 - 3_600_000; // set back by an hour
  assert.equal(clock.now(), START + 1_500);
  const reading = new Reading('hr');
  reading.set(70, START, START, START);
  steady += 20_000;
  wall += 20_000;
  assert.equal(reading.current(clock.now()), null, 'it has grown old');
  clock.set(START + 22_000);
  wall += 60_000; // slept: the steady one stood still
  assert.equal(clock.now(), START + 82_000);
});
