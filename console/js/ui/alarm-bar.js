// SPDX-License-Identifier: Apache-2.0
// A bed's most urgent alarm: colour, shape, marks and words; never colour alone.
import { say, strings } from '../strings.en.js';
import { button, h, setAttr, setText, show } from './dom.js';
import { alarmDetail, alarmText, bedLabel } from './words.js';

/** @typedef {import('../model/ward.js').Bed} Bed */

export class AlarmBar {
  /** @param {Bed} bed @param {() => void} onAcknowledge @param {string} [word] what the button says */
  constructor(bed, onAcknowledge, word = strings.alarm.acknowledge) {
    this.shape = h('span', { class: 'shape', 'aria-hidden': 'true' });
    this.mark = h('span', { class: 'mark' });
    this.text = h('span', { class: 'alarm-text' });
    this.detail = h('span', { class: 'alarm-detail' });
    this.more = h('span', { class: 'alarm-more' });
    this.acknowledge = button(word, {
      class: 'acknowledge',
      'aria-label': say(strings.alarm.acknowledgeFor, { word, bed: bedLabel(bed) }),
      'data-testid': `acknowledge-${bed.id}`,
    }, onAcknowledge);
    this.element = h('div', { class: 'alarm-bar', 'data-testid': `alarm-${bed.id}` },
      this.shape, this.mark, this.text, this.detail, this.more, this.acknowledge);
  }

  /** @param {Bed} bed */
  update(bed) {
    const alarms = bed.alarms.list;
    const top = alarms[0];
    const quiet = !top || top.acknowledgedMs > 0;
    setAttr(this.element, 'data-priority', top ? top.priority : null);
    setAttr(this.element, 'data-alarm', top ? top.key : null);
    setAttr(this.element, 'data-calling', quiet ? null : '');
    setAttr(this.element, 'data-latched', top?.latched ? '' : null);
    setText(this.mark, top ? strings.mark[top.priority] : '');
    setText(this.text, top ? alarmText(top) : strings.alarm.none);
    setText(this.detail, !top ? '' : top.latched ? strings.alarm.latched
      : top.acknowledgedMs > 0 ? strings.alarm.acknowledged : alarmDetail(top));
    setText(this.more, alarms.length > 1 ? say(strings.alarm.more, { count: alarms.length - 1 }) : '');
    show(this.acknowledge, !quiet);
  }
}
