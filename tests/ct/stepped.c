/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stepped BACKEND whole|brief [WORD]: runs the two classes of each case (whose name has WORD in it)
 * one instruction at a time, as this CPU runs them; one line each:
 *
 *   real|twin|public FIRST SECOND APART WHERE NAME
 *
 * FIRST and SECOND: how many instructions each class took. APART: the number of the first one that
 * was another one, 0 for none, and WHERE the one before it stands ("-" for none): an address in
 * this program, or "library". `brief` leaves the products of X25519 out, where nine tenths of a
 * login's instructions are: a step costs 1 to 15 us.
 *
 * stepped --once BACKEND CLASS NAME: runs one class once, for who watches its addresses. Both
 * classes come to it in one way. What counts lies between two calls of stepped_mark, whose address
 * is printed.
 *
 * Exit status 3: not this CPU, or no such library.
 */
#include "clocked.h"
#include "crypto/backend.h"
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#if defined(__x86_64__)

static const struct {
    const char *name;
    const struct skeym_crypto_backend *only;
} backends[] = {
    {"chosen", NULL},
    {"openssl", &skeym_openssl},
    {"sodium", &skeym_sodium},
    {"ipsec_mb", &skeym_ipsec_mb},
};
#define BACKENDS (sizeof backends / sizeof backends[0])

static const char *const kinds[] = {"real", "twin", "public"};

/* Where each class went. */
enum { STEPS_MAX = 1 << 23 };
static struct steps {
    uint64_t *at;
    size_t count;
} steps[2];
static struct steps *volatile into;

/* The flag that makes the CPU trap after each instruction. */
#define TRAP_FLAG 0x100

static void on_step(int number, siginfo_t *info, void *context)
{
    const ucontext_t *machine = context;
    struct steps *to = into;
    (void)number;
    (void)info;
    if (to->count < STEPS_MAX) {
        to->at[to->count++] = (uint64_t)machine->uc_mcontext.gregs[REG_RIP];
    }
}

static void set_trap(bool on)
{
    uint64_t flags = __builtin_ia32_readeflags_u64();
    __builtin_ia32_writeeflags_u64(on ? flags | TRAP_FLAG : flags & ~(uint64_t)TRAP_FLAG);
}

/* The linker puts these between src/ and the libraries' products. */
static bool brief, stepping;

int __real_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    set_trap(stepping && !brief);
    int zero = __real_crypto_scalarmult(q, n, p);
    set_trap(stepping);
    return zero;
}

int __real_EVP_PKEY_derive(EVP_PKEY_CTX *ctx, unsigned char *key, size_t *size);
int __wrap_EVP_PKEY_derive(EVP_PKEY_CTX *ctx, unsigned char *key, size_t *size);
int __wrap_EVP_PKEY_derive(EVP_PKEY_CTX *ctx, unsigned char *key, size_t *size)
{
    set_trap(stepping && !brief);
    int done = __real_EVP_PKEY_derive(ctx, key, size);
    set_trap(stepping);
    return done;
}

void stepped_mark(void);
__attribute__((noinline)) void stepped_mark(void)
{
    __asm__ volatile("" : : : "memory");
}

static uint8_t input[2][CLOCKED_INPUT], work[CLOCKED_INPUT];

/* The input of one class, in the one place for both; both are read. */
static size_t choose(const struct clocked_case *it, unsigned class)
{
    size_t size = it->input(input[0], 0);
    (void)it->input(input[1], 1);
    uint8_t mask = (uint8_t)(0 - class);
    for (size_t at = 0; at < size; at++) {
        work[at] = (uint8_t)(input[0][at] ^ (mask & (input[0][at] ^ input[1][at])));
    }
    return size;
}

static void warm_up(const struct clocked_case *it)
{
    for (unsigned class = 0; class < 2; class ++) {
        size_t size = choose(it, class);
        it->run(work, size);
    }
}

static void step(const struct clocked_case *it, unsigned class)
{
    size_t size = choose(it, class);
    steps[class].count = 0;
    into = &steps[class];
    stepping = true;
    set_trap(true);
    it->run(work, size);
    set_trap(false);
    stepping = false;
}

/* In this program's own code: an address as addr2line takes it. */
static void name_place(char out[24], uint64_t at)
{
    extern const char __executable_start, etext;
    uint64_t start = (uint64_t)(uintptr_t)&__executable_start;
    if (at >= start && at < (uint64_t)(uintptr_t)&etext) {
        (void)snprintf(out, 24, "%#llx", (unsigned long long)(at - start));
    } else {
        (void)snprintf(out, 24, "library");
    }
}

static void judge(const struct clocked_case *it)
{
    warm_up(it);
    step(it, 0);
    step(it, 1);
    size_t least = steps[0].count < steps[1].count ? steps[0].count : steps[1].count;
    size_t same = 0;
    while (same < least && steps[0].at[same] == steps[1].at[same]) {
        same++;
    }
    bool apart = same < steps[0].count || same < steps[1].count;
    char where[24] = "-";
    if (apart) { /* the last one that they had in common decided */
        name_place(where, steps[0].at[same > 0 ? same - 1 : 0]);
    }
    printf("%s %zu %zu %zu %s %s\n", kinds[it->kind], steps[0].count, steps[1].count,
           apart ? same + 1 : 0, where, it->name);
    (void)fflush(stdout);
}

/* The backend of that name, from now on; 0, or the exit status. */
static int use(const char *name)
{
    size_t i = 0;
    while (i < BACKENDS && strcmp(backends[i].name, name) != 0) {
        i++;
    }
    if (i == BACKENDS) {
        return 2;
    }
    if (backends[i].only && !backends[i].only->usable()) {
        return 3;
    }
    skeym_crypto_use(backends[i].only);
    return 0;
}

static int once(unsigned class, const char *name)
{
    const struct clocked_case *it = clocked_cases;
    while (it->name && strcmp(it->name, name) != 0) {
        it++;
    }
    if (!it->name) {
        return 2;
    }
    printf("%lx\n", (unsigned long)(uintptr_t)stepped_mark);
    (void)fflush(stdout);
    warm_up(it);
    size_t size = choose(it, class);
    stepped_mark();
    it->run(work, size);
    stepped_mark();
    return 0;
}

static int step_all(const char *word)
{
    static uint8_t stack[1 << 16];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    steps[0].at = calloc(STEPS_MAX, sizeof(uint64_t));
    steps[1].at = calloc(STEPS_MAX, sizeof(uint64_t));
    if (!steps[0].at || !steps[1].at || sigaltstack(&other, NULL) != 0 ||
        sigaction(SIGTRAP, &action, NULL) != 0) {
        return 2;
    }
    for (const struct clocked_case *it = clocked_cases; it->name; it++) {
        if (strstr(it->name, word)) {
            judge(it);
        }
    }
    free(steps[0].at);
    free(steps[1].at);
    return 0;
}

int main(int argc, char **argv)
{
    bool is_once = argc == 5 && strcmp(argv[1], "--once") == 0;
    if (argc < 3) {
        return 2;
    }
    clocked_world();
    int status = use(argv[is_once ? 2 : 1]);
    if (status == 0 && is_once) {
        return once(argv[3][0] == '1', argv[4]);
    }
    brief = strcmp(argv[2], "brief") == 0;
    return status ? status : step_all(argc > 3 ? argv[3] : "");
}

#else
int main(void)
{
    return 3;
}
#endif
