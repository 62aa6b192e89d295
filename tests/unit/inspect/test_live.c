/* SPDX-License-Identifier: Apache-2.0 */
/* An authority and its server, made by children that do what the test says. */
#include "unit/inspect/fake_exec.h"

#include "inspect/live.h"

#include <pwd.h>
#include <sys/random.h>
#include <sys/stat.h>

/* --- the system ------------------------------------------------------------------- */

static struct {
    uid_t user;
    bool no_nobody, no_folder, no_mode, no_random;
} is;

uid_t geteuid(void)
{
    return is.user;
}

struct passwd *getpwnam(const char *name)
{
    static struct passwd nobody;
    assert_string_equal(name, "nobody");
    return is.no_nobody ? NULL : &nobody;
}

char *mkdtemp(char *template)
{
    static char *(*real)(char *);
    *(void **)&real = dlsym(RTLD_NEXT, "mkdtemp");
    return is.no_folder ? NULL : real(template);
}

int chmod(const char *file, mode_t mode)
{
    return is.no_mode ? -1 : (int)syscall(SYS_fchmodat, AT_FDCWD, file, mode);
}

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    return is.no_random ? -1 : (ssize_t)syscall(SYS_getrandom, buffer, length, flags);
}

/* --- the children ----------------------------------------------------------------- */

static const char *server_says;
static int code; /* of the others */

static void child_is(char *const *argv, int ready)
{
    for (size_t i = 0; argv[i]; i++) {
        child_says(1, argv[i]);
        child_says(1, " ");
    }
    if (!argv[0]) {
        _exit(94);
    }
    if (strcmp(argv[0], "serve") == 0 && server_says) {
        child_says(ready, server_says);
        child_waits();
    }
    for (size_t i = 0; argv[i]; i++) { /* a passphrase file is there, and full */
        struct stat info;
        if (strcmp(argv[i], "--passphrase-file") == 0 && argv[i + 1] &&
            (stat(argv[i + 1], &info) != 0 || info.st_size != 32 ||
             (info.st_mode & 0777) != 0600)) {
            _exit(95);
        }
    }
    _exit(code);
}

static struct skeym_live live;

static int before(void **state)
{
    (void)state;
    memset(&is, 0, sizeof is);
    memset(&call, 0, sizeof call);
    is.user = 1000;
    server_says = "8080 9090\n";
    code = 0;
    return 0;
}

static int after(void **state)
{
    (void)state;
    skeym_live_close(&live, false);
    bool gone = live.dir[0] == '\0' || access(live.dir, F_OK) != 0;
    memset(&live, 0, sizeof live);
    return gone ? 0 : -1;
}

static const char *text_of(const char *name)
{
    (void)snprintf(exec_log, sizeof exec_log, "%.40s/%.20s", live.dir, name);
    return log_text();
}

/* --- tests ------------------------------------------------------------------------ */

static void an_authority_is_founded(void **state)
{
    (void)state;
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_OK);
    assert_string_equal(skeym_live_path(&live, "authority"), live.home);
    assert_non_null(strstr(text_of("init.log"), "init "));
    assert_null(strstr(text_of("init.log"), "--owner"));
}

/* Root has somebody else run the server, who must get into the folder. */
static void root_gives_it_to_nobody(void **state)
{
    (void)state;
    struct stat info;
    is.user = 0;
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_OK);
    assert_non_null(strstr(text_of("init.log"), "--owner nobody"));
    assert_int_equal(stat(live.dir, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0711);
    skeym_live_close(&live, false);
    is.no_nobody = true; /* where there is none, it keeps it */
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_OK);
    assert_null(strstr(text_of("init.log"), "--owner"));
    skeym_live_close(&live, false);
    is.no_nobody = false;
    is.no_mode = true;
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_ERR_IO);
}

static void what_cannot_be_founded_is_an_error(void **state)
{
    (void)state;
    code = 1;
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_ERR_STATE);
    skeym_live_close(&live, false);
    is.no_folder = true;
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_ERR_IO);
    assert_string_equal(live.dir, "");
}

