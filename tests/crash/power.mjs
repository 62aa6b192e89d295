// SPDX-License-Identifier: Apache-2.0
// Power cuts. A ward runs under trace.c, which writes down every change of its files and every fsync,
// while servers, agents and commands die between two of them. Then, for many moments of that
// one trace, the folder is made as a power cut may have left it (disk.mjs), a server is started on
// it, and what had been acknowledged by then is looked for.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCredential } from '../second/skeym/credential.mjs';
import { Admin } from './admin.mjs';
import { Device, FORGOTTEN, journalRecord, judgeRuns, NOTE, readJournal, READING } from './device.mjs';
import { Disk, records, SIZE, SYNC, WRITE } from './disk.mjs';
import { Invitations } from './invitation.mjs';
import { sleep, until, Ward } from './ward.mjs';

const WRITERS = 2;
const LIVES = 4; /* of servers, at least */
const ACKNOWLEDGED = 150;
const DEVICE_EVERY = 8; /* cuts, between two after which a device goes on with its journal */

/** What a journal promises: readings that were synced, less those that were forgotten. */
class JournalPromise {
  run = '';
  written = [];
  taken = new Set();

  see(record) {
    const found = record.what === WRITE ? journalRecord(record.data) : undefined;
    if (found?.kind === NOTE) {
      this.run = found.payload.toString();
      this.taken.clear();
      this.written = [];
    }
    if (found?.kind === READING) this.written.push({ begin: record.begin, sequence: found.sequence });
    if (found?.kind === FORGOTTEN) {
      for (const one of this.taken) if (one < found.sequence) this.taken.delete(one);
      /* one that an agent wrote and did not live to sync, and the next one sent */
      this.written = this.written.filter(({ sequence }) => sequence >= found.sequence);
    }
    if (record.what === SIZE && record.at === 0) this.taken.clear();
    if (record.what === SYNC) {
      for (const { begin, sequence } of this.written) if (begin < record.at) this.taken.add(sequence);
      this.written = this.written.filter(({ begin }) => begin >= record.at);
    }
  }
}

export class PowerCuts {
  figures = {
    cuts: 0, checked: 0, lost: [], doubled: [], admitted: [], replays: 0, wrong: [], invited: [], journals: [],
    devices: 0, runs: [], starts: [], torn: 0, nodeCuts: 0,
  };

  constructor(program, random, env, say) {
    this.ward = new Ward(program);
    this.random = random;
    this.say = say;
    this.trace = join(this.ward.folder, 'trace');
    this.ward.env = { ...env, SKEYM_TRACE: this.trace, SKEYM_TRACE_DIR: join(this.ward.folder, 'world') };
    this.admin = new Admin(this.ward, random);
    this.invitations = new Invitations(this.ward, random);
    this.wires = [];
  }

  /* --- the trace ------------------------------------------------------------------------------- */

