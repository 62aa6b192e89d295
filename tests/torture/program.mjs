// SPDX-License-Identifier: Apache-2.0
// The program under fail.so: the page of orders, and a process that runs the program's main again
// and again in children of its own.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, truncateSync, writeFileSync,
  writeSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const { errno } = constants;
const BUILD = process.env.TORTURE_BUILD ?? fileURLToPath(new URL('../../build/torture', import.meta.url));
const HEAD = 9 * 8;
const COUNTS = 64 * 8;
const JOURNAL = HEAD + COUNTS + 128;
const ENTRY = 16;
const PAGE = JOURNAL + 65536 * ENTRY;
const SHORT = -1;

/** The kinds of calls, in the order of fail.h. */
export const KINDS = [...readFileSync(new URL('fail.h', import.meta.url), 'utf8')
  .matchAll(/^.*\bX\(\w+\).*$/gm)].slice(1)
  .flatMap(([line]) => [...line.matchAll(/X\((\w+)\)/g)].map((match) => match[1]));

const SQLITE = { BUSY: 5, NOMEM: 7, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14,
  IOERR_READ: 266, IOERR_SHORT_READ: 522, IOERR_WRITE: 778, IOERR_FSYNC: 1034,
  IOERR_TRUNCATE: 1546, IOERR_FSTAT: 1802, IOERR_UNLOCK: 2058, IOERR_DELETE: 2570,
  IOERR_ACCESS: 3338, IOERR_LOCK: 3850, IOERR_SHMMAP: 5386, IOERR_SHMLOCK: 5130 };

/** In which ways each kind fails. The first is tried most often. */
export const WAYS = {
  malloc: ['ENOMEM'], open: ['EMFILE', 'ENOMEM'], read: ['EIO', 'EINTR', 'SHORT'],
  write: ['ENOSPC', 'EIO', 'EINTR', 'SHORT'], fsync: ['EIO'], truncate: ['EIO', 'ENOSPC'],
  rename: ['EIO', 'ENOSPC'], unlink: ['EIO'], mkdir: ['ENOSPC'], stat: ['EIO'],
  lock: ['ENOLCK', 'EINTR'], chmod: ['EPERM'], socket: ['EMFILE'], bind: ['ENOBUFS'],
  accept: ['EMFILE', 'ECONNABORTED', 'EINTR'], connect: ['ENETUNREACH', 'EINTR'],
  recv: ['ECONNRESET', 'EINTR', 'SHORT'], send: ['ECONNRESET', 'EINTR', 'SHORT'],
  poll: ['EINTR', 'ENOMEM'], handle: ['ENOMEM'], random: ['EIO'], thread: ['EAGAIN'],
  map: ['ENOMEM'], limit: ['EPERM'],
  vfs_open: ['CANTOPEN'], vfs_delete: ['IOERR_DELETE'], vfs_access: ['IOERR_ACCESS'],
  vfs_path: ['CANTOPEN'], vfs_read: ['IOERR_READ', 'CORRUPT'], vfs_write: ['IOERR_WRITE', 'FULL'],
  vfs_truncate: ['IOERR_TRUNCATE'], vfs_sync: ['IOERR_FSYNC'], vfs_size: ['IOERR_FSTAT'],
  vfs_lock: ['BUSY', 'IOERR_LOCK'], vfs_unlock: ['IOERR_UNLOCK'], vfs_control: ['IOERR'],
  vfs_shm_map: ['IOERR_SHMMAP', 'NOMEM'], vfs_shm_lock: ['BUSY', 'IOERR_SHMLOCK'],
};

const codeOf = (kind, way) =>
  way === 'SHORT' ? SHORT : kind.startsWith('vfs_') ? SQLITE[way] : errno[way];

/** An order to one process, and what became of it. */
export class Page {
  constructor(path) {
    this.path = path;
    writeFileSync(path, '');
    truncateSync(path, PAGE);
    this.fd = openSync(path, 'r+');
  }