static void a_server_says_where_it_is(void **state)
{
    (void)state;
    static const char *const more[] = {"--token-lifetime", "9", NULL};
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_OK);
    assert_int_equal(skeym_live_serve(&live, more), SKEYM_OK);
    assert_string_equal(live.server, "http://127.0.0.1:8080");
    assert_string_equal(live.metrics, "http://127.0.0.1:9090/metrics");
    const char *first = text_of("server.log");
    assert_non_null(strstr(first, "--listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 "));
    assert_non_null(strstr(first, " --token-lifetime 9 "));
    skeym_process_stop(&live.serve, SIGTERM);
    assert_int_equal(skeym_live_serve(&live, NULL), SKEYM_OK); /* again, where it was */
    assert_non_null(strstr(text_of("server.log"), "--listen 127.0.0.1:8080 "));
}

static void a_server_that_is_none_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_OK);
    server_says = NULL;
    assert_int_equal(skeym_live_serve(&live, NULL), SKEYM_ERR_IO);
    skeym_process_stop(&live.serve, SIGTERM);
    server_says = "0 0\n";
    assert_int_equal(skeym_live_serve(&live, NULL), SKEYM_ERR_STATE);
    skeym_process_stop(&live.serve, SIGTERM);
    call.fork = 1;
    assert_int_equal(skeym_live_serve(&live, NULL), SKEYM_ERR_IO);
    const char *more[40];
    for (size_t i = 0; i < 39; i++) {
        more[i] = "-v";
    }
    more[39] = NULL;
    assert_int_equal(skeym_live_serve(&live, more), SKEYM_ERR_SPACE);
    assert_int_equal(live.serve.pid, 0);
}

static void a_node_is_enrolled(void **state)
{
    (void)state;
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_OK);
    assert_int_equal(skeym_live_enrol(&live, "dr", "doctor", "user/*.rs", false), SKEYM_OK);
    assert_non_null(strstr(text_of("enrol.log"), "dr.cred --no-passphrase"));
    assert_int_equal(skeym_live_enrol(&live, "dr", "doctor", "user/*.rs", true), SKEYM_OK);
    assert_int_equal(access(skeym_live_path(&live, "passphrase"), F_OK), -1); /* nobody knows it */
    code = 1;
    assert_int_equal(skeym_live_enrol(&live, "dr", "doctor", "user/*.rs", true), SKEYM_ERR_STATE);
    assert_int_equal(access(skeym_live_path(&live, "passphrase"), F_OK), -1);
}

static void without_a_passphrase_nothing_is_locked(void **state)
{
    (void)state;
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_OK);
    is.no_random = true;
    assert_int_equal(skeym_live_enrol(&live, "dr", "doctor", "user/*.rs", true), SKEYM_ERR_RANDOM);
    is.no_random = false;
    call.open = 1;
    call.why = EACCES;
    assert_int_equal(skeym_live_enrol(&live, "dr", "doctor", "user/*.rs", true), SKEYM_ERR_IO);
    assert_string_equal(text_of("enrol.log"), "");
}

static void what_is_kept_stays(void **state)
{
    (void)state;
    struct skeym_live none = {.dir = ""};
    assert_int_equal(skeym_live_found(&live, "skeym-test-live"), SKEYM_OK);
    skeym_live_close(&live, true);
    assert_int_equal(access(live.dir, F_OK), 0);
    skeym_live_close(&none, false); /* nothing was made */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_authority_is_founded, before, after),
        cmocka_unit_test_setup_teardown(root_gives_it_to_nobody, before, after),
        cmocka_unit_test_setup_teardown(what_cannot_be_founded_is_an_error, before, after),
        cmocka_unit_test_setup_teardown(a_server_says_where_it_is, before, after),
        cmocka_unit_test_setup_teardown(a_server_that_is_none_is_an_error, before, after),
        cmocka_unit_test_setup_teardown(a_node_is_enrolled, before, after),
        cmocka_unit_test_setup_teardown(without_a_passphrase_nothing_is_locked, before, after),
        cmocka_unit_test_setup_teardown(what_is_kept_stays, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
