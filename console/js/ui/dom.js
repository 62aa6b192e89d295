// SPDX-License-Identifier: Apache-2.0
/*
 * The only way to make elements here. Text is always text: there is no markup from strings, no
 * style attribute and no handler attribute, so that a patient's name stays a name.
 */
const SVG = 'http://www.w3.org/2000/svg';
const ATTRIBUTES = /^(id|class|role|href|type|for|name|value|min|max|step|title|tabindex|autocomplete|scope|hidden|disabled|required|minlength|maxlength|inputmode|checked|selected|colspan|spellcheck|aria-[a-z]+|data-[a-z-]+)$/;
const HREF = /^#/;

/** @typedef {Record<string, string | number | boolean | undefined>} Attributes */
/** @typedef {Node | string | null | undefined | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Attributes} [attributes] @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (!ATTRIBUTES.test(name) || (name === 'href' && !HREF.test(String(value)))) throw new Error(`attribute ${name}`);
    element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** Writes only what changed: a screen reader and the layout are left in peace.
 * @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} element @param {string} name @param {string | null} value null: takes it away */
export function setAttr(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** @param {HTMLElement} element @param {boolean} shown */
export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/** @type {Record<string, string>} */
const PATHS = {
  shield: 'M8 1.2 2.5 3.3v4.2c0 3.4 2.3 6 5.5 7.3 3.2-1.3 5.5-3.9 5.5-7.3V3.3Z M5.4 8l1.9 1.9 3.4-3.6',
  relay: 'M8 1.2 2.5 3.3v4.2c0 3.4 2.3 6 5.5 7.3 3.2-1.3 5.5-3.9 5.5-7.3V3.3Z M5.5 7.8h5',
  broken: 'M8 1.2 2.5 3.3v4.2c0 3.4 2.3 6 5.5 7.3 3.2-1.3 5.5-3.9 5.5-7.3V3.3Z M5.9 5.9l4.2 4.2 M10.1 5.9l-4.2 4.2',
  bell: 'M8 2a4 4 0 0 0-4 4v3l-1.5 2.5h11L12 9V6a4 4 0 0 0-4-4Z M6.5 13.5a1.6 1.6 0 0 0 3 0',
  bellOff: 'M8 2a4 4 0 0 0-4 4v3l-1.5 2.5h11L12 9V6a4 4 0 0 0-4-4Z M1.5 14.5l13-13',
  lock: 'M3.5 7h9v7h-9Z M5.5 7V4.8a2.5 2.5 0 0 1 5 0V7',
  back: 'M10 3 5 8l5 5',
  theme: 'M8 2a6 6 0 1 0 0 12Z M8 2a6 6 0 0 1 0 12',
};

/** A line drawing of 16 by 16; says nothing to a screen reader. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name] ?? '');
  svg.append(path);
  return svg;
}

/** A button with its handler. @param {string} text @param {Attributes} attributes @param {() => void} act */
export function button(text, attributes, act) {
  const element = h('button', { type: 'button', ...attributes }, text);
  element.addEventListener('click', act);
  return element;
}
