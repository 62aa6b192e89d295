/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/invitations: used once, by one key, whatever else fails. */
#include "server/home_uses.h"
#include "unit/server/home_fixture.h"

#define NOW_S UINT32_C(1800000000)

static struct skeym_use use_of(uint8_t id, uint8_t key)
{
    struct skeym_use use = {.expires_s = NOW_S + 3600};
    memset(use.id, id, sizeof use.id);
    memset(use.key_hash, key, sizeof use.key_hash);
    return use;
}

/* known: what must come of it when it succeeds. */
static enum skeym_error take(uint8_t id, uint8_t key, bool known)
{
    const struct skeym_use use = use_of(id, key);
    bool was_known = !known;
    char line[40];
    (void)snprintf(line, sizeof line, "{\"event\":\"%u/%u\"}", id, key);
    enum skeym_error error = skeym_home_uses_take(dir, &use, NOW_S, line, &was_known);
    assert_int_equal(was_known, error == SKEYM_OK && known);
    return error;
}

static size_t lines(void)
{
    char *text = NULL;
    size_t size = 0;
    size_t count = 0;
    assert_int_equal(skeym_home_audit_read(&text, &size, dir), SKEYM_OK);
    for (size_t i = 0; i < size; i++) {
        count += text[i] == '\n';
    }
    free(text);
    return count;
}

static size_t uses(void)
{
    struct skeym_use *list = NULL;
    size_t count = 99;
    assert_int_equal(skeym_home_uses(&list, &count, dir), SKEYM_OK);
    free(list);
    return count;
}

static void takes_once(void **state)
{
    (void)state;
    assert_int_equal(uses(), 0);
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_OK);
    assert_int_equal(mode_of(in_dir("invitations")), 0600);
    assert_int_equal(uses(), 0);
    assert_int_equal(take(1, 1, false), SKEYM_OK);
    assert_int_equal(lines(), 1);
    assert_int_equal(take(1, 1, true), SKEYM_OK);
    assert_int_equal(take(1, 2, false), SKEYM_ERR_REPLAY);
    assert_int_equal(lines(), 1);
    assert_int_equal(take(2, 2, false), SKEYM_OK);
    assert_int_equal(lines(), 2);
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_OK); /* changes nothing */
    assert_int_equal(uses(), 2);
    assert_int_equal(take(1, 2, false), SKEYM_ERR_REPLAY);
    assert_int_equal(mode_of(in_dir("invitations")), 0600);
}

static void lets_nobody_in_without_its_file(void **state)
{
    (void)state;
    assert_int_equal(take(1, 1, false), SKEYM_ERR_MISSING);
    assert_int_equal(lines(), 0);
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_OK);
    assert_int_equal(take(1, 1, false), SKEYM_OK);
    put("invitations", "", 0600);
    assert_int_equal(take(1, 1, false), SKEYM_ERR_TRUNCATED);
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_ERR_TRUNCATED); /* and is not emptied */
    put("invitations", "SKEYMIN1................................................", 0600);
    assert_int_equal(take(1, 1, false), SKEYM_ERR_CHECKSUM);
    put("invitations", "x", 0600);
    assert_int_equal(take(1, 1, false), SKEYM_ERR_SHAPE);
    put("invitations", "x", 0640);
    assert_int_equal(take(1, 1, false), SKEYM_ERR_MODE);
    assert_int_equal(unlink(in_dir("invitations")), 0);
    assert_int_equal(symlink("keyring", in_dir("invitations")), 0);
    assert_int_equal(take(1, 1, false), SKEYM_ERR_NOT_FILE);
    assert_int_equal(lines(), 1);
}

/* Not another authority's, nor of a keyring that was put in the place of ours. */
static void is_of_this_authority(void **state)
{
    (void)state;
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_OK);
    assert_int_equal(unlink(in_dir("keyring")), 0);
    assert_int_equal(take(1, 1, false), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_ERR_MISSING);
}

/* The audit line comes first: without it nothing is used up. */
static void nothing_is_used_without_its_line(void **state)
{
    (void)state;
    const struct skeym_use use = use_of(1, 1);
    bool known = true;
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_OK);
    assert_int_equal(skeym_home_uses_take(dir, &use, NOW_S, "a\nb", &known), SKEYM_ERR_CHARSET);
    assert_false(known);
    put("audit", "", 0644);
    assert_int_equal(take(1, 1, false), SKEYM_ERR_MODE);
    assert_int_equal(chmod(in_dir("audit"), 0600), 0);
    assert_int_equal(uses(), 0);
    assert_int_equal(take(1, 2, false), SKEYM_OK);
}

/* One process after the other holds the folder: of twenty that come at once one is let in. */
static void twenty_at_once(void **state)
{
    (void)state;
    pid_t child[20];
    int let_in = 0;
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_OK);
    for (uint8_t i = 0; i < 20; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0) {
            const struct skeym_use use = use_of(1, i);
            bool known = false;
            enum skeym_error error = skeym_home_uses_take(dir, &use, NOW_S, "{}", &known);
            _exit(error == SKEYM_OK && !known ? 0 : error == SKEYM_ERR_REPLAY ? 1 : 2);
        }
    }
    for (size_t i = 0; i < 20; i++) {
        int status = 0;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        let_in += WEXITSTATUS(status) == 0;
    }
    assert_int_equal(let_in, 1);
    assert_int_equal(lines(), 1);
    assert_int_equal(uses(), 1);
}

static void no_folder(void **state)
{
    (void)state;
    struct skeym_use *list = NULL;
    size_t count = 1;
    assert_int_equal(take(1, 1, false), SKEYM_ERR_MISSING);
    assert_int_equal(skeym_home_uses_begin(dir), SKEYM_ERR_MISSING);
    /* no list in a folder is an empty one to who looks; no folder is told as such elsewhere */
    assert_int_equal(skeym_home_uses(&list, &count, dir), SKEYM_ERR_MISSING);
    assert_int_equal(count, 0);
    assert_null(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_once),           TEST(lets_nobody_in_without_its_file),
        TEST(is_of_this_authority), TEST(nothing_is_used_without_its_line),
        TEST(twenty_at_once),       FRESH(no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
