// SPDX-License-Identifier: Apache-2.0
// Whether what is shown is the device's own word.
import { say, strings } from '../strings.en.js';
import { h, icon, setAttr, setText } from './dom.js';

const ICONS = { sealed: 'shield', other: 'relay', revoked: 'broken', unknown: 'broken' };

export class TrustBadge {
  constructor() {
    this.text = h('span', { class: 'trust-text' });
    this.element = h('span', { class: 'trust' });
    this.state = '';
  }

  /** @param {import('../model/ward.js').Ward} ward @param {import('../model/ward.js').Bed} bed */
  update(ward, bed) {
    const trust = ward.trust(bed);
    if (trust !== this.state) {
      this.state = trust;
      this.element.replaceChildren(icon(ICONS[trust]), this.text);
      setAttr(this.element, 'data-trust', trust);
    }
    setText(this.text, strings.trust[trust]);
    setAttr(this.element, 'title', say(strings.trust[`${trust}Long`], { writer: bed.writer }));
  }
}
