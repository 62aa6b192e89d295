// SPDX-License-Identifier: Apache-2.0
// The campaign: see docs/assurance/mutate.md.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, TOP, digest, isOwn, layerOf, testsFor } from './bench.mjs';
import { control } from './control.mjs';
import { isIdle, isSometimes, keyOf, readList } from './list.mjs';
import { apply, describe, mutantsOf } from './mutations.mjs';
import { functionAt, functionsOf, schemaOf } from './schema.mjs';

const WORKERS = 2;
const SHORT = { mutants: 20, seed: 'skeym' }; // of each layer
const LIST = join(TOP, 'tests/mutate/survivors');
const SLOW = { plain: 8, sanitized: 30 }; // seconds of a limit: such tests are asked about their own file only
const OWN = 0.2; // what its own tests' time counts
const FEW = 10; // mutants of a file: so few are compiled one by one
const LAYERS = ['core', 'gateway'];

const say = (text) => process.stderr.write(`${text}\n`);

function usage() {
    say('usage: tests/mutate/run [--short] [--sample N] [--seed TEXT] [--no-sanitizers] [--again] [--rest] [--tell] [FILE...]');
    process.exit(2);
}

function options(args) {
    const chosen = { files: [], sanitizers: true, seed: SHORT.seed };
    while (args.length > 0) {
        const arg = args.shift();
        if (arg === '--short') Object.assign(chosen, { short: true, sample: SHORT.mutants });
        else if (arg === '--no-sanitizers') chosen.sanitizers = false;
        else if (['--again', '--rest', '--tell'].includes(arg)) chosen[arg.slice(2)] = true;
        else if (arg === '--sample' && /^[1-9]\d*$/.test(args[0])) chosen.sample = Number(args.shift());
        else if (arg === '--seed' && args.length > 0) chosen.seed = args.shift();
        else if (/^src\/\w+\/\w+\.c$/.test(arg) && existsSync(join(TOP, arg))) chosen.files.push(arg);
        else usage();
    }
    if (chosen.files.length === 0) {
        chosen.whole = !chosen.sample && !chosen.again && !chosen.rest;
        chosen.files = LAYERS.flatMap((layer) =>
            readdirSync(join(TOP, 'src', layer))
                .filter((name) => name.endsWith('.c'))
                .map((name) => `src/${layer}/${name}`),
        );
    }
    return chosen;
}

// All mutants of the files. Two that read the same (a line that stands twice) are told apart by `#2`.
function collect(files) {
    let number = 0;
    return files.flatMap((file) => {
        const text = readFileSync(join(TOP, file), 'utf8');
        const seen = new Map();
        const functions = functionsOf(text);
        return mutantsOf(text).map((mutant) => {
            const inside = functionAt(functions, mutant);
            const of = digest(inside ? text.slice(inside.from, inside.to) : text);
            const made = { ...mutant, file, text, of, number: ++number, ...describe(text, mutant) };
            const times = (seen.get(keyOf(made)) ?? 0) + 1;
            seen.set(keyOf(made), times);
            if (times > 1) made.where += ` #${times}`;
            return made;
        });
    });
}

// Runs `step` over the items, WORKERS at a time.
async function each(items, step) {
    let next = 0;
    const worker = async (number) => {
        while (next < items.length) {
            const at = next++;
            await step(items[at], number, at);
        }
    };
    await Promise.all(Array.from({ length: WORKERS }, (_, number) => worker(number)));
}

// Puts all mutants that lie in functions into one object; those that do not compile are left out.
async function schema(bench, file, text, mutants) {
    let inside = mutants.filter((m) => functionAt(functionsOf(text), m));
    for (;;) {
        const built = await bench.compile(file, schemaOf(text, inside), 0);
        if (!built.failed) {
            for (const m of inside) m.inside = true;
            return built.object;
        }
        const told = (pattern) => [...built.errors.matchAll(pattern)].map((m) => Number(m[1]));
        let bad = new Set(told(/(?:^|\n)m(\d+):\d+:\d+: (?:fatal )?error/g));
        if (bad.size === 0) bad = new Set(told(/ at m(\d+):\d+:\d+[,:]/g)); // in what it calls inline
        if (bad.size === 0) bad = new Set(told(/(?:^|\n)m(\d+):\d+:\d+: note: in expansion/g)); // in a macro of a header
        if (bad.size === 0) throw new Error(`${file}: ${built.errors}`);
        for (const m of inside) if (bad.has(m.number)) m.verdict = 'stillborn';
        inside = inside.filter((m) => !bad.has(m.number));
    }
}

