// SPDX-License-Identifier: Apache-2.0
// Chance that a seed repeats: xorshift128, seeded by splitmix32.

export class Random {
  #state;

  constructor(seed) {
    let z = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      z = (z + 0x9e3779b9) >>> 0;
      let x = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
      return (x ^ (x >>> 16)) >>> 0 || 1;
    });
  }

  /** A number of [0, 1). */
  real() {
    const s = this.#state;
    let t = s[3];
    t ^= t << 11;
    t ^= t >>> 8;
    [s[3], s[2], s[1]] = [s[2], s[1], s[0]];
    s[0] = t ^ s[0] ^ (s[0] >>> 19);
    return s[0] / 2 ** 32;
  }

  /** A whole number of 0 to most. */
  upTo(most) {
    return Math.floor(this.real() * (most + 1));
  }

  chance(share) {
    return this.real() < share;
  }

  pick(list) {
    return list[this.upTo(list.length - 1)];
  }
}
