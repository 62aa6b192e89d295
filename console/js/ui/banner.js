// SPDX-License-Identifier: Apache-2.0
// In words: in what state the connection is, why, and what happens next.
import { ageText } from '../model/time.js';
import { say, strings } from '../strings.en.js';
import { button, h, setAttr, setText, show } from './dom.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('../node/types.js').StateDetail} StateDetail */

const BACK_MS = 8_000;
const QUIET_MS = 10_000; // of a round that takes one second: a network that swallows everything
const LATE_SHOWN_MS = 20_000; // and as long as nobody looks at the tab

/** @param {StateDetail} detail @param {string} when */
function explain({ state, reason }, when) {
  const words = strings.stateLong;
  if (state === 'connecting') return reason === 'slept' ? words.slept : words.connecting;
  if (state === 'offline') {
    /** @type {Record<string, string>} */
    const why = { 'no-network': words.noNetwork, impostor: words.impostor, busy: words.busy, unsupported: words.unsupported };
    return say(why[reason] ?? words.offline, { when });
  }
  if (state === 'clock') return say(words.clock, { when });
  if (state === 'revoked') return words.revoked;
  if (state === 'expired') return words.expired;
  if (state === 'live' && reason === 'server-restarted') return words.restarted;
  return '';
}

export class Banner {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.title = h('strong', {});
    this.text = h('span', { class: 'banner-text' });
    this.again = button(strings.stateLong.tryNow, { class: 'quiet' }, () => app.tryNow());
    this.spoken = h('span', { class: 'hidden-text', role: 'alert' });
    this.element = h('section', { class: 'banner', 'aria-label': strings.stateLong.label }, this.title, this.text, this.again);
    /** @type {StateDetail} */
    this.detail = { state: 'idle', reason: '', before: 'idle', at: 0 };
    this.wasDown = false;
    this.backUntil = 0;
    this.lateText = '';
    this.lateLeftMs = 0;
    this.seenMs = 0;
    show(this.element, false);
  }

  /** @param {StateDetail} detail */
  set(detail) {
    const down = !['live', 'idle', 'connecting', 'server-restarted'].includes(detail.state);
    if (detail.state === 'live' && (this.wasDown || detail.reason === 'server-restarted')) {
      this.backUntil = Date.now() + BACK_MS;
    }
    this.wasDown = down || (this.wasDown && detail.state !== 'live');
    this.detail = detail;
    this.update();
    if (down || this.backUntil > Date.now()) setText(this.spoken, `${strings.state[detail.state]}. ${explain(detail, strings.stateLong.soon)}`);
  }

  /** Nobody looked at alarms for a time: a machine that slept, a tab that the browser slowed down.
   * @param {number} ms */
  late(ms) {
    this.lateText = say(strings.stateLong.late, { age: ageText(ms) });
    this.lateLeftMs = LATE_SHOWN_MS;
    this.spoken.replaceChildren(this.lateText);
  }

  /** @returns {string} what is to be said of it still */
  #lateness() {
    const passed = performance.now() - this.seenMs;
    this.seenMs += passed;
    if (!document.hidden) this.lateLeftMs -= Math.min(passed, 1_000);
    return this.lateLeftMs > 0 ? this.lateText : '';
  }

  update() {
    const { detail } = this;
    const late = this.#lateness();
    const back = detail.state === 'live' && Date.now() < this.backUntil;
    const seconds = detail.retryAt ? Math.ceil((detail.retryAt - Date.now()) / 1000) : 0;
    const when = seconds > 0 ? say(strings.stateLong.inSeconds, { seconds }) : strings.stateLong.soon;
    const { trouble, quietMs } = this.app.feed;
    const quiet = detail.state === 'live' && quietMs > QUIET_MS && trouble !== 'denied';
    const failing = quiet || (detail.state === 'live' && trouble === 'failed');
    const rest = quiet ? say(strings.stateLong.quiet, { age: ageText(quietMs) }) : failing ? strings.stateLong.feed : back ? strings.stateLong.back : '';
    const text = this.app.fault ? strings.stateLong.fault : explain(detail, when) || late || rest;
    const restarted = back && detail.reason === 'server-restarted';
    setText(this.title, restarted ? strings.state['server-restarted'] : strings.state[detail.state]);
    setText(this.text, text);
    setAttr(this.element, 'data-state', this.app.fault || (late && detail.state === 'live') ? 'offline' : back ? 'back' : failing ? 'offline' : detail.state);
    show(this.again, ['offline', 'clock', 'revoked', 'expired'].includes(detail.state));
    setText(this.again, detail.state === 'revoked' || detail.state === 'expired' ? strings.stateLong.again : strings.stateLong.tryNow);
    show(this.element, text !== '' && (detail.state !== 'live' || back || failing || late !== '' || this.app.fault));
  }
}
