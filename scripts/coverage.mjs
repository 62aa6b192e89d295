// SPDX-License-Identifier: Apache-2.0
// Branch coverage by layer, from what gcov counted: see docs/assurance/coverage.md. A branch is one way
// out of one operand of a condition. What was never taken must stand in tests/coverage-misses.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOP = join(dirname(fileURLToPath(import.meta.url)), '..');
const LIST = join(TOP, 'tests/coverage-misses');
const PROMISED = { core: 98, authority: 98, gateway: 98 }; // percent of branches
const PROMISED_ELSE = 90;

function objects(folder) {
    return readdirSync(folder, { recursive: true, withFileTypes: false })
        .filter((name) => /(^|\/)skeym(_\w+)?\.dir\/.*\.gcno$/.test(name))
        .map((name) => join(folder, name));
}

// What gcov tells of one object: [{file, functions of lines with their branches}].
function counted(object) {
    const data = object.replace(/\.gcno$/, '.gcda');
    const text = execFileSync('gcov', ['-b', '--json-format', '--stdout', existsSync(data) ? data : object], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        cwd: dirname(object),
        stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text
        .trim()
        .split('\n')
        .flatMap((line) => JSON.parse(line).files)
        .map(({ file, lines }) => ({ file: relative(TOP, file), lines }))
        .filter(({ file }) => /^src\/\w+\/\w+\.c$/.test(file) && existsSync(join(TOP, file))); // what is gone left its objects
}

const folded = (text) => text.replace(/\s+/g, ' ').trim();

// A line's branches that were never taken, as the list spells them.
function missesOf(file, source, line, seen) {
    const missed = line.branches.flatMap((branch, i) => (branch.count === 0 ? [i + 1] : []));
    if (missed.length === 0) return [];
    const place = `@ ${file} ${line.function_name}\n- ${folded(source[line.line_number - 1] ?? '')}`;
    const times = (seen.get(place) ?? 0) + 1;
    seen.set(place, times);
    const again = times > 1 ? ` #${times}` : '';
    return [{ file, number: line.line_number, key: `${place.replace('\n', `${again}\n`)}\n> ${missed.join(' ')} of ${line.branches.length}` }];
}

function measure(folder) {
    const files = new Map();
    for (const { file, lines } of objects(folder).flatMap(counted)) {
        const source = readFileSync(join(TOP, file), 'utf8').split('\n');
        const seen = new Map();
        const row = files.get(file) ?? { lines: 0, reached: 0, branches: 0, taken: 0, misses: [] };
        for (const line of lines) {
            row.lines++;
            row.reached += line.count !== 0;
            row.branches += line.branches.length;
            row.taken += line.branches.filter((branch) => branch.count !== 0).length; // threads may count wrongly, below 0 too
            row.misses.push(...missesOf(file, source, line, seen));
        }
        files.set(file, row);
    }
    return files;
}

// Blocks of "@ FILE FUNCTION", "- LINE", "> MISSED of ALL", ": reason"; blocks without a reason share
// the next one. A reason that begins with "sometimes:" may also be reached; one that begins with
// "untested:" says which test is missing, and is counted.
function readList() {
    const reasons = new Map();
    let block = [];
    let waiting = [];
    for (const line of existsSync(LIST) ? readFileSync(LIST, 'utf8').split('\n') : []) {
        if (line.startsWith('@ ')) block = [line];
        else if (line.startsWith('- ')) block = [block[0], line];
        else if (line.startsWith('> ')) waiting.push([...block, line].join('\n'));
        else if (line.startsWith(': ')) {
            for (const key of waiting) reasons.set(key, line.slice(2));
            waiting = [];
        } else if (line.trim() !== '' && !line.startsWith('#')) throw new Error(`${basename(LIST)}: not understood: ${line}`);
    }
    if (waiting.length > 0) throw new Error(`${basename(LIST)}: without a reason: ${waiting[0]}`);
    return reasons;
}

const layerOf = (file) => file.split('/')[1];
const percent = (part, all) => (all ? (100 * part) / all : 100);
const shown = (part, all) => `${percent(part, all).toFixed(1)}%`.padStart(7);

function row(name, r, extra = '') {
    return `${name.padEnd(34)} ${shown(r.reached, r.lines)} of ${`${r.lines}`.padStart(5)} lines  ${shown(r.taken, r.branches)} of ${`${r.branches}`.padStart(5)} branches${extra}`;
}

function sum(rows) {
    const all = { lines: 0, reached: 0, branches: 0, taken: 0 };
    for (const r of rows) for (const key of Object.keys(all)) all[key] += r[key];
    return all;
}

function record(layer, r, words) {
    const script = join(TOP, 'scripts/assurance');
    const figure = `${percent(r.taken, r.branches).toFixed(1)} % of ${r.branches}; ${words}`;
    if (existsSync(script)) spawnSync(script, ['record', 'coverage', `branches of ${layer}`, figure], { cwd: TOP, stdio: 'inherit' });
}

function main(folder, withFiles) {
    const files = measure(folder);
    const reasons = readList();
    const names = [...files.keys()].sort();
    const layers = [...new Set(names.map(layerOf))];
    const bad = [];
    const met = new Set();
    if (withFiles) for (const name of names) console.log(row(name, files.get(name)));
    for (const layer of layers) {
        const rows = names.filter((name) => layerOf(name) === layer).map((name) => files.get(name));
        const all = sum(rows);
        const misses = rows.flatMap((r) => r.misses);
        for (const miss of misses) met.add(miss.key);
        const explained = misses.filter((miss) => reasons.has(miss.key)).length;
        const untested = misses.filter((miss) => reasons.get(miss.key)?.startsWith('untested:')).length;
        const promised = PROMISED[layer] ?? PROMISED_ELSE;
        const words = `${misses.length} lines miss some, ${explained} explained, ${untested} of them as a test that is missing`;
        console.log(row(layer, all, `; ${words}`));
        if (percent(all.taken, all.branches) < promised) bad.push(`${layer}: fewer than ${promised} % of the branches are taken`);
        bad.push(...misses.filter((m) => !reasons.has(m.key)).map((m) => `not explained (line ${m.number}):\n${m.key}`));
        if (process.argv.includes('--record')) record(layer, all, words);
    }
    console.log(row('all', sum([...files.values()])));
    for (const [key, reason] of reasons) {
        if (!met.has(key) && !reason.startsWith('sometimes:')) bad.push(`explained, but now taken, or no such line:\n${key}`);
    }
    for (const text of bad) console.log(`\n${text}`);
    return bad.length > 0 ? 1 : 0;
}

process.exitCode = main(join(TOP, process.argv[2]), process.argv.includes('--files'));
