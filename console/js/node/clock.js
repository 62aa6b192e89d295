// SPDX-License-Identifier: Apache-2.0
// How long ago something was. The steady clock may stand still while the machine sleeps, and the
// wall clock may be set; so an age is what the greater of the two says: nothing is ever taken for
// younger than it is.

/** @typedef {{wall: number, steady: number}} Mark   both in ms */

export class Clock {
  /** @param {{now?: () => number, steady?: () => number}} [sources] for tests */
  constructor({ now = () => Date.now(), steady = () => performance.now() } = {}) {
    this.now = now;
    this.steady = steady;
  }

  /** @returns {Mark} */
  mark() {
    return { wall: this.now(), steady: this.steady() };
  }

  /** In ms. @param {Mark} mark */
  age(mark) {
    return Math.max(this.steady() - mark.steady, this.now() - mark.wall);
  }

  /** How far the wall clock went beyond the steady one: sleep, or a clock that was set.
   * @param {Mark} mark */
  jump(mark) {
    return this.now() - mark.wall - (this.steady() - mark.steady);
  }
}
