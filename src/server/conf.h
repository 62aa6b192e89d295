/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of `skeym serve`: one table that the file's parser, the flags, --check-config, the
 * usage text and the tests walk. Bytes and values only. A file has a line "NAME VALUE" for each
 * setting, '#' comments and empty lines; a flag is the same name with "--" in front ("--no-" for a
 * setting of yes or no that shall be no). A name may come once in the file and once among the
 * flags; the flag wins.
 */
#ifndef SKEYM_SERVER_CONF_H
#define SKEYM_SERVER_CONF_H

#include "server/source.h"
#include <skeym/span.h>

#define SKEYM_CONF_PATH_BYTES 512
#define SKEYM_CONF_URL_BYTES  256
#define SKEYM_CONF_USER_BYTES 64
#define SKEYM_CONF_FILE_BYTES 65536
#define SKEYM_CONF_ROWS       32 /* at most */

struct skeym_conf {
    struct sockaddr_storage listen;
    struct sockaddr_storage metrics_listen;
    char public_url[SKEYM_CONF_URL_BYTES];
    bool allow_plaintext_network;
    char tls_cert[SKEYM_CONF_PATH_BYTES];
    char tls_key[SKEYM_CONF_PATH_BYTES];
    char db[SKEYM_CONF_PATH_BYTES];
    uint64_t db_max_bytes;
    uint64_t threads; /* 0: as many as there are cores */
    uint64_t connections;
    uint64_t per_ip;
    uint64_t head_seconds;
    uint64_t body_seconds;
    uint64_t idle_seconds;
    uint64_t body_max;
    uint64_t body_memory;
    uint64_t token_lifetime;
    uint64_t session_seconds;
    uint64_t lanes;
    uint64_t used_slots;
    uint64_t login_rate;
    uint64_t login_burst;
    uint64_t login_cpu;
    char log_file[SKEYM_CONF_PATH_BYTES];
    uint64_t log_level;
    char user[SKEYM_CONF_USER_BYTES];
    bool console;
    char console_dir[SKEYM_CONF_PATH_BYTES]; /* empty: what is compiled in */

    bool from_file[SKEYM_CONF_ROWS]; /* which were set, and by what */
    bool from_flag[SKEYM_CONF_ROWS];
};

enum skeym_conf_type {
    SKEYM_CONF_NUMBER,
    SKEYM_CONF_POWER,  /* a number that is a power of two */
    SKEYM_CONF_YES_NO, /* also on and off */
    SKEYM_CONF_TEXT,
    SKEYM_CONF_URL,
    SKEYM_CONF_ADDRESS,
    SKEYM_CONF_LOOPBACK, /* an address of this machine alone */
    SKEYM_CONF_LEVEL,
};

struct skeym_conf_row {
    const char *name;
    enum skeym_conf_type type;
    size_t offset, size; /* in struct skeym_conf */
    uint64_t least, most;
    const char *standard;
    const char *help;
};
const struct skeym_conf_row *skeym_conf_rows(size_t *count);

void skeym_conf_defaults(struct skeym_conf *out);

/* Told of every error: its line in the file (0: a flag, or settings that do not go together), the
 * setting's name and what is wrong. */
typedef void (*skeym_conf_complain)(void *arg, unsigned line, const char *name, const char *why);

/* All lines of a file; goes on after an error. Errors: SKEYM_ERR_CONFIG. */
SKEYM_MUST_USE enum skeym_error skeym_conf_file(struct skeym_conf *conf, struct skeym_span text,
                                                skeym_conf_complain complain, void *arg);
/* The flags of a command line that are settings: "--name value" or "--name=value", yes/no settings
 * also without a value. Reads at argv[0] and returns how many arguments belonged to it; 0: it is no
 * setting. A wrong value is complained of, and *error set. */
int skeym_conf_flag(struct skeym_conf *conf, int argc, char **argv, skeym_conf_complain complain,
                    void *arg, enum skeym_error *error);
/* What must hold between settings. Errors: SKEYM_ERR_CONFIG. */
SKEYM_MUST_USE enum skeym_error skeym_conf_check(const struct skeym_conf *conf,
                                                 skeym_conf_complain complain, void *arg);
/* One setting's value as text. */
void skeym_conf_print(char out[SKEYM_CONF_PATH_BYTES], const struct skeym_conf *conf,
                      const struct skeym_conf_row *row);

#endif
