// SPDX-License-Identifier: Apache-2.0
// Tokens, logins, who we are, and when this screen locks.
import { clockText, countdownText, dateText } from '../model/time.js';
import { say, strings } from '../strings.en.js';
import { h, setText } from './dom.js';

/** @typedef {import('./app.js').App} App */

const MINUTES = [5, 15, 30, 60, 480];
const words = strings.security;

/** A name and what it is now. @param {string} name @param {string} [testid] */
function fact(name, testid) {
  const value = h('dd', { 'data-testid': testid });
  return { value, element: h('div', { class: 'fact' }, h('dt', {}, name), value) };
}

/** A chain of tokens: how long the one at hand is good. */
class Lane {
  constructor() {
    this.name = h('span', { class: 'chain-name' });
    this.meter = h('progress', { class: 'chain-meter', max: 1, value: 1, 'aria-hidden': 'true' });
    this.left = h('span', { class: 'chain-left' });
    this.element = h('li', { class: 'chain' }, this.name, this.meter, this.left);
    this.most = 1;
  }

  /** @param {{lane: number, expiresAt: number, sequence: number}} of @param {number} nowMs */
  set({ lane, expiresAt, sequence }, nowMs) {
    const left = Math.max(0, expiresAt - nowMs);
    this.most = Math.max(this.most, left);
    this.meter.value = left / this.most;
    setText(this.name, `${say(words.lane, { lane: lane + 1 })} \u00b7 ${sequence}`);
    setText(this.left, say(words.expires, { time: countdownText(left) }));
  }
}

export class ProtectionPanel {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.spent = h('span', { class: 'figure-value', 'data-testid': 'tokens-spent' });
    this.left = h('span', { class: 'figure-value', 'data-testid': 'tokens-left' });
    this.chains = h('ul', { class: 'chains' });
    /** @type {Lane[]} */ this.lanes = [];
    this.facts = {
      state: fact(words.state), login: fact(words.login, 'last-login'), deadline: fact(words.deadline), logins: fact(words.logins),
      refused: fact(words.refusedTokens), lost: fact(words.lost), clock: fact(words.clock),
    };
    this.who = { node: fact(words.nodeName), role: fact(words.role), scopes: fact(words.scopes), notAfter: fact(words.notAfter), key: fact(words.key) };
    setText(this.who.key.value, words.keyNote);
    this.lock = fact(words.locks);
    const choice = h('select', { 'aria-label': words.locks }, ...MINUTES.map((count) =>
      h('option', { value: count, selected: count === app.idle.minutes }, say(words.minutes, { count }))));
    choice.addEventListener('change', () => app.idle.set(Number(choice.value)));
    this.lockLeft = h('span', { class: 'aside' });
    this.lock.value.append(choice, this.lockLeft);
    const figure = (/** @type {HTMLElement} */ value, /** @type {string} */ name) =>
      h('div', { class: 'figure' }, value, h('span', { class: 'figure-name' }, name));
    this.element = h('div', { class: 'protection' },
      h('section', { class: 'panel tokens', 'aria-labelledby': 'tokens-title' }, h('h2', { id: 'tokens-title' }, words.tokens),
        h('div', { class: 'figures' }, figure(this.spent, words.spent), figure(this.left, words.left)), this.chains,
        h('p', { class: 'note' }, words.tokensNote)),
      h('section', { class: 'panel', 'aria-labelledby': 'session-title' }, h('h2', { id: 'session-title' }, words.session),
        h('dl', { class: 'facts' }, ...Object.values(this.facts).map((one) => one.element))),
      h('section', { class: 'panel', 'aria-labelledby': 'node-title' }, h('h2', { id: 'node-title' }, words.node),
        h('dl', { class: 'facts' }, ...Object.values(this.who).map((one) => one.element), this.lock.element)));
  }

  update() {
    const { app, facts, who } = this;
    const { tokens } = app.session;
    const nowMs = Date.now();
    setText(this.spent, String(tokens.spent));
    setText(this.left, String(tokens.left));
    while (this.lanes.length < tokens.lanes.length) {
      const lane = new Lane();
      this.lanes.push(lane);
      this.chains.append(lane.element);
    }
    this.lanes.forEach((lane, i) => {
      lane.element.hidden = i >= tokens.lanes.length;
      if (tokens.lanes[i]) lane.set(tokens.lanes[i], nowMs);
    });
    setText(facts.state.value, strings.state[app.state]);
    setText(facts.login.value, tokens.loginAt ? clockText(tokens.loginAt) : strings.none);
    setText(facts.deadline.value, tokens.deadline ? countdownText(tokens.deadline - nowMs) : strings.none);
    setText(facts.logins.value, String(tokens.logins));
    setText(facts.refused.value, String(tokens.refused));
    setText(facts.lost.value, String(tokens.lost));
    setText(facts.clock.value, say(words.clockValue, { ms: Math.round(app.clock.offsetMs) }));
    setText(who.node.value, app.me.node || strings.none);
    setText(who.role.value, app.me.role || strings.none);
    setText(who.scopes.value, app.me.scopes.join('  ') || strings.none);
    setText(who.notAfter.value, app.me.notAfter ? `${dateText(app.me.notAfter)}, ${clockText(app.me.notAfter)}` : strings.none);
    setText(this.lockLeft, say(words.lockLeft, { time: countdownText(app.idle.leftMs) }));
  }
}
