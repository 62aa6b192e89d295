// SPDX-License-Identifier: Apache-2.0
// One build of the project to try mutants in: compiles a mutated file, puts it in the place of the
// original in each test program, and runs these. `plain` is gcc -O1; `sanitized` is clang with the
// address and undefined-behaviour sanitizers.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TOP = join(dirname(fileURLToPath(import.meta.url)), '../..');
const ROOT = join(TOP, 'build/mutate');
const SCRATCH = join(ROOT, `run-${process.pid}`);
process.on('exit', () => rmSync(SCRATCH, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const WALL_MS = 300_000; // for what sleeps; what loops meets its limit of CPU time first

const ENVIRONMENT = { ...process.env, ASAN_OPTIONS: 'detect_stack_use_after_return=1:detect_leaks=0', CMOCKA_MESSAGE_OUTPUT: 'STDOUT' };

const SLOW_STATUS = [128 + 9, 128 + 24]; // ended by the limit of its CPU time
const VECTORS = 'same_vectors'; // the program same_vectors.c

// Whose tests are run for a file of a layer.
const TESTS_OF = { core: ['core', VECTORS, 'gateway', 'authority'], gateway: ['gateway'] };

const BUILDS = {
    plain: { options: ['-DCMAKE_C_COMPILER=gcc', '-DCMAKE_C_FLAGS_DEBUG=-O1 -w'], flags: ['-O1', '-g0', '-w'], link: [] },
    sanitized: {
        options: ['-DCMAKE_C_COMPILER=clang', '-DSKEYM_SANITIZE=address,undefined'],
        flags: ['-O1', '-g0', '-w'],
        link: ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    },
};

function must(program, args, options) {
    const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
    if (done.status !== 0) {
        throw new Error(`${program} ${args.join(' ')}\n${done.stdout}\n${done.stderr}`);
    }
    return done.stdout;
}

function run(program, args, options) {
    return new Promise((resolve) => {
        execFile(program, args, { encoding: 'utf8', maxBuffer: 1 << 26, ...options }, (error, stdout, stderr) =>
            resolve({ failed: error !== null, stderr }),
        );
    });
}

export const layerOf = (file) => /^src\/(\w+)\//.exec(file)[1];

export const isOwn = (test, file) => test.startsWith(`${layerOf(file)}_test_${basename(file, '.c')}`);

const listed = new Map(); // a test that is added while this runs is not built

function testsOf(layer) {
    if (!listed.has(layer)) {
        const names = readdirSync(join(TOP, 'tests/unit', layer)).filter((name) => /^test_\w+\.c$/.test(name));
        listed.set(layer, names.map((name) => `${layer}_${basename(name, '.c')}`));
    }
    return listed.get(layer);
}

// The tests for a file: its own first, the others of its layer, then the layers above.
export function testsFor(file) {
    const layer = layerOf(file);
    const all = (TESTS_OF[layer] ?? [layer]).flatMap((above) => (above === VECTORS ? [VECTORS] : testsOf(above)));
    const rank = (test) => (isOwn(test, file) ? 0 : test.startsWith(`${layer}_`) ? 1 : 2);
    return all.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

export class Bench {
    constructor(name, workers) {
        this.name = name;
        this.folder = join(ROOT, name);
        this.flags = BUILDS[name].flags;
        this.compiler = name === 'plain' ? 'gcc' : 'clang';
        this.limits = new Map();
        this.links = new Map();
        this.held = new Map(); // the names that a file defines
        this.holds = new Map(); // the names that a test's program holds
        // gold links in a quarter of the time, where there is one
        this.linker = spawnSync('ld.gold', ['--version']).status === 0 && name === 'plain' ? ' -fuse-ld=gold -o ' : ' -o ';
        for (let i = 0; i < workers; i++) {
            mkdirSync(this.work(i), { recursive: true });
        }
    }

    // A folder of this run alone: it goes when the run ends.
    work(worker) {
        return join(SCRATCH, `${this.name}-${worker}`);
    }

    // How each file is compiled.
    configure() {
        must('cmake', ['-S', TOP, '-B', this.folder, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Debug', ...BUILDS[this.name].options]);
        this.commands = new Map(
            JSON.parse(readFileSync(join(this.folder, 'compile_commands.json')))
                .filter((c) => !/libskeym-device\.dir/.test(c.command)) // the same files once more, for devices
                .map((c) => [c.file.slice(TOP.length + 1), c.command]),
        );
    }

    // Builds the tests as they are, and how each is linked.
    build(tests) {
        this.configure();
        must('nice', ['-n', '5', 'ninja', '-C', this.folder, '-j2', ...tests.filter((test) => test !== VECTORS)]);
        if (tests.includes(VECTORS)) this.buildVectors();
        for (const test of tests.filter((name) => name !== VECTORS)) {
            const command = must('ninja', ['-C', this.folder, '-t', 'commands', '-s', `tests/${test}`]).trim().split('\n').pop();
            this.links.set(test, command);
        }
    }

    // The vectors need of the layer inspect only what prints them. They are linked as a test is.
    buildVectors() {
        const like = 'core_test_error';
        const sources = readdirSync(join(TOP, 'src/inspect')).filter((name) => /^(vectors\w*|jot)\.c$/.test(name));
        const object = join(this.folder, 'vectors.o');
        const all = [join(TOP, 'tests/mutate/same_vectors.c'), ...sources.map((name) => join(TOP, 'src/inspect', name))];
        const flags = ['-std=c11', '-D_GNU_SOURCE', '-fPIE', '-w', `-I${TOP}/include`, `-I${TOP}/src`];
        const objects = all.map((source) => join(this.folder, `vectors-${basename(source)}.o`));
        all.forEach((source, i) => must(this.compiler, [...flags, ...BUILDS[this.name].link, '-c', source, '-o', objects[i]]));
        must('ld', ['-r', '-o', object, ...objects]);
        const command = must('ninja', ['-C', this.folder, '-t', 'commands', '-s', `tests/${like}`]).trim().split('\n').pop();
        this.links.set(VECTORS, command.replace(/ \S*core_test_error\.dir\S*/, ` ${object}`).replace(`tests/${like}`, `tests/${VECTORS}`));
        must('sh', ['-c', this.links.get(VECTORS)], { cwd: this.folder });
    }

    // The object of a mutated file: {failed, object, errors}.
    async compile(file, text, worker, flags = this.flags) {
        const source = join(this.work(worker), basename(file));
        const object = `${source}.o`;
        writeFileSync(source, text);
        const args = this.commands
            .get(file)
            .split(' ')
            .slice(1)
            .filter((flag) => !/^-(g|O|W)/.test(flag));
        args.splice(args.indexOf('-o'), 4, ...flags, '-o', object, '-c', source);
        const done = await run(this.commands.get(file).split(' ')[0], args, { cwd: this.folder });
        return { failed: done.failed, object: done.failed ? undefined : readFileSync(object), errors: done.stderr };
    }

    // Whether the test's program holds the file at all.
    uses(test, file) {
        const names = (path) => must('nm', ['--defined-only', path]).match(/(?<= [TtDdRrBb] )skeym_\w+/g) ?? [];
        if (!this.held.has(file)) {
            const command = this.commands.get(file).split(' ');
            this.held.set(file, names(join(this.folder, command[command.indexOf('-o') + 1])));
        }
        if (!this.holds.has(test)) {
            this.holds.set(test, new Set(names(join(this.folder, 'tests', test))));
        }
        return this.held.get(file).some((name) => this.holds.get(test).has(name));
    }

    // What the functions are that a test's program comes to (see schema.mjs); it must pass.
    async reached(test, program) {
        const path = join(this.work(0), 'reached');
        rmSync(path, { force: true });
        const verdict = await this.judge(test, program, 0, 0, { SKEYM_REACHED: path });
        if (verdict !== 'passed') throw new Error(`${test} fails when no mutant is chosen`);
        return new Set(existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []);
    }

    // The program of a test, with the object in the place of the original's.
    async link(test, object, worker, name = test) {
        const place = this.work(worker);
        const program = join(place, name);
        writeFileSync(join(place, 'mutant.o'), object);
        const command = this.links
            .get(test)
            .replace(' -o ', this.linker)
            .replace(` tests/${test} `, ` ${program} ${join(place, 'mutant.o')} `);
        const linked = await run('sh', ['-c', command], { cwd: this.folder });
        if (linked.failed) {
            throw new Error(`${test} does not link: ${command}\n${linked.stderr}`);
        }
        return program;
    }

    words(test) {
        return test === VECTORS ? [join(TOP, 'tests/vectors/protocol.json')] : [];
    }

    // 'passed', 'failed' or 'stopped' (it ran out of its time). It is ended at its first failure.
    judge(test, program, worker, number = 0, more = {}) {
        const limit = this.limits.get(test) ?? 600;
        return new Promise((resolve) => {
            const child = spawn('sh', ['-c', `ulimit -c 0; ulimit -t ${limit}; exec nice -n 5 "$@"`, 'sh', program, ...this.words(test)], {
                cwd: this.work(worker),
                env: { ...ENVIRONMENT, SKEYM_MUTANT: `${number}`, ...more },
                stdio: ['ignore', 'ignore', 'pipe'],
            });
            let told = false;
            const timer = setTimeout(() => child.kill('SIGKILL'), WALL_MS);
            child.stderr.on('data', (data) => {
                if (!told && data.includes('FAILED')) {
                    told = true;
                    child.kill('SIGKILL');
                }
            });
            child.on('close', (code, signal) => {
                clearTimeout(timer);
                const stopped = !told && ['SIGKILL', 'SIGXCPU'].includes(signal);
                resolve(stopped ? 'stopped' : told || code !== 0 ? 'failed' : 'passed');
            });
        });
    }

    // The tests must pass as they are; the CPU time that they take sets the limit. Of one that takes more
    // than some seconds that is all that is learnt.
    measure(tests) {
        for (const test of tests.filter((name) => !this.limits.has(name))) {
            const script = 'ulimit -t 3; "$@" >/dev/null 2>&1 </dev/null; status=$?; times; exit $status';
            const ran = spawnSync('sh', ['-c', script, 'sh', join(this.folder, 'tests', test), ...this.words(test)], { cwd: this.work(0), encoding: 'utf8', env: ENVIRONMENT });
            const spent = [...ran.stdout.trim().split('\n').pop().matchAll(/(\d+)m([\d.]+)s/g)].map((m) => 60 * m[1] + Number(m[2]));
            const seconds = spent[0] + spent[1];
            if (ran.status !== 0 && !SLOW_STATUS.includes(ran.status)) {
                throw new Error(`${test} fails without any mutation (${this.name})`);
            }
            this.limits.set(test, ran.status === 0 ? Math.ceil(20 * seconds) + 1 : 600);
        }
    }
}

export const digest = (object) => createHash('sha256').update(object).digest('hex');
