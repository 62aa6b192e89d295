// SPDX-License-Identifier: Apache-2.0
// All mutants of one source file: {kind, where, at, end, to}, `to` taking the place of [at, end).
// Each kind is one function from the tokens and a position to what could stand there instead.
import { lex } from './lexer.mjs';

const RELATIONS = {
    '<': ['<=', '>='],
    '<=': ['<', '>'],
    '>': ['>=', '<='],
    '>=': ['>', '<'],
    '==': ['!='],
    '!=': ['=='],
};
const ARITHMETIC = {
    '+': ['-'],
    '-': ['+'],
    '/': ['*'],
    '%': ['/'],
    '<<': ['>>'],
    '>>': ['<<'],
    '|': ['&'],
    '&': ['|'],
    '^': ['|'],
    '++': ['--'],
    '--': ['++'],
    '+=': ['-='],
    '-=': ['+='],
    '|=': ['=', '&='],
    '&=': ['='],
    '^=': ['='],
};
const LOGIC = { '&&': ['||'], '||': ['&&'] };
const ENDS = new Set([';', ',', '?', ':', '=', '+=', '-=', '|=', '&=', 'return', '{', '}']);
const LOGIC_ENDS = new Set([...ENDS, '&&', '||']);
const NOT_CALLED = new Set(
    'if for while switch return case default else do goto break continue static const struct enum union typedef _Static_assert sizeof'.split(
        ' ',
    ),
);

const value = (token) => token && (['word', 'number', 'char', 'string'].includes(token.kind) || [')', ']'].includes(token.text)) && token.text !== 'return';

const replace = (kind, token, to) => ({ kind, at: token.at, end: token.end, to });

// The operand left (step -1) or right (step 1) of the operator at i: the indexes of its two ends.
function operand(tokens, i, step, ends) {
    let at = i + step;
    let last = i;
    while (tokens[at] && tokens[at].macro === tokens[i].macro) {
        const token = tokens[at];
        if (ends.has(token.text)) {
            break;
        }
        if (token.partner !== undefined) {
            if (token.partner > at !== step > 0) {
                break; // the bracket that the whole stands in
            }
            at = token.partner;
        }
        last = at;
        at += step;
    }
    return last === i ? undefined : step > 0 ? [i + 1, last] : [last, i - 1];
}

function whole(kind, tokens, range, to) {
    return range ? [{ kind, at: tokens[range[0]].at, end: tokens[range[1]].end, to }] : [];
}

function operators(tokens, i) {
    const token = tokens[i];
    if (token.kind !== 'op') {
        return [];
    }
    const made = (RELATIONS[token.text] ?? []).map((to) => replace('comparison', token, to));
    const binary = value(tokens[i - 1]);
    if (token.text in ARITHMETIC && (binary || ['++', '--'].includes(token.text))) {
        made.push(...ARITHMETIC[token.text].map((to) => replace('arithmetic', token, to)));
    }
    if (token.text in LOGIC) {
        made.push(...LOGIC[token.text].map((to) => replace('logic', token, to)));
        const neutral = token.text === '&&' ? '1' : '0';
        // the first of a chain is dropped at its own operator, every other one at the one before it
        const chained = operand(tokens, i, -1, LOGIC_ENDS);
        const before = chained && tokens[chained[0] - 1]?.text;
        if (before !== token.text) {
            made.push(...whole('operand', tokens, chained, neutral));
        }
        made.push(...whole('operand', tokens, operand(tokens, i, 1, LOGIC_ENDS), neutral));
    }
    if (token.text === '!') {
        made.push(replace('negation', token, ''));
    }
    if (token.text === '?') {
        const range = operand(tokens, i, -1, ENDS);
        made.push(...whole('condition', tokens, range, '1'), ...whole('condition', tokens, range, '0'));
    }
    return made;
}

function conditions(tokens, i) {
    const word = tokens[i].text;
    if (!['if', 'while', 'for'].includes(word) || tokens[i + 1]?.text !== '(') {
        return [];
    }
    let from = i + 2;
    let to = tokens[i + 1].partner - 1;
    if (word === 'for') {
        const semicolons = [];
        for (let k = from; k <= to; k++) {
            if (tokens[k].text === ';') semicolons.push(k);
            else if (tokens[k].partner > k) k = tokens[k].partner;
        }
        [from, to] = [semicolons[0] + 1, semicolons[1] - 1];
        if (from > to) return [];
    }
    const never = whole('condition', tokens, [from, to], '0');
    return word === 'if' ? [...never, ...whole('condition', tokens, [from, to], '1')] : never;
}

// Whether a token stands in the size of an array that is declared there: a larger one is no fault.
function inArraySize(tokens, i) {
    for (let k = i - 1; k > 0; k--) {
        if (tokens[k].text === '[' && tokens[k].partner > i) {
            const [before, name] = [tokens[k - 2], tokens[k - 1]];
            return name.kind === 'word' && (before?.text === '*' || (before?.kind === 'word' && before.text !== 'return'));
        }
        if (tokens[k].partner < k) k = tokens[k].partner;
        else if ([';', '{', '}', '('].includes(tokens[k].text)) return false;
    }
    return false;
}

// The 0 of an empty span, room or writer: a pointer that is not used.
function isEmptySpan(tokens, i) {
    const around = tokens.slice(Math.max(0, i - 6), i).map((token) => token.text);
    return around.at(-1) === '{' && tokens[i + 1]?.text === '}' && around.some((text) => /^skeym_(span|room|writer)$/.test(text));
}