  /** A process that dies after some of its operations. */
  #mortal(most) {
    return { SKEYM_TRACE_KILL: String(1 + this.random.upTo(most)) };
  }

  async record(seconds) {
    const { ward, random } = this;
    await ward.must('init', ward.dir, '--epoch-seconds', '120');
    this.begin = ward.place();
    ward.port = 20000 + random.upTo(9999);
    await ward.ready(ward.launch({ SKEYM_TRACE_STOP: join(ward.folder, 'stop') }));
    this.reader = await ward.enrol('reader', 'doctor', 'user/*.cruds');
    this.patients = Array.from({ length: WRITERS }, (_, i) => `p${i}`);
    const works = [];
    for (const patient of this.patients) {
      const file = await ward.enrol(`w-${patient}`, 'doctor', 'user/*.cruds');
      works.push(ward.write(ward.node(await ward.identity(file)), patient, random));
    }
    this.devices = [new Device(ward, 'bed1', 'd1'), new Device(ward, 'bed2', 'd2')];
    for (const device of this.devices) {
      await device.enrol();
      device.start(this.#mortal(400));
    }
    works.push(this.#serve((seconds * 1000) / LIVES), this.#administer(),
      this.invitations.run(() => (random.chance(0.2) ? this.#mortal(25) : {})),
      ...this.devices.map((one) => this.#run(one)));
    await sleep(seconds * 1000);
    const { acknowledged, revoked, enrolled } = ward.ledger;
    await until('enough to happen', () => this.lives >= LIVES && acknowledged.size >= ACKNOWLEDGED &&
      revoked.size > 2 && enrolled.size > 5 && this.invitations.done.used > 5);
    ward.ended = true;
    await Promise.all(works);
    await Promise.all(ward.runs.map((run) => run.kill()));
    this.wires.push(...ward.ledger.takeWires(50));
    ward.env = {};
    if (ward.failures.length > 0) throw new Error(ward.failures.join('\n'));
  }

  /** Servers, one after another; each dies by itself, or after so long. */
  async #serve(ms) {
    const { ward, random } = this;
    const stop = join(ward.folder, 'stop');
    let run = ward.server;
    for (this.lives = 1; !ward.ended; this.lives++) {
      await this.#until(run, ms);
      if (ward.ended) return;
      writeFileSync(stop, '');
      await this.#until(run);
      rmSync(stop);
      await sleep(random.upTo(1500)); /* the agents' journals fill meanwhile */
      run = ward.launch({ ...this.#mortal(1500), SKEYM_TRACE_STOP: stop });
      await until('a server', () => run.ready.endsWith('\n') || run.ended !== undefined);
    }
  }

  /** The end of a process, or of all, or of so many ms. */
  async #until(run, ms = Infinity) {
    const end = Date.now() + ms;
    while (run.ended === undefined && !this.ward.ended && Date.now() < end) await sleep(10);
  }

  async #administer() {
    while (!this.ward.ended) {
      await this.admin.act(undefined, this.random.chance(0.3) ? this.#mortal(25) : {});
      await sleep(this.random.upTo(120));
    }
  }

  async #run(device) {
    while (!this.ward.ended) {
      await this.#until(device.run);
      if (!this.ward.ended) await device.restart(this.#mortal(400));
    }
  }

  /* --- cuts -------------------------------------------------------------------------------------- */

  /** Where to cut: half at the moments after which something was acknowledged. */
  #places(count, length) {
    const { ledger } = this.ward;
    const known = [...ledger.acknowledged.values(), ...ledger.revoked.values(),
      ...[...ledger.enrolled.values()].map(({ place }) => place),
      ...this.invitations.made.flatMap(({ place, used }) => [place, used ?? 0])]
      .filter((place) => place > this.begin);
    const places = Array.from({ length: count }, () =>
      this.random.chance(0.5) ? this.random.pick(known) : this.begin + this.random.upTo(length - this.begin));
    return places.sort((a, b) => a - b);
  }

  /** Each machine has a fate of its own: the server's folder, the nodes'. */
  #fates() {
    const { random } = this;
    const kinds = ['nothing', 'some', 'sectors', 'sectors', 'all'];
    const fate = { authority: random.pick(kinds), nodes: random.pick(kinds) };
    return (path) => fate[path.split('/')[0]] ?? 'all';
  }

  #disk(lies) {
    const { ward } = this;
    const root = join(ward.folder, 'world');
    return new Disk([[statSync(root).ino, ''], [statSync(ward.path('nodes')).ino, 'nodes']], lies);
  }

  /** Goes through the trace and calls each(place, disk, journals) at the places. */
  async #walk(places, lies, each) {
    const disk = this.#disk(lies);
    const journals = new Map(this.devices.map(({ name }) => [`nodes/${name}.journal`, new JournalPromise()]));
    const bytes = readFileSync(this.trace);
    let next = 0;
    for (const record of records(bytes)) {
      for (; next < places.length && places[next] < record.end; next++) await each(places[next], disk, journals);
      disk.apply(record);
      const file = disk.fileOf(record);
      const path = file && disk.pathOf(file);
      journals.get(path)?.see(record);
    }
    for (; next < places.length; next++) await each(places[next], disk, journals);
  }

  async cut(count) {
    const places = this.#places(count, statSync(this.trace).size);
    await this.#walk(places, undefined, async (place, disk, journals) => {
      const contents = disk.cut(this.#fates(), this.random);
      await this.#judge(place, contents, disk.folders, journals, this.figures);
      if (++this.figures.cuts % 200 === 0) this.say(`${this.figures.cuts} power cuts`);
    });
  }

  /** Only the nodes' files, without a server: journals and credentials at many more moments. */
  async cutNodes(count, lies, figures = this.figures) {
    const places = Array.from({ length: count }, () =>
      this.begin + this.random.upTo(statSync(this.trace).size - this.begin)).sort((a, b) => a - b);
    await this.#walk(places, lies, async (place, disk, journals) => {
      const contents = disk.cut(this.#fates(), this.random, (path) => path.startsWith('nodes/'));
      this.#judgeJournals(contents, journals, figures, `cut at ${place}`);
      await this.#judgeCredentials(contents, place, figures, `cut at ${place}`);
      figures.nodeCuts++;
    });
  }

  /** The same with a disk that lies about some files: what is found wrong in so many cuts. */
  async control(count, lies, nodes) {
    const figures = { ...structuredClone(this.figures), cuts: 1, lost: [], doubled: [], wrong: [], invited: [], journals: [], runs: [] };
    if (nodes) {
      await this.cutNodes(20 * count, lies, figures);
    } else {
      await this.#walk(this.#places(count, statSync(this.trace).size), lies, (place, disk, journals) =>
        this.#judge(place, disk.cut(this.#fates(), this.random), disk.folders, journals, figures));
    }
    return figures.lost.length + figures.wrong.length + figures.invited.length +
      figures.journals.length;
  }

  /** What a cut left: does it keep what had been promised by then? */
  async #judge(place, contents, folders, journals, figures) {
    const folder = join(this.ward.folder, 'cut');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    Disk.write(folder, contents, folders);
    const dir = join(folder, 'authority');
    const cut = `cut at ${place}`;
    this.#judgeJournals(contents, journals, figures, cut);
    await this.#judgeCredentials(contents, place, figures, cut);
    const run = this.ward.launch({}, dir, 0);
    try {
      figures.starts.push(await this.ward.ready(run, () => this.ward.launch({}, dir, 0)));
      const { wrong, torn } = await this.admin.check(dir, place);
      figures.wrong.push(...wrong.map((why) => `${cut}: ${why}`));
      figures.torn += torn ? 1 : 0;
      const { states } = await this.admin.list(dir);
      const gone = this.invitations.names(place).filter((node) => !states.has(node));
      figures.invited.push(...gone.map((node) => `${cut}: ${node} is not in the list any more`));
      figures.invited.push(...(await this.invitations.check(place)).map((why) => `${cut}: ${why}`));
      await this.#judgeReadings(place, figures, cut);
      const wires = this.wires.slice(0, 4);
      figures.replays += wires.length;
      figures.admitted.push(...(await this.ward.replay(wires)));
      if (figures.cuts % DEVICE_EVERY === 0) await this.#judgeDevice(folder, figures, cut);
    } catch (error) {
      figures.wrong.push(`${cut}: ${error.message}`);
    } finally {
      await this.ward.server?.kill();
      await run.kill();
      this.ward.agent.destroy();
    }
  }

  async #judgeReadings(place, figures, cut) {
    const { ward } = this;
    const reader = ward.node(await ward.identity(this.reader), { noted: false });
    for (const patient of this.patients) {
      const there = await ward.all(reader, patient);
      const once = new Set(there);
      if (once.size !== there.length) figures.doubled.push(`${cut}: ${there.length - once.size} of ${patient}`);
      for (const [name, at] of ward.ledger.acknowledged) {
        if (at > place || ward.ledger.known.get(name) !== patient) continue;
        figures.checked++;
        if (!once.has(name)) figures.lost.push(`${cut}: ${name}, acknowledged at ${at}`);
      }
    }
  }

  #judgeJournals(contents, journals, figures, cut) {
    for (const [path, { run, taken }] of journals) {
      const bytes = contents.get(path);
      if (!bytes && taken.size > 0) figures.journals.push(`${cut}: ${path} is gone`);
      if (!bytes) continue;
      const found = readJournal(Buffer.from(bytes));
      if (found.damaged) figures.journals.push(`${cut}: ${path} is damaged for who reads it`);
      for (const sequence of taken) {
        const there = found.run === run && found.waiting.has(sequence);
        if (!there) figures.journals.push(`${cut}: ${path} has lost reading ${sequence}`);
      }
    }
  }

  /** Each credential that has its name is whole; one whose enrolment was acknowledged has it. */
  async #judgeCredentials(contents, place, figures, cut) {
    for (const [node, { place: at, file }] of this.ward.ledger.enrolled) {
      const there = contents.has(`nodes/${file.split('/').at(-1)}`);
      if (at <= place && !there) figures.wrong.push(`${cut}: the credential of ${node} is gone`);
    }
    for (const [path, bytes] of contents) {
      if (!path.endsWith('.cred')) continue;
      await readCredential(Buffer.from(bytes).toString()).catch((error) =>
        figures.wrong.push(`${cut}: ${path}: ${error.message}`));
    }
  }

  /** A device goes on with the journal that it has, until its run ends. */
  async #judgeDevice(folder, figures, cut) {
    const { ward, random } = this;
    const device = random.pick(this.devices);
    const [journal, file] = ['journal', 'cred'].map((end) => join(folder, `nodes/${device.name}.${end}`));
    if (!existsSync(file)) return;
    const run = ward.start(device.args(['--speed', '0'], { journal, file }));
    await until('a device', () => run.ended !== undefined);
    figures.devices++;
    if (run.ended !== 0) {
      figures.runs.push(`${cut}: ${device.name}: ${run.ended}: ${run.err}`);
      return;
    }
    const reader = ward.node(await ward.identity(this.reader), { noted: false });
    const { doubled } = judgeRuns(await ward.all(reader, device.patient));
    figures.runs.push(...doubled.map((name) => `${cut}: ${name} is there twice`));
  }
}
