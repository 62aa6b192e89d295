/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conf.h"

#include <inttypes.h>
#include <skeym/claims.h>
#include <stdio.h>
#include <string.h>

#define KIB       UINT64_C(1024)
#define MIB       (KIB * KIB)
#define AT(field) offsetof(struct skeym_conf, field), sizeof(((struct skeym_conf *)NULL)->field)

static const struct skeym_conf_row rows[] = {
    {"listen", SKEYM_CONF_ADDRESS, AT(listen), 0, 0, "127.0.0.1:8420",
     "address and port; port 0 picks a free one"},
    {"metrics-listen", SKEYM_CONF_LOOPBACK, AT(metrics_listen), 0, 0, "127.0.0.1:9464",
     "loopback address of /metrics and /healthz"},
    {"public-url", SKEYM_CONF_URL, AT(public_url), 0, 0, "",
     "base of the links in answers; empty: made from listen"},
    {"allow-plaintext-network", SKEYM_CONF_YES_NO, AT(allow_plaintext_network), 0, 1, "no",
     "serve without TLS on other than loopback addresses"},
    {"tls-cert", SKEYM_CONF_TEXT, AT(tls_cert), 0, 0, "", "PEM file of the certificate chain"},
    {"tls-key", SKEYM_CONF_TEXT, AT(tls_key), 0, 0, "", "PEM file of its key, mode 0600"},
    {"db", SKEYM_CONF_TEXT, AT(db), 0, 0, "", "the database; empty: DIR/data.db"},
    {"db-max-bytes", SKEYM_CONF_NUMBER, AT(db_max_bytes), 0, UINT64_C(1) << 50, "0",
     "quota of the database; 0: none"},
    {"threads", SKEYM_CONF_NUMBER, AT(threads), 0, 64, "0", "0: one for each core"},
    {"connections", SKEYM_CONF_NUMBER, AT(connections), 1, 1000000, "4096", "at most, at once"},
    {"per-ip", SKEYM_CONF_NUMBER, AT(per_ip), 1, 1000000, "256",
     "connections from one IPv4 address or IPv6 /64, at most"},
    {"head-seconds", SKEYM_CONF_NUMBER, AT(head_seconds), 1, 600, "10",
     "time for TLS and a request's head"},
    {"body-seconds", SKEYM_CONF_NUMBER, AT(body_seconds), 1, 600, "30",
     "time for a request's body"},
    {"idle-seconds", SKEYM_CONF_NUMBER, AT(idle_seconds), 1, 3600, "75",
     "a connection with nothing under way is kept so long"},
    {"body-max", SKEYM_CONF_NUMBER, AT(body_max), KIB, 64 * MIB, "1048576",
     "bytes of a request's body as sent"},
    {"body-memory", SKEYM_CONF_NUMBER, AT(body_memory), MIB, UINT64_C(1) << 40, "67108864",
     "bytes for all bodies that are under way"},
    {"token-lifetime", SKEYM_CONF_NUMBER, AT(token_lifetime), 1, SKEYM_LIFETIME_MAX, "30",
     "seconds"},
    {"session-seconds", SKEYM_CONF_NUMBER, AT(session_seconds), 60, 86400, "28800",
     "after so long a node logs in again"},
    {"lanes", SKEYM_CONF_NUMBER, AT(lanes), 1, SKEYM_LANES_MAX, "16",
     "tokens of one login, at most"},
    {"used-slots", SKEYM_CONF_POWER, AT(used_slots), 64, UINT64_C(1) << 28, "1048576",
     "room for tokens used in 64 s; a power of two"},
    {"login-rate", SKEYM_CONF_NUMBER, AT(login_rate), 1, 100000, "50",
     "logins a second from one /24 or /64; one IPv4 address gets a quarter"},
    {"login-burst", SKEYM_CONF_NUMBER, AT(login_burst), 1, 1000000, "200", "the same, at once"},
    {"login-cpu", SKEYM_CONF_NUMBER, AT(login_cpu), 1, 6400, "50",
     "share of one core that logins may take, in percent"},
    {"log-file", SKEYM_CONF_TEXT, AT(log_file), 0, 0, "", "empty: standard error"},
    {"log-level", SKEYM_CONF_LEVEL, AT(log_level), 0, 3, "info", "debug, info, warning or error"},
    {"user", SKEYM_CONF_TEXT, AT(user), 0, 0, "",
     "run as this user when started as root; empty: as the owner of DIR"},
    {"console", SKEYM_CONF_YES_NO, AT(console), 0, 1, "yes",
     "serve the ward console under /console/"},
    {"console-dir", SKEYM_CONF_TEXT, AT(console_dir), 0, 0, "",
     "serve its files from this folder, on loopback only (for development)"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };
_Static_assert((size_t)ROWS <= SKEYM_CONF_ROWS, "SKEYM_CONF_ROWS");

static const char *const levels[] = {"debug", "info", "warning", "error"};

const struct skeym_conf_row *skeym_conf_rows(size_t *count)
{
    *count = ROWS;
    return rows;
}

/* --- one value: NULL, or what is wrong ------------------------------------------- */

static const char *number(uint64_t *out, const struct skeym_conf_row *row, struct skeym_span text)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 18 || (text.size > 1 && text.data[0] == '0')) {
        return "not a number";
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return "not a number";
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (value < row->least || value > row->most) {
        return "out of range";
    }
    if (row->type == SKEYM_CONF_POWER && (value & (value - 1)) != 0) {
        return "not a power of two";
    }
    *out = value;
    return NULL;
}

