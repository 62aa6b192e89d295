/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/node/credential_fixture.h"

static void assert_same(const struct skeym_credential_file *a,
                        const struct skeym_credential_file *b)
{
    assert_memory_equal(&a->node, &b->node, sizeof a->node);
    assert_string_equal(a->server, b->server);
    assert_memory_equal(a->public_key, b->public_key, 32);
    assert_memory_equal(a->keys.private_key, b->keys.private_key, 32);
    assert_memory_equal(a->keys.credential, b->keys.credential, 32);
    assert_memory_equal(a->keys.authority, b->keys.authority, 32);
    assert_memory_equal(&a->keys.audience, &b->keys.audience, sizeof a->keys.audience);
    assert_int_equal(a->keys.locator_size, b->keys.locator_size);
    assert_memory_equal(a->keys.locator, b->keys.locator, sizeof a->keys.locator);
    assert_int_equal(a->locked, b->locked);
    assert_int_equal(a->key_apart, b->key_apart);
}

/* --- round trips --------------------------------------------------------------- */

static void comes_back_unlocked(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    bool locked = true;
    struct stat of;
    save(&file);
    assert_int_equal(load(&again, ""), SKEYM_OK);
    assert_same(&file, &again);
    assert_int_equal(skeym_credential_locked(&locked, path), SKEYM_OK);
    assert_false(locked);
    assert_int_equal(stat(path, &of), 0);
    assert_int_equal(of.st_mode & 07777, 0600);
    assert_int_equal(load(&again, "not needed"), SKEYM_OK);
}

static void comes_back_locked(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    bool locked = false;
    assert_int_equal(skeym_credential_lock(&file, skeym_span_text("correct horse")), SKEYM_OK);
    save(&file);
    assert_int_equal(load(&again, "correct horse"), SKEYM_OK);
    assert_same(&file, &again);
    assert_memory_equal(file.lock_key, again.lock_key, 32);
    assert_int_equal(skeym_credential_locked(&locked, path), SKEYM_OK);
    assert_true(locked);
    struct text text = read_text(path);
    assert_int_equal(strncmp(text.line[7], "lock scrypt 14 8 1 ", 19), 0);

    assert_int_equal(load(&again, "wrong horse"), SKEYM_ERR_PASSPHRASE);
    assert_wiped(&again);
    assert_int_equal(load(&again, ""), SKEYM_ERR_PASSPHRASE);
    assert_int_equal(load(&again, "correct hors"), SKEYM_ERR_PASSPHRASE);
}

static void a_saved_file_stays_locked_under_a_fresh_iv(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    assert_int_equal(skeym_credential_lock(&file, skeym_span_text("p")), SKEYM_OK);
    save(&file);
    struct text first = read_text(path);
    assert_int_equal(load(&again, "p"), SKEYM_OK);
    memset(again.keys.locator, 0x55, 109); /* as a login does */
    memset(again.keys.credential, 0x66, 32);
    save(&again);
    struct text second = read_text(path);
    assert_string_not_equal(first.line[7], second.line[7]);
    assert_string_not_equal(first.line[8], second.line[8]);
    struct skeym_credential_file last;
    assert_int_equal(load(&last, "p"), SKEYM_OK);
    assert_same(&again, &last);
}

static void a_locked_file_shows_no_secret(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample();
    for (uint8_t i = 0; i < 32; i++) {
        file.keys.private_key[i] = i;
    }
    assert_int_equal(skeym_credential_lock(&file, skeym_span_text("p")), SKEYM_OK);
    save(&file);
    struct text text = read_text(path);
    char secret[44] = {0};
    struct skeym_writer writer = skeym_writer((struct skeym_room){(uint8_t *)secret, 43});
    skeym_base64url_write(&writer, skeym_span(file.keys.private_key, 30));
    for (size_t i = 0; i < text.count; i++) {
        assert_null(strstr(text.line[i], secret));
    }
}

static void lock_has_bounds(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample();
    assert_int_equal(skeym_credential_lock(&file, none), SKEYM_ERR_PASSPHRASE);
    assert_false(file.locked);
    file.log_n = 13;
    assert_int_equal(skeym_credential_lock(&file, skeym_span_text("p")), SKEYM_ERR_RANGE);
    file.log_n = 21;
    assert_int_equal(skeym_credential_lock(&file, skeym_span_text("p")), SKEYM_ERR_RANGE);
    assert_false(file.locked);
    file.log_n = 0;
    assert_int_equal(skeym_credential_lock(&file, skeym_span_text("p")), SKEYM_OK);
    assert_int_equal(file.log_n, 17);
}

