// SPDX-License-Identifier: Apache-2.0
// kill -9 at random moments of a running ward: the server each time, a device agent and a command
// of the authority often enough. After each: what was acknowledged is there once, tokens from before
// are refused, the authority's files are whole.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Admin, writtenAfter } from './admin.mjs';
import { Device, judgeRuns } from './device.mjs';
import { Invitations } from './invitation.mjs';
import { sleep, until, Ward } from './ward.mjs';

const WRITERS = 3;
const REPLAYS = 12;
const ALL_EVERY = 100; /* kills, between looks at everything that was ever acknowledged */
const START_MS = 40;
const RUN_MS = 260;

export class Kills {
  figures = {
    kills: 0, early: 0, devices: 0, checked: 0, lost: [], doubled: [], replays: 0, admitted: [],
    wrong: [], invited: [], torn: 0, starts: [],
  };

  constructor(program, random, say) {
    this.ward = new Ward(program);
    this.random = random;
    this.say = say;
    this.admin = new Admin(this.ward, random);
    this.invitations = new Invitations(this.ward, random);
    this.seen = new Set(); /* acknowledged, and looked for since */
  }

  async begin() {
    const { ward } = this;
    await ward.must('init', ward.dir);
    ward.port = 20000 + this.random.upTo(9999);
    await this.#serve();
    this.reader = ward.node(await ward.identity(await ward.enrol('reader', 'doctor', 'user/*.cruds')),
      { noted: false });
    this.patients = Array.from({ length: WRITERS }, (_, i) => `p${i}`);
    this.writers = [];
    this.nodes = [];
    for (const patient of this.patients) {
      const file = await ward.enrol(`w-${patient}`, 'doctor', 'user/*.cruds');
      this.nodes.push(ward.node(await ward.identity(file)));
      this.writers.push(ward.write(this.nodes.at(-1), patient, this.random));
    }
    this.devices = [new Device(ward, 'bed1', 'd1'), new Device(ward, 'bed2', 'd2')];
    for (const device of this.devices) {
      await device.enrol();
      device.start();
    }
  }

