// SPDX-License-Identifier: Apache-2.0
// Device agents: the real program with its journal, killed and started again, and the readings of
// all their runs.
import { createHash } from 'node:crypto';
import { until } from './ward.mjs';

const MINUTES = 1;

export class Device {
  restarts = 0;
  stopped = false;

  constructor(ward, name, patient) {
    Object.assign(this, { ward, name, patient });
    this.journal = ward.path(`nodes/${name}.journal`);
    this.file = ward.path(`nodes/${name}.cred`);
  }

  enrol() {
    return this.ward.enrol(this.name, 'device', `patient/${this.patient}/*.cruds`);
  }

  args(more = [], { journal = this.journal, file = this.file } = {}) {
    return ['device', '--simulate', '--minutes', String(MINUTES), '--as', file, '--patient',
      this.patient, '--journal', journal, '--signals', 'HR,Temp', '--server',
      `http://127.0.0.1:${this.ward.port}`, ...more];
  }

  start(env) {
    this.run = this.ward.start(this.args(['--speed', '240', '--repeat']), env);
    return this.run;
  }

  /** It dies, and comes back with its journal. */
  async restart(env) {
    await this.run.kill();
    this.#look();
    this.restarts++;
    this.start(env);
  }

  /** A journal that is refused would keep it from running ever again. */
  #look() {
    if (/damaged|is not a journal/.test(this.run.err)) this.ward.failures.push(this.run.err);
  }

  /** Ends its run in order: what it printed. */
  async finish() {
    await this.run.kill();
    this.#look();
    const run = this.ward.start(this.args(['--speed', '0']));
    await until(`${this.name} to end its run`, () => run.ended !== undefined);
    if (run.ended !== 0) throw new Error(`${this.name}: ${run.ended}: ${run.err}`);
    return run.out;
  }
}

/** Of the identifiers of a device's readings: what is missing or doubled, and how many runs. */
export function judgeRuns(identifiers) {
  const counts = new Map();
  for (const name of identifiers) counts.set(name, (counts.get(name) ?? 0) + 1);
  const doubled = [...counts].filter(([, count]) => count > 1).map(([name]) => name);
  const signals = new Map();
  for (const name of counts.keys()) {
    const [, run, signal, number] = name.split('.');
    const key = `${run}.${signal}`;
    if (!signals.has(key)) signals.set(key, new Set());
    signals.get(key).add(Number(number));
  }
  const most = Math.max(...[...signals.values()].map((numbers) => numbers.size));
  const missing = [...signals].filter(([, numbers]) =>
    numbers.size !== most || Math.max(...numbers) !== most - 1).map(([key]) => key);
  return { doubled, missing, signals: signals.size, readings: counts.size };
}

/* --- a journal's bytes (src/node/journal.h) ------------------------------------------------------ */

const HEAD = 25;
export const [NOTE, READING, FORGOTTEN, END] = [1, 2, 3, 4];

/** The record at a place; undefined when none is there that checks. */
export function journalRecord(bytes, at = 0) {
  if (bytes.length - at < HEAD || bytes.toString('latin1', at, at + 4) !== 'SKJR') return undefined;
  const size = bytes.readUInt32BE(at + 5);
  if (bytes.length - at - HEAD < size) return undefined;
  const payload = bytes.subarray(at + HEAD, at + HEAD + size);
  const check = createHash('sha256').update(bytes.subarray(at + 4, at + 17)).update(payload).digest();
  if (!check.subarray(0, 8).equals(bytes.subarray(at + 17, at + HEAD))) return undefined;
  const sequence = Number(bytes.readBigUInt64BE(at + 9));
  return { kind: bytes[at + 4], sequence, payload, end: at + HEAD + size };
}

/** Where the next record that checks begins; -1 when none does. */
function nextRecord(bytes, at) {
  for (;;) {
    const mark = bytes.indexOf('SKJR', at);
    if (mark < 0 || journalRecord(bytes, mark)) return mark;
    at = mark + 1;
  }
}

/** What a journal holds: run, and the readings that wait. A record that does not check ends it, unless
 * it can only have been a note of what was forgotten; with one behind it, it is damaged. */
export function readJournal(bytes) {
  const out = { run: '', waiting: new Set(), damaged: false };
  let due = 0;
  for (let at = 0; at < bytes.length; ) {
    const record = journalRecord(bytes, at);
    if (!record) {
      at = nextRecord(bytes, at + 1);
      if (at < 0) break;
      let proof = at;
      while (proof >= 0 && journalRecord(bytes, proof).kind === FORGOTTEN) {
        proof = nextRecord(bytes, journalRecord(bytes, proof).end);
      }
      const { kind, sequence } = proof < 0 ? {} : journalRecord(bytes, proof);
      out.damaged = !([READING, END].includes(kind) && sequence === due);
      if (out.damaged) break;
      continue;
    }
    if (record.kind === NOTE) out.run = record.payload.toString();
    if (record.kind === READING) {
      out.waiting.add(record.sequence);
      due = record.sequence + 1;
    }
    if (record.kind === FORGOTTEN) {
      for (const one of out.waiting) if (one < record.sequence) out.waiting.delete(one);
    }
    at = record.end;
  }
  return out;
}