/* RFC 7914's numbers are not among ours, so scrypt is held by a value of our own: made with
 * Python's hashlib.scrypt(b"correct horse", salt=bytes(range(16)), n=2**14, r=8, p=1, dklen=32). */
static void locks_with_scrypt_as_documented(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    uint8_t key[32] = {0x25, 0xb3, 0x76, 0x84, 0x03, 0x66, 0xf4, 0xd3, 0xb0, 0xe2, 0x1e,
                       0x41, 0x44, 0x76, 0x67, 0x6e, 0x3c, 0xd0, 0xe8, 0x9a, 0xf4, 0x43,
                       0x03, 0x56, 0xa2, 0x34, 0xce, 0x0b, 0x65, 0xa0, 0x21, 0xb5};
    uint8_t secret[64 + 16], aad[512], salt[16], iv[12] = {9};
    for (uint8_t i = 0; i < 16; i++) {
        salt[i] = i;
    }
    save(&file);
    struct text text = read_text(path);
    struct skeym_writer writer = skeym_writer((struct skeym_room){aad, sizeof aad});
    static const size_t covered[] = {1, 2, 3, 4, 6};
    for (size_t i = 0; i < 5; i++) {
        skeym_write_text(&writer, text.line[covered[i]]);
    }
    memset(secret, 0x11, 32);
    memset(secret + 32, 0x22, 32);
    assert_int_equal(skeym_crypto_seal((struct skeym_room){secret, sizeof secret}, key, iv,
                                       skeym_written(&writer), skeym_span(secret, 64)),
                     SKEYM_OK);
    struct skeym_writer lock =
        skeym_writer((struct skeym_room){(uint8_t *)text.line[7], sizeof text.line[7]});
    skeym_write_text(&lock, "lock scrypt 14 8 1 ");
    skeym_base64url_write(&lock, skeym_span(salt, 16));
    skeym_write_text(&lock, " ");
    skeym_base64url_write(&lock, skeym_span(iv, 12));
    skeym_write_span(&lock, skeym_span("\n", 2));
    struct skeym_writer line =
        skeym_writer((struct skeym_room){(uint8_t *)text.line[8], sizeof text.line[8]});
    skeym_write_text(&line, "secret ");
    skeym_base64url_write(&line, skeym_span(secret, sizeof secret));
    skeym_write_span(&line, skeym_span("\n", 2));
    write_text(path, &text, true);
    assert_int_equal(load(&again, "correct horse"), SKEYM_OK);
    assert_memory_equal(again.keys.private_key, file.keys.private_key, 32);
    assert_memory_equal(again.keys.credential, file.keys.credential, 32);
}

/* --- wrong files ------------------------------------------------------------------ */

static void every_changed_byte_is_refused(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    static uint8_t bytes[SKEYM_CREDENTIAL_FILE_BYTES];
    save(&file);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    size_t size = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    struct skeym_span sealed;
    assert_int_equal(skeym_credential_parse(&again, &sealed, skeym_span(bytes, size)), SKEYM_OK);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        assert_int_not_equal(skeym_credential_parse(&again, &sealed, skeym_span(bytes, size)),
                             SKEYM_OK);
        assert_wiped(&again);
        assert_int_equal(sealed.size, 0);
        bytes[i] ^= 1;
    }
    for (size_t i = 0; i < size; i++) {
        assert_int_not_equal(skeym_credential_parse(&again, &sealed, skeym_span(bytes, i)),
                             SKEYM_OK);
    }
}