// The tests whose programs hold the file, but for the slow ones: the quick and its own come first.
function inOrder(bench, file) {
    const tests = testsFor(file).filter((test) => bench.uses(test, file) && (isOwn(test, file) || bench.limits.get(test) <= SLOW[bench.name]));
    const rank = (test) => bench.limits.get(test) * (isOwn(test, file) ? OWN : 1);
    return tests.sort((a, b) => rank(a) - rank(b));
}

// A mutant of which gcc makes the same program as of the original, at either level, is none.
const WAYS = ['-O2', '-O3'].map((way) => [way, '-g0', '-w']);

async function isSame(bench, text, mutant, worker, originals) {
    for (const flags of WAYS) {
        const key = `${mutant.file} ${flags}`;
        if (!originals.has(key)) originals.set(key, digest((await bench.compile(mutant.file, text, worker, flags)).object));
        const built = await bench.compile(mutant.file, apply(text, mutant), worker, flags);
        if (built.failed) return false;
        mutant.hash ??= digest(built.object);
        if (digest(built.object) === originals.get(key)) return true;
    }
    return false;
}

// Judges the mutants of one file.
async function judgeFile(bench, file, mutants) {
    const text = mutants[0].text;
    const object = mutants.length > FEW ? await schema(bench, file, text, mutants) : undefined;
    const tests = inOrder(bench, file);
    const programs = new Map();
    const reached = new Map(); // by test, the functions that it comes to
    const functions = functionsOf(text);
    const originals = new Map();
    for (const test of object ? tests : []) {
        programs.set(test, await bench.link(test, object, 0, `all-${test}`));
        reached.set(test, await bench.reached(test, programs.get(test)));
    }
    await each(mutants.filter((m) => !m.verdict), async (mutant, worker, at) => {
        if (at % 100 === 99) keep(mutants.filter((m) => m.verdict));
        let single;
        if (!mutant.inside) {
            const built = await bench.compile(file, apply(text, mutant), worker);
            if (built.failed) {
                mutant.verdict = 'stillborn';
                return;
            }
            single = built.object;
        }
        const asked = mutant.doubted && bench.name === 'plain';
        if (asked && (await isSame(bench, text, mutant, worker, originals))) {
            mutant.verdict = 'same';
            return;
        }
        const name = mutant.inside && functionAt(functions, mutant).name.text;
        const able = name ? tests.filter((test) => reached.get(test).has(name)) : tests;
        const ordered = able.includes(mutant.hint) ? [mutant.hint, ...able.filter((t) => t !== mutant.hint)] : able;
        for (const test of ordered) {
            const program = single ? await bench.link(test, single, worker) : programs.get(test);
            const result = await bench.judge(test, program, worker, mutant.number);
            if (result !== 'passed') {
                mutant.by = `${bench.name} ${test}`;
                mutant.verdict = result === 'stopped' ? 'stopped' : 'killed';
                return;
            }
        }
        const same = bench.name === 'plain' && !asked && (await isSame(bench, text, mutant, worker, originals));
        mutant.verdict = same ? 'same' : 'survived';
        if (mutant.verdict === 'survived') say(`${keyOf(mutant)}\n`);
    });
}

async function sanitized(mutants) {
    const bench = new Bench('sanitized', WORKERS);
    const tests = [...new Set(mutants.flatMap((m) => testsFor(m.file)))];
    bench.build(tests);
    bench.measure(tests);
    for (const [file, group] of Object.entries(grouped(mutants, (m) => m.file))) {
        for (const m of group) m.verdict = m.inside = undefined; // they are compiled anew
        await judgeFile(bench, file, group);
    }
}

const REPORT = join(TOP, 'build/mutate/report.json');

function lastReport() {
    return new Map(existsSync(REPORT) ? JSON.parse(readFileSync(REPORT)).map((m) => [keyOf(m), m]) : []);
}

