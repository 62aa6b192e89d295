// SPDX-License-Identifier: Apache-2.0
// A disk that may lose power. It is fed the records of trace.c and knows, for each file and folder,
// what an fsync made last and what was only written. `cut` makes a folder as a power cut may leave
// it: all that was synced, and of the rest nothing, everything, a beginning, or any sectors in any
// order, as a disk and a file system with a journal of its metadata may do.
//
// What it takes from the file system: a sector of 512 bytes is written whole or not at all; names of
// one folder change in their order, sizes of one file too, and what was written after a truncation
// does not land in front of it. Nothing else: a name may last without its file's content, one
// file without the other, the end of a file without what is before it (zeros).
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SECTOR = 512;
export const [CREATE, WRITE, SIZE, SYNC, RENAME, LINK, UNLINK, MAKE_FOLDER] = [1, 2, 3, 4, 5, 6, 7, 8];

/** All records of a trace, each with where it begins and ends. */
export function* records(bytes) {
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + bytes.readUInt32LE(at);
    if (end > bytes.length) return;
    const path = bytes.readUInt16LE(at + 24);
    const second = bytes.readUInt16LE(at + 26 + path);
    yield {
      begin: at,
      end,
      what: bytes[at + 4],
      file: Number(bytes.readBigUInt64LE(at + 8)),
      at: Number(bytes.readBigUInt64LE(at + 16)),
      path: bytes.toString('utf8', at + 26, at + 26 + path),
      second: bytes.toString('utf8', at + 28 + path, at + 28 + path + second),
      data: bytes.subarray(at + 28 + path + second, end),
    };
    at = end;
  }
}

/** Bytes that grow. */
class Content {
  bytes = Buffer.alloc(0);
  size = 0;

  resize(size) {
    if (size > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(size, 2 * this.bytes.length));
      this.bytes.copy(grown, 0, 0, this.size);
      this.bytes = grown;
    }
    if (size < this.size) this.bytes.fill(0, size, this.size);
    this.size = size;
  }

  apply({ what, at, data }) {
    if (what === SIZE) return this.resize(at);
    if (at + data.length > this.size) this.resize(at + data.length);
    data.copy(this.bytes, at);
  }

  copy() {
    const copy = new Content();
    copy.bytes = Buffer.from(this.bytes.subarray(0, this.size));
    copy.size = this.size;
    return copy;
  }
}

class File {
  synced = new Content();
  pending = [];

  sync(from) {
    const late = this.pending.findIndex(({ begin }) => begin >= from);
    const done = this.pending.splice(0, late < 0 ? this.pending.length : late);
    for (const change of done) this.synced.apply(change);
  }

  /** The content after a cut. */
  left(how, random) {
    const { pending } = this;
    const out = this.synced.copy();
    if (how === 'all' || how === 'some') {
      const count = how === 'all' ? pending.length : random.upTo(pending.length);
      for (const change of pending.slice(0, count)) out.apply(change);
      if (how === 'some' && count < pending.length) this.#tear(out, pending[count], random);
    } else if (how === 'sectors') this.#scatter(out, random);
    return out.bytes.subarray(0, out.size);
  }

  /** Of one write only its first sectors. */
  #tear(out, { what, at, data }, random) {
    if (what !== WRITE) return;
    const most = Math.ceil((at + data.length) / SECTOR) * SECTOR - Math.floor(at / SECTOR) * SECTOR;
    const end = Math.floor(at / SECTOR) * SECTOR + SECTOR * random.upTo(most / SECTOR);
    if (end > at) out.apply({ what, at, data: data.subarray(0, end - at) });
  }

  /** Each sector as it was at a moment of its own, up to one for which sizes stand. */
  #scatter(out, random) {
    const { pending } = this;
    const sizes = pending.flatMap(({ what }, i) => (what === SIZE ? [i] : []));
    const stop = sizes.length > 0 ? random.pick([...sizes, pending.length]) : pending.length;
    const share = random.pick([0.1, 0.5, 0.9]);
    const moment = new Map(); /* of a sector: changes before this one are in it */
    const full = random.chance(0.5);
    for (const [i, change] of pending.slice(0, stop).entries()) {
      const { what, at, data } = change;
      if (what === SIZE) {
        out.apply(change);
        continue;
      }
      const last = at + data.length;
      for (let from = at; from < last; ) {
        const sector = Math.floor(from / SECTOR);
        const to = Math.min(last, (sector + 1) * SECTOR);
        if (!moment.has(sector)) {
          moment.set(sector, random.chance(share) ? random.upTo(stop) : 0);
        }
        if (i < moment.get(sector)) {
          out.apply({ what, at: from, data: data.subarray(from - at, to - at) });
        }
        from = to;
      }
      if (full && last > out.size) out.resize(last); /* the size alone: zeros */
    }
  }
}