/* Each with a right check line. */
static const struct change changes[] = {
    {0, "skeym-credential 2", SKEYM_ERR_SHAPE},
    {0, "skeym-key 1", SKEYM_ERR_SHAPE},
    {1, "node", SKEYM_ERR_SHAPE},
    {1, "node ", SKEYM_ERR_SIZE},
    {1, "node -x", SKEYM_ERR_CHARSET},
    {1, "Node dr-lee", SKEYM_ERR_SHAPE},
    {1, "node dr-lee ", SKEYM_ERR_CHARSET},
    {1, "node dr-lee\r", SKEYM_ERR_CHARSET},
    {1, "node dr-lee\nnode dr-lee", SKEYM_ERR_SHAPE},
    {2, "server ftp://x", SKEYM_ERR_SHAPE},
    {2, "server https://", SKEYM_ERR_SHAPE},
    {2, "server https://a b", SKEYM_ERR_SHAPE},
    {2, "server ward", SKEYM_ERR_SHAPE},
    {3, "audience Ward", SKEYM_ERR_CHARSET},
    {4, "authority MzM", SKEYM_ERR_SHAPE},
    {4, "authority MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMz+", SKEYM_ERR_CHARSET},
    {5, "locator ", SKEYM_ERR_SIZE},
    {5, "locator A", SKEYM_ERR_SHAPE},
    {5, "locator AAA=", SKEYM_ERR_CHARSET},
    {6, "public AAAA", SKEYM_ERR_SHAPE},
    {7, "lock", SKEYM_ERR_SHAPE},
    {7, "lock nothing", SKEYM_ERR_SHAPE},
    {7, "lock scrypt 13 8 1 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAA", SKEYM_ERR_RANGE},
    {7, "lock scrypt 21 8 1 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAA", SKEYM_ERR_RANGE},
    {7, "lock scrypt 14 9 1 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAA", SKEYM_ERR_RANGE},
    {7, "lock scrypt 14 8 2 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAA", SKEYM_ERR_RANGE},
    {7, "lock scrypt 014 8 1 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAA", SKEYM_ERR_SHAPE},
    {7, "lock scrypt 1x 8 1 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAA", SKEYM_ERR_SHAPE},
    {7, "lock scrypt 14 8 1 AAAA AAAAAAAAAAAAAAAA", SKEYM_ERR_SHAPE},
    {7, "lock scrypt 14 8 1 AAAAAAAAAAAAAAAAAAAAAA AAAA", SKEYM_ERR_SHAPE},
    {7, "lock scrypt 14 8 1 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAA x", SKEYM_ERR_SHAPE},
    {7, "lock scrypt 14 8 1 AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAA", SKEYM_ERR_SHAPE},
    {8, "secret AAAA", SKEYM_ERR_SHAPE},
};

static void every_wrong_line_is_refused(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    save(&file);
    const struct text good = read_text(path);
    assert_int_equal(good.count, LINES);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct text text = good;
        set_line(&text, changes[i].line, changes[i].content);
        write_text(path, &text, true);
        assert_int_equal(load(&again, "p"), changes[i].error);
        assert_wiped(&again);
        write_text(path, &text, false); /* and with the old check line */
        enum skeym_error error = load(&again, "p");
        assert_true(error == SKEYM_ERR_CHECKSUM || error == SKEYM_ERR_SHAPE);
    }
    for (size_t i = 0; i < good.count; i++) { /* a line is missing, or comes twice */
        struct text text = good;
        text.line[i][0] = '\0';
        write_text(path, &text, i + 1 < LINES);
        assert_int_equal(load(&again, ""), SKEYM_ERR_SHAPE);
        text = good;
        memcpy(text.line[i] + strlen(good.line[i]), good.line[i], strlen(good.line[i]) + 1);
        write_text(path, &text, i + 1 < LINES);
        assert_int_equal(load(&again, ""), SKEYM_ERR_SHAPE);
    }
    write_text(path, &good, true);
    assert_int_equal(load(&again, ""), SKEYM_OK);
}