// What is known of each mutant, and of which text of its function (`of`; of the whole file, outside of functions).
// What --tell says is of verdicts kept here.
function keep(mutants) {
    const report = lastReport();
    for (const { hash, hint, doubted, text, inside, ...rest } of mutants) report.set(keyOf(rest), rest);
    writeFileSync(REPORT, JSON.stringify([...report.values()], null, 1));
}

// What killed a mutant the last time is tried first. --again takes only what survived, --rest what has no
// verdict of the present text, or one that the list does not agree with; --tell takes the verdicts as they are.
function hinted(mutants, chosen, reasons) {
    const last = lastReport();
    return mutants.filter((mutant) => {
        const { by, verdict, of } = last.get(keyOf(mutant)) ?? {};
        const stands = of === mutant.of;
        const [name, test] = by?.split(' ') ?? [];
        if (name === 'plain') mutant.hint = test;
        mutant.doubted = ['same', 'survived'].includes(verdict);
        if (chosen.tell && stands) Object.assign(mutant, { verdict, by });
        const reason = reasons.get(keyOf(mutant));
        const open = verdict === 'survived' ? !reason : reason && !isSometimes(reason);
        return chosen.again ? ['survived', undefined].includes(verdict) : !chosen.rest || !stands || open;
    });
}

const rank = (seed, mutant) => digest(`${seed}\n${keyOf(mutant)}`);

// The mutants of a sample do not change when others come or go: each has its own number.
function sampled(mutants, { sample, seed }) {
    const layers = Object.groupBy ? Object.groupBy(mutants, (m) => layerOf(m.file)) : grouped(mutants, (m) => layerOf(m.file));
    return Object.values(layers).flatMap((group) =>
        group
            .map((mutant) => [rank(seed, mutant), mutant])
            .sort((a, b) => (a[0] < b[0] ? -1 : 1))
            .slice(0, sample)
            .map(([, mutant]) => mutant),
    );
}

function grouped(items, keyed) {
    const groups = {};
    for (const item of items) (groups[keyed(item)] ??= []).push(item);
    return groups;
}

async function tryAll(chosen, mutants, reasons, all) {
    const bench = new Bench('plain', WORKERS);
    const tests = [...new Set(mutants.flatMap((m) => testsFor(m.file)))];
    say(`building ${tests.length} test programs`);
    bench.build(tests);
    bench.measure(tests);
    for (const [file, group] of Object.entries(grouped(mutants, (m) => m.file))) {
        await judgeFile(bench, file, group);
        keep(group);
        const count = (verdict) => group.filter((m) => m.verdict === verdict).length;
        say(`# ${file}: ${group.length} mutants, ${count('killed') + count('stopped')} killed, ${count('survived')} survived`);
    }
    const alive = mutants.filter((m) => !['same', 'stillborn'].includes(m.verdict));
    if (chosen.sample) await twins(alive, reasons, all);
    const survivors = alive.filter((m) => m.verdict === 'survived' && !reasons.has(keyOf(m)));
    if (chosen.sanitizers && survivors.length > 0) {
        say(`${survivors.length} survivors that are not explained go to the sanitizers`);
        await sanitized(survivors);
        keep(mutants);
    }
    return alive;
}

// The mutants whose verdict is known; how many are not, file by file.
function told(mutants) {
    for (const [file, group] of Object.entries(grouped(mutants.filter((m) => !m.verdict), (m) => m.file))) {
        say(`${file}: ${group.length} of its mutants not judged`);
        process.exitCode = 1;
    }
    return mutants.filter((m) => m.verdict && !['same', 'stillborn'].includes(m.verdict));
}

const percent = (part, all) => (all ? ((100 * part) / all).toFixed(1) : '-');

function table(alive) {
    const rows = [];
    const add = (name, group) => {
        const dead = group.filter((m) => m.verdict !== 'survived').length;
        rows.push([name, group.length, dead, group.length - dead, `${percent(dead, group.length)}%`]);
    };
    for (const [layer, group] of Object.entries(grouped(alive, (m) => layerOf(m.file)))) add(layer, group);
    for (const [kind, group] of Object.entries(grouped(alive, (m) => m.kind))) add(`  ${kind}`, group);
    for (const [file, group] of Object.entries(grouped(alive, (m) => m.file))) add(`  ${file}`, group);
    const text = [['', 'mutants', 'killed', 'survived', ''], ...rows].map((r) => r.map((c, i) => (i ? `${c}`.padStart(9) : c.padEnd(30))).join(''));
    return text.join('\n');
}

