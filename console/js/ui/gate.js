// SPDX-License-Identifier: Apache-2.0
// Before there is a session: enrol by an invitation, or unlock what is kept here.
import { PASSPHRASE_LEAST, askPasskey, enrolByInvitation, makePasskey, parseInvitation, passkeyPossible, SkeymError } from '../node/index.js';
import { say, strings } from '../strings.en.js';
import { confirmed } from './dialog.js';
import { button, h, setText, show } from './dom.js';

/** @typedef {import('../node/index.js').Credential} Credential */
/** @typedef {import('../node/index.js').StoreEntry} StoreEntry */
/** @typedef {import('../node/index.js').Store} Store */

/** @param {string} name @param {HTMLInputElement} input @param {string} [note] */
function labelled(name, input, note) {
  return h('div', { class: 'gate-field' }, h('label', { for: input.id }, name), input, note && h('p', { class: 'note', id: `${input.id}-note` }, note));
}

/** @param {string} id @param {string} autocomplete @param {string} testid */
const secret = (id, autocomplete, testid) => h('input', { type: 'password', id, autocomplete, required: true, 'data-testid': testid });

/** @param {string} heading @param {string} lead @param {...(Node | false | null)} parts */
function card(heading, lead, ...parts) {
  return h('main', { id: 'main', class: 'gate', tabindex: '-1' }, h('div', { class: 'gate-card' },
    h('span', { class: 'brand' }, strings.brand, h('b', {}, strings.brandPart)), h('h1', {}, heading), h('p', { class: 'gate-lead' }, lead),
    ...parts, h('p', { class: 'gate-notice' }, strings.notice)));
}

/** What of a gate is busy at a time. */
class Work {
  /** @param {string} busyText */
  constructor(busyText) {
    this.busyText = busyText;
    this.message = h('p', { class: 'gate-message', role: 'alert' });
    this.busy = false;
  }

  /** @param {() => Promise<void>} act @param {(error: unknown) => string} explain */
  async run(act, explain) {
    if (this.busy) return;
    this.busy = true;
    this.message.classList.remove('error');
    setText(this.message, this.busyText);
    try {
      await act();
    } catch (error) {
      this.message.classList.add('error');
      setText(this.message, explain(error));
    }
    this.busy = false;
  }

  /** @param {string} text */
  refuse(text) {
    this.message.classList.add('error');
    setText(this.message, text);
  }
}

/** @param {unknown} error */
function enrolError(error) {
  const words = strings.enrol;
  const code = error instanceof SkeymError ? error.code : '';
  /** @type {Record<string, string>} */
  const known = { shape: words.noCode, refused: words.refused, handshake: words.impostor, key: words.impostor, network: words.network,
    timeout: words.network, busy: words.network, clock: words.clock, unsupported: words.unsupported };
  return known[code] ?? say(words.failed, { why: error instanceof Error ? error.message : String(error) });
}

/** Takes an invitation; `code` is '' when it has to be asked for.
 * @param {Store} store @param {string} code @param {(credential: Credential) => void} onDone
 * @param {(() => void) | null} onUnlock there is something to unlock instead */
export function enrolGate(store, code, onDone, onUnlock) {
  const words = strings.enrol;
  const field = h('input', { type: 'text', id: 'enrol-code', autocomplete: 'off', spellcheck: 'false', required: true, 'data-testid': 'invitation' });
  field.value = code;
  const first = secret('enrol-pass', 'new-password', 'passphrase');
  const second = secret('enrol-again', 'new-password', 'passphrase-again');
  const work = new Work(words.working);
  const codeOf = () => {
    const text = field.value.trim();
    return text.slice(text.indexOf('#invite=') < 0 ? 0 : text.indexOf('#invite=') + 8);
  };
  /** @param {() => Promise<import('../node/types.js').Opener>} opener */
  const enrol = (opener) => work.run(async () => {
    parseInvitation(codeOf());
    const credential = await enrolByInvitation({ origin: location.origin, code: codeOf(), ...await opener() }, store);
    first.value = second.value = field.value = '';
    onDone(credential);
  }, enrolError);
  const form = h('form', {}, code === '' && labelled(words.code, field, words.codeNote),
    labelled(words.passphrase, first, say(words.note, { count: PASSPHRASE_LEAST })), labelled(words.again, second),
    h('button', { type: 'submit', class: 'primary', 'data-testid': 'enrol' }, words.go));
  form.noValidate = true;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if ([...first.value].length < PASSPHRASE_LEAST) return work.refuse(say(words.short, { count: PASSPHRASE_LEAST }));
    if (first.value !== second.value) return work.refuse(words.differ);
    return enrol(async () => ({ passphrase: first.value }));
  });
  const passkey = passkeyPossible() && button(words.passkey, { 'data-testid': 'enrol-passkey' }, () => enrol(async () => {
    const { hint, prf } = await makePasskey(strings.title);
    return { prf, passkey: hint };
  }));
  const instead = onUnlock && button(words.unlockInstead, { class: 'quiet' }, onUnlock);
  const element = card(words.heading, words.lead, form, passkey || null, instead, work.message);
  return { element, focus: () => (code === '' ? field : first).focus() };
}

/** @param {Store} store @param {StoreEntry} entry @param {(credential: Credential) => void} onDone @param {() => void} onForgotten
 * @param {string} why why it is locked, in words */
export function unlockGate(store, entry, onDone, onForgotten, why) {
  const words = strings.unlock;
  const field = secret('unlock-pass', 'current-password', 'passphrase');
  const work = new Work(words.working);
  const explain = (/** @type {unknown} */ error) => (error instanceof SkeymError && error.code === 'unsupported' ? strings.enrol.unsupported : words.wrong);
  const submit = h('button', { type: 'submit', class: 'primary', 'data-testid': 'unlock' }, words.go);
  const form = h('form', {}, labelled(words.passphrase, field), submit);
  form.noValidate = true;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    work.run(async () => {
      const credential = await store.unlock({ passphrase: field.value }, entry.id);
      field.value = '';
      onDone(credential);
    }, explain);
  });
  const { passkey } = entry;
  const touch = button(words.passkey, { class: 'primary', 'data-testid': 'unlock-passkey' }, () => work.run(async () => {
    if (passkey) onDone(await store.unlock({ prf: await askPasskey(passkey) }, entry.id));
  }, explain));
  show(form, entry.protection === 'passphrase');
  show(touch, entry.protection === 'passkey');
  const forget = button(words.forget, { class: 'quiet', 'data-testid': 'forget' }, async () => {
    if (!await confirmed({ title: words.forgetAsk, text: words.forgetWhat, yes: words.forgetYes, testid: 'forget-confirm' })) return;
    await store.forget(entry.id);
    onForgotten();
  });
  const element = card(words.heading, why || words.lead, form, touch, work.message, forget);
  return { element, focus: () => (entry.protection === 'passphrase' ? field : touch).focus() };
}
