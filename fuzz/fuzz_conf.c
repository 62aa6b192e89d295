/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of the server: a file, or (a line each) flags. What a file sets, its print sets too. */
#include "fuzz.h"
#include "server/conf.h"

static void complain(void *arg, unsigned line, const char *name, const char *why)
{
    unsigned *told = arg;
    FUZZ_MUST(name && why && strlen(name) < 64 && strlen(why) < 200 && line < 1u << 20);
    ++*told;
}

static void check_again(const struct skeym_conf *conf)
{
    static char text[SKEYM_CONF_FILE_BYTES];
    static struct skeym_conf second;
    char one[SKEYM_CONF_PATH_BYTES];
    char two[SKEYM_CONF_PATH_BYTES];
    size_t count;
    size_t size = 0;
    unsigned told = 0;
    const struct skeym_conf_row *rows = skeym_conf_rows(&count);
    for (size_t i = 0; i < count; i++) {
        skeym_conf_print(one, conf, &rows[i]);
        if (one[0]) {
            size += (size_t)snprintf(text + size, sizeof text - size, "%s %s\n", rows[i].name, one);
        }
    }
    skeym_conf_defaults(&second);
    FUZZ_MUST(skeym_conf_file(&second, skeym_span(text, size), complain, &told) == SKEYM_OK);
    FUZZ_MUST(told == 0);
    for (size_t i = 0; i < count; i++) {
        skeym_conf_print(one, conf, &rows[i]);
        skeym_conf_print(two, &second, &rows[i]);
        FUZZ_MUST(!strcmp(one, two));
    }
}

static enum skeym_error read_flags(struct skeym_conf *conf, struct skeym_reader *reader,
                                   unsigned *told)
{
    char *argv[64];
    int argc = 0;
    enum skeym_error error = SKEYM_OK;
    while (argc < 63 && reader->left > 0) {
        argv[argc++] = fuzz_text(fuzz_line(reader));
    }
    argv[argc] = NULL;
    for (int at = 0; at < argc;) {
        int used = skeym_conf_flag(conf, argc - at, argv + at, complain, told, &error);
        FUZZ_MUST(used >= 0 && used <= argc - at);
        at += used > 0 ? used : 1;
    }
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skeym_conf conf;
    unsigned told = 0;
    struct skeym_reader reader = skeym_reader(skeym_span(data, size));
    bool flags = skeym_read_u8(&reader) & 1;
    skeym_conf_defaults(&conf);
    enum skeym_error error = flags ? read_flags(&conf, &reader, &told)
                                   : skeym_conf_file(&conf, fuzz_rest(&reader), complain, &told);
    FUZZ_MUST((told > 0) == (error != SKEYM_OK));
    if (!flags && error == SKEYM_OK) {
        check_again(&conf);
    }
    told = 0;
    error = skeym_conf_check(&conf, complain, &told);
    FUZZ_MUST((told > 0) == (error != SKEYM_OK));
    fuzz_done();
    return 0;
}
