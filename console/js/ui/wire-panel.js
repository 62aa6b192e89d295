// SPDX-License-Identifier: Apache-2.0
// The wire as somebody sees it who listens, next to what it means here.
import { pretty, seen } from '../model/wirelog.js';
import { say, strings } from '../strings.en.js';
import { button, h, setText } from './dom.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('../node/types.js').WireDetail} WireDetail */

const EVERY_MS = 2_000;
const words = strings.security;

/** @param {WireDetail} detail */
function clearText(detail) {
  const { clear } = detail;
  if (!clear) return words.opaque;
  const start = clear.method ? `${clear.method} ${clear.target}` : `${clear.status ?? ''} ${clear.type}`;
  return `${start}\n\n${pretty(clear.body)}`;
}

class Side {
  /** @param {string} title */
  constructor(title) {
    this.title = h('h3', {}, title);
    this.request = h('pre', { class: 'wire-text', tabindex: '0', role: 'region' });
    this.answer = h('pre', { class: 'wire-text', tabindex: '0', role: 'region' });
    this.request.setAttribute('aria-label', `${title}, ${words.out}`);
    this.answer.setAttribute('aria-label', `${title}, ${words.in}`);
    this.element = h('div', { class: 'wire-side' }, this.title, h('span', { class: 'wire-kind' }, words.out), this.request,
      h('span', { class: 'wire-kind' }, words.in), this.answer);
  }
}

export class WirePanel {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.held = false;
    this.drawnMs = -Infinity;
    this.eve = new Side(words.wireEve);
    this.clear = new Side(words.wireClear);
    this.eve.element.dataset.side = 'eve';
    this.hold = button(words.pause, { class: 'quiet', 'aria-pressed': 'false' }, () => {
      this.held = !this.held;
      this.hold.setAttribute('aria-pressed', String(this.held));
      setText(this.hold, this.held ? words.resume : words.pause);
    });
    this.element = h('section', { class: 'panel wire', 'aria-labelledby': 'wire-title', 'data-testid': 'wire' },
      h('div', { class: 'panel-head' }, h('h2', { id: 'wire-title' }, words.wire), this.hold),
      h('div', { class: 'wire-sides' }, this.eve.element, this.clear.element), h('p', { class: 'note' }, words.wireNote));
  }

  update() {
    const nowMs = performance.now();
    if (this.held || nowMs - this.drawnMs < EVERY_MS) return;
    const pair = this.app.wire.pair;
    if (pair.length > 0) this.drawnMs = nowMs;
    for (const [key, i] of /** @type {const} */ ([['request', 0], ['answer', 1]])) {
      const detail = pair[i];
      setText(this.eve[key], detail ? `${detail.head.trimEnd()}\n\n${seen(detail.bytes)}${this.#rest(detail)}` : words.waiting);
      setText(this.clear[key], detail ? clearText(detail) : words.waiting);
    }
  }

  /** @param {WireDetail} detail */
  #rest({ bytes }) {
    return bytes.length > 768 ? `\n${say(words.more, { count: bytes.length - 768 })}` : '';
  }
}
