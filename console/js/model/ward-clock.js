// SPDX-License-Identifier: Apache-2.0
/*
 * The server's time, as well as it is known here. A computer's own clock may be set at any moment: what
 * has passed since the server told its time is what the greater of wall clock and steady clock says.
 * A clock that is set back makes no value young; one that is set on makes them old, until the server
 * tells its time again, which it does as soon as tokens look old, too.
 */
export class WardClock {
  #wall;
  #steady;
  #told = { server: 0, wall: 0, steady: 0 };

  /** @param {{wall?: () => number, steady?: () => number}} [sources] for tests */
  constructor({ wall = () => Date.now(), steady = () => performance.now() } = {}) {
    this.#wall = wall;
    this.#steady = steady;
    this.set(wall());
  }

  /** What the server says. @param {number} serverMs since 1970 */
  set(serverMs) {
    this.#told = { server: serverMs, wall: this.#wall(), steady: this.#steady() };
  }

  /** ms since 1970 */
  now() {
    const { server, wall, steady } = this.#told;
    return server + Math.max(this.#wall() - wall, this.#steady() - steady);
  }

  /** The server's clock minus ours, ms. */
  get offsetMs() {
    return this.now() - this.#wall();
  }
}
