// SPDX-License-Identifier: Apache-2.0
// A ward: the program's server behind a wire that is listened to, devices, and chromium looking at it.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { Skip, World, until } from '../system/world.mjs';
import { Wire } from './proxy.mjs';

export { Skip, until };

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RECORDS = fileURLToPath(new URL('../../../shared/data/wfdb/', import.meta.url));
const FONTS = fileURLToPath(new URL('./fonts.conf', import.meta.url));
export const PASSPHRASE = 'seven quiet nurses row at dawn';
export const PATIENT_MS = 60000; /* how long a condition is waited for */
const FLAGS = ['--no-sandbox', '--font-render-hinting=none', '--disable-lcd-text',
  '--force-color-profile=srgb', '--hide-scrollbars', '--disable-dev-shm-usage',
  '--disable-background-networking', '--disable-component-update', '--no-first-run'];

/** A record's header file, or none. */
export const record = (name) => {
  const file = join(RECORDS, name);
  return existsSync(file) ? file : undefined;
};

/** What a page did that it must not: script errors, dialogs, breaches of its policy. */
class Conduct {
  constructor(page) {
    this.breaches = [];
    this.errors = [];
    this.dialogs = [];
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      const text = message.text();
      if (/Content Security Policy|Trusted ?Types|TrustedHTML|TrustedScript/.test(text)) {
        this.breaches.push(text);
      } else if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(text)) {
        this.errors.push(text); /* a network that fails is not the page's fault */
      }
    });
    page.on('dialog', (dialog) => {
      this.dialogs.push(dialog.message());
      dialog.dismiss().catch(() => {});
    });
  }
}

/** A page, with what playwright does not do under a strict policy: code is run by the protocol. */
export class View {
  constructor(page, protocol) {
    Object.assign(this, { page, protocol, conduct: new Conduct(page) });
  }

  static async of(page) {
    return new View(page, await page.context().newCDPSession(page));
  }

  /** The value of a function that is run in the page, with arguments that JSON has. */
  async run(code, ...words) {
    const expression = `(${code})(${words.map((word) => JSON.stringify(word)).join(',')})`;
    const { result, exceptionDetails } = await this.protocol.send('Runtime.evaluate',
      { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  by(id) {
    return this.page.getByTestId(id);
  }

  /** Waits until a function in the page is true. */
  async sees(what, code, ...words) {
    try {
      await until(what, () => this.run(code, ...words).catch((error) => {
        if (/context|navigat|Cannot find/i.test(error.message)) return false;
        throw error;
      }), PATIENT_MS);
    } catch (error) {
      const text = await this.text().catch(() => '');
      throw new Error(`${error.message}; on the page: ${text.slice(0, 600)}`);
    }
  }

  text() {
    return this.run(() => document.body.innerText);
  }

  shows(text) {
    return this.sees(`"${text}"`, (words) => document.body.innerText.includes(words), text);
  }

  state(...names) {
    return this.sees(`the state ${names}`, (wanted) => wanted.includes(
      document.querySelector('[data-testid="state"]')?.dataset.state), names);
  }

  /** axe-core's findings: "rule: how many: the first". */
  async axe() {
    await this.protocol.send('Runtime.evaluate', { expression: `${axe};0` });
    return this.run(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
      return violations.map(({ id, nodes, help }) => `${id}: ${help}: ${nodes.length}: ${nodes
        .slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join(' | ')}`);
    });
  }
}

export class Ward extends World {
  constructor(program) {
    super(program);
    this.browsers = [];
    this.views = [];
    this.wires = [];
  }

  /** An authority, its server, and a wire to it. */
  async open(args = []) {
    await this.init('--audience', 'ward');
    await this.start(args);
  }

  async start(args = []) {
    const folder = process.env.SKEYM_CONSOLE; /* to work on the console without building the program */
    const more = folder ? ['--console-dir', folder] : [];
    this.args = args;
    this.server = await this.serve([...more, ...args]);
    if (this.wires.length === 0) {
      this.wires = [new Wire(this.server.port), new Wire(this.server.port)];
      for (const wire of this.wires) await wire.listen();
      [this.wire, this.deviceWire] = this.wires; /* the browser's, which is listened to; the devices' */
    }
    for (const wire of this.wires) wire.port = this.server.port;
  }

  /** Ends the server and starts another: at the same address for browser and devices. */
  async restart(signal = 'SIGTERM') {
    await this.server.stop(signal);
    await this.start(this.args);
  }

  /** A device that streams for a patient until the ward ends. */
  async device(node, patient, ...args) {
    const credential = await this.enrol(node, 'device', `patient/${patient}/Observation.c`);
    return this.stream(credential, patient, ...args);
  }

  /** The same, of a device that is enrolled. */
  stream(credential, patient, ...args) {
    return this.begin(['device', '--as', credential, '--server', this.deviceWire.url,
      '--patient', patient, '--block', '1', ...args]);
  }

  /** The link by which a browser becomes a node. */
  async invite(node, role, ...scopes) {
    const words = scopes.flatMap((scope) => ['--scope', scope]);
    const out = await this.must(['enrol', node, '--role', role, ...words, '--dir', this.dir, '--invite',
      '--code-only', '--server', this.wire.url]);
    const code = out.trim().split(/\s+/).at(-1);
    return `${this.wire.url}/console/?test#invite=${code}`;
  }

  /** The credential of a reader and writer of its own. */
  async readerFile() {
    this.reader ??= await this.enrol('reader', 'doctor', 'user/*.cruds');
    return this.reader;
  }

  /** What the program gets, as JSON. */
  async read(target) {
    const { code, out, err } = await this.get(this.server, target, await this.readerFile());
    if (code !== 0) throw new Error(`get ${target}: ${err}`);
    return JSON.parse(out);
  }

  /** chromium with a profile in a folder. */
  async chromium(profile = this.path(`profile-${this.browsers.length}`), options = {}) {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium', args: FLAGS, env: { ...process.env, FONTCONFIG_FILE: FONTS }, viewport: { width: 1280, height: 800 },
      colorScheme: 'dark', reducedMotion: 'no-preference', locale: 'en-GB', timezoneId: 'UTC',
      deviceScaleFactor: 1, ...options,
    });
    context.profile = profile;
    this.browsers.push(context);
    return context;
  }

  /** A page of a browser, at an address. */
  async view(context, address) {
    const page = context.pages().find((one) => one.url() === 'about:blank') ?? await context.newPage();
    page.setDefaultTimeout(PATIENT_MS);
    const view = await View.of(page);
    this.views.push(view);
    if (address) await page.goto(address);
    return view;
  }

  /** What can be seen when a step has failed. */
  async failed(name, folder) {
    for (const [i, { page }] of this.views.entries()) {
      await page.screenshot({ path: `${folder}/failed-${name}-${i}.png`, timeout: 5000 }).catch(() => {});
    }
  }

  async end() {
    for (const context of this.browsers) await context.close().catch(() => {});
    for (const wire of this.wires) await wire.end();
    await super.end();
  }
}
