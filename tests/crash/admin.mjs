// SPDX-License-Identifier: Apache-2.0
// The authority's commands at random, killed at random, and what must hold of them afterwards.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { RefusedError } from '../second/skeym/client.mjs';

const KEYS_MOST = 7;

export class Admin {
  #random;
  #serial = 0;
  #spare = []; /* enrolled, not revoked: node, and how many rotations there had been */
  #rotations = 0;
  #unsure = new Set(); /* revoking was begun, and perhaps done */
  keys = 1;
  rotated = 0; /* when, ms */
  done = { enrol: 0, revoke: 0, rotate: 0, retire: 0, killed: 0 };

  constructor(ward, random) {
    this.ward = ward;
    this.#random = random;
  }

  /** One command; killed after so many ms, if any; or its environment kills it. */
  async act(killAfter, env) {
    const kind = this.#random.real();
    if (kind < 0.45 || this.#spare.length < 2) return this.#enrol(killAfter, env);
    if (kind < 0.85) return this.#revoke(killAfter, env);
    return this.#rotate(killAfter, env);
  }

  /** true: it came to its end, and said that all is well. */
  async #run(args, killAfter, env) {
    const run = this.ward.start(args, env);
    const timer = killAfter === undefined ? 0 : setTimeout(() => run.kill(), killAfter);
    const code = await run.exit;
    clearTimeout(timer);
    if (code === 'SIGKILL') this.done.killed++;
    return { ok: code === 0, run };
  }

  async #enrol(killAfter, env) {
    const { ward } = this;
    const node = `n${this.#serial++}`;
    const file = ward.path(`nodes/${node}.cred`);
    const { ok } = await this.#run(ward.enrolArgs(node, 'doctor', 'user/*.cruds', file), killAfter,
      env);
    if (!ok) return;
    this.done.enrol++;
    this.#spare.push({ node, rotations: this.#rotations });
    ward.ledger.enrolled.set(node, { place: ward.place(), file });
  }

  async #revoke(killAfter, env) {
    const { ward } = this;
    const [{ node }] = this.#spare.splice(this.#random.upTo(this.#spare.length - 1), 1);
    this.#unsure.add(node);
    const { ok } = await this.#run(['revoke', node, '--dir', ward.dir], killAfter, env);
    if (!ok) return;
    this.done.revoke++;
    this.#unsure.delete(node);
    ward.ledger.revoked.set(node, ward.place());
  }

  async #rotate(killAfter, env) {
    if (this.keys >= KEYS_MOST) return;
    const { ok } = await this.#run(['rotate', '--dir', this.ward.dir], killAfter, env);
    this.rotated = Date.now();
    this.#rotations++;
    if (ok) this.done.rotate++;
  }

  /** Forgets the oldest enrol key, once everybody who is still needed has a credential under a newer. */
  async retire(renewed) {
    const state = await this.list(this.ward.dir);
    this.keys = state.keys.length;
    if (this.keys < KEYS_MOST) return;
    await renewed(this.rotated);
    await this.ward.must('rotate', '--retire', String(state.keys[0]), '--yes', '--dir', this.ward.dir);
    this.done.retire++;
    this.#spare = this.#spare.filter(({ rotations }) => rotations >= this.#rotations - 3);
    this.keys--;
  }

  /** What `skeym list` knows: enrol keys, and the states of nodes. */
  async list(dir) {
    const run = this.ward.start(['list', '--json', '--dir', dir]);
    const code = await run.exit;
    const torn = /damaged lines are not shown/.test(run.err);
    if (code !== 0 && !torn) throw new Error(`skeym list: ${code}: ${run.err}`);
    const { enrol_keys: keys, nodes } = JSON.parse(run.out);
    const states = new Map();
    for (const { node, state } of nodes) states.set(node, state);
    return { keys: keys.map(({ id }) => id), states, torn };
  }

  /** What was acknowledged up to a place of the trace, held against the folder: what is wrong. */
  async check(dir, place = Infinity) {
    const wrong = [];
    const { states, torn } = await this.list(dir);
    for (const [node, at] of this.ward.ledger.revoked) {
      if (at <= place && states.get(node) !== 'revoked') wrong.push(`${node} is not revoked any more`);
    }
    for (const [node, { place: at }] of this.ward.ledger.enrolled) {
      if (at > place) continue;
      if (!states.has(node)) wrong.push(`${node} is not in the list any more`);
      const may = this.ward.ledger.revoked.has(node) || this.#unsure.has(node);
      if (states.get(node) === 'revoked' && !may) wrong.push(`${node} is revoked`);
    }
    return { wrong, torn };
  }

  /** The newest node that is revoked is refused; the newest that is not may log in. */
  async tryNewest() {
    const { ward } = this;
    const wrong = [];
    const revoked = [...ward.ledger.revoked.keys()].at(-1);
    const enrolled = this.#spare.at(-1)?.node;
    if (revoked && (await this.#login(revoked)) !== 401) wrong.push(`${revoked} logs in though revoked`);
    if (enrolled && (await this.#login(enrolled)) !== 200) wrong.push(`${enrolled} cannot log in`);
    return wrong;
  }

  /** The status of a login; 0 when there was no answer. */
  async #login(node) {
    const { file } = this.ward.ledger.enrolled.get(node);
    const session = this.ward.node(await this.ward.identity(file), { noted: false });
    try {
      await session.login();
      return 200;
    } catch (error) {
      return error instanceof RefusedError ? error.status : 0;
    }
  }

  /** Files that a killed command left beside its own. */
  static leftovers(names) {
    return names.filter((name) => /\.cred\.[A-Za-z0-9]{6}$/.test(name)).length;
  }
}

/** true once a credential was written after that moment. */
export function writtenAfter(file, ms) {
  return existsSync(file) && statSync(file).mtimeMs > ms && readFileSync(file).length > 0;
}
