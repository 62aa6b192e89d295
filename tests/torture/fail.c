/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before a program's libraries (LD_PRELOAD): each of its calls to the system and to the
 * heap is counted, and one of them, which the campaign has chosen, fails. Counting begins with
 * main. Allocation goes to the address sanitizer's, so that the program must be built with it.
 */
#include "fail.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *old, size_t size);
void *__interceptor_memalign(size_t alignment, size_t size);
int __interceptor_posix_memalign(void **out, size_t alignment, size_t size);
void *__interceptor_aligned_alloc(size_t alignment, size_t size);

static struct fail_page *page;
static uintptr_t own_begin, own_end;   /* the program's own code */
static uintptr_t asan_begin, asan_end; /* the sanitizer's */
static volatile bool started;
static _Thread_local bool inside; /* this library's own calls do not count */

/* --- counting and choosing ------------------------------------------------------- */

static void remember(enum fail_kind kind, const void *caller, bool own)
{
    Dl_info info;
    page->own = own;
    page->site = (int64_t)(uintptr_t)caller;
    if (dladdr(caller, &info) && info.dli_fname) {
        page->site -= (int64_t)(uintptr_t)info.dli_fbase;
        (void)snprintf(page->module, sizeof page->module, "%s", info.dli_fname);
    }
    (void)kind;
}

/* Two calls that were made in the same way have the same. */
static _Unwind_Reason_Code add_frame(struct _Unwind_Context *frame, void *arg)
{
    uint64_t *hash = arg;
    *hash = (*hash ^ (uint64_t)_Unwind_GetIP(frame)) * UINT64_C(0x9e3779b97f4a7c15);
    *hash ^= *hash >> 29;
    return _URC_NO_REASON;
}

static uint64_t stack_now(void)
{
    uint64_t hash = 0;
    inside = true;
    (void)_Unwind_Backtrace(add_frame, &hash);
    inside = false;
    return hash;
}

bool fail_now(enum fail_kind kind, const void *caller, int *code)
{
    if (!started || inside || !page || !__atomic_load_n(&page->armed, __ATOMIC_ACQUIRE)) {
        return false;
    }
    bool own = (uintptr_t)caller >= own_begin && (uintptr_t)caller < own_end;
    int64_t number = __atomic_add_fetch(&page->count[kind], 1, __ATOMIC_RELAXED);
    if (page->kind < 0) {
        int64_t at = __atomic_fetch_add(&page->sites, 1, __ATOMIC_RELAXED);
        if (at < (int64_t)(sizeof page->journal / sizeof page->journal[0])) {
            page->journal[at].kind = (uint32_t)kind | (own ? UINT32_C(1) << 31 : 0);
            page->journal[at].site = (uint32_t)((uintptr_t)caller - (own ? own_begin : 0));
            page->journal[at].stack = stack_now();
        }
        return false;
    }
    if (page->kind != (int64_t)kind || number < page->nth ||
        (number > page->nth && !page->lasting)) {
        return false;
    }
    inside = true;
    if (__atomic_fetch_add(&page->fired, 1, __ATOMIC_RELAXED) == 0) {
        remember(kind, caller, own);
    }
    inside = false;
    int how = (int)page->how;
    if (code) {
        *code = how;
    } else if (how > 0) {
        errno = how;
    }
    return true;
}

#define HERE __builtin_return_address(0)

/* The next definition of a function: the sanitizer's or the C library's. */
static void *next(const char *name)
{
    bool was = inside;
    inside = true;
    void *found = dlsym(RTLD_NEXT, name);
    inside = was;
    if (!found) {
        static const char text[] = "fail: a function has no next definition\n";
        (void)!syscall(1L, 2, text, sizeof text - 1);
        _exit(97);
    }
    return found;
}

