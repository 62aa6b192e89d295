/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of credential files share: a folder, a sample, a file taken apart into lines. */
#ifndef SKEYM_TESTS_CREDENTIAL_FIXTURE_H
#define SKEYM_TESTS_CREDENTIAL_FIXTURE_H

#include "crypto/crypto.h"
#include "node/credential.h"
#include "unit/node/sealed.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINES = 10 };

static char dir[64];
static char path[96];
static char key_path[96];

static const struct skeym_span none;

static int before(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/skeym-cred.XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/node", dir);
    snprintf(key_path, sizeof key_path, "%s/key", dir);
    return 0;
}

static int after(void **state)
{
    (void)state;
    unlink(path);
    unlink(key_path);
    return rmdir(dir);
}

/* An unlocked credential; a weak scrypt, for tests that lock it. */
static struct skeym_credential_file sample(void)
{
    struct skeym_credential_file file;
    memset(&file, 0, sizeof file);
    assert_int_equal(skeym_name_node(&file.node, skeym_span_text("dr-lee")), SKEYM_OK);
    assert_int_equal(skeym_name_audience(&file.keys.audience, skeym_span_text("ward")), SKEYM_OK);
    snprintf(file.server, sizeof file.server, "https://ward.example:8420");
    memset(file.keys.private_key, 0x11, 32);
    memset(file.keys.credential, 0x22, 32);
    memset(file.keys.authority, 0x33, 32);
    memset(file.keys.locator, 0x44, 109);
    file.keys.locator_size = 109;
    file.log_n = 14;
    assert_int_equal(skeym_crypto_x25519_public(file.public_key, file.keys.private_key), SKEYM_OK);
    return file;
}

static void save(const struct skeym_credential_file *file)
{
    assert_int_equal(skeym_credential_save(file, path, false), SKEYM_OK);
}

static enum skeym_error load(struct skeym_credential_file *out, const char *passphrase)
{
    return skeym_credential_load(out, path, NULL, skeym_span_text(passphrase));
}

static void assert_wiped(const struct skeym_credential_file *file)
{
    static const struct skeym_credential_file zero;
    assert_memory_equal(file, &zero, sizeof zero);
}

/* A file as lines, to be bent and put together again. */
struct text {
    char line[LINES][1200];
    size_t count;
};

static struct text read_text(const char *from)
{
    struct text text = {.count = 0};
    FILE *file = fopen(from, "r");
    assert_non_null(file);
    while (text.count < LINES && fgets(text.line[text.count], sizeof text.line[0], file)) {
        text.count++;
    }
    fclose(file);
    return text;
}

/* Writes the lines; `seal` makes the check line right again. */
static void write_text(const char *to, const struct text *text, bool seal)
{
    static char whole[8192];
    size_t size = 0;
    for (size_t i = 0; i < text->count; i++) {
        if (seal && i + 1 == text->count) {
            struct skeym_room rest = {(uint8_t *)whole + size, sizeof whole - size};
            size += check_line(rest, skeym_span(whole, size));
        } else {
            memcpy(whole + size, text->line[i], strlen(text->line[i]));
            size += strlen(text->line[i]);
        }
    }
    FILE *file = fopen(to, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(whole, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(to, 0600), 0);
}

static void set_line(struct text *text, size_t line, const char *content)
{
    snprintf(text->line[line], sizeof text->line[0], "%s\n", content);
}

struct change {
    size_t line;
    const char *content;
    enum skeym_error error;
};

#endif
