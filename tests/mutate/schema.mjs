// SPDX-License-Identifier: Apache-2.0
// Many mutants in one program: each mutated function stands beside the original as `name__N`, and the
// original calls it when SKEYM_MUTANT is N. So a file is compiled once, not once for each mutant.
// A program that is told a file by SKEYM_REACHED writes into it the functions that it came to: a test
// that does not come to a function has nothing to say of its mutants.
import { lex } from './lexer.mjs';

const PRELUDE = `
extern char *getenv(const char *name);
extern int atoi(const char *text);
extern int open(const char *path, int flags, ...);
extern long write(int file, const void *bytes, unsigned long size);
extern int close(int file);
static int skeym_mutant;
__attribute__((constructor)) static void skeym_mutant_choose(void)
{
    const char *chosen = getenv("SKEYM_MUTANT");
    skeym_mutant = chosen ? atoi(chosen) : 0;
}
static void skeym_mutant_came_to(char *seen, const char *line, unsigned long size)
{
    const char *path = *seen ? (const char *)0 : getenv("SKEYM_REACHED");
    int file = path ? open(path, 02101, 0600) : -1; /* to append, made where there is none */
    *seen = 1;
    if (file >= 0) {
        long written = write(file, line, size);
        (void)written;
        close(file);
    }
}
`;

// The names of the parameters between two brackets.
function parameters(tokens, open) {
    const names = [];
    let last;
    for (let i = open + 1; i <= tokens[open].partner; i++) {
        if (tokens[i].text === ',' || i === tokens[open].partner) {
            if (last && last !== 'void') names.push(last);
            last = undefined;
        } else if (tokens[i].text === '(' && tokens[i + 1].text === '*') {
            last = tokens[i + 2].text; // a pointer to a function; its own parameters follow
            i = tokens[tokens[i].partner + 1].partner;
        } else if (tokens[i].text === '[' || tokens[i].text === '(') {
            i = tokens[i].partner;
        } else if (tokens[i].kind === 'word') {
            last = tokens[i].text;
        }
    }
    return names;
}

// The functions of a file: {from, to} of the whole, the name's place, where the body begins, and how
// another function is called in this one's place.
function functionsOf(text) {
    // the tokens outside of macros, with partners counted among themselves
    const all = lex(text);
    const place = new Map();
    const own = all.filter((token) => token.macro === undefined);
    own.forEach((token, i) => place.set(token, i));
    const partners = own.map((token) => (token.partner === undefined ? undefined : place.get(all[token.partner])));
    own.forEach((token, i) => (token.partner = partners[i]));
    const found = [];
    let start = 0;
    for (let i = 0; i < own.length; i++) {
        if (own[i].text === ';') {
            start = i + 1;
        } else if (own[i].text === '{') {
            const end = own[i].partner;
            if (own[i - 1]?.text === ')') found.push(describe(own, start, i));
            start = own[end + 1]?.text === ';' ? end + 2 : end + 1;
            i = end;
        } else if (own[i].partner > i) {
            i = own[i].partner;
        }
    }
    return found;
}

function describe(tokens, start, body) {
    const open = tokens[body - 1].partner;
    const name = tokens[open - 1];
    const type = tokens.slice(start, open - 1).map((token) => token.text);
    return {
        from: tokens[start].at,
        to: tokens[tokens[body].partner].end,
        body: tokens[body].end,
        name,
        empty: type.includes('void') && !type.includes('*'),
        names: parameters(tokens, open),
    };
}

export function functionAt(functions, mutant) {
    return functions.find((f) => mutant.at >= f.body && mutant.end <= f.to);
}

// The file with all these mutants ({number, at, end, to}) in it. An error of the compiler in one of
// them is told as one of a file of that name: m17.
export function schemaOf(text, mutants) {
    const functions = functionsOf(text);
    let out = PRELUDE;
    let done = 0;
    for (const f of functions) {
        const mine = mutants.filter((m) => functionAt([f], m));
        out += text.slice(done, f.from);
        if (mine.length > 0) {
            out += `${text.slice(f.from, f.body - 1)};\n`;
            for (const m of mine) {
                const whole = text.slice(f.from, m.at) + m.to + text.slice(m.end, f.to);
                const cut = f.name.end - f.from;
                out += `\n#line 1 "m${m.number}"\n${whole.slice(0, cut)}__${m.number}${whole.slice(cut)}\n`;
            }
        }
        out += `\n#line 1 "original"\n${text.slice(f.from, f.body)}\n`;
        if (mine.length > 0) {
            const cases = mine.map((m) => {
                const call = `${f.name.text}__${m.number}(${f.names.join(', ')})`;
                return `    case ${m.number}: ${f.empty ? `${call}; return` : `return ${call}`};`;
            });
            out += `    static char skeym_seen; skeym_mutant_came_to(&skeym_seen, "${f.name.text}\\n", ${f.name.text.length + 1});\n`;
            out += `    switch (skeym_mutant) {\n${cases.join('\n')}\n    default: break;\n    }\n`;
        }
        out += text.slice(f.body, f.to);
        done = f.to;
    }
    return out + text.slice(done);
}

export { functionsOf };