static const char *text_value(char *out, size_t room, struct skeym_span text)
{
    if (text.size >= room) {
        return "too long";
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return "a control character";
        }
    }
    memset(out, 0, room);
    memcpy(out, text.data, text.size);
    return NULL;
}

/* http(s)://host[:port][/path], without query, fragment or a slash at the end. */
static const char *url(char *out, size_t room, struct skeym_span text)
{
    if (text.size == 0) {
        return text_value(out, room, text);
    }
    size_t scheme = skeym_span_starts(text, "https://") ? 8 : 7;
    if ((scheme == 7 && !skeym_span_starts(text, "http://")) || text.size == scheme) {
        return "not an http or https URL";
    }
    for (size_t i = scheme; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c <= 0x20 || c > 0x7e || strchr("\"<>\\^`{|}?#@", c)) {
            return "a character that a base URL cannot have";
        }
    }
    if (text.data[text.size - 1] == '/') {
        return "ends in a slash";
    }
    return text_value(out, room, text);
}

static const char *address(struct sockaddr_storage *out, const struct skeym_conf_row *row,
                           struct skeym_span text)
{
    char copy[80];
    struct sockaddr_storage parsed;
    if (text_value(copy, sizeof copy, text) || !skeym_source_parse(&parsed, copy)) {
        return "not ADDRESS:PORT or [ADDRESS]:PORT (numbers only)";
    }
    if (row->type == SKEYM_CONF_LOOPBACK && !skeym_source_loopback(&parsed)) {
        return "not a loopback address";
    }
    *out = parsed;
    return NULL;
}

static const char *choice(uint64_t *out, struct skeym_span text)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (skeym_span_is(text, levels[i])) {
            *out = i;
            return NULL;
        }
    }
    return "none of debug, info, warning, error";
}

static const char *yes_no(bool *out, struct skeym_span text)
{
    bool yes = skeym_span_is(text, "yes") || skeym_span_is(text, "on");
    if (!yes && !skeym_span_is(text, "no") && !skeym_span_is(text, "off")) {
        return "neither yes nor no";
    }
    *out = yes;
    return NULL;
}

