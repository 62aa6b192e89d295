// SPDX-License-Identifier: Apache-2.0
// What protects this view, live; who else is enrolled; what was refused.
import { strings } from '../strings.en.js';
import { AuditPanel } from './audit-panel.js';
import { h } from './dom.js';
import { NodesPanel } from './nodes-panel.js';
import { ProtectionPanel } from './protection-panel.js';
import { WirePanel } from './wire-panel.js';

/** @typedef {import('./app.js').App} App */

export class SecurityView {
  /** @param {App} app */
  constructor(app) {
    this.protection = new ProtectionPanel(app);
    this.wire = new WirePanel(app);
    this.audit = new AuditPanel(app);
    this.nodes = new NodesPanel(app, () => this.audit.load());
    this.element = h('section', { class: 'view security' }, h('h1', {}, strings.security.heading),
      this.protection.element, this.wire.element, this.nodes.element, this.audit.element);
  }

  open() {
    this.update();
    this.nodes.load();
    this.audit.load();
  }

  close() {
    this.nodes.close();
    this.audit.close();
  }

  update() {
    this.protection.update();
    this.wire.update();
    this.nodes.update();
    this.audit.update();
  }
}
