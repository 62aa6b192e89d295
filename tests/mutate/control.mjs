// SPDX-License-Identifier: Apache-2.0
// The campaign's own test: a mutant that is killed by the tests of its file must survive when these
// are left out, and must then be told.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, TOP, testsFor } from './bench.mjs';

const FILE = 'src/core/token.c';
const OTHER = 'core_test_error'; // knows nothing of tokens

// The check of a token's time, gone.
const plant = (text) => text.replace(/(enum skeym_error skeym_token_time\([^]*?\n\{\n)/, '$1    if (1) return SKEYM_OK;\n');

async function verdict(bench, object, tests) {
    for (const test of tests) {
        const program = await bench.link(test, object, 0);
        if ((await bench.judge(test, program, 0)) !== 'passed') return 'killed';
    }
    return 'survived';
}

export async function control() {
    const bench = new Bench('plain', 1);
    const tests = testsFor(FILE).slice(0, 3);
    bench.build([...tests, OTHER]);
    bench.measure([...tests, OTHER]);
    const text = readFileSync(join(TOP, FILE), 'utf8');
    const planted = plant(text);
    const { object } = await bench.compile(FILE, planted, 0);
    return [
        [planted !== text && object !== undefined, 'control: a fault is planted in the check of a token\'s time'],
        [(await verdict(bench, object, tests)) === 'killed', 'control: the tests kill it'],
        [(await verdict(bench, object, [OTHER])) === 'survived', 'control: without its tests it is told as a survivor'],
    ];
}
