// SPDX-License-Identifier: Apache-2.0
// A panel that shows the answer to one question, which is asked again from time to time. Whoever may
// not ask is told so once.
import { h, setText } from './dom.js';

/** @typedef {import('./app.js').App} App */

const EVERY_MS = 5_000;

export class AskedPanel {
  /** @param {App} app @param {string} target @param {{ denied: string, failed: string }} says */
  constructor(app, target, says) {
    this.app = app;
    this.target = target;
    this.says = says;
    this.message = h('p', { class: 'note', role: 'status' });
    this.loadedMs = -Infinity; // of the steady clock
    this.closed = false;
  }

  close() {
    this.closed = true;
  }

  /** Shows what was answered. @param {any} _json */
  take(_json) {}

  async load() {
    this.loadedMs = performance.now();
    try {
      const answer = await this.app.session.request({ method: 'GET', target: this.target });
      if (this.closed) return;
      const denied = answer.status === 403;
      if (answer.status !== 200) {
        setText(this.message, denied ? this.says.denied : this.says.failed);
        if (denied) this.loadedMs = Infinity;
        return;
      }
      this.take(answer.json());
    } catch { /* the banner says why */ }
  }

  update() {
    if (performance.now() - this.loadedMs > EVERY_MS && this.app.state === 'live') this.load();
  }
}
