/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what is revoked, the audit file, and a full disk. */
#include "unit/server/home_fixture.h"

/* --- revoked and audit --------------------------------------------------------- */

static void an_authority_begins_with_an_empty_list(void **state)
{
    (void)state;
    struct skeym_revoked revoked;
    enum skeym_error error = SKEYM_ERR_IO;
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, 0);
    skeym_home_revoked_free(&revoked);
    assert_null(skeym_home_culprit(dir, &error));
    assert_int_equal(error, SKEYM_OK);
}

static void revokes_up_to_a_generation(void **state)
{
    (void)state;
    struct skeym_revoked revoked;
    struct skeym_name id = named("ward-7");
    struct skeym_name other = named("bed-1");
    assert_int_equal(skeym_home_revoke(dir, &id, 0), SKEYM_ERR_RANGE);
    assert_int_equal(skeym_home_revoke(dir, &id, 1), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(dir, &other, 2), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(skeym_home_revoke(dir, &id, 2), SKEYM_OK); /* covered already */
    assert_int_equal(mode_of(in_dir("revoked")), 0600);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, 2);
    assert_true(skeym_revoked_has(&revoked, &id, 3));
    assert_false(skeym_revoked_has(&revoked, &id, 4));
    assert_true(skeym_revoked_has(&revoked, &other, 2));
    assert_false(skeym_revoked_has(&revoked, &other, 3));
    skeym_home_revoked_free(&revoked);
}

static void the_list_outlives_rotation(void **state)
{
    (void)state;
    struct skeym_revoked revoked;
    struct skeym_name id = named("ward-7");
    uint8_t key = 9;
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + 5 * HOUR_MS, add_key, &key), SKEYM_OK);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_true(skeym_revoked_has(&revoked, &id, 3));
    skeym_home_revoked_free(&revoked);
}

/* Refused by all, not added to, and named. */
static void the_list_is_refused(enum skeym_error expected)
{
    struct skeym_revoked revoked = {0};
    struct skeym_name id = named("a");
    enum skeym_error error = SKEYM_OK;
    assert_int_equal(skeym_home_revoked(&revoked, dir), expected);
    assert_int_equal(revoked.count, 0);
    assert_null(revoked.at);
    assert_int_equal(skeym_home_revoke(dir, &id, 1), expected);
    assert_string_equal(skeym_home_culprit(dir, &error), "revoked");
    assert_int_equal(error, expected);
}

static void a_list_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    struct stat of;
    struct skeym_name id = named("ward-7");
    assert_int_equal(skeym_home_revoke(dir, &id, 3), SKEYM_OK);
    assert_int_equal(stat(in_dir("revoked"), &of), 0);
    assert_int_equal(truncate(in_dir("revoked"), of.st_size - 1), 0);
    the_list_is_refused(SKEYM_ERR_TRUNCATED);
    assert_int_equal(truncate(in_dir("revoked"), 0), 0);
    the_list_is_refused(SKEYM_ERR_TRUNCATED);
    put("revoked", "ward-7 3\nward-8 3\nward-9 33\n", 0600); /* the form of old, unsealed */
    the_list_is_refused(SKEYM_ERR_SHAPE);
    put("revoked", "# skeym revoked list 1\n# end 0 0000000000000000000000000000000000000000000\n",
        0600);
    the_list_is_refused(SKEYM_ERR_CHECKSUM);
    assert_int_equal(unlink(in_dir("revoked")), 0);
    the_list_is_refused(SKEYM_ERR_MISSING);
    assert_int_equal(access(in_dir("revoked"), F_OK), -1); /* nobody makes it by the way */
}

static void another_authoritys_list_is_refused(void **state)
{
    (void)state;
    char other[96];
    char from[128];
    snprintf(other, sizeof other, "%s/other", top);
    snprintf(from, sizeof from, "%s/revoked", other);
    assert_int_equal(skeym_home_make(other, "ward", 3600, NOW_MS), SKEYM_OK);
    assert_int_equal(rename(from, in_dir("revoked")), 0);
    the_list_is_refused(SKEYM_ERR_CHECKSUM);
}

static void names_the_keyring(void **state)
{
    (void)state;
    enum skeym_error error = SKEYM_OK;
    put("keyring", "something else", 0600);
    assert_string_equal(skeym_home_culprit(dir, &error), "keyring");
    assert_int_equal(error, SKEYM_ERR_SHAPE);
    remove_all(dir);
    assert_null(skeym_home_culprit(dir, &error));
    assert_int_equal(error, SKEYM_ERR_MISSING);
}

static void restores_only_what_is_broken(void **state)
{
    (void)state;
    struct skeym_revoked revoked;
    const struct skeym_revoked_entry at[] = {{named("ward-7"), 3}};
    const struct skeym_revoked list = {at, 1};
    assert_int_equal(skeym_home_restore(dir, &list), SKEYM_ERR_EXISTS);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, 0);
    skeym_home_revoked_free(&revoked);
    assert_int_equal(unlink(in_dir("revoked")), 0);
    assert_int_equal(skeym_home_restore(dir, &list), SKEYM_OK);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_true(skeym_revoked_has(&revoked, &at[0].id, 3));
    skeym_home_revoked_free(&revoked);
    put("keyring", "something else", 0600);
    assert_int_equal(skeym_home_restore(dir, &list), SKEYM_ERR_SHAPE);
}

