/* SPDX-License-Identifier: Apache-2.0 */
#include "server/serve.h"

#include "cli/cli.h"
#include "cli/ready.h"
#include "server/home.h"
#include "server/listener.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The settings follow from their table. */
static const char usage[] =
    "usage: skeym serve DIR [--config FILE] [--check-config] [--ready-fd N] [--SETTING VALUE]...\n"
    "\n"
    "Runs authority and data server on the folder DIR, in the foreground, until SIGTERM or "
    "SIGINT.\n"
    "SIGHUP reads keyring, revoked list and log file anew.\n"
    "\n"
    "  --config FILE     settings, a line 'NAME VALUE' each; a flag of the same name wins\n"
    "  --check-config    prints the settings in force; exit 1 with every error there is\n"
    "  --ready-fd N      writes 'PORT METRICS-PORT' to this descriptor once it serves\n"
    "  --list-settings   prints every setting with its default and its meaning\n";

enum { NAME_BYTES = 2 * SKEYM_CONF_PATH_BYTES + 8 };

struct arguments {
    const char *dir;
    const char *config;
    int ready_fd;
    bool check, list, help;
    bool wrong_use;
    enum skeym_error error; /* of a setting */
    struct skeym_conf conf;
};

static void complain(void *arg, unsigned line, const char *name, const char *why)
{
    const char *file = arg;
    if (line) {
        fprintf(stderr, "skeym serve: %s:%u: %s%s%s\n", file ? file : "config", line, name,
                name[0] ? ": " : "", why);
    } else {
        fprintf(stderr, "skeym serve: %s: %s\n", name, why);
    }
}

/* The value of "--name VALUE" or "--name=VALUE"; NULL when argv[*i] is another option. */
static const char *option(const char *name, int argc, char **argv, int *i, bool *wrong)
{
    size_t size = strlen(name);
    struct skeym_span argument = skeym_span_text(argv[*i]);
    if (!skeym_span_starts(argument, name)) {
        return NULL;
    }
    if (argument.size > size && argument.data[size] == '=') {
        return argv[*i] + size + 1;
    }
    if (argument.size != size) {
        return NULL;
    }
    if (*i + 1 >= argc) {
        *wrong = true;
        return "";
    }
    return argv[++*i];
}

static bool own_option(struct arguments *arguments, int argc, char **argv, int *i)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"--check-config", &arguments->check},
        {"--list-settings", &arguments->list},
        {"--help", &arguments->help},
        {"-h", &arguments->help},
    };
    for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++) {
        if (strcmp(argv[*i], flags[f].name) == 0) {
            *flags[f].flag = true;
            return true;
        }
    }
    const char *value = option("--config", argc, argv, i, &arguments->wrong_use);
    if (value) {
        arguments->wrong_use = arguments->wrong_use || arguments->config;
        arguments->config = value;
        return true;
    }
    value = option("--ready-fd", argc, argv, i, &arguments->wrong_use);
    if (value) {
        uint32_t fd = 0;
        if (!skeym_cli_number(&fd, value, 1, 1023)) {
            arguments->wrong_use = true;
        } else if (!skeym_ready_open((int)fd)) {
            complain(NULL, 0, "ready-fd", "no descriptor of this number is open");
            arguments->error = SKEYM_ERR_CONFIG;
        }
        arguments->ready_fd = (int)fd;
        return true;
    }
    return false;
}

static void read_arguments(struct arguments *arguments, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int used = skeym_conf_flag(&arguments->conf, argc - i, argv + i, complain, NULL,
                                   &arguments->error);
        if (used > 0) {
            i += used - 1;
        } else if (argv[i][0] == '-') {
            if (!own_option(arguments, argc, argv, &i)) {
                fprintf(stderr, "skeym serve: no such option: %s\n", argv[i]);
                arguments->wrong_use = true;
            }
        } else if (!arguments->dir) {
            arguments->dir = argv[i];
        } else {
            fprintf(stderr, "skeym serve: %s: one argument too many\n", argv[i]);
            arguments->wrong_use = true;
        }
    }
}

