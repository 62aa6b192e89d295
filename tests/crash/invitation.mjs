// SPDX-License-Identifier: Apache-2.0
// Invitations in a ward that may die: what was acknowledged stays used, by that key alone, and what
// was handed out can be used.
import { decodeCode, ENROL_TARGET, ENROL_TYPE, startEnrolment } from '../second/skeym/invite.mjs';
import { keyPair } from '../second/skeym/primitives.mjs';
import { send, sleep } from './ward.mjs';

const LOOKS = 2; /* at the newest, and at as many others */

export class Invitations {
  #serial = 0;
  #random;
  made = []; /* { node, code, pair, place, used: place } */
  done = { made: 0, used: 0, killed: 0, others: 0 };

  constructor(ward, random) {
    this.ward = ward;
    this.#random = random;
  }

  /** An invitation, or the use of one; either may die with the command or the server. */
  act(env) {
    const open = this.made.filter(({ used }) => used === undefined);
    return open.length > 2 || (open.length > 0 && this.#random.chance(0.5))
      ? this.#use(this.#random.pick(open)) : this.#make(env);
  }

  async #make(env) {
    const { ward } = this;
    const node = `i${this.#serial++}`;
    const run = ward.start(['enrol', node, '--role', 'doctor', '--scope', 'user/*.cruds',
      '--invite', '--code-only', '--expires', '7d', '--dir', ward.dir,
      '--server', `http://127.0.0.1:${ward.port}`], env);
    const ended = await run.exit;
    if (ended === 'SIGKILL') this.done.killed++;
    if (ended !== 0) return;
    this.done.made++;
    const code = decodeCode(run.out.trim());
    this.made.push({ node, code, pair: await keyPair(), place: ward.place() });
  }

  /** One try; if there is an answer, it counts from now on. */
  async #use(one) {
    const status = await this.#ask(one, one.pair);
    if (status === 200 && one.used === undefined) {
      one.used = this.ward.place();
      this.done.used++;
    }
    return status;
  }

  /** Acknowledged up to a place. */
  #isUsed({ used }, place) {
    return used !== undefined && used <= place;
  }

  /** The answer to a key: its status; 0: none. */
  async #ask({ code }, pair) {
    const { body, finish } = await startEnrolment(code, pair);
    const wire = { method: 'POST', target: ENROL_TARGET, body,
      headers: { 'content-type': ENROL_TYPE } };
    const answer = await send(this.ward.port, wire).catch(() => undefined);
    if (answer?.status !== 200) return answer?.status ?? 0;
    const { kind } = await finish(answer.body);
    return kind === 'granted' ? 200 : 0;
  }

  /** Until the ward ends; env(): what may kill a command. */
  async run(env) {
    while (!this.ward.ended) {
      await this.act(env());
      await sleep(this.#random.upTo(250));
    }
  }

  /** The newest that were made up to a place, and some others. */
  #some(place) {
    const made = this.made.filter((one) => one.place <= place);
    const used = made.filter((one) => this.#isUsed(one, place));
    const others = Array.from({ length: LOOKS }, () => made[this.#random.upTo(made.length - 1)]);
    return [...new Set([...used.slice(-LOOKS), ...made.slice(-1), ...(made.length > 0 ? others : [])])];
  }

  /** At a server that is up: what of that which was acknowledged up to a place does not hold. */
  async check(place = Infinity) {
    const wrong = [];
    for (const one of this.#some(place)) {
      const before = await (this.#isUsed(one, place) ? this.#another(one) : 401);
      if (before !== 401) wrong.push(`${one.node}: used, and another key got ${before}`);
      const status = await (place === Infinity ? this.#use(one) : this.#ask(one, one.pair));
      if (status !== 200) wrong.push(`${one.node}: its own key got ${status}`);
      const after = await this.#another(one);
      if (after !== 401) wrong.push(`${one.node}: just used, and another key got ${after}`);
    }
    return wrong;
  }

  async #another(one) {
    this.done.others++;
    return this.#ask(one, await keyPair());
  }

  /** Those of a keyring's enrol key that is about to be forgotten are of no use any more. */
  forget() {
    this.made = [];
  }

  /** Nodes that must be in the authority's list. */
  names(place = Infinity) {
    return this.made.filter((one) => this.#isUsed(one, place)).map(({ node }) => node);
  }
}