static const char *set(struct skeym_conf *conf, const struct skeym_conf_row *row,
                       struct skeym_span text)
{
    void *at = (unsigned char *)conf + row->offset;
    switch (row->type) {
    case SKEYM_CONF_NUMBER:
    case SKEYM_CONF_POWER:
        return number(at, row, text);
    case SKEYM_CONF_YES_NO:
        return yes_no(at, text);
    case SKEYM_CONF_TEXT:
        return text_value(at, row->size, text);
    case SKEYM_CONF_URL:
        return url(at, row->size, text);
    case SKEYM_CONF_ADDRESS:
    case SKEYM_CONF_LOOPBACK:
        return address(at, row, text);
    case SKEYM_CONF_LEVEL:
        return choice(at, text);
    }
    return "unknown type";
}

void skeym_conf_defaults(struct skeym_conf *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < ROWS; i++) {
        /* a test walks the table and sees that every default is accepted */
        (void)set(out, &rows[i], skeym_span_text(rows[i].standard));
    }
}

static const struct skeym_conf_row *find(struct skeym_span name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (skeym_span_is(name, rows[i].name)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* --- the file -------------------------------------------------------------------- */

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct skeym_span trim(struct skeym_span line)
{
    while (line.size && blank(line.data[0])) {
        line = skeym_span_part(line, 1, line.size);
    }
    while (line.size && blank(line.data[line.size - 1])) {
        line.size--;
    }
    return line;
}

static const char *set_line(struct skeym_conf *conf, struct skeym_span line, char name[64])
{
    size_t size = 0;
    while (size < line.size && !blank(line.data[size])) {
        size++;
    }
    struct skeym_span key = skeym_span_part(line, 0, size);
    struct skeym_span value = trim(skeym_span_part(line, size, line.size));
    const struct skeym_conf_row *row = find(key);
    if (!row) {
        (void)text_value(name, 64, skeym_span_part(key, 0, 63));
        return "no such setting";
    }
    (void)snprintf(name, 64, "%s", row->name);
    if (conf->from_file[row - rows]) {
        return "set twice";
    }
    conf->from_file[row - rows] = true;
    if (value.size == 0) {
        return "no value";
    }
    if (conf->from_flag[row - rows]) { /* the flag wins, but the line must be right */
        struct skeym_conf other = *conf;
        return set(&other, row, value);
    }
    return set(conf, row, value);
}

enum skeym_error skeym_conf_file(struct skeym_conf *conf, struct skeym_span text,
                                 skeym_conf_complain complain, void *arg)
{
    enum skeym_error error = SKEYM_OK;
    unsigned number_of_line = 0;
    while (text.size) {
        size_t size = 0;
        while (size < text.size && text.data[size] != '\n') {
            size++;
        }
        struct skeym_span line = trim(skeym_span_part(text, 0, size));
        text = skeym_span_part(text, size < text.size ? size + 1 : size, text.size);
        number_of_line++;
        if (line.size == 0 || line.data[0] == '#') {
            continue;
        }
        char name[64] = "";
        const char *wrong = set_line(conf, line, name);
        if (wrong) {
            complain(arg, number_of_line, name, wrong);
            error = SKEYM_ERR_CONFIG;
        }
    }
    return error;
}

/* --- flags -------------------------------------------------------------------------- */

int skeym_conf_flag(struct skeym_conf *conf, int argc, char **argv, skeym_conf_complain complain,
                    void *arg, enum skeym_error *error)
{
    if (argc < 1 || !skeym_span_starts(skeym_span_text(argv[0]), "--")) {
        return 0;
    }
    const char *flag = argv[0];
    size_t size = strcspn(flag + 2, "=");
    const struct skeym_conf_row *row = find(skeym_span(flag + 2, size));
    const char *value = flag[2 + size] == '=' ? flag + 3 + size : NULL;
    int used = 1;
    if (!row && !value && skeym_span_starts(skeym_span_text(flag), "--no-")) {
        row = find(skeym_span_text(flag + 5));
        row = row && row->type == SKEYM_CONF_YES_NO ? row : NULL;
        value = "no";
    }
    if (!row) {
        return 0;
    }
    bool yes = false;
    if (!value && row->type == SKEYM_CONF_YES_NO &&
        (argc < 2 || yes_no(&yes, skeym_span_text(argv[1])) != NULL)) {
        value = "yes"; /* a flag alone, before what is none of its values */
    } else if (!value && argc > 1) {
        value = argv[1];
        used = 2;
    }
    const char *wrong = "no value";
    if (conf->from_flag[row - rows]) {
        wrong = "set twice";
    } else if (value) {
        wrong = set(conf, row, skeym_span_text(value));
    }
    conf->from_flag[row - rows] = true;
    if (wrong) {
        complain(arg, 0, row->name, wrong);
        *error = SKEYM_ERR_CONFIG;
    }
    return used;
}

/* --- together ------------------------------------------------------------------------- */

enum skeym_error skeym_conf_check(const struct skeym_conf *conf, skeym_conf_complain complain,
                                  void *arg)
{
    bool cert = conf->tls_cert[0] != '\0';
    bool key = conf->tls_key[0] != '\0';
    uint16_t port = skeym_source_port(&conf->listen);
    const struct {
        bool wrong;
        const char *name;
        const char *why;
    } rules[] = {
        {cert && !key, "tls-key", "needed with tls-cert"},
        {key && !cert, "tls-cert", "needed with tls-key"},
        {!cert && !key && !conf->allow_plaintext_network && !skeym_source_loopback(&conf->listen),
         "listen", "not a loopback address: give tls-cert and tls-key, or allow-plaintext-network"},
        {skeym_source_wildcard(&conf->listen) && conf->public_url[0] == '\0', "public-url",
         "needed where listen is a wildcard: links in answers begin with it"},
        {port != 0 && port == skeym_source_port(&conf->metrics_listen), "metrics-listen",
         "the same port as listen"},
        {conf->console_dir[0] != '\0' && !skeym_source_loopback(&conf->listen), "console-dir",
         "for development alone: listen must be a loopback address"},
        {conf->body_memory < conf->body_max, "body-memory", "less than body-max"},
        {conf->per_ip > conf->connections, "per-ip", "more than connections"},
    };
    enum skeym_error error = SKEYM_OK;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].wrong) {
            complain(arg, 0, rules[i].name, rules[i].why);
            error = SKEYM_ERR_CONFIG;
        }
    }
    return error;
}

