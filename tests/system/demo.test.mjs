// SPDX-License-Identifier: Apache-2.0
// The demo is a promise of the README's first screen, so it is played whole.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

const RECORDS = new URL('../../../shared/data/wfdb', import.meta.url).pathname;

export default {
  async 'every attack is refused, no reading is lost, and the folder is gone'(world) {
    const records = existsSync(`${RECORDS}/100.hea`) ? ['--records', RECORDS] : [];
    const out = await world.must(['demo', ...records]);
    const [, held, attacks, readings, lost, doubled] = out.match(
      /(\d+) of (\d+) attacks refused; (\d+) readings acknowledged, (\d+) lost, (\d+) doubled; all well/,
    ).map(Number);
    assert.equal(attacks, 14);
    assert.equal(held, attacks, out);
    assert.ok(readings > 1000, out);
    assert.deepEqual([lost, doubled], [0, 0], out);
    assert.ok(!/SAMPLES DIFFER|DIFFERS/.test(out), out);
    assert.equal(existsSync(out.match(/\/tmp\/skeym-demo\.\w+/)[0]), false);
  },
};
