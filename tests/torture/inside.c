/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store, FHIR, the authority's folder, the device's journal and the credential file, called
 * directly, thousands of times a second: each call that they make to the heap, the system or
 * SQLite's file system fails once, and once and for all. Runs under fail.so:
 *   inside [--step N] [--from N] [--twin]      (SKEYM_FAIL_PAGE names the page)
 * prints "name INJECTED FINDINGS" for each scenario and a line for each finding. A child does the
 * work, so that one that dies is itself a finding, and the next goes on behind it. --twin plants a
 * leak, a crash and a false answer, which must be found.
 */
#include "inside.h"
#include <errno.h>
#include <fcntl.h>
#include <sanitizer/lsan_interface.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEAK_EACH = 100, MOST_CALLS = 100000, SECONDS = 120, LEAST_RUNS = 12 };

static const char *const kind_names[] = {
#define NAME(name) #name,
    FAIL_KINDS(NAME)
#undef NAME
};

/* How each kind fails. Those without `lasts` would go on for ever. */
static const struct way {
    enum fail_kind kind;
    int how;
    bool lasts;
} ways[] = {
    {FAIL_malloc, ENOMEM, true},
    {FAIL_open, EMFILE, true},
    {FAIL_read, EIO, true},
    {FAIL_read, EINTR, false},
    {FAIL_read, FAIL_SHORT, false},
    {FAIL_write, ENOSPC, true},
    {FAIL_write, EIO, true},
    {FAIL_write, EINTR, false},
    {FAIL_write, FAIL_SHORT, false},
    {FAIL_fsync, EIO, true},
    {FAIL_truncate, EIO, true},
    {FAIL_rename, EIO, true},
    {FAIL_unlink, EIO, true},
    {FAIL_mkdir, ENOSPC, true},
    {FAIL_stat, EIO, true},
    {FAIL_lock, ENOLCK, true},
    {FAIL_lock, EINTR, false},
    {FAIL_chmod, EPERM, true},
    {FAIL_random, EIO, false},
    {FAIL_thread, EAGAIN, true},
    {FAIL_map, ENOMEM, true},
    {FAIL_vfs_open, SQLITE_CANTOPEN, true},
    {FAIL_vfs_delete, SQLITE_IOERR_DELETE, true},
    {FAIL_vfs_access, SQLITE_IOERR_ACCESS, true},
    {FAIL_vfs_path, SQLITE_CANTOPEN, true},
    {FAIL_vfs_read, SQLITE_IOERR_READ, true},
    {FAIL_vfs_read, SQLITE_CORRUPT, true},
    {FAIL_vfs_write, SQLITE_IOERR_WRITE, true},
    {FAIL_vfs_write, SQLITE_FULL, true},
    {FAIL_vfs_truncate, SQLITE_IOERR_TRUNCATE, true},
    {FAIL_vfs_sync, SQLITE_IOERR_FSYNC, true},
    {FAIL_vfs_size, SQLITE_IOERR_FSTAT, true},
    {FAIL_vfs_lock, SQLITE_BUSY, false},
    {FAIL_vfs_lock, SQLITE_IOERR_LOCK, true},
    {FAIL_vfs_unlock, SQLITE_IOERR_UNLOCK, true},
    {FAIL_vfs_control, SQLITE_IOERR, true},
    {FAIL_vfs_shm_map, SQLITE_IOERR_SHMMAP, true},
    {FAIL_vfs_shm_map, SQLITE_NOMEM, true},
    {FAIL_vfs_shm_lock, SQLITE_BUSY, false},
    {FAIL_vfs_shm_lock, SQLITE_IOERR_SHMLOCK, true},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

/* Survives the child. */
struct progress {
    size_t next;     /* which fault comes next, of the scenario's */
    size_t all;      /* of how many; 0: not counted yet */
    size_t injected; /* that really failed */
    size_t findings;
    size_t step; /* of so many faults one */
    int64_t count[FAIL_KIND_COUNT];
};

static struct fail_page *page;
static struct progress *progress;
static const struct inside_scenario *scenario;
static size_t step = 1;
static size_t from;
bool inside_twin;

/* --- one fault --------------------------------------------------------------------- */

static struct {
    const struct way *way; /* NULL: all are counted */
    int64_t nth;
    bool lasting;
} fault;

void inside_arm(void)
{
    page->armed = 0;
    memset(page->count, 0, sizeof page->count);
    page->kind = fault.way ? (int64_t)fault.way->kind : -1;
    page->nth = fault.nth;
    page->how = fault.way ? fault.way->how : 0;
    page->lasting = fault.lasting;
    page->fired = 0;
    page->sites = 0;
    __atomic_store_n(&page->armed, 1, __ATOMIC_RELEASE);
}

void inside_disarm(void)
{
    __atomic_store_n(&page->armed, 0, __ATOMIC_RELEASE);
}

static void tell(const char *what)
{
    progress->findings++;
    printf("finding %s: %s call %lld%s, %d: %s\n", scenario->name,
           fault.way ? kind_names[fault.way->kind] : "-", (long long)fault.nth,
           fault.lasting ? " and all after it" : "", fault.way ? fault.way->how : 0, what);
    fflush(stdout);
}

void inside_need(bool good, const char *what)
{
    if (!good) {
        inside_disarm();
        tell(what);
    }
}

/* The fault of a number: every call of each kind, in each way, once and then for good. */
static bool set_fault(size_t number)
{
    for (size_t i = 0; i < WAYS; i++) {
        for (int lasting = 0; lasting <= (ways[i].lasts ? 1 : 0); lasting++) {
            size_t count = (size_t)progress->count[ways[i].kind];
            if (number < count) {
                fault.way = &ways[i];
                fault.nth = (int64_t)number + 1;
                fault.lasting = lasting;
                return true;
            }
            number -= count;
        }
    }
    return false;
}

static size_t count_faults(void)
{
    size_t all = 0;
    for (int kind = 0; kind < FAIL_KIND_COUNT; kind++) {
        int64_t count = page->count[kind];
        progress->count[kind] = count < MOST_CALLS ? count : MOST_CALLS;
    }
    while (set_fault(all)) {
        all++;
    }
    return all;
}

/* --- one scenario, in a child ---------------------------------------------------------- */

static void check_leaks(void)
{
    if (__lsan_do_recoverable_leak_check() != 0) {
        tell("LEAK somewhere in the last hundred faults (see standard error)");
        _exit(0); /* what is leaked would be told again and again */
    }
}

static void work(void)
{
    for (int warm = 0; warm < 2; warm++) { /* the first time fills caches */
        fault.way = NULL;
        scenario->run(true);
        inside_disarm();
    }
    if (progress->all == 0) {
        progress->all = count_faults();
        bool few = progress->all / step < LEAST_RUNS;
        progress->step = few ? progress->all / LEAST_RUNS + 1 : step;
    }
    check_leaks();
    size_t done = 0;
    while (progress->next < progress->all) {
        (void)set_fault(progress->next);
        progress->next += progress->step;
        alarm(SECONDS);
        scenario->run(false);
        inside_disarm();
        progress->injected += page->fired > 0;
        if (++done % LEAK_EACH == 0) {
            check_leaks();
        }
    }
    scenario->end();
    check_leaks();
    progress->next = SIZE_MAX;
}

static void run_scenario(void)
{
    memset(progress, 0, sizeof *progress);
    progress->next = from;
    while (progress->next != SIZE_MAX) {
        size_t before = progress->next;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            work();
            fflush(stdout);
            _exit(0);
        }
        int status = 0;
        (void)waitpid(child, &status, 0);
        page->armed = 0;
        if (status != 0) {
            if (progress->next >= from + progress->step && progress->next != SIZE_MAX) {
                (void)set_fault(progress->next - progress->step);
            }
            tell(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "HANG"
                                                                    : "CRASH (see standard error)");
        }
        if (progress->all == 0 || (status != 0 && progress->next == before)) {
            break; /* it does not even begin */
        }
    }
    printf("scenario %s: %zu %zu\n", scenario->name, progress->injected, progress->findings);
}

static void run_all(const struct inside_scenario *const *at)
{
    for (; *at; at++) {
        scenario = *at;
        if (scenario->twin || !inside_twin) {
            run_scenario();
        }
    }
}

int main(int argc, char **argv)
{
    const char *path = getenv("SKEYM_FAIL_PAGE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    for (int i = 1; i < argc; i++) {
        size_t number = i + 1 < argc ? strtoul(argv[i + 1], NULL, 10) : 0;
        inside_twin = inside_twin || strcmp(argv[i], "--twin") == 0;
        step = strcmp(argv[i], "--step") == 0 ? number : step;
        from = strcmp(argv[i], "--from") == 0 ? number : from;
    }
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || progress == MAP_FAILED || step == 0) {
        fprintf(stderr, "inside: run it by tests/torture/run\n");
        return 2;
    }
    run_all(inside_fhir);
    run_all(inside_files);
    return 0;
}