void skeym_conf_print(char out[SKEYM_CONF_PATH_BYTES], const struct skeym_conf *conf,
                      const struct skeym_conf_row *row)
{
    const unsigned char *at = (const unsigned char *)conf + row->offset;
    uint64_t value = 0;
    struct sockaddr_storage where;
    bool yes = false;
    out[0] = '\0';
    switch (row->type) {
    case SKEYM_CONF_NUMBER:
    case SKEYM_CONF_POWER:
        memcpy(&value, at, sizeof value);
        (void)snprintf(out, SKEYM_CONF_PATH_BYTES, "%" PRIu64, value);
        break;
    case SKEYM_CONF_LEVEL:
        memcpy(&value, at, sizeof value);
        (void)snprintf(out, SKEYM_CONF_PATH_BYTES, "%s", levels[value]);
        break;
    case SKEYM_CONF_YES_NO:
        memcpy(&yes, at, sizeof yes);
        (void)snprintf(out, SKEYM_CONF_PATH_BYTES, "%s", yes ? "yes" : "no");
        break;
    case SKEYM_CONF_TEXT:
    case SKEYM_CONF_URL:
        (void)snprintf(out, SKEYM_CONF_PATH_BYTES, "%s", (const char *)at);
        break;
    case SKEYM_CONF_ADDRESS:
    case SKEYM_CONF_LOOPBACK:
        memcpy(&where, at, sizeof where);
        skeym_source_address(out, &where);
        break;
    }
}
