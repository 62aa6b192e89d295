// SPDX-License-Identifier: Apache-2.0
// Where the console begins: which gate, and what stands behind it.
import { Lock, Session, openStore } from './node/index.js';
import { say, strings } from './strings.en.js';
import { App } from './ui/app.js';
import { h } from './ui/dom.js';
import { enrolGate, unlockGate } from './ui/gate.js';
import { MockSession } from './ui/mock-session.js';
import { logging } from './ui/strip.js';
import { testHook } from './ui/test-hook.js';
import { startTheme } from './ui/theme.js';

/** @typedef {import('./node/index.js').Credential} Credential */
/** @typedef {import('./node/index.js').Store} Store */

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]', ''];
const LANES = 4;
const IDLE_MINUTES = 15;

const query = new URLSearchParams(location.search);
const local = LOOPBACK.includes(location.hostname);
const mock = local && query.get('demo') === 'mock';
const tested = local && (query.has('test') || location.hash === '#test');

/** @type {App | null} */ let app = null;
/** @type {Lock | null} */ let idleLock = null;
let idleMinutes = IDLE_MINUTES;

/** The invitation, taken out of the address bar before anything else. */
function takeInvitation() {
  const code = location.hash.match(/^#invite=(.+)$/)?.[1] ?? '';
  if (code) history.replaceState(null, '', location.pathname + location.search);
  return code;
}

/** @param {HTMLElement} element @param {(() => void) | undefined} [focus] */
function put(element, focus) {
  document.getElementById('app')?.replaceChildren(element);
  focus?.();
}

const idle = {
  get leftMs() {
    return idleLock?.leftMs ?? 0;
  },
  get minutes() {
    return idleMinutes;
  },
  /** @param {number} minutes */
  set(minutes) {
    idleMinutes = minutes;
    idleLock?.stop();
    idleLock = new Lock({ minutes, input: window, onLock: () => app?.lock('idle') });
  },
};

/** @param {import('./ui/app.js').Session} session @param {import('./ui/app.js').Me} me
 * @param {(why: 'user' | 'idle') => void} onLock @param {MockSession} [simulated] */
function open(session, me, onLock, simulated) {
  app = new App(session, me, {
    idle,
    simulated,
    onLock: (why) => {
      idleLock?.stop();
      idleLock = null;
      app = null;
      onLock(why);
    },
  });
  idle.set(idleMinutes);
  put(app.element);
  app.start();
}

/** @param {Store} store @param {Credential} credential */
function enter(store, credential) {
  const me = { node: credential.node ?? '', role: credential.role ?? '', scopes: credential.scopes ?? [], notAfter: credential.notAfter ?? 0 };
  const session = /** @type {import('./ui/app.js').Session} */ (new Session({ credential, origin: location.origin, lanes: LANES }));
  open(session, me, (why) => {
    store.lock();
    gate(store, '', why === 'idle' ? say(strings.unlock.idle, { minutes: idleMinutes }) : strings.unlock.locked);
  });
}

/** @param {Store} store @param {string} code @param {string} why */
async function gate(store, code, why) {
  const [entry] = (await store.list()).reverse();
  const done = (/** @type {Credential} */ credential) => enter(store, credential);
  const unlock = () => {
    const { element, focus } = unlockGate(store, entry, done, () => gate(store, '', ''), why);
    put(element, focus);
  };
  if (entry && !code) return unlock();
  const { element, focus } = enrolGate(store, code, done, entry ? unlock : null);
  return put(element, focus);
}

/** @param {string} code */
async function begin(code) {
  try {
    await gate(await openStore(), code, '');
  } catch { // an empty page would say nothing
    put(h('main', { id: 'main', tabindex: '-1', class: 'gate' }, h('p', { role: 'alert', 'data-testid': 'no-store' }, strings.noStore)));
  }
}

function openMock() {
  const session = new MockSession();
  const me = { node: 'console-demo', role: 'doctor', scopes: ['user/*.cruds'], notAfter: 0 };
  open(session, me, openMock, session);
}

function skipLink() {
  const link = h('a', { class: 'skip', href: '#main' }, strings.skip);
  link.addEventListener('click', (event) => {
    event.preventDefault();
    document.getElementById('main')?.focus();
  });
  return link;
}

const code = takeInvitation();
document.title = strings.title;
document.body.prepend(skipLink());
startTheme();
if (tested) {
  logging.on = true;
  testHook(() => app);
}
addEventListener('hashchange', () => {
  const late = mock ? '' : takeInvitation();
  if (!late) return;
  app?.lock('user'); // of a screen that was revoked, say
  begin(late);
});
if (mock) openMock();
else begin(code);
