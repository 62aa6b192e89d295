// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../../js/node/clock.js';
import { Lock } from '../../js/node/lock.js';

function made(minutes = 5) {
  const at = { wall: 1_000_000, steady: 0 };
  const clock = new Clock({ now: () => at.wall, steady: () => at.steady });
  const input = new EventTarget();
  let locked = 0;
  const lock = new Lock({ minutes, onLock: () => locked++, input, clock });
  const pass = (/** @type {number} */ ms) => {
    at.wall += ms;
    at.steady += ms;
  };
  return { at, input, lock, pass, locked: () => locked };
}

test('locks after its minutes, once', () => {
  const { lock, pass, locked } = made();
  pass(299_999);
  assert.equal(lock.look(), false);
  assert.equal(lock.leftMs, 1);
  pass(1);
  assert.equal(lock.look(), true);
  assert.equal(lock.look(), true);
  assert.equal(locked(), 1);
});

for (const name of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
  test(`${name} counts as somebody`, () => {
    const { lock, input, pass, locked } = made();
    pass(200_000);
    input.dispatchEvent(new Event(name));
    pass(200_000);
    assert.equal(lock.look(), false);
    lock.stop();
    assert.equal(locked(), 0);
  });
}

test('input after the time is over does not bring it back: it locks', () => {
  const { input, pass, locked } = made();
  pass(300_000);
  input.dispatchEvent(new Event('keydown'));
  assert.equal(locked(), 1);
});

test('time asleep counts, though the steady clock stood still', () => {
  const { at, lock, locked } = made();
  at.wall += 300_000;
  lock.look();
  assert.equal(locked(), 1);
});

test('a wall clock that is set back gives no more time than there was', () => {
  const { at, lock, locked } = made();
  at.wall -= 3_600_000;
  at.steady += 300_000;
  lock.look();
  assert.equal(locked(), 1);
});

test('a lock that was stopped never locks, and listens no more', () => {
  const { lock, input, pass, locked } = made();
  const { removeEventListener } = input;
  /** @type {string[]} */ const removed = [];
  input.removeEventListener = (/** @type {any} */ ...words) => {
    removed.push(words[0]);
    Reflect.apply(removeEventListener, input, words);
  };
  lock.stop();
  assert.equal(removed.length, 5);
  pass(1e9);
  input.dispatchEvent(new Event('keydown'));
  lock.look();
  assert.equal(locked(), 0);
});

test('it looks by itself', async () => {
  const locked = new Promise((resolve) => {
    void new Lock({ minutes: 0.0001, onLock: () => resolve(true) });
  });
  assert.equal(await locked, true);
});
