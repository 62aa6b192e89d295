// SPDX-License-Identifier: Apache-2.0
// The rival: the `sqlite3` shell puts the same rows into the same schema, with the same settings,
// in transactions of the same size. Its rows come from a store that has taken them, so nothing has
// to be computed any more: no checksum, no search for what is there already.
import { writeFileSync } from 'node:fs';
import { run } from '../part.mjs';

const settings = `.bail on
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 4096;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
`;
const clock = "SELECT 'at', julianday('now');\n";

const inOrder = (table, row) =>
  `SELECT t.* FROM a.${table} t JOIN a.observation o ON ${row} ORDER BY o.updated, o.id`;

// table | its rows in the source, in the order in which they were committed | rows for each reading; 0: all first
const tables = [
  ['term', 'SELECT * FROM a.term', 0],
  ['reach', 'SELECT * FROM a.reach', 0],
  ['patient_term', 'SELECT * FROM a.patient_term', 0],
  ['observation', 'SELECT * FROM a.observation ORDER BY updated, id', 1],
  ['observation_term', inOrder('observation_term', 'o.patient = t.patient AND o.start = t.start AND o.id = t.id'), 2],
  ['identifier', inOrder('identifier', 'o.id = t.id'), 1],
];

/** Copies what the store at `taken` holds into plain tables at `path`. */
export function exportRows(path, taken) {
  const copies = tables.map(([name, rows]) => `CREATE TABLE ${name} AS ${rows};`).join('\n');
  run('sqlite3', [path], { input: `.bail on\nATTACH '${taken}' AS a;\n${copies}\n` });
}

function columns(path, table) {
  return run('sqlite3', [path, `SELECT name, type FROM pragma_table_info('${table}')`])
    .trim().split('\n').map((line) => line.split('|'));
}

// [first, last] row of `table` in transaction `k`
const range = (each, size, k) => [k * size * each + 1, (k + 1) * size * each];

/** Form 1: INSERT .. SELECT from the plain tables, which lie in another file: no text to parse.
 * Here and below the clock is read before transaction `first`, and at the end. */
export function scriptOfCopies(source, rows, size, first) {
  let text = `${settings}ATTACH '${source}' AS s;\nSELECT sum(length(body)) FROM s.observation;\n`;
  for (let k = 0; k * size < rows; k++) {
    text += `${k === first ? clock : ''}BEGIN IMMEDIATE;\n`;
    for (const [name, , each] of tables) {
      const [from, to] = range(each, size, k);
      if (each) text += `INSERT INTO main.${name} SELECT * FROM s.${name} WHERE rowid BETWEEN ${from} AND ${to};\n`;
      else if (k === 0) text += `INSERT INTO main.${name} SELECT * FROM s.${name};\n`;
    }
    text += 'COMMIT;\n';
  }
  return text + clock;
}

/** Form 2: text, INSERT .. VALUES of many rows at a time. */
export function scriptOfText(source, rows, size, first) {
  const lists = tables.map(([name]) => {
    // a BLOB in hex is twice as much to parse
    const values = columns(source, name).map(([column]) =>
      column === 'body' ? "'CAST('||quote(CAST(body AS TEXT))||' AS BLOB)'" : `quote(${column})`);
    return run('sqlite3', [source, `SELECT '('||${values.join("||','||")}||')' FROM ${name} ORDER BY rowid`])
      .trim().split('\n');
  });
  const parts = [settings];
  for (let k = 0; k * size < rows; k++) {
    parts.push(`${k === first ? clock : ''}BEGIN IMMEDIATE;\n`);
    tables.forEach(([name, , each], t) => {
      const list = each ? lists[t].slice(range(each, size, k)[0] - 1, range(each, size, k)[1]) : k === 0 ? lists[t] : [];
      for (let i = 0; i < list.length; i += 250)
        parts.push(`INSERT INTO ${name} VALUES${list.slice(i, i + 250).join(',')};\n`);
    });
    parts.push('COMMIT;\n');
  }
  parts.push(clock);
  return parts.join('');
}

/** Seconds between the script's two looks at SQLite's own clock; and CPU of the shell in all. */
export function timeScript(path, script, text) {
  writeFileSync(script, text);
  const out = run('bash', ['-c', 'TIMEFORMAT="cpu %U %S"; time sqlite3 "$0" ".read $1"', path, script], { both: true });
  const [from, to] = [...out.matchAll(/^at\|(.*)$/gm)].map((match) => Number(match[1]));
  const [, user, system] = /^cpu (\S+) (\S+)$/m.exec(out);
  return { seconds: (to - from) * 86400, cpu: Number(user) + Number(system) };
}

/** What both must hold in the end. */
export const contents = (path) => run('sqlite3', [path,
  'SELECT count(*), sum(checksum % 1000003), sum(length(body)) FROM observation; SELECT count(*), sum(term) FROM ' +
  'observation_term; SELECT count(*), max(value) FROM identifier; SELECT count(*) FROM reach; SELECT count(*) FROM patient_term']);
