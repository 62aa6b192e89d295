/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/server_world.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct server_world *open_world; /* for the end of the program */

/* --- the end -------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

static bool tear_down(struct server_world *world)
{
    bool good = server_process_stop(&world->skeym);
    good = server_process_stop(&world->hello) && good;
    skeym_credential_wipe(&world->doctor);
    skeym_credential_wipe(&world->device);
    if (world->dir[0]) {
        (void)nftw(world->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        world->dir[0] = '\0';
    }
    open_world = NULL;
    return good;
}

static void at_exit(void)
{
    if (open_world) {
        (void)tear_down(open_world);
    }
}

static const char *in_dir(const struct server_world *world, const char *name)
{
    static char paths[8][320];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", world->dir, name);
    return path;
}

_Noreturn void server_world_fail(const struct server_world *world, const char *name,
                                 const char *text)
{
    char tail[1024];
    fprintf(stderr, "skeym-bench: %s: %s\n", name, text);
    int fd = world->dir[0] ? open(in_dir(world, "log"), O_RDONLY | O_CLOEXEC) : -1;
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = end > (off_t)sizeof tail ? end - (off_t)sizeof tail : 0;
    ssize_t got = fd < 0 ? 0 : pread(fd, tail, sizeof tail, from);
    if (got > 0) {
        fprintf(stderr, "--- the end of the server's log:\n%.*s\n", (int)got, tail);
    }
    exit(1); /* at_exit stops the servers */
}

void server_world_close(struct server_world *world)
{
    if (!tear_down(world)) {
        server_world_fail(world, "server", "a server did not end in order");
    }
}

/* --- what there is ------------------------------------------------------------------------ */

static void find_program(char out[512], const char *variable, const char *beside)
{
    char self[400];
    const char *given = getenv(variable);
    if (given) {
        (void)snprintf(out, 512, "%s", given);
        return;
    }
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    self[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash) {
        *slash = '\0';
    }
    (void)snprintf(out, 512, "%s/%s", self, beside);
}

/* This thread's place is the last core that was tried with success. */
static int next_core(int from)
{
    for (int core = from; core < CPU_SETSIZE; core++) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)core, &set);
        if (sched_setaffinity(0, sizeof set, &set) == 0) {
            return core;
        }
    }
    return -1;
}

bool server_world_find(struct server_world *world, const char **missing)
{
    memset(world, 0, sizeof *world);
    find_program(world->program, "SKEYM_PROGRAM", "../skeym");
    find_program(world->rival, "SKEYM_RIVAL", "hello_mhd");
    world->server_core = next_core(0);
    world->load_core = next_core(world->server_core + 1);
    if (world->load_core < 0) {
        world->load_core = world->server_core;
    }
    *missing = access(world->program, X_OK) != 0 ? world->program
               : access(world->rival, X_OK) != 0 ? world->rival
                                                 : NULL;
    return *missing == NULL;
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void must(const struct server_world *world, bool good, const char *what)
{
    if (!good) {
        server_world_fail(world, "server", what);
    }
}

static void serve(struct server_world *world, bool roomy)
{
    const char *argv[] = {world->program,
                          "serve",
                          in_dir(world, "authority"),
                          "--listen",
                          "127.0.0.1:0",
                          "--metrics-listen",
                          "127.0.0.1:0",
                          "--threads",
                          "1",
                          "--connections",
                          "8192",
                          "--per-ip",
                          "8192",
                          "--token-lifetime",
                          "59",
                          "--login-rate",
                          "100000",
                          "--login-burst",
                          "1000000",
                          "--login-cpu",
                          "6400",
                          "--used-slots",
                          roomy ? "8388608" : "1048576",
                          "--ready-fd",
                          NULL};
    must(world, server_process_start(&world->skeym, argv, in_dir(world, "log"), world->server_core),
         "skeym serve does not start");
}

static void enrol(struct server_world *world, struct skeym_credential_file *out, const char *node,
                  const char *role, const char *scope)
{
    const char *file = in_dir(world, node);
    const char *argv[] = {world->program,
                          "enrol",
                          node,
                          "--role",
                          role,
                          "--scope",
                          scope,
                          "--dir",
                          in_dir(world, "authority"),
                          "-o",
                          file,
                          "--no-passphrase",
                          NULL};
    must(world, server_process_run(argv, in_dir(world, "log")), "skeym enrol failed");
    must(world, !skeym_credential_load(out, file, NULL, (struct skeym_span){0}),
         "a credential cannot be read");
}

void server_world_open(struct server_world *world, bool roomy)
{
    static bool registered;
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(world->dir, sizeof world->dir, "%s/skeym-bench.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(world->dir)) {
        world->dir[0] = '\0';
        server_world_fail(world, "server", "no temporary folder can be made");
    }
    open_world = world;
    if (!registered) {
        (void)atexit(at_exit);
        registered = true;
    }
    const char *init[] = {world->program, "init", in_dir(world, "authority"), NULL};
    const char *hello[] = {world->rival, NULL};
    must(world, server_process_run(init, in_dir(world, "log")), "skeym init failed");
    must(world,
         server_process_start(&world->hello, hello, in_dir(world, "log"), world->server_core),
         "hello_mhd does not start");
    serve(world, roomy);
    enrol(world, &world->doctor, "doctor", "doctor", "user/Observation.rs");
    enrol(world, &world->device, "device", "device", "system/Observation.c");
}