static enum skeym_error read_config(struct arguments *arguments)
{
    uint8_t *data = NULL;
    size_t size = 0;
    if (!arguments->config) {
        return SKEYM_OK;
    }
    enum skeym_error error =
        skeym_home_read_file(&data, &size, arguments->config, SKEYM_CONF_FILE_BYTES, false);
    if (error) {
        (void)skeym_cli_fail("serve", arguments->config, error);
        return error;
    }
    char *file = strdup(arguments->config);
    error = skeym_conf_file(&arguments->conf, skeym_span(data, size), complain, file);
    free(file);
    free(data);
    return error;
}

static void print_settings(const struct skeym_conf *conf)
{
    size_t count = 0;
    char value[SKEYM_CONF_PATH_BYTES];
    const struct skeym_conf_row *rows = skeym_conf_rows(&count);
    for (size_t i = 0; i < count; i++) {
        skeym_conf_print(value, conf, &rows[i]);
        if (value[0] == '\0') {
            printf("# %s is not set\n", rows[i].name);
        } else {
            printf("%s %s\n", rows[i].name, value);
        }
    }
}

static int list_settings(void)
{
    size_t count = 0;
    const struct skeym_conf_row *rows = skeym_conf_rows(&count);
    for (size_t i = 0; i < count; i++) {
        printf("%-24s %-16s %s\n", rows[i].name, rows[i].standard[0] ? rows[i].standard : "-",
               rows[i].help);
    }
    return SKEYM_EXIT_OK;
}

#define LISTEN  "the listen address"
#define METRICS "the metrics address"
#define LOG     "the log file"
#define USER    "giving up privileges"
#define FILES   "the number of open files"
#define TLS     "the TLS files"
#define TAKEN   "another program listens there"
#define NOT_OWN "no interface of this machine has this address"
#define LOW     "ports below 1024 are for root, or for who has CAP_NET_BIND_SERVICE"

/* Where the error's own words do not tell what to do. */
static const struct {
    const char *what;
    enum skeym_error error;
    const char *why;
} reasons[] = {
    {LISTEN, SKEYM_ERR_EXISTS, TAKEN},
    {LISTEN, SKEYM_ERR_MISSING, NOT_OWN},
    {LISTEN, SKEYM_ERR_PERMISSION, LOW},
    {METRICS, SKEYM_ERR_EXISTS, TAKEN},
    {METRICS, SKEYM_ERR_MISSING, NOT_OWN},
    {METRICS, SKEYM_ERR_PERMISSION, LOW},
    {LOG, SKEYM_ERR_MISSING, "no such folder"},
    {LOG, SKEYM_ERR_PERMISSION, "the user that the server runs as may not write it"},
    {LOG, SKEYM_ERR_NOT_FILE, "it is a folder, or a pipe that nobody reads"},
    {USER, SKEYM_ERR_NOT_FOUND, "there is no such user"},
    {USER, SKEYM_ERR_PERMISSION, "only root can become another user"},
    {FILES, SKEYM_ERR_PERMISSION,
     "connections + 8 for each thread + 1088 are over the limit of this process: raise that "
     "(ulimit "
     "-Hn, LimitNOFILE=), or lower connections"},
};

/* What the operator called it, in a setting or by default. */
static void name_of(char out[NAME_BYTES], const struct arguments *arguments, const char *what)
{
    const struct skeym_conf *conf = &arguments->conf;
    char address[SKEYM_SOURCE_TEXT_BYTES + 16];
    out[0] = '\0';
    if (strcmp(what, LISTEN) == 0 || strcmp(what, METRICS) == 0) {
        skeym_source_address(address,
                             strcmp(what, LISTEN) == 0 ? &conf->listen : &conf->metrics_listen);
        (void)snprintf(out, NAME_BYTES, " %s", address);
    } else if (strcmp(what, LOG) == 0) {
        (void)snprintf(out, NAME_BYTES, " %s", conf->log_file);
    } else if (strcmp(what, USER) == 0 && conf->user[0]) {
        (void)snprintf(out, NAME_BYTES, " for user %s", conf->user);
    } else if (strcmp(what, TLS) == 0) {
        (void)snprintf(out, NAME_BYTES, " %s, %s", conf->tls_cert, conf->tls_key);
    } else if (strcmp(what, "the database") == 0) {
        (void)snprintf(out, NAME_BYTES, " %s%s", conf->db[0] ? conf->db : arguments->dir,
                       conf->db[0] ? "" : "/data.db");
    }
}