  async #serve() {
    const ms = await this.ward.ready(this.ward.launch());
    this.figures.starts.push(ms);
    return ms;
  }

  /** One life of the server: it serves, or begins to, and dies. */
  async cycle() {
    const { ward, random, figures } = this;
    const works = [];
    const life = random.upTo(RUN_MS);
    if (random.chance(0.7)) {
      const after = random.chance(0.5) ? random.upTo(40) : undefined;
      works.push(sleep(random.upTo(life)).then(() => this.admin.act(after)));
    }
    if (random.chance(0.4)) works.push(sleep(random.upTo(life)).then(() => this.invitations.act()));
    if (random.chance(0.3)) {
      figures.devices++;
      works.push(sleep(random.upTo(life + 20)).then(() => random.pick(this.devices).restart()));
    }
    await sleep(life);
    if (random.chance(0.9)) await this.#progress();
    await ward.server.kill();
    figures.kills++;
    while (random.chance(0.2)) { /* in the middle of starting: of mending what the last one left */
      const run = ward.launch();
      await sleep(random.upTo(START_MS));
      await run.kill();
      figures.kills++;
      figures.early++;
    }
    await Promise.all(works);
    await this.#after();
  }

  /** Also where everything is slow: a life without a reading proves little. */
  async #progress() {
    const { acknowledged } = this.ward.ledger;
    const before = this.before ?? 0;
    await until('a reading', () => acknowledged.size > before);
    await sleep(this.random.upTo(15));
  }

  /** The server is back: what became of its promises? */
  async #after() {
    const { ward, figures } = this;
    const wires = ward.ledger.takeWires(REPLAYS);
    const promised = [...ward.ledger.acknowledged.keys()].filter((name) => !this.seen.has(name));
    this.before = ward.ledger.acknowledged.size;
    await this.#serve();
    figures.replays += wires.length;
    figures.admitted.push(...(await ward.replay(wires)));
    await this.#look(promised);
    for (const name of promised) this.seen.add(name);
    const { wrong, torn } = await this.admin.check(ward.dir);
    figures.wrong.push(...wrong, ...(await this.admin.tryNewest()), ...ward.failures.splice(0));
    figures.invited.push(...(await this.invitations.check()));
    figures.torn = Math.max(figures.torn, torn ? 1 : 0);
    if (figures.starts.length % 8 === 0) await this.admin.retire((ms) => this.#renewed(ms));
  }

  async #look(names) {
    for (const [name, count] of await this.ward.count(this.reader, names)) {
      this.figures.checked++;
      if (count === 0) this.figures.lost.push(name);
      if (count > 1) this.figures.doubled.push(name);
    }
  }

  /** Waits until every device has logged in since, and has kept what it was given. */
  async #renewed(ms) {
    this.invitations.forget(); /* nobody asks again so late */
    for (const device of this.devices) {
      await device.restart();
      await until(`a login of ${device.name}`, () => writtenAfter(device.file, ms));
    }
  }

  async run(kills, ms = Infinity) {
    await this.begin();
    const end = Date.now() + ms;
    for (let all = ALL_EVERY; this.figures.kills < kills && Date.now() < end; ) {
      await this.cycle();
      if (this.figures.kills < all) continue;
      this.say(`${this.figures.kills} kills, ${this.ward.ledger.acknowledged.size} acknowledged`);
      await this.#look([...this.ward.ledger.acknowledged.keys()]);
      all += ALL_EVERY;
    }
    await this.#end();
  }

  /** Everybody says what is left to say; then all that is there is counted. */
  async #end() {
    const { ward, figures } = this;
    ward.ended = true;
    await Promise.all(this.writers);
    figures.device = [];
    for (const device of this.devices) {
      await device.finish();
      figures.device.push(judgeRuns(await ward.all(this.reader, device.patient)));
    }
    for (const patient of this.patients) {
      const there = await ward.all(this.reader, patient);
      const once = new Set(there);
      if (once.size !== there.length) figures.doubled.push(`${patient}: ${there.length - once.size}`);
      for (const [name, of] of ward.ledger.known) {
        const due = of === patient && ward.ledger.acknowledged.has(name);
        if (due && !once.has(name)) figures.lost.push(name);
      }
      for (const name of once) if (!ward.ledger.known.has(name)) figures.wrong.push(`${name} was never sent`);
    }
    figures.leftovers = Admin.leftovers(readdirSync(ward.path('nodes')));
    figures.bytes = statSync(`${ward.dir}/data.db`).size;
  }

  /** Controls: faults that these checks must see. */

  /** The store forgets what came last: its files as they were before. */
  async forget() {
    const { ward, reader } = this;
    const before = ward.ledger.acknowledged.size;
    await ward.server.kill();
    const files = ['data.db', 'data.db-wal'].map((name) => [`${ward.dir}/${name}`, readFileSync(`${ward.dir}/${name}`)]);
    await this.#serve();
    ward.ended = false;
    const writing = ward.write(this.nodes[0], 'control', this.random);
    await until('some readings', () => ward.ledger.acknowledged.size > before + 20);
    ward.ended = true;
    await writing;
    await ward.server.kill();
    for (const [name, bytes] of files) writeFileSync(name, bytes);
    await this.#serve();
    const names = [...ward.ledger.acknowledged.keys()].filter((name) => name.startsWith('control-'));
    return [...(await ward.count(reader, names)).values()].filter((count) => count === 0).length;
  }

  /** A server that draws the same instance each time takes tokens of its life before. */
  async sameInstance(env) {
    const { ward } = this;
    await ward.server.kill();
    await ward.ready(ward.launch(env), () => ward.launch(env));
    ward.ledger.takeWires(0);
    await ward.count(this.nodes[1], ['control-0']);
    await ward.server.kill();
    await ward.ready(ward.launch(env), () => ward.launch(env));
    const admitted = await ward.replay(ward.ledger.takeWires(REPLAYS));
    await ward.server.kill();
    await this.#serve();
    return admitted.length;
  }
}
