/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: the $SKEYM_TEST_FAIL-th call of the program that can fail does, once, and its name is
 * written into $SKEYM_TEST_FAILED. Only calls of the program itself count, not those of its
 * libraries, and no more than CALLS_MAX from the same place. Its children are left alone. */
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <link.h>
#include <microhttpd.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <qrencode.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PLACES = 4096, CALLS_MAX = 2 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_long left;
static char failed_path[512];
static uintptr_t program_from, program_to;
static atomic_uchar calls[PLACES];

static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X)) {
            program_from = info->dlpi_addr + part->p_vaddr;
            program_to = program_from + part->p_memsz;
        }
    }
    return 1; /* the first is the program */
}

__attribute__((constructor)) static void begin(void)
{
    const char *count = getenv("SKEYM_TEST_FAIL");
    const char *path = getenv("SKEYM_TEST_FAILED");
    if (count && path && strlen(path) < sizeof failed_path) {
        memcpy(failed_path, path, strlen(path) + 1);
        dl_iterate_phdr(find_program, NULL);
        atomic_store(&left, strtol(count, NULL, 10));
        unsetenv("SKEYM_TEST_FAIL");
        unsetenv("LD_PRELOAD");
    }
}

static bool fails(const void *place, const char *name)
{
    uintptr_t address = (uintptr_t)place;
    if (atomic_load(&left) <= 0 || address < program_from || address >= program_to ||
        atomic_fetch_add(&calls[address % PLACES], 1) >= CALLS_MAX) {
        return false;
    }
    if (atomic_fetch_sub(&left, 1) != 1) {
        return false;
    }
    int fd = (int)syscall(SYS_openat, AT_FDCWD, failed_path, O_WRONLY | O_CREAT, 0600);
    if (fd >= 0) {
        (void)!dprintf(fd, "%s\n", name);
        (void)close(fd);
    }
    return true;
}

/* What counts branches asks for this first when the program ends: that is no work of its own. */
char *getenv(const char *name)
{
    static char *(*real)(const char *);
    if (strncmp(name, "GCOV_", 5) == 0) {
        atomic_store(&left, 0);
    }
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "getenv");
    }
    return real(name);
}

