// SPDX-License-Identifier: Apache-2.0
// The demo is a promise of the README's first screen, so it is played whole.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { seen } from './commands.mjs';
import { Skip, until } from './world.mjs';

const RECORDS = fileURLToPath(new URL('../../../shared/data/wfdb', import.meta.url));

/** The console's address answers, the code is one, used up nowhere and left in no file; and the four
 * devices go on. */
async function openConsole(out, folder) {
  const [, url] = out.match(/console: (http:\/\/127\.0\.0\.1:\d+\/console\/)$/m);
  const [, code] = out.match(/code, .*: ([A-Za-z0-9_-]{100,})$/m);
  assert.ok(out.includes(`${url}#invite=${code}`));
  assert.equal((await fetch(url)).status, 200);
  const left = readdirSync(folder).filter((name) => name.endsWith('.log') || name === 'invitation');
  for (const name of left) assert.ok(!readFileSync(`${folder}/${name}`, 'latin1').includes(code), name);
  await until('a reading of each device', () =>
    [1, 2, 3, 4].every((bed) => existsSync(`${folder}/bed-${bed}-live.journal`)), 60000);
}

/** A demo's first device. */
function deviceOf(run) {
  const { status, stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', `${run.child.pid}`],
    { encoding: 'utf8' });
  if (status !== 0) throw new Skip('no ps(1) here');
  return Number(/^ *(\d+) .* device .*bed-1/m.exec(stdout)[1]);
}

export default {
  async 'every attack is refused, no reading is lost, and the folder is gone'(world) {
    const records = existsSync(`${RECORDS}/100.hea`) ? ['--records', RECORDS] : [];
    const run = world.begin(['demo', '--keep', ...records]);
    let ended;
    run.exit.then((code) => (ended = code));
    await until('its end', () => ended !== undefined || run.out.includes('Ctrl-C ends it'), 230000);
    assert.equal(ended, undefined, run.out + run.err);
    const folder = run.out.match(/\/tmp\/skeym-demo\.\w+/)[0];
    assert.ok(existsSync(folder), run.out);
    await openConsole(run.out, folder);
    const [, program, list] = run.out.match(/^ +'(.*)' (list --dir .*)$/m); /* it is there to be typed */
    assert.match(spawnSync(program, list.split(' '), { encoding: 'utf8' }).stdout, /dr-adams/);
    run.child.kill('SIGINT');
    const code = await run.exit;
    const { out } = run;
    assert.equal(code, 0, out + run.err);
    const [, held, attacks, readings, lost, doubled] = out.match(
      /(\d+) of (\d+) attacks refused; (\d+) readings acknowledged, (\d+) lost, (\d+) doubled; all well/,
    ).map(Number);
    assert.equal(attacks, 14);
    assert.match(out, /an unspent token from before is answered 401;/);
    /* what an insider gets is said by the server, and is said of who asks, not of how */
    assert.match(out, /other patient .* 403; the own patient is served/);
    assert.match(out, /write with read scope .* 403 \(2\), 405 \(1\)/);
    assert.equal(held, attacks, out);
    assert.ok(readings > 1000, out);
    assert.deepEqual([lost, doubled], [0, 0], out);
    assert.ok(!/SAMPLES DIFFER|DIFFERS/.test(out), out);
    assert.equal(existsSync(out.match(/\/tmp\/skeym-demo\.\w+/)[0]), false);
  },

  async 'who interrupts it is told that it is not well, and the folder is gone'(world) {
    const run = world.begin(['demo', '--records', world.path('none')]);
    let ended;
    run.exit.then((code) => (ended = code));
    await until('the attackers', () => ended !== undefined || run.out.includes('Attackers try'), 60000);
    run.child.kill('SIGTERM');
    assert.equal(await run.exit, 1, run.out + run.err);
    assert.match(run.out, /bed-1 .* a simulated patient/);
    assert.match(run.out, /\b0 readings acknowledged, .*NOT WELL/);
    assert.ok(!run.out.includes('The server is killed'), run.out);
    assert.equal(existsSync(run.out.match(/\/tmp\/skeym-demo\.\w+/)[0]), false);
  },

  /* Three wards at once: of how well each did nothing is asked but what it says itself. */
  async 'it ends by itself: at its end, with its server, or interrupted while the devices finish'(world) {
    const simulated = ['demo', '--records', world.path('none')];
    const whole = world.begin(simulated);
    const cut = world.begin(simulated);
    const kept = world.begin([...simulated, '--keep']);
    const codes = new Map();
    for (const run of [whole, cut, kept]) run.exit.then((code) => codes.set(run, code));
    const comes = (run, text) =>
      until(text, () => codes.has(run) || run.out.includes(text), 550000);
    await comes(cut, 'Attackers try');
    const device = deviceOf(cut);
    process.kill(device, 'SIGSTOP');
    await comes(cut, 'The devices finish');
    cut.child.kill('SIGINT');
    await comes(cut, 'NOT WELL');
    process.kill(device, 'SIGCONT');
    await comes(kept, 'Ctrl-C ends it');
    assert.ok(!codes.has(kept), kept.out + kept.err);
    const folder = kept.out.match(/\/tmp\/skeym-demo\.\w+/)[0];
    await until('a reading of each device', () =>
      [1, 2, 3, 4].every((bed) => existsSync(`${folder}/bed-${bed}-live.journal`)), 60000);
    const [, pid] = [...kept.out.matchAll(/\bpid (\d+)/g)].at(-1);
    process.kill(Number(pid), 'SIGKILL');
    for (const run of [whole, kept, cut]) {
      const code = await run.exit;
      const well = run.out.includes('all well');
      assert.equal(code, well ? 0 : 1, run.out + run.err);
      assert.equal(well, !run.out.includes('NOT WELL'));
      assert.equal(existsSync(run.out.match(/\/tmp\/skeym-demo\.\w+/)[0]), false);
      if (run !== cut) assert.match(run.out, / acknowledged, 0 lost, 0 doubled/);
    }
    assert.match(cut.out, /FAILED at "The devices finish: was anything lost\?"/);
    assert.doesNotMatch(whole.out, /The ward stays open/);
  },

  async 'a demo that is interrupted on a terminal says that it is not well'(world) {
    const shown = await seen(world, ['demo'], ['\x03'], /Devices stream/);
    assert.match(shown, /\x1b\[1m/);
    assert.match(shown, /NOT WELL/);
    const [folder] = shown.match(/\/tmp\/skeym-demo\.\w+/);
    assert.equal(existsSync(folder), false);
  },
};
