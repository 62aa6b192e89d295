/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts of include/skeym/scope.h: what reads and judges scopes, not their printing. */
#ifndef SKEYM_PROVE_SCOPE_H
#define SKEYM_PROVE_SCOPE_H

#include "span.h"
#include <skeym/scope.h>

/*@ predicate scope_ok(struct skeym_scope *s) =
        1 <= s->context <= 3 && s->type < 15 && 1 <= s->actions <= 31 &&
        (s->context == 1 ? 1 <= s->patient_size <= SKEYM_PATIENT_BYTES : s->patient_size == 0);
    predicate scopes_ok(struct skeym_scopes *s) = s->count <= SKEYM_SCOPES_MAX; */

/*@ requires reader_ok(reader) && \valid(out);
    requires elsewhere(reader, &out->count);
    assigns *reader, *out;
    ensures reader_ok(reader) && same_object{Pre, Post}(reader);
    ensures spelled: !reader->bad ==> scopes_ok(out);
    ensures empty: reader->bad ==> out->count == 0; */
void skeym_scopes_read(struct skeym_reader *reader, struct skeym_scopes *out);

/*@ requires \valid_read(have) && \valid_read(want);
    assigns \nothing;
    ensures \result ==> scope_ok(have) && scope_ok(want) && (have->type == 0 || have->type ==
   want->type); ensures \result && have->context == 1 ==> want->context == 1; */
bool skeym_scope_covers(const struct skeym_scope *have, const struct skeym_scope *want);

/*@ requires \valid_read(have) && \valid_read(want);
    assigns \nothing;
    ensures \result ==> want->count <= SKEYM_SCOPES_MAX; */
bool skeym_scopes_cover(const struct skeym_scopes *have, const struct skeym_scopes *want);

/*@ requires \valid_read(scopes) && readable(patient);
    assigns \nothing;
    ensures \result ==> scopes->count > 0; */
bool skeym_scopes_allow(const struct skeym_scopes *scopes, enum skeym_action action, uint8_t type,
                        struct skeym_span patient);

/*@ requires \valid_read(scopes);
    assigns \nothing;
    ensures \result ==> scopes->count > 0; */
bool skeym_scopes_allow_some(const struct skeym_scopes *scopes, enum skeym_action action,
                             uint8_t type);

/*@ requires readable(text);
    assigns \nothing;
    ensures \result ==> 1 <= text.size <= SKEYM_PATIENT_BYTES; */
bool skeym_patient_valid(struct skeym_span text);

/* --- inside of scope.c ------------------------------------------------------ */

#ifdef SKEYM_PROVE_INSIDE_SCOPE
/*@ requires \valid_read(scope);
    assigns \nothing;
    ensures readable(\result) && \result.data == &scope->patient[0];
    ensures \result.size ==
            (scope->patient_size <= SKEYM_PATIENT_BYTES ? scope->patient_size : 0); */
static struct skeym_span patient_of(const struct skeym_scope *scope);

/*@ requires \valid_read(scope);
    assigns \nothing;
    ensures \result ==> scope_ok(scope); */
static bool valid(const struct skeym_scope *scope);

/*@ requires reader_ok(reader) && \valid(out);
    requires elsewhere(reader, &out->context);
    assigns *reader, *out;
    ensures reader_ok(reader) && same_object{Pre, Post}(reader);
    ensures !reader->bad ==> scope_ok(out); */
static void read_scope(struct skeym_reader *reader, struct skeym_scope *out);

/*@ requires \valid_read(have) && \valid_read(want);
    assigns \nothing;
    ensures \result && have->context == 1 ==> want->context == 1; */
static bool context_covers(const struct skeym_scope *have, const struct skeym_scope *want);

/*@ assigns \nothing;
    ensures \result <==> have == 0 || have == want; */
static bool type_covers(uint8_t have, uint8_t want);

/*@ requires \valid_read(have) && \valid_read(want);
    assigns \nothing; */
static bool one_covers(const struct skeym_scopes *have, const struct skeym_scope *want);

/*@ requires \valid_read(scope);
    assigns \nothing; */
static bool allows(const struct skeym_scope *scope, enum skeym_action action, uint8_t type);
#endif

#endif
