// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the computer has it. All that this console keeps in the open: no patient data.
import { strips } from './strip.js';

const KEY = 'skeym-theme';
const THEMES = /** @type {const} */ (['auto', 'dark', 'light']);
/** @typedef {typeof THEMES[number]} Theme */

/** @returns {Theme} */
export function theme() {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.find((one) => one === kept) ?? 'auto';
  } catch {
    return 'auto';
  }
}

/** @param {Theme} chosen */
function apply(chosen) {
  if (chosen === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  for (const strip of strips) strip.stale = true;
}

export function startTheme() {
  apply(theme());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(theme()));
}

/** @returns {Theme} the next one */
export function nextTheme() {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  try {
    localStorage.setItem(KEY, next);
  } catch { /* it is for this page only, then */ }
  apply(next);
  return next;
}
