// SPDX-License-Identifier: Apache-2.0
// Asks before something that cannot be taken back.
import { strings } from '../strings.en.js';
import { button, h } from './dom.js';

/**
 * @param {{title: string, text: string, yes: string, testid: string}} what
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, yes, testid }) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-text' },
      h('h2', { id: 'dialog-title' }, title), h('p', { id: 'dialog-text' }, text),
      h('div', { class: 'dialog-buttons' },
        button(strings.security.cancel, { 'data-testid': 'cancel' }, () => dialog.close('')),
        button(yes, { class: 'danger', 'data-testid': testid }, () => dialog.close('yes'))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
