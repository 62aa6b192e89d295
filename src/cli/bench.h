/* SPDX-License-Identifier: Apache-2.0 */
/* `skeym bench load`: what its files share. */
#ifndef SKEYM_CLI_BENCH_H
#define SKEYM_CLI_BENCH_H

#include "cli/cli.h"
#include "load/load_attack.h"
#include "load/load_plain.h"
#include "load/load_watch.h"
#include "load/load_work.h"

/* As given; numbers are checked when they are read. */
struct skeym_bench_options {
    struct skeym_load_options load;
    const char *url;
    const char *dir; /* of the authority; NULL: plain HTTP */
    const struct skeym_load_attack_kind *attack;
    struct skeym_load_work work;
    uint32_t nodes, batch;
    uint64_t ns, warmup_ns; /* how long */
    uint32_t core;          /* UINT32_MAX: none */
    const char *json, *trace;
    const char *method, *body, *header_file, *ca;
    uint32_t expect, body_bytes; /* UINT32_MAX: any */
    struct skeym_cli_words headers;
    struct skeym_load_watch watch;
};

/* What was watched cost. */
struct skeym_bench_watched {
    size_t count; /* of processes */
    struct skeym_load_usage before, after;
};

/* Who does the asking (bench_crowd.c). SECRET. */
struct skeym_bench_crowd {
    size_t count;                          /* of lanes */
    struct skeym_load_lane *lanes;         /* malloc'ed, as all below */
    struct skeym_credentials *credentials; /* of nodes */
    size_t credential_count;
    struct skeym_load_node *nodes;
    struct skeym_load_attack *attackers;
    struct skeym_load_script script; /* of attackers */
    struct skeym_load_loot loot;
    struct skeym_load_plain plain;
    uint8_t *request;
};
/* Enrols nodes where there is an authority, in memory alone: the folder gets one line in its audit
 * file. Says what is wrong and returns an exit code. */
int skeym_bench_crowd_make(struct skeym_bench_crowd *crowd, struct skeym_bench_options *options);
/* Wipes and frees. */
void skeym_bench_crowd_free(struct skeym_bench_crowd *crowd);

/* bench_report.c. The exit code: 1 when there is an operation of a node that was not OK, or one of
 * an attacker that was. */
int skeym_bench_report(const struct skeym_load_result *result,
                       const struct skeym_bench_options *options,
                       const struct skeym_bench_watched *watched);

#endif
