// SPDX-License-Identifier: Apache-2.0
// Who is enrolled, when last seen; taking a credential back, after a question.
import { parseNodes } from '../model/audit.js';
import { may } from '../model/feed.js';
import { outcomeText } from '../model/fhir.js';
import { ageText, dayText } from '../model/time.js';
import { say, strings } from '../strings.en.js';
import { AskedPanel } from './asked-panel.js';
import { confirmed } from './dialog.js';
import { button, h, setAttr, setText, show } from './dom.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('../model/audit.js').NodeRow} NodeRow */

const words = strings.security;
const COLUMNS = [words.colNode, words.colRole, words.colState, words.colSeen, words.colLogin, words.colRefused, words.colScopes, words.colAction];

/** One line; kept while its node is there, so that focus stays. */
class Row {
  /** @param {NodesPanel} panel @param {string} id */
  constructor(panel, id) {
    this.cells = COLUMNS.map(() => h('td', {}));
    this.state = h('span', { class: 'node-state' });
    this.cells[2].append(this.state);
    this.cells[3].className = this.cells[4].className = this.cells[5].className = 'number';
    this.cells[6].className = 'scopes';
    this.revoke = button(words.revoke, { class: 'danger small', 'data-testid': `revoke-${id}`, 'aria-label': say(words.revokeOf, { node: id }) },
      () => panel.revoke(id));
    this.self = h('span', { class: 'aside' }, words.self);
    this.cells[7].append(this.revoke, this.self);
    this.element = h('tr', { 'data-testid': `node-${id}` }, h('th', { scope: 'row' }, id), ...this.cells.slice(1));
  }

  /** @param {NodeRow} node @param {App} app @param {boolean} mayRevoke */
  set(node, app, mayRevoke) {
    const nowMs = app.now();
    const state = node.revoked ? 'revoked' : node.notAfterMs < nowMs ? 'expired' : 'active';
    setText(this.cells[1], node.role);
    setText(this.state, words[state]);
    setAttr(this.state, 'data-state', state);
    setText(this.cells[3], Number.isNaN(node.seenMs) ? words.neverSeen : say(strings.ward.aged, { age: ageText(nowMs - node.seenMs) }));
    setText(this.cells[4], Number.isNaN(node.loginMs) ? strings.none : dayText(node.loginMs));
    setText(this.cells[5], String(node.refused));
    setText(this.cells[6], node.scopes.join('  '));
    const self = node.id === app.me.node;
    show(this.revoke, mayRevoke && !self && state !== 'revoked');
    show(this.self, self);
  }
}

export class NodesPanel extends AskedPanel {
  /** @param {App} app @param {() => void} onRevoked */
  constructor(app, onRevoked) {
    super(app, '/skeym/v1/nodes', { denied: words.nodesDenied, failed: words.nodesFailed });
    this.onRevoked = onRevoked;
    /** @type {Map<string, Row>} */ this.rows = new Map();
    /** @type {NodeRow[]} */ this.nodes = [];
    this.body = h('tbody', {});
    this.table = h('div', { class: 'table-box', tabindex: '0', role: 'region', 'aria-label': say(words.table, { name: words.nodes }) },
      h('table', {}, h('thead', {}, h('tr', {}, ...COLUMNS.map((name) => h('th', { scope: 'col' }, name)))), this.body));
    this.element = h('section', { class: 'panel nodes', 'aria-labelledby': 'nodes-title', 'data-testid': 'nodes' },
      h('h2', { id: 'nodes-title' }, words.nodes), this.table, this.message);
    show(this.table, false);
  }

  /** @override @param {any} json */
  take(json) {
    this.nodes = parseNodes(json);
    this.app.ward.revoked = new Set(this.nodes.filter((node) => node.revoked).map((node) => node.id));
    show(this.table, true);
    this.#draw();
  }

  #draw() {
    const mayRevoke = may(this.app.me.scopes, 'Device', 'd');
    const ids = new Set(this.nodes.map((node) => node.id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    for (const node of this.nodes) {
      let row = this.rows.get(node.id);
      if (!row) {
        this.rows.set(node.id, (row = new Row(this, node.id)));
        this.body.append(row.element);
      }
      row.set(node, this.app, mayRevoke);
    }
  }

  /** @param {string} id */
  async revoke(id) {
    const yes = await confirmed({ title: say(words.revokeAsk, { node: id }), text: say(words.revokeWhat, { node: id }),
      yes: words.revokeYes, testid: 'revoke-confirm' });
    if (!yes || this.closed) return;
    try {
      const answer = await this.app.session.request({ method: 'POST', target: `/skeym/v1/nodes/${encodeURIComponent(id)}/revoke` });
      const good = answer.status === 200;
      const why = good ? '' : outcomeText(answer.json()) || String(answer.status);
      setText(this.message, say(good ? words.revokeDone : words.revokeFailed, { node: id, why }));
    } catch (error) {
      setText(this.message, say(words.revokeFailed, { node: id, why: /** @type {Error} */ (error).message }));
    }
    await this.load();
    this.onRevoked();
  }
}