#define REAL(type, name, parameters) /* found at the first call */                                 \
    static type(*real_##name) parameters;                                                          \
    if (!real_##name) {                                                                            \
        *(void **)&real_##name = next(#name);                                                      \
    }

/* type name(parameters): fails with `bad`, as its kind says. */
#define SIMPLE(kind, type, bad, name, parameters, arguments)                                       \
    __attribute__((visibility("default"))) type name parameters                                    \
    {                                                                                              \
        REAL(type, name, parameters)                                                               \
        return fail_now(FAIL_##kind, HERE, NULL) ? (bad) : real_##name arguments;                  \
    }

/* The same for bytes that come or go: FAIL_SHORT halves `size`. */
#define BYTES(kind, name, parameters, arguments)                                                   \
    __attribute__((visibility("default"))) ssize_t name parameters                                 \
    {                                                                                              \
        REAL(ssize_t, name, parameters)                                                            \
        if (fail_now(FAIL_##kind, HERE, NULL)) {                                                   \
            if (page->how != FAIL_SHORT) {                                                         \
                return -1;                                                                         \
            }                                                                                      \
            size = size > 1 ? size / 2 : size;                                                     \
        }                                                                                          \
        return real_##name arguments;                                                              \
    }

/* --- the heap ---------------------------------------------------------------------- */

#define HEAP(type, bad, name, parameters, arguments)                                               \
    __attribute__((visibility("default"))) type name parameters                                    \
    {                                                                                              \
        return fail_now(FAIL_malloc, HERE, NULL) ? (bad) : __interceptor_##name arguments;         \
    }

HEAP(void *, NULL, malloc, (size_t size), (size))
HEAP(void *, NULL, calloc, (size_t count, size_t size), (count, size))
HEAP(void *, NULL, memalign, (size_t alignment, size_t size), (alignment, size))
HEAP(void *, NULL, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
HEAP(int, ENOMEM, posix_memalign, (void **out, size_t alignment, size_t size),
     (out, alignment, size))

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
    if (size > 0 && fail_now(FAIL_malloc, HERE, NULL)) {
        return NULL;
    }
    return __interceptor_realloc(old, size);
}

SIMPLE(malloc, char *, NULL, strdup, (const char *text), (text))
SIMPLE(malloc, char *, NULL, strndup, (const char *text, size_t most), (text, most))

/* --- files ------------------------------------------------------------------------- */

static mode_t mode_of(int flags, va_list list)
{
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(list, int) : 0;
}

#define OPEN(name)                                                                                 \
    __attribute__((visibility("default"))) int name(const char *path, int flags, ...)              \
    {                                                                                              \
        REAL(int, name, (const char *path_, int flags_, ...))                                      \
        va_list list;                                                                              \
        va_start(list, flags);                                                                     \
        mode_t mode = mode_of(flags, list);                                                        \
        va_end(list);                                                                              \
        return fail_now(FAIL_open, HERE, NULL) ? -1 : real_##name(path, flags, mode);              \
    }
#define OPENAT(name)                                                                               \
    __attribute__((visibility("default"))) int name(int folder, const char *path, int flags, ...)  \
    {                                                                                              \
        REAL(int, name, (int folder_, const char *path_, int flags_, ...))                         \
        va_list list;                                                                              \
        va_start(list, flags);                                                                     \
        mode_t mode = mode_of(flags, list);                                                        \
        va_end(list);                                                                              \
        return fail_now(FAIL_open, HERE, NULL) ? -1 : real_##name(folder, path, flags, mode);      \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
SIMPLE(open, int, -1, mkostemp, (char *name, int flags), (name, flags))
SIMPLE(open, int, -1, mkostemp64, (char *name, int flags), (name, flags))
SIMPLE(open, FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
SIMPLE(open, FILE *, NULL, fopen64, (const char *path, const char *mode), (path, mode))
SIMPLE(open, DIR *, NULL, opendir, (const char *path), (path))
SIMPLE(open, DIR *, NULL, fdopendir, (int fd), (fd))
SIMPLE(open, int, -1, dup, (int fd), (fd))

BYTES(read, read, (int fd, void *out, size_t size), (fd, out, size))
BYTES(read, pread, (int fd, void *out, size_t size, off_t at), (fd, out, size, at))
BYTES(read, pread64, (int fd, void *out, size_t size, off64_t at), (fd, out, size, at))

/* An event's counter takes a number at any time: it cannot fail as a file does, and who rings one
 * rightly does not ring twice. The HTTP library wakes its threads so. */
static bool rings(int fd, size_t size)
{
    struct stat what;
    return size == sizeof(eventfd_t) && fstat(fd, &what) == 0 && (what.st_mode & S_IFMT) == 0;
}

__attribute__((visibility("default"))) ssize_t write(int fd, const void *data, size_t size)
{
    REAL(ssize_t, write, (int fd_, const void *data_, size_t size_))
    if (!rings(fd, size) && fail_now(FAIL_write, HERE, NULL)) {
        if (page->how != FAIL_SHORT) {
            return -1;
        }
        size = size > 1 ? size / 2 : size;
    }
    return real_write(fd, data, size);
}

BYTES(write, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
BYTES(write, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
SIMPLE(write, ssize_t, -1, writev, (int fd, const struct iovec *parts, int count),
       (fd, parts, count))

/* What is behind a stream is written inside of the C library, so the stream itself fails. */
__attribute__((visibility("default"))) int fflush(FILE *out)
{
    REAL(int, fflush, (FILE * out_))
    bool fails = out && out != stderr && fail_now(FAIL_write, HERE, NULL);
    return fails && page->how != FAIL_SHORT && page->how != EINTR ? EOF : real_fflush(out);
}

SIMPLE(read, struct dirent *, NULL, readdir, (DIR * dir), (dir))
SIMPLE(read, struct dirent64 *, NULL, readdir64, (DIR * dir), (dir))

SIMPLE(fsync, int, -1, fsync, (int fd), (fd))
SIMPLE(fsync, int, -1, fdatasync, (int fd), (fd))
SIMPLE(truncate, int, -1, ftruncate, (int fd, off_t size), (fd, size))
SIMPLE(truncate, int, -1, ftruncate64, (int fd, off64_t size), (fd, size))
SIMPLE(truncate, int, ENOSPC, posix_fallocate, (int fd, off_t at, off_t size), (fd, at, size))
SIMPLE(truncate, int, ENOSPC, posix_fallocate64, (int fd, off64_t at, off64_t size), (fd, at, size))
SIMPLE(truncate, off_t, -1, lseek, (int fd, off_t at, int from), (fd, at, from))
SIMPLE(truncate, off64_t, -1, lseek64, (int fd, off64_t at, int from), (fd, at, from))
SIMPLE(rename, int, -1, rename, (const char *old, const char *new), (old, new))
SIMPLE(rename, int, -1, renameat, (int from, const char *old, int to, const char *new),
       (from, old, to, new))
SIMPLE(rename, int, -1, renameat2,
       (int from, const char *old, int to, const char *new, unsigned flags),
       (from, old, to, new, flags))
SIMPLE(rename, int, -1, link, (const char *old, const char *new), (old, new))
SIMPLE(rename, int, -1, linkat, (int from, const char *old, int to, const char *new, int flags),
       (from, old, to, new, flags))
SIMPLE(unlink, int, -1, unlink, (const char *path), (path))
SIMPLE(unlink, int, -1, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
SIMPLE(unlink, int, -1, rmdir, (const char *path), (path))
SIMPLE(mkdir, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
SIMPLE(stat, int, -1, stat, (const char *path, struct stat *out), (path, out))
SIMPLE(stat, int, -1, stat64, (const char *path, struct stat64 *out), (path, out))
SIMPLE(stat, int, -1, lstat, (const char *path, struct stat *out), (path, out))
SIMPLE(stat, int, -1, lstat64, (const char *path, struct stat64 *out), (path, out))
SIMPLE(stat, int, -1, fstat, (int fd, struct stat *out), (fd, out))
SIMPLE(stat, int, -1, fstat64, (int fd, struct stat64 *out), (fd, out))
SIMPLE(stat, int, -1, fstatat, (int fd, const char *path, struct stat *out, int flags),
       (fd, path, out, flags))
SIMPLE(stat, int, -1, access, (const char *path, int mode), (path, mode))
SIMPLE(stat, char *, NULL, getcwd, (char *out, size_t size), (out, size))
SIMPLE(lock, int, -1, flock, (int fd, int what), (fd, what))
SIMPLE(chmod, int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
SIMPLE(chmod, int, -1, chmod, (const char *path, mode_t mode), (path, mode))
SIMPLE(chmod, int, -1, fchown, (int fd, uid_t user, gid_t group), (fd, user, group))
SIMPLE(chmod, int, -1, fchownat, (int fd, const char *path, uid_t user, gid_t group, int flags),
       (fd, path, user, group, flags))

#define FCNTL(name)                                                                                \
    __attribute__((visibility("default"))) int name(int fd, int what, ...)                         \
    {                                                                                              \
        REAL(int, name, (int fd_, int what_, ...))                                                 \
        va_list list;                                                                              \
        va_start(list, what);                                                                      \
        void *argument = va_arg(list, void *);                                                     \
        va_end(list);                                                                              \
        return fail_now(FAIL_lock, HERE, NULL) ? -1 : real_##name(fd, what, argument);             \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

/* --- sockets ------------------------------------------------------------------------- */

SIMPLE(socket, int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol))
SIMPLE(socket, int, -1, socketpair, (int domain, int type, int protocol, int out[2]),
       (domain, type, protocol, out))
SIMPLE(bind, int, -1, bind, (int fd, const struct sockaddr *address, socklen_t size),
       (fd, address, size))
SIMPLE(bind, int, -1, listen, (int fd, int queue), (fd, queue))
SIMPLE(bind, int, -1, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
       (fd, level, name, value, size))
SIMPLE(bind, int, -1, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
       (fd, level, name, value, size))
SIMPLE(bind, int, -1, getsockname, (int fd, struct sockaddr *address, socklen_t *size),
       (fd, address, size))
SIMPLE(bind, int, -1, getpeername, (int fd, struct sockaddr *address, socklen_t *size),
       (fd, address, size))
SIMPLE(accept, int, -1, accept, (int fd, struct sockaddr *address, socklen_t *size),
       (fd, address, size))
SIMPLE(accept, int, -1, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags),
       (fd, address, size, flags))
SIMPLE(connect, int, -1, connect, (int fd, const struct sockaddr *address, socklen_t size),
       (fd, address, size))
SIMPLE(connect, int, EAI_MEMORY, getaddrinfo,
       (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out),
       (node, service, hints, out))
BYTES(recv, recv, (int fd, void *out, size_t size, int flags), (fd, out, size, flags))
BYTES(recv, recvfrom,
      (int fd, void *out, size_t size, int flags, struct sockaddr *from, socklen_t *from_size),
      (fd, out, size, flags, from, from_size))
SIMPLE(recv, ssize_t, -1, recvmsg, (int fd, struct msghdr *message, int flags),
       (fd, message, flags))
BYTES(send, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
BYTES(send, sendto,
      (int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
       socklen_t to_size),
      (fd, data, size, flags, to, to_size))
SIMPLE(send, ssize_t, -1, sendmsg, (int fd, const struct msghdr *message, int flags),
       (fd, message, flags))
BYTES(send, sendfile64, (int to, int from, off64_t *at, size_t size), (to, from, at, size))
SIMPLE(poll, int, -1, poll, (struct pollfd * fds, nfds_t count, int ms), (fds, count, ms))
SIMPLE(poll, int, -1, epoll_wait, (int fd, struct epoll_event *out, int most, int ms),
       (fd, out, most, ms))
SIMPLE(handle, int, -1, epoll_create1, (int flags), (flags))
/* Only what needs memory can fail. */
__attribute__((visibility("default"))) int epoll_ctl(int fd, int what, int other,
                                                     struct epoll_event *event)
{
    REAL(int, epoll_ctl, (int fd_, int what_, int other_, struct epoll_event *event_))
    bool adds = what == EPOLL_CTL_ADD;
    return adds && fail_now(FAIL_handle, HERE, NULL) ? -1 : real_epoll_ctl(fd, what, other, event);
}
SIMPLE(handle, int, -1, eventfd, (unsigned first, int flags), (first, flags))
SIMPLE(handle, int, -1, pipe2, (int out[2], int flags), (out, flags))
SIMPLE(handle, int, -1, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags))

/* --- the rest ------------------------------------------------------------------------- */

SIMPLE(random, ssize_t, -1, getrandom, (void *out, size_t size, unsigned flags), (out, size, flags))
SIMPLE(random, int, -1, getentropy, (void *out, size_t size), (out, size))
SIMPLE(map, void *, MAP_FAILED, mmap,
       (void *at, size_t size, int protection, int flags, int fd, off_t offset),
       (at, size, protection, flags, fd, offset))
SIMPLE(map, void *, MAP_FAILED, mmap64,
       (void *at, size_t size, int protection, int flags, int fd, off64_t offset),
       (at, size, protection, flags, fd, offset))
SIMPLE(map, int, -1, mlock, (const void *at, size_t size), (at, size))
SIMPLE(limit, int, -1, setrlimit, (__rlimit_resource_t what, const struct rlimit *limit),
       (what, limit))
SIMPLE(limit, int, -1, getrlimit, (__rlimit_resource_t what, struct rlimit *limit), (what, limit))

__attribute__((visibility("default"))) int
pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
    REAL(int, pthread_create,
         (pthread_t * out_, const pthread_attr_t *attributes_, void *(*run_)(void *), void *arg_))
    return fail_now(FAIL_thread, HERE, NULL) ? EAGAIN
                                             : real_pthread_create(out, attributes, run, arg);
}

/* The sanitizer asks at the start of each thread, and takes no for an error of its own. */
__attribute__((visibility("default"))) int pthread_getattr_np(pthread_t thread, pthread_attr_t *out)
{
    REAL(int, pthread_getattr_np, (pthread_t thread_, pthread_attr_t * out_))
    bool was = inside;
    inside = true;
    int result = real_pthread_getattr_np(thread, out);
    inside = was;
    return result;
}

/* The leak check must be able to stop the program's threads. */
__attribute__((visibility("default"))) int prctl(int what, ...)
{
    REAL(int, prctl, (int what_, ...))
    unsigned long arguments[4];
    va_list list;
    va_start(list, what);
    for (int i = 0; i < 4; i++) {
        arguments[i] = va_arg(list, unsigned long);
    }
    va_end(list);
    if (fail_now(FAIL_limit, HERE, NULL)) {
        return -1;
    }
    return what == PR_SET_DUMPABLE
               ? 0
               : real_prctl(what, arguments[0], arguments[1], arguments[2], arguments[3]);
}

/* --- the start ------------------------------------------------------------------------- */

static fail_main *program_main;

static void map_page(void)
{
    const char *path = getenv("SKEYM_FAIL_PAGE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) {
        return;
    }
    void *memory = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    page = memory == MAP_FAILED ? NULL : memory;
}

/* The leak check looks for pointers in all libraries' data, and so in 12 MiB of the sanitizers' own
 * tables, which is most of its time: they hold none of ours. */
typedef int each_object(struct dl_phdr_info *object, size_t size, void *arg);

struct objects {
    each_object *each;
    void *arg;
};

static int but_for_theirs(struct dl_phdr_info *object, size_t size, void *arg)
{
    const struct objects *objects = arg;
    const char *name = object->dlpi_name;
    bool theirs = strstr(name, "/libasan.so") || strstr(name, "/libubsan.so");
    return theirs ? 0 : objects->each(object, size, objects->arg);
}

__attribute__((visibility("default"))) int dl_iterate_phdr(each_object *each, void *arg)
{
    REAL(int, dl_iterate_phdr, (each_object * each_, void *arg_))
    struct objects objects = {each, arg};
    uintptr_t caller = (uintptr_t)HERE;
    bool checks = started && caller >= asan_begin && caller < asan_end;
    return checks ? real_dl_iterate_phdr(but_for_theirs, &objects)
                  : real_dl_iterate_phdr(each, arg);
}

static int none(struct dl_phdr_info *object, size_t size, void *arg)
{
    (void)object;
    (void)size;
    (void)arg;
    return 1;
}

/* Where the program's own code lies, and the sanitizer's, from the kernel's list. */
static void find_own(void)
{
    char line[512];
    char name[256] = "";
    FILE *maps = fopen("/proc/self/maps", "re");
    ssize_t size = readlink("/proc/self/exe", name, sizeof name - 1);
    while (maps && size > 0 && fgets(line, sizeof line, maps)) {
        char *dash = NULL;
        unsigned long begin = strtoul(line, &dash, 16);
        if (strstr(line, name) && *dash == '-') {
            own_begin = own_begin ? own_begin : begin;
            own_end = strtoul(dash + 1, NULL, 16);
        }
        if (strstr(line, "/libasan.so") && *dash == '-') {
            asan_begin = asan_begin ? asan_begin : begin;
            asan_end = strtoul(dash + 1, NULL, 16);
        }
    }
    if (maps) {
        (void)fclose(maps);
    }
}

static int run_main(int argc, char **argv, char **environment)
{
    started = true;
    return program_main(argc, argv, environment);
}

static int begin(int argc, char **argv, char **environment)
{
    map_page();
    find_own();
    fail_vfs_install();
    fail_orders_begin();
    (void)dl_iterate_phdr(none, NULL); /* finds the real one, before anything is counted */
    return getenv("SKEYM_FAIL_ORDERS") ? fail_serve_orders(run_main, environment)
                                       : run_main(argc, argv, environment);
}

__attribute__((visibility("default"))) int
__libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                  void (*fini)(void), void (*loader_fini)(void), void *stack_end)
{
    REAL(int, __libc_start_main,
         (int (*main_)(int, char **, char **), int argc_, char **argv_, void (*init_)(void),
          void (*fini_)(void), void (*loader_fini_)(void), void *stack_end_))
    program_main = main;
    return real___libc_start_main(begin, argc, argv, init, fini, loader_fini, stack_end);
}
