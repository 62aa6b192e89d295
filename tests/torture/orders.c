/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program's main again and again, in a child each time, so that it need not be loaded anew;
 * and cuts what takes long on purpose. A part of fail.so; built by itself (ORDERS_ALONE, without a
 * sanitizer) it is loaded before the program that looks at what the other one left behind.
 */
#include "fail.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- what takes long ------------------------------------------------------------------- */

enum { MOST_NS = 2000000, MOST_SCRYPT = 1024 };

/* Who waits before another try need not wait long here. */
__attribute__((visibility("default"))) int nanosleep(const struct timespec *want,
                                                     struct timespec *left)
{
    const struct timespec most = {0, MOST_NS};
    bool shorter = want->tv_sec > 0 || want->tv_nsec > most.tv_nsec;
    return (int)syscall(SYS_nanosleep, shorter ? &most : want, left);
}

/* SQLite asks a hundred times for a lock, and longer from time to time: 10 s in all. */
__attribute__((visibility("default"))) int usleep(useconds_t us)
{
    const struct timespec time = {0, us < 50 ? (long)us * 1000 : 50000};
    return (int)syscall(SYS_nanosleep, &time, NULL);
}

/* Making a key of a passphrase takes long on purpose; here it need not. */
typedef int scrypt(const char *passphrase, size_t size, const unsigned char *salt, size_t salt_size,
                   uint64_t n, uint64_t r, uint64_t p, uint64_t most, unsigned char *out,
                   size_t out_size);
static scrypt *real_scrypt;
scrypt EVP_PBE_scrypt;

__attribute__((visibility("default"))) int EVP_PBE_scrypt(const char *passphrase, size_t size,
                                                          const unsigned char *salt,
                                                          size_t salt_size, uint64_t n, uint64_t r,
                                                          uint64_t p, uint64_t most,
                                                          unsigned char *out, size_t out_size)
{
    n = n > MOST_SCRYPT ? MOST_SCRYPT : n;
    return real_scrypt
               ? real_scrypt(passphrase, size, salt, salt_size, n, r, p, most, out, out_size)
               : 0;
}

void fail_orders_begin(void)
{
    *(void **)&real_scrypt = dlsym(RTLD_NEXT, "EVP_PBE_scrypt");
}

/* --- orders -------------------------------------------------------------------------------- */

/* One line of the orders' pipe, without its end. */
static bool get_line(FILE *in, char *out, int room)
{
    if (!fgets(out, room, in)) {
        return false;
    }
    out[strcspn(out, "\n")] = '\0';
    return true;
}

static void onto(const char *path, int flags, int fd)
{
    int file = open(path, flags, 0600);
    if (file < 0 || (file != fd && (dup2(file, fd) != fd || close(file) != 0))) {
        _exit(96);
    }
}

int fail_serve_orders(fail_main *run, char **environment)
{
    static char text[6][512];
    static char words[64][512];
    char *argv[65];
    FILE *orders = fdopen(dup(0), "re");
    FILE *answers = fdopen(dup(1), "we");
    while (orders && answers && get_line(orders, text[0], 512)) {
        for (int i = 1; i < 6; i++) {
            if (!get_line(orders, text[i], 512)) {
                return 0;
            }
        }
        int count = (int)strtol(text[5], NULL, 10);
        for (int i = 0; i < count && i < 64; i++) {
            (void)get_line(orders, words[i], 512);
            argv[i] = words[i];
        }
        argv[count] = NULL;
        pid_t child = fork();
        if (child == 0) {
            onto(text[1], O_RDONLY, 0);
            onto(text[2], O_WRONLY | O_CREAT | O_TRUNC, 1);
            onto(text[3], O_WRONLY | O_CREAT | O_TRUNC, 2);
            onto(text[4], O_RDWR | O_CREAT | O_TRUNC, 3);
            if (chdir(text[0]) != 0) {
                _exit(96);
            }
            exit(run(count, argv, environment));
        }
        int status = -1;
        (void)fprintf(answers, "%d\n", (int)child);
        (void)fflush(answers);
        (void)waitpid(child, &status, 0);
        (void)fprintf(answers, "%d\n", status);
        (void)fflush(answers);
    }
    return 0;
}

#ifdef ORDERS_ALONE
static fail_main *program_main;

static int begin(int argc, char **argv, char **environment)
{
    (void)argc;
    (void)argv;
    fail_orders_begin();
    return fail_serve_orders(program_main, environment);
}

typedef int start(fail_main *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                  void (*loader_fini)(void), void *stack_end);
start __libc_start_main;

__attribute__((visibility("default"))) int __libc_start_main(fail_main *main, int argc, char **argv,
                                                             void (*init)(void), void (*fini)(void),
                                                             void (*loader_fini)(void),
                                                             void *stack_end)
{
    start *real = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    program_main = main;
    return real(begin, argc, argv, init, fini, loader_fini, stack_end);
}
#endif
