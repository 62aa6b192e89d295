/* SPDX-License-Identifier: Apache-2.0 */
#include "server_drive.h"
#include "server/acceptor.h"
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>

enum { TURNS = 100000 /* of the HTTP library, in which it must come to rest */ };

/* A thread of the server's. It rests where it waits for something new to do. */
struct helper {
    sem_t paused; /* each: it has begun to rest */
    atomic_bool rests;
};

static struct {
    bool on, hurry;
    pthread_t fuzzer; /* its thread */
    struct MHD_Daemon *daemon;
    struct helper acceptor, writer;
    pthread_cond_t *wake; /* of the writer; before it has first waited: NULL */
    skeym_acceptor_take take;
    void *arg;
    atomic_int accepted; /* or -1 */
    atomic_bool resumed; /* a request that slept has its answer */
} drive;

static void open_helper(struct helper *helper)
{
    FUZZ_MUST(sem_init(&helper->paused, 0, 0) == 0);
    atomic_store(&helper->rests, false);
}

static void rest(struct helper *helper)
{
    atomic_store(&helper->rests, true);
    (void)sem_post(&helper->paused);
}

/* Until it begins to rest once more, or at once where it did so unseen. */
static void await(struct helper *helper)
{
    while (sem_wait(&helper->paused) != 0) { /* libFuzzer's timer */
    }
}

void server_drive(bool on)
{
    drive.on = on;
    if (on) {
        drive.fuzzer = pthread_self();
        open_helper(&drive.acceptor);
        open_helper(&drive.writer);
        atomic_store(&drive.accepted, -1);
        drive.wake = NULL;
    }
}

static bool is_helper(void)
{
    return drive.on && !pthread_equal(pthread_self(), drive.fuzzer);
}

/* --- the HTTP library ------------------------------------------------------------------------- */

struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
                                           MHD_AcceptPolicyCallback accept, void *accept_arg,
                                           MHD_AccessHandlerCallback handler, void *handler_arg,
                                           ...);

struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
                                           MHD_AcceptPolicyCallback accept, void *accept_arg,
                                           MHD_AccessHandlerCallback handler, void *handler_arg,
                                           ...)
{
    va_list options;
    if (drive.on) {
        flags &= ~(unsigned)MHD_USE_INTERNAL_POLLING_THREAD;
    }
    va_start(options, handler_arg);
    drive.daemon =
        MHD_start_daemon_va(flags, port, accept, accept_arg, handler, handler_arg, options);
    va_end(options);
    return drive.daemon;
}

/* --- the acceptor ------------------------------------------------------------------------------
 */

int __real_poll(struct pollfd *fds, nfds_t count, int ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int ms);
enum skeym_error __real_skeym_acceptor_start(struct skeym_acceptor **out, int fd, size_t room,
                                             skeym_acceptor_take take, void *arg);
enum skeym_error __wrap_skeym_acceptor_start(struct skeym_acceptor **out, int fd, size_t room,
                                             skeym_acceptor_take take, void *arg);

/* The acceptor's thread is the only one that waits so. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int ms)
{
    if (ms == 0 || !is_helper()) {
        return __real_poll(fds, count, ms);
    }
    rest(&drive.acceptor);
    int ready = __real_poll(fds, count, ms);
    atomic_store(&drive.acceptor.rests, false);
    return ready;
}

static bool keep(void *arg, int fd, const struct sockaddr *address, socklen_t size, bool last)
{
    (void)arg, (void)address, (void)size, (void)last;
    atomic_store(&drive.accepted, fd);
    return true;
}

enum skeym_error __wrap_skeym_acceptor_start(struct skeym_acceptor **out, int fd, size_t room,
                                             skeym_acceptor_take take, void *arg)
{
    drive.take = take;
    drive.arg = arg;
    enum skeym_error error =
        __real_skeym_acceptor_start(out, fd, room, drive.on ? keep : take, arg);
    while (drive.on && !error && !atomic_load(&drive.acceptor.rests)) {
        await(&drive.acceptor);
    }
    return error;
}

void server_drive_hand(int fd)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(40000)};
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FUZZ_MUST(drive.take(drive.arg, fd, (const struct sockaddr *)&peer, sizeof peer, true));
}

/* In this order: when it has kept one it does not rest, and when it rests again it is through. */
void server_drive_accept(void)
{
    while (atomic_load(&drive.accepted) < 0 || !atomic_load(&drive.acceptor.rests)) {
        await(&drive.acceptor);
    }
    server_drive_hand(atomic_exchange(&drive.accepted, -1));
}

/* --- the store's writer ------------------------------------------------------------------------
 */

int __real_pthread_cond_wait(pthread_cond_t *wake, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *wake, pthread_mutex_t *lock);
int __real_pthread_cond_signal(pthread_cond_t *wake);
int __wrap_pthread_cond_signal(pthread_cond_t *wake);
void __real_MHD_suspend_connection(struct MHD_Connection *connection);
void __wrap_MHD_suspend_connection(struct MHD_Connection *connection);
void __real_MHD_resume_connection(struct MHD_Connection *connection);
void __wrap_MHD_resume_connection(struct MHD_Connection *connection);

/* The store's writer is the only helper that waits so, under the store's lock and when nothing is
 * left. Who tells it of more has that lock, too; it hears of it when the fuzzer's thread waits. */
int __wrap_pthread_cond_wait(pthread_cond_t *wake, pthread_mutex_t *lock)
{
    if (is_helper()) {
        drive.wake = wake;
        rest(&drive.writer);
    }
    return __real_pthread_cond_wait(wake, lock);
}

int __wrap_pthread_cond_signal(pthread_cond_t *wake)
{
    if (!drive.on || wake != drive.wake) {
        return __real_pthread_cond_signal(wake);
    }
    atomic_store(&drive.writer.rests, false);
    return 0;
}

bool server_drive_settle(void)
{
    if (atomic_load(&drive.writer.rests)) {
        return true;
    }
    if (drive.wake) {
        (void)__real_pthread_cond_signal(drive.wake);
    }
    while (!atomic_load(&drive.writer.rests)) {
        await(&drive.writer);
    }
    return false;
}

void server_drive_hurry(bool writer)
{
    drive.hurry = writer;
}

/* A request is about to wait for the writer. */
void __wrap_MHD_suspend_connection(struct MHD_Connection *connection)
{
    if (drive.on && drive.hurry) {
        (void)server_drive_settle();
    }
    __real_MHD_suspend_connection(connection);
}

/* --- all of it ---------------------------------------------------------------------------------
 */

/* On any thread. */
void __wrap_MHD_resume_connection(struct MHD_Connection *connection)
{
    __real_MHD_resume_connection(connection);
    atomic_store(&drive.resumed, true);
}

void server_drive_run(void)
{
    unsigned turns = 0;
    for (bool idle = false; !idle; turns++) {
        MHD_UNSIGNED_LONG_LONG ms = 1;
        FUZZ_MUST(turns < TURNS && MHD_run(drive.daemon) == MHD_YES);
        idle = server_drive_settle() && !atomic_exchange(&drive.resumed, false) &&
               (MHD_get_timeout(drive.daemon, &ms) != MHD_YES || ms > 0);
    }
}