#define FAIL(type, name, parameters, arguments, bad, why)                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static void *real;                                                                         \
        if (fails(__builtin_return_address(0), #name)) {                                           \
            errno = (why);                                                                         \
            return bad;                                                                            \
        }                                                                                          \
        if (!real) {                                                                               \
            real = dlsym(RTLD_NEXT, #name);                                                        \
        }                                                                                          \
        return ((__typeof__(&name))real)arguments;                                                 \
    }

#define HEAP(name, parameters, arguments)                                                          \
    void *name parameters                                                                          \
    {                                                                                              \
        if (fails(__builtin_return_address(0), #name)) {                                           \
            errno = ENOMEM;                                                                        \
            return NULL;                                                                           \
        }                                                                                          \
        return __libc_##name arguments;                                                            \
    }

HEAP(malloc, (size_t size), (size))
HEAP(calloc, (size_t count, size_t size), (count, size))
HEAP(realloc, (void *old, size_t size), (old, size))

FAIL(char *, strdup, (const char *a), (a), NULL, ENOMEM)
FAIL(char *, strndup, (const char *a, size_t n), (a, n), NULL, ENOMEM)
FAIL(FILE *, fopen, (const char *a, const char *b), (a, b), NULL, EACCES)
FAIL(FILE *, fdopen, (int a, const char *b), (a, b), NULL, ENOMEM)
FAIL(FILE *, open_memstream, (char **a, size_t *b), (a, b), NULL, ENOMEM)
FAIL(ssize_t, read, (int a, void *b, size_t c), (a, b, c), -1, EIO)
FAIL(ssize_t, write, (int a, const void *b, size_t c), (a, b, c), -1, ENOSPC)
FAIL(int, fsync, (int a), (a), -1, EIO)
FAIL(int, fstat, (int a, struct stat *b), (a, b), -1, EIO)
FAIL(int, stat, (const char *a, struct stat *b), (a, b), -1, EACCES)
FAIL(int, lstat, (const char *a, struct stat *b), (a, b), -1, EACCES)
FAIL(int, fchmod, (int a, mode_t b), (a, b), -1, EPERM)
FAIL(int, mkdir, (const char *a, mode_t b), (a, b), -1, EACCES)
FAIL(int, flock, (int a, int b), (a, b), -1, EINTR)
FAIL(int, link, (const char *a, const char *b), (a, b), -1, EIO)
FAIL(int, linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e), -1, EIO)
FAIL(int, rename, (const char *a, const char *b), (a, b), -1, EIO)
FAIL(int, renameat, (int a, const char *b, int c, const char *d), (a, b, c, d), -1, EIO)
FAIL(int, unlink, (const char *a), (a), -1, EIO)
FAIL(int, chmod, (const char *a, mode_t b), (a, b), -1, EPERM)
FAIL(int, socket, (int a, int b, int c), (a, b, c), -1, EMFILE)
FAIL(int, bind, (int a, const struct sockaddr *b, socklen_t c), (a, b, c), -1, EADDRINUSE)
FAIL(int, listen, (int a, int b), (a, b), -1, EADDRINUSE)
FAIL(int, setsockopt, (int a, int b, int c, const void *d, socklen_t e), (a, b, c, d, e), -1, EPERM)
FAIL(int, getsockname, (int a, struct sockaddr *b, socklen_t *c), (a, b, c), -1, ENOBUFS)
FAIL(int, connect, (int a, const struct sockaddr *b, socklen_t c), (a, b, c), -1, ECONNREFUSED)
FAIL(int, pipe, (int a[2]), (a), -1, EMFILE)
FAIL(pid_t, fork, (void), (), -1, EAGAIN)
FAIL(char *, mkdtemp, (char *a), (a), NULL, EACCES)
FAIL(int, signalfd, (int a, const sigset_t *b, int c), (a, b, c), -1, EMFILE)
FAIL(int, pthread_sigmask, (int a, const sigset_t *b, sigset_t *c), (a, b, c), EINVAL, EINVAL)
FAIL(int, pthread_condattr_init, (pthread_condattr_t * a), (a), ENOMEM, ENOMEM)
FAIL(int, pthread_rwlockattr_init, (pthread_rwlockattr_t * a), (a), ENOMEM, ENOMEM)
FAIL(int, pthread_create, (pthread_t * a, const pthread_attr_t *b, void *(*c)(void *), void *d),
     (a, b, c, d), EAGAIN, EAGAIN)
FAIL(int, sched_getaffinity, (pid_t a, size_t b, cpu_set_t *c), (a, b, c), -1, EINVAL)
FAIL(int, getrlimit, (__rlimit_resource_t a, struct rlimit *b), (a, b), -1, EINVAL)
FAIL(int, setrlimit, (__rlimit_resource_t a, const struct rlimit *b), (a, b), -1, EPERM)
FAIL(ssize_t, pread, (int a, void *b, size_t c, off_t d), (a, b, c, d), -1, EIO)
FAIL(ssize_t, pwrite, (int a, const void *b, size_t c, off_t d), (a, b, c, d), -1, ENOSPC)
FAIL(ssize_t, recv, (int a, void *b, size_t c, int d), (a, b, c, d), -1, ECONNRESET)
FAIL(ssize_t, send, (int a, const void *b, size_t c, int d), (a, b, c, d), -1, EPIPE)
FAIL(int, ftruncate, (int a, off_t b), (a, b), -1, EIO)
FAIL(int, fdatasync, (int a), (a), -1, EIO)
FAIL(int, fchown, (int a, uid_t b, gid_t c), (a, b, c), -1, EPERM)
FAIL(int, unlinkat, (int a, const char *b, int c), (a, b, c), -1, EIO)
FAIL(int, sigaction, (int a, const struct sigaction *b, struct sigaction *c), (a, b, c), -1, EINVAL)
FAIL(int, epoll_create1, (int a), (a), -1, EMFILE)
FAIL(int, epoll_ctl, (int a, int b, int c, struct epoll_event *d), (a, b, c, d), -1, ENOSPC)
FAIL(int, pthread_mutex_init, (pthread_mutex_t * a, const pthread_mutexattr_t *b), (a, b), ENOMEM,
     ENOMEM)
FAIL(int, pthread_cond_init, (pthread_cond_t * a, const pthread_condattr_t *b), (a, b), ENOMEM,
     ENOMEM)
FAIL(int, pthread_rwlock_init, (pthread_rwlock_t * a, const pthread_rwlockattr_t *b), (a, b),
     ENOMEM, ENOMEM)
FAIL(void *, aligned_alloc, (size_t a, size_t b), (a, b), NULL, ENOMEM)
FAIL(QRcode *, QRcode_encodeString, (const char *a, int b, QRecLevel c, QRencodeMode d, int e),
     (a, b, c, d, e), NULL, ENOMEM)
FAIL(CURL *, curl_easy_init, (void), (), NULL, ENOMEM)
FAIL(CURLU *, curl_url, (void), (), NULL, ENOMEM)
FAIL(struct curl_slist *, curl_slist_append, (struct curl_slist * a, const char *b), (a, b), NULL,
     ENOMEM)
FAIL(ssize_t, getrandom, (void *a, size_t b, unsigned c), (a, b, c), -1, ENOSYS)

FAIL(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), (), NULL, ENOMEM)
FAIL(int, EVP_PKEY_derive, (EVP_PKEY_CTX * a, unsigned char *b, size_t *c), (a, b, c), 0, 0)
FAIL(int, EVP_PKEY_get_raw_public_key, (const EVP_PKEY *a, unsigned char *b, size_t *c), (a, b, c),
     0, 0)

