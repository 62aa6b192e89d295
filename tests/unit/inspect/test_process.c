/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/inspect/fake_exec.h"

static void child_is(char *const *argv, int ready)
{
    if (strcmp(argv[0], "exit") == 0) {
        child_says(1, argv[1]); /* into the log */
        child_says(2, "!");
        _exit((int)strtol(argv[1], NULL, 10));
    }
    if (strcmp(argv[0], "count") == 0) {
        size_t count = 0;
        while (argv[count]) {
            count++;
        }
        _exit((int)count);
    }
    if (strcmp(argv[0], "say") == 0) {
        char nothing;
        if (read(0, &nothing, 1) != 0) { /* its input is empty */
            _exit(97);
        }
        child_says(ready, argv[1]);
        child_waits();
    }
    if (strcmp(argv[0], "deaf") == 0) {
        (void)sigaction(SIGTERM, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        child_says(ready, "deaf\n");
        child_waits();
    }
    if (strcmp(argv[0], "gone") != 0) { /* that one could not be started at all */
        _exit(96);
    }
}

#define WORD(text) skeym_process_word(text)

static enum skeym_error exits_with(const char *code)
{
    char *const argv[] = {WORD("exit"), WORD(code), NULL};
    return skeym_process_run(argv, exec_log);
}

static void an_exit_code_is_told(void **state)
{
    (void)state;
    assert_int_equal(exits_with("0"), SKEYM_OK);
    assert_int_equal(exits_with("3"), SKEYM_ERR_STATE);
    assert_string_equal(log_text(), "0!3!"); /* appended, output and errors */
    char *const gone[] = {WORD("gone"), NULL};
    assert_int_equal(skeym_process_run(gone, exec_log), SKEYM_ERR_STATE);
}

static struct skeym_process start(const char *command, const char *word)
{
    struct skeym_process process;
    char *const argv[] = {WORD(command), WORD(word), NULL};
    assert_int_equal(skeym_process_start(&process, argv, exec_log, true), SKEYM_OK);
    assert_true(process.pid > 0 && process.ready >= 0 && process.exited == -1);
    return process;
}

/* Waits for an end that is near. */
static int code_of(struct skeym_process *process)
{
    while (!skeym_process_ended(process)) {
        (void)usleep(1000);
    }
    assert_int_equal(process->pid, 0);
    assert_int_equal(process->ready, -1);
    return process->exited;
}

/* More words than there is room for are left out, and --ready-fd is not. */
static void arguments_are_bounded(void **state)
{
    (void)state;
    char *argv[80];
    for (size_t i = 0; i + 1 < 80; i++) {
        argv[i] = WORD("count");
    }
    argv[79] = NULL;
    struct skeym_process process;
    assert_int_equal(skeym_process_start(&process, argv, exec_log, true), SKEYM_OK);
    assert_int_equal(code_of(&process), 47 + 2);
}

static void a_line_is_read(void **state)
{
    (void)state;
    char line[16];
    struct skeym_process process = start("say", "8080 9090\nmore\n");
    assert_false(skeym_process_ended(&process));
    call.poll = 1; /* a signal comes while it waits */
    call.why = EINTR;
    assert_int_equal(skeym_process_line(&process, line, sizeof line, 60000), SKEYM_OK);
    assert_string_equal(line, "8080 9090");
    assert_int_equal(skeym_process_line(&process, line, 4, 60000), SKEYM_ERR_SIZE);
    assert_int_equal(skeym_process_line(&process, line, sizeof line, 60000), SKEYM_OK);
    assert_string_equal(line, "e"); /* what was left */
    assert_int_equal(skeym_process_line(&process, line, sizeof line, 1), SKEYM_ERR_TIMEOUT);
    call.poll = 1;
    call.why = ENOMEM;
    assert_int_equal(skeym_process_line(&process, line, sizeof line, 60000), SKEYM_ERR_TIMEOUT);
    skeym_process_stop(&process, SIGTERM);
    assert_int_equal(process.exited, 128 + SIGTERM);
    assert_true(skeym_process_ended(&process));
    skeym_process_stop(&process, SIGTERM); /* it is over: nobody is hit */
}

static void one_that_ends_early_has_no_line(void **state)
{
    (void)state;
    char line[16];
    struct skeym_process process = start("exit", "5");
    assert_int_equal(skeym_process_line(&process, line, sizeof line, 60000), SKEYM_ERR_IO);
    assert_int_equal(code_of(&process), 5);
}

/* The 15 s that it may take are not waited for here. */
static void one_that_does_not_hear_is_killed(void **state)
{
    (void)state;
    char line[16];
    struct skeym_process process = start("deaf", "");
    assert_int_equal(skeym_process_line(&process, line, sizeof line, 60000), SKEYM_OK);
    call.hurry = true;
    call.sleeps = 0;
    skeym_process_stop(&process, SIGTERM);
    assert_int_equal(call.sleeps, 1500);
    assert_int_equal(process.exited, 128 + SIGKILL);
}

static void what_cannot_be_started_is_an_error(void **state)
{
    (void)state;
    struct skeym_process process;
    char *const argv[] = {WORD("exit"), WORD("0"), NULL};
    call.why = EMFILE;
    call.pipe = 1;
    assert_int_equal(skeym_process_start(&process, argv, exec_log, true), SKEYM_ERR_IO);
    for (int with_ready = 0; with_ready < 2; with_ready++) {
        int before = dup(2);
        (void)close(before);
        call.fork = 1;
        assert_int_equal(skeym_process_start(&process, argv, exec_log, with_ready), SKEYM_ERR_IO);
        assert_true(process.pid == 0 && process.ready == -1);
        int after = dup(2); /* nothing was left open */
        (void)close(after);
        assert_int_equal(after, before);
    }
    call.fork = 1;
    assert_int_equal(skeym_process_run(argv, exec_log), SKEYM_ERR_IO);
}

/* In the child: without its log, its input or either of both outputs it ends with 126. */
static void without_its_files_a_child_ends(void **state)
{
    (void)state;
    call.why = EMFILE;
    char *const argv[] = {WORD("exit"), WORD("0"), NULL};
    for (unsigned n = 1; n <= 5; n++) {
        struct skeym_process process;
        call.open = n <= 2 ? n : 0;
        call.dup2 = n > 2 ? n - 2 : 0;
        assert_int_equal(skeym_process_start(&process, argv, exec_log, true), SKEYM_OK);
        call.open = call.dup2 = 0; /* here; the child has its own */
        assert_int_equal(code_of(&process), 126);
    }
}

static void a_wait_that_is_interrupted_goes_on(void **state)
{
    (void)state;
    call.waitpid = 1;
    call.why = EINTR;
    assert_int_equal(exits_with("0"), SKEYM_OK);
    call.waitpid = 1;
    call.why = ECHILD;
    assert_int_equal(exits_with("0"), SKEYM_ERR_IO);
    assert_true(wait(NULL) > 0); /* the one that was not waited for */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_exit_code_is_told, exec_begin, exec_end),
        cmocka_unit_test_setup_teardown(arguments_are_bounded, exec_begin, exec_end),
        cmocka_unit_test_setup_teardown(a_line_is_read, exec_begin, exec_end),
        cmocka_unit_test_setup_teardown(one_that_ends_early_has_no_line, exec_begin, exec_end),
        cmocka_unit_test_setup_teardown(one_that_does_not_hear_is_killed, exec_begin, exec_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_started_is_an_error, exec_begin, exec_end),
        cmocka_unit_test_setup_teardown(without_its_files_a_child_ends, exec_begin, exec_end),
        cmocka_unit_test_setup_teardown(a_wait_that_is_interrupted_goes_on, exec_begin, exec_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