  #write(values, at = 0) {
    const bytes = Buffer.alloc(values.length * 8);
    values.forEach((value, i) => bytes.writeBigInt64LE(BigInt(value), i * 8));
    writeSync(this.fd, bytes, 0, bytes.length, at);
  }

  #arm(kind, nth, how, lasting) {
    this.disarm();
    this.#write([0, kind, nth, how, lasting, 0, 0, 0, 0, ...Array(COUNTS / 8).fill(0)]);
    this.#write([1]);
  }

  /** From now on the calls are counted. */
  count() {
    this.#arm(-1, 0, 0, 0);
  }

  fail({ kind, nth, way, lasting = false }) {
    this.#arm(KINDS.indexOf(kind), nth, codeOf(kind, way), lasting ? 1 : 0);
  }

  disarm() {
    this.#write([0]);
  }

  #read(at, size) {
    const bytes = Buffer.alloc(size);
    readSync(this.fd, bytes, 0, size, at);
    return bytes;
  }

  get fired() {
    return Number(this.#read(40, 8).readBigInt64LE());
  }

  /** Who made the call that failed: a function of the program, or a library. */
  get site() {
    const own = this.#read(48, 8).readBigInt64LE() !== 0n;
    const offset = Number(this.#read(56, 8).readBigInt64LE());
    const module = this.#read(HEAD + COUNTS, 128).toString().replace(/\0.*$/s, '');
    return { own, offset, module };
  }

  /** The calls since count(): of each kind its number, each one's stack as a number, and which of
   * them are the program's own, with their places. */
  get calls() {
    const counts = this.#read(HEAD, COUNTS);
    const taken = Math.min(65536, Number(this.#read(64, 8).readBigInt64LE()));
    const journal = this.#read(JOURNAL, taken * ENTRY);
    const calls = {};
    KINDS.forEach((kind, i) => {
      calls[kind] = { count: Number(counts.readBigInt64LE(i * 8)), own: [], stacks: [] };
    });
    const seen = {};
    for (let i = 0; i < taken; i++) {
      const word = journal.readUInt32LE(i * ENTRY);
      const kind = KINDS[word & 0x7fffffff];
      seen[kind] = (seen[kind] ?? 0) + 1;
      const own = (word & 0x80000000) !== 0;
      calls[kind].stacks.push(journal.readBigUInt64LE(i * ENTRY + 8));
      if (own) calls[kind].own.push({ nth: seen[kind], site: journal.readUInt32LE(i * ENTRY + 4) });
    }
    return calls;
  }

  close() {
    closeSync(this.fd);
  }
}

/** What a process under fail.so has around it. */
export const environment = (page, leaks, more = {}, stacks = false) => ({
  ...process.env,
  LD_PRELOAD: `${BUILD}/fail.so`,
  SKEYM_FAIL_PAGE: page.path,
  ASAN_OPTIONS: `detect_leaks=${leaks ? 1 : 0}:verify_asan_link_order=0:exitcode=99:` +
    'allocator_may_return_null=1:detect_stack_use_after_return=0' +
    (stacks ? ':fast_unwind_on_malloc=0:malloc_context_size=40' : ''),
  UBSAN_OPTIONS: 'print_stacktrace=1',
  ...more,
});

/** What looks at what the other one left behind: without a sanitizer, if there is such a one. */
const PLAIN = existsSync(`${BUILD}/plain`) && existsSync(`${BUILD}/orders.so`);

/** Runs the program's main, in a child each time. */
export class Program {
  static plain(path, folder) {
    if (!PLAIN) return new Program(path, folder, 'plain', { leaks: false });
    return new Program(`${BUILD}/plain`, folder, 'plain',
      { leaks: false, env: { LD_PRELOAD: `${BUILD}/orders.so` } });
  }

  #text = '';
  #wake = () => {};

  constructor(path, folder, name, { leaks = true, env = {}, stacks = false } = {}) {
    this.path = path;
    this.page = new Page(`${folder}/${name}.page`);
    this.folder = folder;
    this.files = ['out', 'err', 'ready'].map((what) => `${folder}/${name}.${what}`);
    this.child = spawn(path, [], {
      env: environment(this.page, leaks, { SKEYM_FAIL_ORDERS: '1', ...env }, stacks),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdin.on('error', () => {});
    this.child.stdout.on('data', (data) => {
      this.#text += data;
      this.#wake();
    });
    this.child.on('close', () => {
      this.ended = true;
      this.#wake();
    });
  }

  async #line() {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      if (this.ended) throw new Error(`${this.path} does not take orders any more`);
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  /** Begins a run; `end` is to be awaited before the next. */
  async begin(args, { cwd = this.folder, input = '/dev/null' } = {}) {
    const words = ['skeym', ...args];
    const [out, err, ready] = this.files;
    rmSync(ready, { force: true });
    this.child.stdin.write([cwd, input, out, err, ready, words.length, ...words, ''].join('\n'));
    const pid = Number(await this.#line());
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      process.kill(pid, 'SIGKILL');
    }, 90000);
    const end = this.#line().then((line) => {
      clearTimeout(timer);
      const status = Number(line);
      return {
        code: (status & 0x7f) === 0 ? status >> 8 : undefined,
        signal: status & 0x7f,
        hung,
        out: readFileSync(out, 'utf8'),
        err: readFileSync(err, 'utf8'),
      };
    });
    return { pid, end, ready: () => (existsSync(ready) ? readFileSync(ready, 'utf8') : '') };
  }

  async run(args, options) {
    return (await this.begin(args, options)).end;
  }

  end() {
    this.child.stdin.end();
    this.page.close();
  }
}
