// SPDX-License-Identifier: Apache-2.0
// The list of survivors, tests/mutate/survivors: blocks of four lines,
//   @ FILE ITEM            the item is a function, a table or a macro
//   - the line as it is    (white space folded)
//   + the line as mutated
//   : why no test can or need see it; after "unseen:" why these tests cannot, though it matters;
//                          after "sometimes:" why they can, but not every time
// A reason may hold for several lines before it: then blocks end without one, and the next that has one
// gives it.
import { readFileSync } from 'node:fs';

export const keyOf = (m) => `@ ${m.file} ${m.where}\n- ${m.before}\n+ ${m.after}`;

export const isSometimes = (reason) => reason.startsWith('sometimes:');

// Whether it makes no difference at all.
export const isIdle = (reason) => !isSometimes(reason) && !reason.startsWith('unseen:');

export function readList(path) {
    const reasons = new Map();
    let waiting = [];
    let block = [];
    for (const line of readFileSync(path, 'utf8').split('\n')) {
        if (line.startsWith(': ')) {
            for (const key of waiting) reasons.set(key, line.slice(2));
            waiting = [];
        } else if (/^[-+@] /.test(line)) {
            if (line[0] !== '+' && line[0] !== '-') block = [];
            if (line[0] === '-') block = block.slice(0, 1);
            block.push(line.trimEnd());
            if (line[0] === '+') {
                waiting.push(block.join('\n'));
                block = block.slice(0, 2);
            }
        } else if (line.trim() !== '' && !line.startsWith('#')) {
            throw new Error(`${path}: not understood: ${line}`);
        }
    }
    if (waiting.length > 0) {
        throw new Error(`${path}: without a reason: ${waiting[0]}`);
    }
    return reasons;
}