// What the list and the run do not agree on.
function disagreements(chosen, alive, reasons) {
    const found = [];
    for (const m of alive) {
        const explained = reasons.has(keyOf(m));
        if (m.verdict === 'survived' && !explained) found.push(`not in the list:\n${keyOf(m)}`);
        if (m.verdict !== 'survived' && explained && !isSometimes(reasons.get(keyOf(m)))) found.push(`in the list, but killed by ${m.by}:\n${keyOf(m)}`);
    }
    if (!chosen.sample && !chosen.again && !chosen.rest) {
        const keys = new Set(alive.map(keyOf));
        for (const key of reasons.keys()) {
            const file = key.split(' ')[1];
            if (chosen.files.includes(file) && !keys.has(key)) found.push(`in the list, but no such mutant:\n${key}`);
        }
    }
    return found;
}

function record(what, figure, seed) {
    const script = join(TOP, 'scripts/assurance');
    if (existsSync(script)) spawnSync(script, ['record', 'mutate', what, figure, ...(seed ? [seed] : [])], { cwd: TOP, stdio: 'inherit' });
}

function report(chosen, mutants, alive, reasons) {
    // What makes no difference is no mutant: it is not counted when the share is told.
    const idle = (m) => m.verdict === 'survived' && reasons.has(keyOf(m)) && isIdle(reasons.get(keyOf(m)));
    const count = (verdict) => mutants.filter((m) => m.verdict === verdict).length;
    console.log(table(alive));
    console.log(`\n${mutants.length} mutants made; ${count('stillborn')} do not compile, ${count('same')} are the same program`);
    for (const [layer, group] of Object.entries(grouped(alive, (m) => layerOf(m.file)))) {
        const dead = group.filter((m) => m.verdict !== 'survived').length;
        const equal = group.filter(idle).length;
        const figure = `${dead} of ${group.length - equal} (${percent(dead, group.length - equal)} %), and ${equal} that make no difference`;
        console.log(`${layer}: killed ${figure}`);
        if (chosen.whole && !process.exitCode) record(`mutants of ${layer} killed`, figure);
    }
}

// A sampled mutant that survives may be the same program as a listed one: then the list's reason holds.
async function twins(alive, reasons, all) {
    const bench = new Bench('plain', WORKERS);
    bench.configure();
    for (const m of alive.filter((x) => x.verdict === 'survived' && !reasons.has(keyOf(x)))) {
        for (const other of all.filter((x) => x.file === m.file && reasons.has(keyOf(x)))) {
            const { object } = await bench.compile(m.file, apply(m.text, other), 0, ['-O2', '-g0', '-w']);
            if (object && digest(object) === m.hash) {
                reasons.set(keyOf(m), reasons.get(keyOf(other)));
                break;
            }
        }
    }
}

async function main() {
    const chosen = options(process.argv.slice(2));
    const all = collect(chosen.files);
    const reasons = readList(LIST);
    const mutants = hinted(chosen.sample ? sampled(all, chosen) : all, chosen, reasons);
    const alive = chosen.tell ? told(mutants) : await tryAll(chosen, mutants, reasons, all);
    const found = disagreements(chosen, alive, reasons);
    if (chosen.short) {
        await tap(alive, found);
    } else {
        report(chosen, mutants, alive, reasons);
        for (const text of found) console.log(`\n${text}`);
    }
    process.exitCode ||= found.length > 0 ? 1 : 0;
}

async function tap(alive, found) {
    let number = 0;
    const test = (good, name) => console.log(`${good ? 'ok' : 'not ok'} ${++number} - ${name}`);
    for (const [good, name] of await control()) {
        test(good, name);
        if (!good) process.exitCode = 1;
    }
    for (const [layer, group] of Object.entries(grouped(alive, (m) => layerOf(m.file)))) {
        const bad = found.filter((text) => text.includes(`@ src/${layer}/`));
        test(bad.length === 0, `each of ${group.length} mutants of ${layer} is killed, or explained`);
        for (const text of bad) console.log(text.replace(/^/gm, '# '));
    }
    console.log(`1..${number}`);
}

await main();