FAIL(struct json_object *, json_object_new_object, (void), (), NULL, ENOMEM)
FAIL(struct json_object *, json_object_new_array, (void), (), NULL, ENOMEM)
FAIL(struct json_object *, json_object_new_string, (const char *a), (a), NULL, ENOMEM)
FAIL(struct json_object *, json_object_new_string_len, (const char *a, int b), (a, b), NULL, ENOMEM)
FAIL(struct json_object *, json_object_new_int64, (int64_t a), (a), NULL, ENOMEM)
FAIL(struct json_object *, json_object_new_double, (double a), (a), NULL, ENOMEM)
FAIL(int, json_object_object_add, (struct json_object * a, const char *b, struct json_object *c),
     (a, b, c), -1, ENOMEM)
FAIL(int, json_object_array_add, (struct json_object * a, struct json_object *b), (a, b), -1,
     ENOMEM)
FAIL(int, json_object_to_file_ext, (const char *a, struct json_object *b, int c), (a, b, c), -1,
     ENOSPC)
FAIL(const char *, json_object_to_json_string_ext, (struct json_object * a, int b), (a, b), NULL,
     ENOMEM)

FAIL(struct MHD_Response *, MHD_create_response_from_buffer,
     (size_t a, void *b, enum MHD_ResponseMemoryMode c), (a, b, c), NULL, ENOMEM)
FAIL(enum MHD_Result, MHD_add_response_header,
     (struct MHD_Response * a, const char *b, const char *c), (a, b, c), MHD_NO, ENOMEM)
FAIL(enum MHD_Result, MHD_queue_response,
     (struct MHD_Connection * a, unsigned b, struct MHD_Response *c), (a, b, c), MHD_NO, ENOMEM)

/* Those with more arguments than they name. */
int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (fails(__builtin_return_address(0), "open")) {
        errno = EACCES;
        return -1;
    }
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "open");
    }
    return real(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    static int (*real)(int, const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (fails(__builtin_return_address(0), "openat")) {
        errno = EACCES;
        return -1;
    }
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "openat");
    }
    return real(folder, path, flags, mode);
}

int asprintf(char **out, const char *format, ...)
{
    va_list rest;
    if (fails(__builtin_return_address(0), "asprintf")) {
        *out = NULL;
        errno = ENOMEM;
        return -1;
    }
    va_start(rest, format);
    int size = vasprintf(out, format, rest);
    va_end(rest);
    return size;
}