/** What the kernel calls a file that has no name yet: no cut leaves it. */
export const isNameless = (path) => path.endsWith(' (deleted)');

const folderOf = (path) => (path.includes('/') ? dirname(path) : '');

export class Disk {
  #files = new Map(); /* inode: the file that has it now */
  #folders; /* inode: path */
  #live = new Map(); /* path: file, as programs saw it */
  #last = new Map(); /* path: file, as it is on the disk for sure */
  #pending = new Map(); /* folder: changes of names that are not synced */
  #made = new Set();
  #lies;

  /** folders: inode to path of those that were there before; lies: paths whose syncs do nothing. */
  constructor(folders, lies = () => false) {
    this.#folders = new Map(folders);
    this.#lies = lies;
    for (const path of this.#folders.values()) this.#made.add(path);
  }

  apply(record) {
    const { what, file, path, second, begin } = record;
    if (what === CREATE) {
      this.#files.set(file, new File());
      this.#rename(begin, { add: path, file: this.#files.get(file) });
    } else if (what === WRITE || what === SIZE) {
      this.#files.get(file)?.pending.push(record);
    } else if (what === SYNC) {
      this.#sync(record);
    } else if (what === RENAME) {
      this.#rename(begin, { add: second, file: this.#live.get(path), remove: path });
    } else if (what === LINK) {
      this.#rename(begin, { add: second, file: this.#live.get(path) });
    } else if (what === UNLINK) {
      this.#rename(begin, { remove: path });
    } else if (what === MAKE_FOLDER) {
      this.#folders.set(file, path);
      this.#made.add(path); /* one that is lost itself is not what this is about */
    }
  }

  #rename(begin, change) {
    const folder = folderOf(change.add ?? change.remove);
    if (!this.#pending.has(folder)) this.#pending.set(folder, []);
    this.#pending.get(folder).push({ begin, ...change });
    Disk.#change(this.#live, change);
  }

  static #change(names, { add, remove, file }) {
    if (remove !== undefined) names.delete(remove);
    if (add !== undefined && file) names.set(add, file);
  }

  #sync({ file, at }) {
    const folder = this.#folders.get(file);
    if (folder !== undefined) {
      const pending = this.#lies(`${folder}/`) ? [] : (this.#pending.get(folder) ?? []);
      const late = pending.findIndex(({ begin }) => begin >= at);
      const done = pending.splice(0, late < 0 ? pending.length : late);
      for (const change of done) Disk.#change(this.#last, change);
      return;
    }
    const synced = this.#files.get(file);
    if (synced && !this.#lies(this.pathOf(synced) ?? '')) synced.sync(at);
  }

  pathOf(file) {
    for (const [path, at] of this.#live) if (at === file) return path;
    return undefined;
  }

  /** The file that a record of a write or sync is about. */
  fileOf({ file }) {
    return this.#files.get(file);
  }

  /** What a cut now leaves: path to bytes. how(path): nothing, some, sectors or all; only: of those. */
  cut(how, random, only = () => true) {
    const names = new Map(this.#last);
    for (const [folder, pending] of this.#pending) {
      const kind = how(`${folder}/`);
      const count =
        kind === 'nothing' ? 0 : kind === 'all' ? pending.length : random.upTo(pending.length);
      for (const change of pending.slice(0, count)) Disk.#change(names, change);
    }
    const out = new Map();
    for (const [path, file] of names) {
      if (only(path) && !isNameless(path)) out.set(path, file.left(how(path), random));
    }
    return out;
  }

  /** Writes what a cut left into a folder. */
  static write(folder, contents, folders) {
    for (const path of folders) mkdirSync(join(folder, path), { recursive: true, mode: 0o700 });
    for (const [path, bytes] of contents) {
      if (folders.has(folderOf(path))) writeFileSync(join(folder, path), bytes, { mode: 0o600 });
    }
  }

  get folders() {
    return this.#made;
  }
}
