/* SPDX-License-Identifier: Apache-2.0 */
#include "server/control.h"

#include "server/clock.h"
#include "server/home.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char dir[64];
    char path[96];
    struct skeym_control control;
    enum skeym_error result; /* of the reload */
    int reloads;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    if (!place) {
        return -1;
    }
    (void)snprintf(place->dir, sizeof place->dir, "/tmp/skeym-control-XXXXXX");
    *state = place;
    if (!mkdtemp(place->dir)) {
        return -1;
    }
    (void)snprintf(place->path, sizeof place->path, "%s/control", place->dir);
    return skeym_control_open(&place->control, place->dir) == SKEYM_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    skeym_control_close(&place->control);
    (void)rmdir(place->dir);
    free(place);
    return 0;
}

static enum skeym_error reload(void *arg)
{
    struct place *place = arg;
    place->reloads++;
    return place->result;
}

static void *serve_one(void *arg)
{
    struct place *place = arg;
    struct pollfd ready = {place->control.fd, POLLIN, 0};
    if (poll(&ready, 1, 5000) == 1) {
        skeym_control_serve(&place->control, reload, place);
    }
    return NULL;
}

/* Sends and reads what comes back. */
static void ask(struct place *place, const char *request, char answer[64])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", place->path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve_one, place), 0);
    ssize_t size = recv(fd, answer, 63, MSG_WAITALL);
    answer[size > 0 ? size : 0] = '\0';
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(fd);
}

static void is_for_the_owner_alone(void **state)
{
    struct place *place = *state;
    struct stat mode;
    assert_int_equal(stat(place->path, &mode), 0);
    assert_true(S_ISSOCK(mode.st_mode));
    assert_int_equal(mode.st_mode & 0777, 0600);
}

static void says_ok_after_the_reload(void **state)
{
    struct place *place = *state;
    char answer[64];
    ask(place, "reload\n", answer);
    assert_string_equal(answer, "ok\n");
    assert_int_equal(place->reloads, 1);
}

static void says_when_the_reload_failed(void **state)
{
    struct place *place = *state;
    char answer[64];
    place->result = SKEYM_ERR_IO;
    ask(place, "reload\n", answer);
    assert_string_equal(answer, "failed\n");
}

static void knows_no_other_word(void **state)
{
    static const char *const words[] = {
        "",
        "reload",
        "reload \n",
        "RELOAD\n",
        "\n",
        "stop\n",
        "reloadreload\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"};
    struct place *place = *state;
    char answer[64];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        ask(place, words[i], answer);
        assert_int_equal(place->reloads, 0);
    }
    ask(place, "stop\n", answer);
    assert_string_equal(answer, "unknown\n");
}

static void speaks_with_those_who_administer(void **state)
{
    struct place *place = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, serve_one, place), 0);
    assert_int_equal(skeym_home_notify(place->dir), SKEYM_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(place->reloads, 1);
}

static void *drip(void *arg)
{
    const int *fd = arg;
    for (int i = 0; i < 60 && send(*fd, "r", 1, MSG_NOSIGNAL) == 1; i++) {
        (void)poll(NULL, 0, 100);
    }
    return NULL;
}

/* Sixty bytes at a tenth of a second each: served in one second, not in six. */
static void waits_for_nobody_who_drips(void **state)
{
    struct place *place = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", place->path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(pthread_create(&thread, NULL, drip, &fd), 0);
    uint64_t before_ms = skeym_clock_monotonic();
    (void)serve_one(place);
    uint64_t took_ms = skeym_clock_monotonic() - before_ms;
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(fd);
    assert_in_range(took_ms, 900, 4000);
    assert_int_equal(place->reloads, 0);
}

static void keeps_a_second_server_off(void **state)
{
    struct place *place = *state;
    struct skeym_control second;
    assert_int_equal(skeym_control_open(&second, place->dir), SKEYM_ERR_BUSY);
    assert_int_equal(access(place->path, F_OK), 0);
    skeym_control_close(&second);
    assert_int_equal(access(place->path, F_OK), 0);
}

static void takes_the_place_of_a_dead_server(void **state)
{
    struct place *place = *state;
    (void)close(place->control.fd); /* the socket's file stays, as after a crash */
    (void)close(place->control.folder);
    assert_int_equal(access(place->path, F_OK), 0);
    assert_int_equal(skeym_control_open(&place->control, place->dir), SKEYM_OK);
    skeym_control_close(&place->control);
    assert_int_equal(access(place->path, F_OK), -1);
}

static void names_a_missing_folder(void **state)
{
    (void)state;
    struct skeym_control control;
    assert_int_equal(skeym_control_open(&control, "/nonexistent"), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_control_open(&control, "/dev/null"), SKEYM_ERR_MISSING);
}

/* Such as debian/control, when the wrong folder is named. */
static void leaves_a_file_that_is_not_its_own(void **state)
{
    struct place *place = *state;
    struct stat info;
    skeym_control_close(&place->control);
    int file = open(place->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, "mine", 4), 4);
    assert_int_equal(close(file), 0);
    assert_int_equal(skeym_control_open(&place->control, place->dir), SKEYM_ERR_EXISTS);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_size, 4);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(mkdir(place->path, 0700), 0);
    assert_int_equal(skeym_control_open(&place->control, place->dir), SKEYM_ERR_EXISTS);
    assert_int_equal(rmdir(place->path), 0);
    assert_int_equal(skeym_control_open(&place->control, place->dir), SKEYM_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(is_for_the_owner_alone),           TEST(says_ok_after_the_reload),
        TEST(says_when_the_reload_failed),      TEST(knows_no_other_word),
        TEST(speaks_with_those_who_administer), TEST(keeps_a_second_server_off),
        TEST(waits_for_nobody_who_drips),       TEST(takes_the_place_of_a_dead_server),
        TEST(names_a_missing_folder),           TEST(leaves_a_file_that_is_not_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
