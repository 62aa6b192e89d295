// SPDX-License-Identifier: Apache-2.0
// The bar at the top: views, what calls, the state, the time with its zone, sound, theme, lock.
import { PRIORITIES } from '../model/alarms.js';
import { clockText, countdownText, zoneText } from '../model/time.js';
import { say, strings } from '../strings.en.js';
import { button, h, icon, setAttr, setText, show } from './dom.js';
import { nextTheme, theme } from './theme.js';

/** @typedef {import('./app.js').App} App */

/** @param {string} view @param {string} name */
const tab = (view, name) => h('a', { href: `#${view}`, class: 'tab', 'data-testid': `tab-${view}` }, name);

export class Bar {
  /** @param {App} app @param {boolean} simulated */
  constructor(app, simulated) {
    this.app = app;
    this.ward = tab('ward', strings.tabs.ward);
    this.security = tab('security', strings.tabs.security);
    this.calls = PRIORITIES.map((priority) => ({
      priority,
      count: h('span', { class: 'call-count' }),
      element: h('a', { class: 'call', href: '#ward', 'data-priority': priority, title: strings.priority[priority] }),
    }));
    for (const { element, count, priority } of this.calls) {
      element.append(h('span', { class: 'shape', 'aria-hidden': 'true' }), h('span', { class: 'mark', 'aria-hidden': 'true' },
        strings.mark[priority]), h('span', { class: 'hidden-text' }, strings.priority[priority]), count);
    }
    this.quiet = h('span', { class: 'calls-none' }, strings.bar.noAlarms);
    this.state = h('span', { class: 'state', 'data-testid': 'state', role: 'status' });
    this.clock = h('time', { class: 'clock' });
    this.zone = h('span', { class: 'zone' });
    this.user = h('span', { class: 'user' });
    this.soundText = h('span', { class: 'button-text' });
    this.sound = button('', { class: 'tool', title: strings.bar.soundTitle, 'data-testid': 'sound' }, () => app.toggleSound());
    this.soundIcon = '';
    this.themeText = h('span', { class: 'button-text' }, strings.bar[theme()]);
    this.theme = button('', { class: 'tool', title: strings.bar.theme, 'data-testid': 'theme' }, () => setText(this.themeText, strings.bar[nextTheme()]));
    this.theme.append(icon('theme'), h('span', { class: 'hidden-text' }, strings.bar.theme), this.themeText);
    this.lock = button('', { class: 'tool', title: strings.bar.lockTitle, 'data-testid': 'lock' }, () => app.lock('user'));
    this.lock.append(icon('lock'), h('span', { class: 'button-text' }, strings.bar.lock));
    this.element = h('header', { class: 'bar' },
      h('span', { class: 'brand' }, strings.brand, h('b', {}, strings.brandPart)),
      h('nav', { class: 'tabs', 'aria-label': strings.tabs.label }, this.ward, this.security),
      simulated && h('span', { class: 'simulated', title: strings.simulatedLong }, strings.simulated),
      h('div', { class: 'calls', role: 'group', 'aria-label': strings.bar.calls }, this.quiet, ...this.calls.map((one) => one.element)),
      this.state, h('div', { class: 'clock-box' }, this.clock, this.zone), this.user,
      h('div', { class: 'tools' }, this.sound, this.theme, this.lock));
  }

  /** @param {string} view */
  setView(view) {
    setAttr(this.ward, 'aria-current', view === 'security' ? null : 'page');
    setAttr(this.security, 'aria-current', view === 'security' ? 'page' : null);
  }

  update() {
    const { app } = this;
    const nowMs = app.now();
    const calls = app.ward.calls();
    for (const { priority, element, count } of this.calls) {
      show(element, calls[priority] > 0);
      setText(count, String(calls[priority]));
      const [first] = calls[priority] > 0 ? app.ward.list.filter((bed) => bed.alarms.calling === priority) : [];
      if (first) setAttr(element, 'href', app.places.of(first.id));
    }
    show(this.quiet, calls.high + calls.medium + calls.low === 0);
    const state = app.state;
    setText(this.state, strings.state[state]);
    setAttr(this.state, 'data-state', state);
    setText(this.clock, clockText(nowMs));
    setText(this.zone, say(strings.bar.zone, { zone: zoneText(nowMs) }));
    setText(this.user, say(strings.bar.user, { role: app.me.role, node: app.me.node }));
    const left = app.sound.leftMs(nowMs);
    const text = left > 0 ? say(strings.bar.soundPaused, { time: countdownText(left) })
      : app.speaker.allowed ? strings.bar.soundOn : strings.bar.soundOff;
    setText(this.soundText, text);
    const wanted = left > 0 || !app.speaker.allowed ? 'bellOff' : 'bell';
    if (wanted !== this.soundIcon) {
      this.soundIcon = wanted;
      this.sound.replaceChildren(icon(wanted), this.soundText);
    }
    setAttr(this.sound, 'data-off', wanted === 'bellOff' ? '' : null);
  }
}