static void appends_to_the_audit(void **state)
{
    (void)state;
    char *text;
    size_t size;
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_OK);
    assert_int_equal(size, 0);
    free(text);
    assert_int_equal(skeym_home_audit(dir, "{\"a\":1}"), SKEYM_OK);
    assert_int_equal(skeym_home_audit(dir, "two\nlines"), SKEYM_ERR_CHARSET);
    assert_int_equal(skeym_home_audit(dir, "\x1b[2J"), SKEYM_ERR_CHARSET);
    char *longest = calloc(1, 5000);
    assert_non_null(longest);
    memset(longest, 'x', 4999);
    assert_int_equal(skeym_home_audit(dir, longest), SKEYM_ERR_SIZE);
    free(longest);
    /* a line that a crash cut short is ended, not glued to the next one */
    FILE *file = fopen(in_dir("audit"), "a");
    assert_non_null(file);
    fputs("{\"b\":", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(skeym_home_audit(dir, "{\"c\":3}"), SKEYM_OK);
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_OK);
    assert_true(skeym_span_is(skeym_span(text, size), "{\"a\":1}\n{\"b\":\n{\"c\":3}\n"));
    free(text);
    assert_int_equal(mode_of(in_dir("audit")), 0600);
}

/* --- a full disk ----------------------------------------------------------------- */

/* Everything that writes fails with NO_SPACE, and what was there before is there still. */
static void nothing_can_be_written(void)
{
    struct skeym_keyring old, now;
    struct skeym_name id = named("ward-7");
    struct skeym_revoked revoked;
    char line[300];
    memset(line, ' ', sizeof line);
    line[sizeof line - 1] = '\0';
    assert_int_equal(skeym_home_keyring(&old, dir), SKEYM_OK);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + 2 * HOUR_MS, NULL, NULL),
                     SKEYM_ERR_NO_SPACE);
    assert_int_equal(skeym_home_keyring(&now, dir), SKEYM_OK);
    assert_memory_equal(&now, &old, sizeof now);
    assert_int_equal(access(in_dir(".keyring.new"), F_OK), -1);
    assert_int_equal(skeym_home_revoke(dir, &id, 9), SKEYM_ERR_NO_SPACE);
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_int_equal(revoked.count, 1);
    skeym_home_revoked_free(&revoked);
    assert_int_equal(skeym_home_audit(dir, line), SKEYM_ERR_NO_SPACE);
}

static void survives_a_limit_on_files(void **state)
{
    (void)state;
    struct rlimit before;
    struct stat audit;
    struct skeym_name id = named("bed-1");
    assert_int_equal(skeym_home_revoke(dir, &id, 2), SKEYM_OK);
    put("audit", "{\"event\":\"x\"}\n", 0600);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {16, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    nothing_can_be_written();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, old);
    assert_int_equal(stat(in_dir("audit"), &audit), 0);
    assert_int_equal(audit.st_size, 14); /* no half line stays */
    assert_int_equal(reserved(), 0);     /* it was tried */
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + HOUR_MS, NULL, NULL), SKEYM_OK);
    assert_int_equal(reserved(), 65536);
}

static void fill(void)
{
    static char block[4096];
    int filler = open(in_dir("filler"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(filler >= 0);
    while (write(filler, block, sizeof block) > 0) {
    }
    close(filler);
}

/* A hundred nodes more than the audit file could be told of. */
static void revokes_from_the_reserve(void)
{
    struct skeym_revoked revoked;
    struct skeym_name id = named("bed-1");
    assert_int_equal(skeym_home_audit(dir, "{}"), SKEYM_ERR_NO_SPACE);
    for (uint32_t i = 1; i <= 100; i++) {
        assert_int_equal(skeym_home_revoke(dir, &id, i), SKEYM_OK);
    }
    assert_int_equal(skeym_home_revoked(&revoked, dir), SKEYM_OK);
    assert_true(skeym_revoked_has(&revoked, &id, 100));
    skeym_home_revoked_free(&revoked);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + HOUR_MS, NULL, NULL), SKEYM_OK);
    assert_true(reserved() >= 4096); /* nobody else gets the rest of it */
}

static void survives_a_full_disk(void **state)
{
    (void)state;
    char folder[80];
    snprintf(folder, sizeof folder, "%s/disk", top);
    assert_int_equal(mkdir(folder, 0700), 0);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=256k,mode=0700") != 0) {
        print_message("skipped: no tmpfs can be mounted here: %s\n", strerrordesc_np(errno));
        skip();
    }
    snprintf(dir, sizeof dir, "%s/authority", folder);
    assert_int_equal(skeym_home_make(dir, "ward", 3600, NOW_MS), SKEYM_OK);
    fill();
    revokes_from_the_reserve();
    assert_int_equal(truncate(in_dir("reserve"), 0), 0);
    fill();
    nothing_can_be_written();
    assert_int_equal(unlink(in_dir("filler")), 0);
    assert_int_equal(skeym_home_update(NULL, dir, NOW_MS + 2 * HOUR_MS, NULL, NULL), SKEYM_OK);
    assert_int_equal(reserved(), 65536);
    remove_all(dir);
    assert_int_equal(umount(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_authority_begins_with_an_empty_list),
        TEST(revokes_up_to_a_generation),
        TEST(the_list_outlives_rotation),
        TEST(a_list_that_is_not_whole_is_refused),
        TEST(another_authoritys_list_is_refused),
        TEST(names_the_keyring),
        TEST(restores_only_what_is_broken),
        TEST(appends_to_the_audit),
        TEST(survives_a_limit_on_files),
        FRESH(survives_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