/* What it was that did not start: where it is the folder or a file in it, that one's name. */
static int not_started(const struct arguments *arguments, const char *what, enum skeym_error error)
{
    const char *dir = arguments->dir;
    const char *why = skeym_error_text(error);
    char name[NAME_BYTES];
    bool folder = strcmp(what, "the folder") == 0;
    bool missing = error == SKEYM_ERR_MISSING && strcmp(what, USER) == 0;
    if (folder && error == SKEYM_ERR_BUSY) {
        return skeym_cli_say("serve", "%s: another server runs on it", dir);
    }
    if (folder && error == SKEYM_ERR_EXISTS) {
        return skeym_cli_say("serve", "%s/control: is there already, and is no server's socket",
                             dir);
    }
    if (folder && error == SKEYM_ERR_PERMISSION && arguments->conf.user[0]) {
        return skeym_cli_say("serve", "%s: user %s may not use it: it belongs to another", dir,
                             arguments->conf.user);
    }
    if (folder || missing || strcmp(what, "keyring or revoked list") == 0) {
        return skeym_cli_dir_fail("serve", dir, error);
    }
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].error == error && strcmp(reasons[i].what, what) == 0) {
            why = reasons[i].why;
        }
    }
    name_of(name, arguments, what);
    return skeym_cli_say("serve", "%s%s: %s", what, name, why);
}

/* What the settings name must be there, and be good. */
static bool check_files(const struct arguments *arguments)
{
    const struct skeym_conf *conf = &arguments->conf;
    struct skeym_listener_tls tls;
    struct stat info;
    enum skeym_error error = skeym_listener_tls_load(&tls, conf);
    const char *fault = NULL;
    bool good = true;
    if (error) {
        fprintf(stderr, "skeym serve: %s, %s: %s\n", conf->tls_cert, conf->tls_key,
                skeym_error_text(error));
        good = false;
    } else if (tls.cert && (fault = skeym_listener_tls_fault(&tls, skeym_cli_now() / 1000))) {
        fprintf(stderr, "skeym serve: %s: %s\n", conf->tls_cert, fault);
        good = false;
    }
    skeym_listener_tls_wipe(&tls);
    if (arguments->dir && (stat(arguments->dir, &info) != 0 || !S_ISDIR(info.st_mode))) {
        fprintf(stderr, "skeym serve: %s: no such folder\n", arguments->dir);
        good = false;
    }
    return good;
}

static void say_ready(void *arg, unsigned port, unsigned metrics_port)
{
    const struct arguments *arguments = arg;
    char line[32];
    (void)snprintf(line, sizeof line, "%u %u\n", port, metrics_port);
    skeym_ready_say(arguments->ready_fd, line);
}

static int run(int argc, char **argv)
{
    struct arguments arguments = {.ready_fd = -1};
    skeym_conf_defaults(&arguments.conf);
    read_arguments(&arguments, argc, argv);
    if (arguments.help) {
        printf("%s", usage);
        return SKEYM_EXIT_OK;
    }
    if (arguments.list) {
        return list_settings();
    }
    if (arguments.wrong_use || (!arguments.dir && !arguments.check)) {
        return skeym_cli_usage(&skeym_command_serve, arguments.wrong_use ? NULL : "DIR is missing");
    }
    enum skeym_error error = read_config(&arguments);
    enum skeym_error together = skeym_conf_check(&arguments.conf, complain, NULL);
    if (error || together || arguments.error) {
        return SKEYM_EXIT_FAILED;
    }
    if (arguments.check) {
        print_settings(&arguments.conf);
        return check_files(&arguments) ? SKEYM_EXIT_OK : SKEYM_EXIT_FAILED;
    }
    const struct skeym_serve_options options = {
        .dir = arguments.dir,
        .conf = &arguments.conf,
        .version = SKEYM_VERSION,
        .ready = say_ready,
        .ready_arg = &arguments,
    };
    const char *what = NULL;
    error = skeym_serve_run(&options, &what);
    return error ? not_started(&arguments, what, error) : SKEYM_EXIT_OK;
}

const struct skeym_command skeym_command_serve = {
    .name = "serve",
    .summary = "run authority and data server on a folder",
    .usage = usage,
    .run = run,
};
