// SPDX-License-Identifier: Apache-2.0
// The audit trail with a filter; refused attempts among it.
import { parseAudit } from '../model/audit.js';
import { resourcesOf } from '../model/fhir.js';
import { dayText } from '../model/time.js';
import { say, strings } from '../strings.en.js';
import { AskedPanel } from './asked-panel.js';
import { h, setText, show } from './dom.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {import('../model/audit.js').AuditRow} AuditRow */

const COUNT = 200;
const words = strings.security;
const OUTCOMES = /** @type {const} */ (['all', 'ok', 'refused', 'failed']);

export class AuditPanel extends AskedPanel {
  /** @param {App} app */
  constructor(app) {
    super(app, `/fhir/AuditEvent?_sort=-date&_count=${COUNT}`, { denied: words.auditDenied, failed: words.auditFailed });
    /** @type {AuditRow[]} */ this.rows = [];
    this.body = h('tbody', {});
    this.find = h('input', { type: 'search', id: 'audit-find', autocomplete: 'off', spellcheck: 'false', 'data-testid': 'audit-find' });
    this.outcome = h('select', { id: 'audit-outcome', 'data-testid': 'audit-outcome' },
      ...OUTCOMES.map((one) => h('option', { value: one }, words[one])));
    for (const input of [this.find, this.outcome]) input.addEventListener('input', () => this.#draw());
    this.refused = h('span', { class: 'audit-refused' });
    this.tools = h('div', { class: 'audit-tools' }, h('label', { for: 'audit-find' }, words.filterText), this.find,
      h('label', { for: 'audit-outcome' }, words.filterOutcome), this.outcome, this.refused);
    this.table = h('div', { class: 'table-box', tabindex: '0', role: 'region', 'aria-label': say(words.table, { name: words.audit }) },
      h('table', {}, h('thead', {}, h('tr', {}, ...[words.colTime, words.filterOutcome, words.colWhat, words.colWho, words.colDetail]
        .map((name) => h('th', { scope: 'col' }, name)))), this.body));
    this.element = h('section', { class: 'panel audit', 'aria-labelledby': 'audit-title', 'data-testid': 'audit' },
      h('h2', { id: 'audit-title' }, words.audit), this.tools, this.table, this.message);
    show(this.tools, false);
    show(this.table, false);
  }

  /** @override @param {any} json */
  take(json) {
    this.rows = resourcesOf(json).flatMap((event) => parseAudit(event) ?? []);
    show(this.tools, true);
    show(this.table, true);
    this.#draw();
  }

  #draw() {
    const wanted = this.find.value.trim().toLowerCase();
    const outcome = this.outcome.value;
    const shown = this.rows.filter((row) => (outcome === 'all' || row.outcome === outcome)
      && (!wanted || `${row.what} ${row.who} ${row.detail}`.toLowerCase().includes(wanted)));
    setText(this.refused, `${words.refusedCount}: ${this.rows.filter((row) => row.outcome === 'refused').length}`);
    setText(this.message, shown.length === 0 ? words.auditEmpty : '');
    this.body.replaceChildren(...shown.map((row) => h('tr', { 'data-outcome': row.outcome },
      h('td', { class: 'number' }, dayText(row.timeMs)),
      h('td', {}, h('span', { class: 'outcome', 'data-outcome': row.outcome }, words[`${row.outcome}Word`])),
      h('td', {}, row.what), h('td', {}, row.who), h('td', { class: 'detail' }, row.detail))));
  }
}
