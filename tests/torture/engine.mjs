// SPDX-License-Identifier: Apache-2.0
// Which calls of a scenario are failed, and what is wrong with any run whatever it was.
import { execFileSync } from 'node:child_process';
import { KINDS, WAYS } from './program.mjs';

/** A generator of numbers for a seed (xorshift). */
export function random(seed) {
  let state = (seed * 2654435761 + 12345) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** All faults of a run that made these calls: each call fails once in each way. In the second half
 * of the list every call from there on fails (where that makes sense). */
export function allFaults(calls, lasting) {
  const faults = [];
  for (const kind of KINDS) {
    WAYS[kind].forEach((way) => {
      if (lasting && ['EINTR', 'SHORT', 'BUSY'].includes(way)) return;
      for (let nth = 1; nth <= calls[kind].count; nth++) faults.push({ kind, nth, way, lasting });
    });
  }
  return faults;
}

/** Of the calls that were made in the same way (kind and stack), these many: the first, the last and
 * some in between; all of the program's own. What came after the journal's end counts as new. */
export function fewOfEachStack(calls, faults, each, seed) {
  const draw = random(seed);
  const kept = {};
  for (const kind of KINDS) {
    const groups = new Map();
    for (let nth = 1; nth <= calls[kind].count; nth++) {
      const stack = calls[kind].stacks[nth - 1] ?? nth;
      if (!groups.has(stack)) groups.set(stack, []);
      groups.get(stack).push(nth);
    }
    kept[kind] = new Set(calls[kind].own.map(({ nth }) => nth));
    for (const group of groups.values()) {
      const some = [group[0], group.at(-1)];
      while (some.length < each) some.push(group[draw(group.length)]);
      for (const nth of some.slice(0, each)) kept[kind].add(nth);
    }
  }
  return faults.filter(({ kind, nth }) => kept[kind].has(nth));
}

/** At most `most` faults of a run: the program's own calls first, one of each place, then every
 * k-th of all, so that each kind has its share. */
export function someFaults(calls, most, seed) {
  const draw = random(seed);
  const chosen = new Map();
  const add = (fault) => chosen.set(`${fault.kind} ${fault.nth} ${fault.way}`, fault);
  const places = [];
  for (const kind of KINDS) {
    const seen = new Set();
    for (const { nth, site } of calls[kind].own) {
      if (seen.has(site)) continue;
      seen.add(site);
      for (const way of WAYS[kind]) places.push({ kind, nth, way, lasting: false });
    }
  }
  const step = Math.max(1, places.length / (most * 0.7));
  for (let at = draw(Math.ceil(step)); at < places.length; at += step) add(places[Math.floor(at)]);
  /* the rest from all calls, each kind in turn */
  const present = KINDS.filter((kind) => calls[kind].count > 0);
  for (let turn = 0; turn < 4 * most && chosen.size < most; turn++) {
    const kind = present[turn % present.length];
    const way = WAYS[kind][draw(WAYS[kind].length)];
    add({ kind, nth: 1 + draw(calls[kind].count), way, lasting: turn % 5 === 4 && way !== 'EINTR' &&
      way !== 'SHORT' && way !== 'BUSY' });
  }
  return [...chosen.values()];
}

/** What is wrong with the end of a command; undefined when nothing is. */
export function judge(result, secrets) {
  const { code, signal, hung, out, err } = result;
  const first = (pattern) => pattern.exec(err)?.[0];
  if (hung) return 'HANG: it did not end';
  const report = first(/(ERROR: \w+Sanitizer.*|runtime error:.*|WARNING: \w+Sanitizer.*)/);
  if (report) {
    const leak = /LeakSanitizer/.test(report);
    const frames = [...err.matchAll(/#\d+ 0x\w+ in (\w+) (?!.*fail\w*\.c)/g)]
      .map((match) => match[1]).filter((name) => !/interceptor|^fail_/.test(name)).slice(0, leak ? 12 : 5);
    return `${leak ? 'LEAK' : 'CRASH'}: ${report.slice(0, 120)} in ${frames.join(' < ')}`;
  }
  if (signal) return `CRASH: signal ${signal}`;
  if (code !== 0 && code !== 1) return `CODE: it ended with ${code}: ${err.slice(0, 300)}`;
  if (code === 1 && !/^skeym[^\n]*: [^\n]+$/m.test(err)) return `MUTE: it failed and did not say why`;
  if (/no error|unknown error/.test(err)) return `VAGUE: ${err.slice(0, 300)}`;
  for (const secret of secrets) {
    if (err.includes(secret) || out.includes(secret)) return 'SECRET: in what it printed';
  }
  return undefined;
}

const places = new Map();

/** A call's place for people. */
export function place(program, { own, offset, module }) {
  if (!own) return `${module.split('/').at(-1)}+0x${offset.toString(16)}`;
  const key = `${program} ${offset}`;
  if (!places.has(key)) places.set(key, ownPlace(program, offset));
  return places.get(key);
}

function ownPlace(program, offset) {
  try {
    const text = execFileSync('addr2line', ['-f', '-e', program, `0x${(offset - 1).toString(16)}`],
      { encoding: 'utf8' });
    const [name, line] = text.trim().split('\n');
    return `${name} (${line.replace(/^.*\/(src\/)/, '$1')})`;
  } catch {
    return `0x${offset.toString(16)}`;
  }
}

export const describe = ({ kind, nth, way, lasting }) =>
  `${kind} call ${nth}${lasting ? ' and all after it' : ''}: ${way}`;