/* Of a locked file, whoever can make the check line right still cannot change what it covers. */
static void a_lock_covers_the_public_lines(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    assert_int_equal(skeym_credential_lock(&file, skeym_span_text("p")), SKEYM_OK);
    save(&file);
    const struct text good = read_text(path);
    static const struct {
        size_t line;
        const char *content; /* NULL: another character near the end */
        enum skeym_error error;
    } cases[] = {
        {1, "node dr-leo", SKEYM_ERR_PASSPHRASE},
        {2, "server https://evil.example", SKEYM_ERR_PASSPHRASE},
        {3, "audience icu", SKEYM_ERR_PASSPHRASE},
        {4, NULL, SKEYM_ERR_PASSPHRASE},
        {5, NULL, SKEYM_OK}, /* the locator moves with each login */
        {6, NULL, SKEYM_ERR_PASSPHRASE},
        {7, NULL, SKEYM_ERR_PASSPHRASE},
        {8, NULL, SKEYM_ERR_PASSPHRASE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text text = good;
        if (cases[i].content) {
            set_line(&text, cases[i].line, cases[i].content);
        } else {
            char *last = text.line[cases[i].line] + strlen(text.line[cases[i].line]) - 5;
            *last = *last == 'A' ? 'B' : 'A';
        }
        write_text(path, &text, true);
        assert_int_equal(load(&again, "p"), cases[i].error);
    }
}

static void a_public_key_must_fit_the_private_one(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    file.public_key[0] ^= 1;
    save(&file);
    assert_int_equal(load(&again, ""), SKEYM_ERR_SHAPE);
    assert_wiped(&again);
}

static void refuses_files_that_are_not_private(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    bool locked;
    assert_int_equal(load(&again, ""), SKEYM_ERR_MISSING);
    save(&file);
    static const mode_t modes[] = {0640, 0604, 0620, 0602};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(load(&again, ""), SKEYM_ERR_MODE);
        assert_int_equal(skeym_credential_locked(&locked, path), SKEYM_ERR_MODE);
    }
    assert_int_equal(rename(path, key_path), 0);
    assert_int_equal(symlink(key_path, path), 0);
    assert_int_equal(load(&again, ""), SKEYM_ERR_NOT_FILE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(load(&again, ""), SKEYM_ERR_NOT_FILE);
    assert_int_equal(unlink(path), 0);
    int big = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(big >= 0);
    assert_int_equal(ftruncate(big, SKEYM_CREDENTIAL_FILE_BYTES + 1), 0);
    close(big);
    assert_int_equal(load(&again, ""), SKEYM_ERR_SIZE);
}

/* --- saving ------------------------------------------------------------------------ */

static void exclusive_takes_no_name_twice(void **state)
{
    (void)state;
    struct skeym_credential_file file = sample(), again;
    assert_int_equal(skeym_credential_save(&file, path, true), SKEYM_OK);
    file.keys.credential[0] = 9;
    assert_int_equal(skeym_credential_save(&file, path, true), SKEYM_ERR_EXISTS);
    assert_int_equal(load(&again, ""), SKEYM_OK);
    assert_int_equal(again.keys.credential[0], 0x22);
    assert_int_equal(skeym_credential_save(&file, "/nowhere/node", true), SKEYM_ERR_MISSING);
    file.server[0] = 'x';
    assert_int_equal(skeym_credential_save(&file, path, false), SKEYM_ERR_SHAPE);
}

static void keeps_the_owner(void **state)
{
    (void)state;
    struct stat of;
    struct skeym_credential_file file = sample();
    if (geteuid() != 0) {
        print_message("skipped: only root can give files away\n");
        skip();
    }
    save(&file);
    assert_int_equal(chown(path, 12345, 12346), 0);
    save(&file);
    assert_int_equal(stat(path, &of), 0);
    assert_int_equal(of.st_uid, 12345);
    assert_int_equal(of.st_gid, 12346);
}

static void a_full_disk_keeps_the_old_file(void **state)
{
    (void)state;
    struct rlimit limit;
    struct skeym_credential_file file = sample(), again;
    save(&file);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit small = {100, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    file.keys.credential[0] = 9;
    assert_int_equal(skeym_credential_save(&file, path, false), SKEYM_ERR_NO_SPACE);
    assert_int_equal(skeym_credential_save(&file, key_path, true), SKEYM_ERR_NO_SPACE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, old);
    assert_int_equal(load(&again, ""), SKEYM_OK);
    assert_int_equal(again.keys.credential[0], 0x22);
    /* after() finds nothing else in the folder: no half file is left */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, before, after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(comes_back_unlocked),
        TEST(comes_back_locked),
        TEST(a_saved_file_stays_locked_under_a_fresh_iv),
        TEST(a_locked_file_shows_no_secret),
        TEST(lock_has_bounds),
        TEST(locks_with_scrypt_as_documented),
        TEST(every_changed_byte_is_refused),
        TEST(every_wrong_line_is_refused),
        TEST(a_lock_covers_the_public_lines),
        TEST(a_public_key_must_fit_the_private_one),
        TEST(refuses_files_that_are_not_private),
        TEST(exclusive_takes_no_name_twice),
        TEST(keeps_the_owner),
        TEST(a_full_disk_keeps_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
