// SPDX-License-Identifier: Apache-2.0
// C source to tokens: as much of the language as the mutations need. A token knows where it stands
// ({kind, text, at, end}), in which item of the file (`where`: a function, a table, or a macro) and
// how deep in brackets. Of directives only the bodies of #define are kept.

const WORD = /[A-Za-z_]\w*/y;
const NUMBER = /(0[xX][0-9a-fA-F]+|\d+)[uUlL]*/y;
const STRING = /"(?:\\.|[^"\\\n])*"/y;
const CHAR = /'(?:\\.|[^'\\\n])+'/y;
const OPERATOR = /<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|##|[-+*/%&|^~!<>=?:;,.(){}[\]#]/y;
const BLANK = /(?:\s|\\\n|\/\/[^\n]*|\/\*[^]*?\*\/)+/y;
const DIRECTIVE = /#[ \t]*(\w+)(?:\\\n|\/\*[^]*?\*\/|[^\n])*/y;
const DEFINE = /#[ \t]*define[ \t]+(\w+)(\([^)]*\))?/y;

function match(pattern, text, at) {
    pattern.lastIndex = at;
    return pattern.exec(text);
}

function tokenAt(text, at) {
    for (const [kind, pattern] of [
        ['word', WORD],
        ['number', NUMBER],
        ['string', STRING],
        ['char', CHAR],
        ['op', OPERATOR],
    ]) {
        const found = match(pattern, text, at);
        if (found) {
            return { kind, text: found[0], at, end: at + found[0].length };
        }
    }
    throw new Error(`no token at ${JSON.stringify(text.slice(at, at + 20))}`);
}

function tokensOf(text, from, to, macro) {
    const tokens = [];
    let at = from;
    let fresh = macro === undefined; // at the start of a line, where a directive may be
    while (at < to) {
        const blank = match(BLANK, text, at);
        if (blank) {
            at += blank[0].length;
            fresh ||= macro === undefined && blank[0].includes('\n');
            continue;
        }
        if (fresh && text[at] === '#') {
            const line = match(DIRECTIVE, text, at);
            const define = match(DEFINE, text, at);
            const end = at + line[0].length;
            if (define) {
                tokens.push(...tokensOf(text, at + define[0].length, end, define[1]));
            }
            at = end;
            continue;
        }
        fresh = false;
        const token = tokenAt(text, at);
        token.macro = macro;
        tokens.push(token);
        at = token.end;
    }
    return tokens;
}

const OPEN = { '(': ')', '[': ']', '{': '}' };
const CLOSE = new Set(Object.values(OPEN));

// Pairs the brackets of the file itself, and of each macro's body by itself: `partner` is the index of
// the other one.
function pair(tokens) {
    const open = new Map();
    tokens.forEach((token, i) => {
        if (token.kind !== 'op') {
            return;
        }
        if (!open.has(token.macro)) {
            open.set(token.macro, []);
        }
        const stack = open.get(token.macro);
        if (token.text in OPEN) {
            stack.push(i);
        } else if (CLOSE.has(token.text)) {
            token.partner = stack.pop();
            tokens[token.partner].partner = i;
        }
    });
}

// Sets `where`: the name of the function, table or macro.
function name(tokens) {
    let item = '?';
    let outside = 0; // the index from which on we are outside of all brackets
    tokens.forEach((token, i) => {
        if (token.macro !== undefined) {
            token.where = token.macro;
            return;
        }
        if (i >= outside) {
            if (token.kind === 'word' && ['(', '[', '=', '{'].includes(tokens[i + 1]?.text)) {
                item = token.text;
            }
            outside = Math.max(outside, token.partner ?? 0);
        }
        token.where = item;
    });
    return tokens;
}

export function lex(text) {
    const tokens = tokensOf(text, 0, text.length, undefined);
    pair(tokens);
    return name(tokens);
}