function numbers(tokens, i) {
    const token = tokens[i];
    if (isEmptySpan(tokens, i)) {
        return [];
    }
    const steps = inArraySize(tokens, i) ? [-1n] : [1n, -1n];
    if (token.kind === 'number') {
        const digits = token.text.replace(/[uUlL]+$/, '');
        const suffix = token.text.slice(digits.length);
        const n = BigInt(digits);
        const write = (x) => (digits.startsWith('0x') ? `0x${x.toString(16)}` : `${x}`) + suffix;
        return steps.filter((step) => n + step >= 0n).map((step) => n + step).map((x) => replace('constant', token, write(x)));
    }
    if (token.kind === 'char') {
        return ['+ 1', '- 1'].map((step) => replace('constant', token, `(${token.text} ${step})`));
    }
    if (token.kind === 'string' && token.text.length > 2) {
        const first = token.text[1];
        return first === '\\' || tokens[i - 1]?.kind === 'string'
            ? []
            : [replace('constant', token, `"${first === 'x' ? 'y' : 'x'}${token.text.slice(2)}`)];
    }
    return [];
}

// Names of numbers: a comparison's other side is left out, for `x < N + 1` is `x <= N`.
function names(tokens, i) {
    const token = tokens[i];
    const next = tokens[i + 1]?.text;
    if (token.kind !== 'word' || tokens[i - 1]?.text === '.') {
        return [];
    }
    if (token.text === 'true' || token.text === 'false') {
        return [replace('constant', token, token.text === 'true' ? 'false' : 'true')];
    }
    if (/^SKEYM_ERR_/.test(token.text)) {
        return [replace('error', token, 'SKEYM_OK')];
    }
    if (token.text === 'error' && tokens[i - 1]?.text === 'return' && next === ';') {
        return [replace('error', token, 'SKEYM_OK')];
    }
    const bound = tokens[i - 1]?.text in RELATIONS || next in RELATIONS;
    if (/^[A-Z][A-Z0-9_]+$/.test(token.text) && next !== '(' && !bound && token.text !== 'NULL' && token.text !== 'SKEYM_OK') {
        return (inArraySize(tokens, i) ? ['- 1'] : ['+ 1', '- 1']).map((step) => replace('constant', token, `(${token.text} ${step})`));
    }
    return [];
}

function sizes(tokens, i) {
    if (tokens[i].text !== 'sizeof') {
        return [];
    }
    let end = i + 1;
    if (tokens[end].text === '(') {
        end = tokens[end].partner;
    } else {
        while (!/^\w/.test(tokens[end].text)) end++;
        for (;;) {
            const next = tokens[end + 1];
            if (next?.text === '[') end = next.partner;
            else if (next?.text === '.' || next?.text === '->') end += 2;
            else break;
        }
    }
    return [{ kind: 'constant', at: tokens[end].end, end: tokens[end].end, to: ' - 1' }];
}

// A statement that is a call, an assignment or a jump, left out. Deeper than its block only braces
// may stand open: the parts of a for(;;) are none.
function statements(tokens, i, blocks) {
    const token = tokens[i];
    const before = tokens[i - 1]?.text;
    const jump = /^(break|continue|goto)$/.test(token.text) || (token.text === 'return' && tokens[i + 1].text === ';');
    if (token.macro !== undefined || !blocks || ![';', '{', '}', ':'].includes(before)) {
        return [];
    }
    if (!jump && (NOT_CALLED.has(token.text) || !(token.kind === 'word' || ['*', '++', '--', '('].includes(token.text)))) {
        return [];
    }
    if (token.kind === 'word' && tokens[i + 1].kind === 'word' && !jump) {
        return []; // a declaration
    }
    let end = i;
    while (tokens[end].text !== ';') {
        if (tokens[end].partner !== undefined) {
            if (tokens[end].partner < end) return [];
            end = tokens[end].partner;
        }
        end++;
        if (!tokens[end] || tokens[end].text === ':') return [];
    }
    const kind = /wipe/.test(token.text) ? 'wipe' : 'statement';
    return [{ kind, at: token.at, end: tokens[end].end, to: ';' }];
}

const KINDS = [operators, conditions, numbers, names, sizes];
const SKIPPED = new Set(['_Static_assert', '__attribute__', '_Alignas']);

export function mutantsOf(text) {
    const tokens = lex(text);
    const mutants = [];
    const open = [];
    for (let i = 0; i < tokens.length; i++) {
        const token = tokens[i];
        if (SKIPPED.has(token.text)) {
            i = tokens[i + 1].partner;
            continue;
        }
        const inside = open.length > 0 && open.every((bracket) => bracket === '{');
        const made = KINDS.flatMap((kind) => kind(tokens, i));
        made.push(...statements(tokens, i, inside));
        mutants.push(...made.map((m) => ({ ...m, where: token.where })));
        if (token.partner > i) open.push(token.text);
        else if (token.partner !== undefined) open.pop();
    }
    return mutants;
}

const line = (text) => text.replace(/\s+/g, ' ').trim();

// What a person reads, and what the list of survivors is keyed by: the whole lines, before and after.
export function describe(text, mutant) {
    const from = text.lastIndexOf('\n', mutant.at - 1) + 1;
    const to = (text.indexOf('\n', mutant.end) + text.length + 1) % (text.length + 1) || text.length;
    return {
        before: line(text.slice(from, to)),
        after: line(text.slice(from, mutant.at) + mutant.to + text.slice(mutant.end, to)),
    };
}

export function apply(text, mutant) {
    return text.slice(0, mutant.at) + mutant.to + text.slice(mutant.end);
}
