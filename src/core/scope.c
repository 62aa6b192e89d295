/* SPDX-License-Identifier: Apache-2.0 */
#include <skeym/claims.h>
#include <skeym/scope.h>
#include <string.h>

#define ACTIONS_ALL 31

static const char *const types[] = {
    "*",
    "Patient",
    "Observation",
    "Device",
    "DeviceMetric",
    "Encounter",
    "Condition",
    "Flag",
    "Communication",
    "AuditEvent",
    "Consent",
    "MedicationRequest",
    "DiagnosticReport",
    "Practitioner",
    "Location",
};
#define TYPE_COUNT (sizeof types / sizeof types[0])

/* By enum skeym_scope_context, less one. */
static const char *const contexts[] = {"patient/", "user/", "system/"};
#define CONTEXT_COUNT (sizeof contexts / sizeof contexts[0])

/* By bit of enum skeym_action. */
static const char letters[] = "cruds";
#define LETTER_COUNT (sizeof letters - 1)

enum skeym_error skeym_scope_type(uint8_t *type, struct skeym_span name)
{
    *type = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (skeym_span_is(name, types[i])) {
            *type = (uint8_t)i;
            return SKEYM_OK;
        }
    }
    return SKEYM_ERR_UNSUPPORTED;
}

const char *skeym_scope_type_name(uint8_t type)
{
    return type < TYPE_COUNT ? types[type] : "?";
}

static struct skeym_span patient_of(const struct skeym_scope *scope)
{
    return skeym_span(scope->patient,
                      scope->patient_size <= SKEYM_PATIENT_BYTES ? scope->patient_size : 0);
}

static bool valid(const struct skeym_scope *scope)
{
    bool patient = scope->context == SKEYM_SCOPE_PATIENT;
    return scope->context >= SKEYM_SCOPE_PATIENT && scope->context <= SKEYM_SCOPE_SYSTEM &&
           scope->type < TYPE_COUNT && scope->actions != 0 && scope->actions <= ACTIONS_ALL &&
           (patient ? skeym_patient_valid(patient_of(scope)) : scope->patient_size == 0);
}

/* --- as text ------------------------------------------------------------- */

/* What stands before the first `stop`, which is skipped; all and *found false when there is none.
 */
static struct skeym_span take_until(struct skeym_span *text, uint8_t stop, bool *found)
{
    size_t size = 0;
    while (size < text->size && text->data[size] != stop) {
        size++;
    }
    *found = size < text->size;
    struct skeym_span taken = skeym_span_part(*text, 0, size);
    *text = skeym_span_part(*text, size, text->size);
    *text = skeym_span_part(*text, 1, text->size);
    return taken;
}

static enum skeym_error parse_patient(struct skeym_scope *out, struct skeym_span *text)
{
    bool found;
    struct skeym_span id = take_until(text, '/', &found);
    if (!found) {
        return SKEYM_ERR_SHAPE;
    }
    if (id.size == 0 || id.size > SKEYM_PATIENT_BYTES) {
        return SKEYM_ERR_SIZE;
    }
    if (!skeym_patient_valid(id)) {
        return SKEYM_ERR_CHARSET;
    }
    memcpy(out->patient, id.data, id.size);
    out->patient_size = (uint8_t)id.size;
    return SKEYM_OK;
}

/* A non-empty subset of the letters, in their order. */
static enum skeym_error parse_actions(uint8_t *actions, struct skeym_span text)
{
    size_t used = 0;
    for (size_t i = 0; i < LETTER_COUNT; i++) {
        if (used < text.size && text.data[used] == (uint8_t)letters[i]) {
            *actions |= (uint8_t)(1U << i);
            used++;
        }
    }
    return used > 0 && used == text.size ? SKEYM_OK : SKEYM_ERR_SHAPE;
}

static enum skeym_error parse(struct skeym_scope *out, struct skeym_span text)
{
    for (size_t i = 0; i < CONTEXT_COUNT && out->context == 0; i++) {
        if (skeym_span_starts(text, contexts[i])) {
            out->context = (uint8_t)(i + SKEYM_SCOPE_PATIENT);
            text = skeym_span_part(text, skeym_span_text(contexts[i]).size, text.size);
        }
    }
    if (out->context == 0) {
        return SKEYM_ERR_SHAPE;
    }
    if (out->context == SKEYM_SCOPE_PATIENT) {
        enum skeym_error error = parse_patient(out, &text);
        if (error) {
            return error;
        }
    }
    bool found;
    struct skeym_span type = take_until(&text, '.', &found);
    if (!found) {
        return SKEYM_ERR_SHAPE;
    }
    enum skeym_error error = skeym_scope_type(&out->type, type);
    return error ? error : parse_actions(&out->actions, text);
}

enum skeym_error skeym_scope_parse(struct skeym_scope *out, struct skeym_span text)
{
    struct skeym_scope parsed = {0};
    enum skeym_error error = parse(&parsed, text);
    *out = error ? (struct skeym_scope){0} : parsed;
    return error;
}

enum skeym_error skeym_scope_print(struct skeym_room out, const struct skeym_scope *scope)
{
    struct skeym_writer writer = skeym_writer(out);
    unsigned context = scope->context - 1U;
    skeym_write_text(&writer, context < CONTEXT_COUNT ? contexts[context] : "?/");
    if (scope->context == SKEYM_SCOPE_PATIENT) {
        skeym_write_span(&writer, patient_of(scope));
        skeym_write_text(&writer, "/");
    }
    skeym_write_text(&writer, skeym_scope_type_name(scope->type));
    skeym_write_text(&writer, ".");
    for (size_t i = 0; i < LETTER_COUNT; i++) {
        if (scope->actions & 1U << i) {
            skeym_write_u8(&writer, (uint8_t)letters[i]);
        }
    }
    skeym_write_u8(&writer, 0);
    enum skeym_error error = skeym_writer_end(&writer);
    if (error && out.room > 0) {
        memset(out.data, 0, out.room);
    }
    return error;
}

/* --- as bytes ------------------------------------------------------------ */

void skeym_scopes_write(struct skeym_writer *writer, const struct skeym_scopes *scopes)
{
    if (scopes->count > SKEYM_SCOPES_MAX) {
        writer->bad = true;
        return;
    }
    skeym_write_u8(writer, scopes->count);
    for (size_t i = 0; i < scopes->count; i++) {
        const struct skeym_scope *scope = &scopes->at[i];
        if (!valid(scope)) {
            writer->bad = true;
            return;
        }
        skeym_write_u8(writer, scope->context);
        skeym_write_u8(writer, scope->type);
        skeym_write_u8(writer, scope->actions);
        if (scope->context == SKEYM_SCOPE_PATIENT) {
            skeym_write_span8(writer, patient_of(scope));
        }
    }
}

static void read_scope(struct skeym_reader *reader, struct skeym_scope *out)
{
    out->context = skeym_read_u8(reader);
    out->type = skeym_read_u8(reader);
    out->actions = skeym_read_u8(reader);
    if (out->context == SKEYM_SCOPE_PATIENT) {
        struct skeym_span id = skeym_read_span8(reader);
        if (id.size > SKEYM_PATIENT_BYTES) {
            reader->bad = true;
        } else if (id.size > 0) {
            memcpy(out->patient, id.data, id.size);
            out->patient_size = (uint8_t)id.size;
        }
    }
    reader->bad = reader->bad || !valid(out);
}

void skeym_scopes_read(struct skeym_reader *reader, struct skeym_scopes *out)
{
    *out = (struct skeym_scopes){0};
    //@ admit zeroed: out->count == 0;
    uint8_t count = skeym_read_u8(reader);
    reader->bad = reader->bad || count > SKEYM_SCOPES_MAX;
    /*@ loop invariant reader_ok(reader) && same_object{Pre, Here}(reader);
        loop invariant out->count <= SKEYM_SCOPES_MAX && (reader->bad || count <= SKEYM_SCOPES_MAX);
        loop assigns *reader, *out;
        loop variant SKEYM_SCOPES_MAX - out->count; */
    while (!reader->bad && out->count < count) {
        read_scope(reader, &out->at[out->count]);
        out->count++;
    }
    if (reader->bad) {
        *out = (struct skeym_scopes){0};
        //@ admit zeroed: out->count == 0;
    }
}

/* --- what they allow ------------------------------------------------------ */

static bool context_covers(const struct skeym_scope *have, const struct skeym_scope *want)
{
    if (have->context == SKEYM_SCOPE_PATIENT) {
        return want->context == SKEYM_SCOPE_PATIENT &&
               skeym_span_equal(patient_of(have), patient_of(want));
    }
    return want->context == SKEYM_SCOPE_PATIENT || want->context == have->context;
}

static bool type_covers(uint8_t have, uint8_t want)
{
    return have == 0 || have == want;
}

bool skeym_scope_covers(const struct skeym_scope *have, const struct skeym_scope *want)
{
    return valid(have) && valid(want) && context_covers(have, want) &&
           type_covers(have->type, want->type) && (want->actions & ~have->actions) == 0;
}

static bool one_covers(const struct skeym_scopes *have, const struct skeym_scope *want)
{
    /*@ loop invariant i <= SKEYM_SCOPES_MAX;
        loop assigns i;
        loop variant SKEYM_SCOPES_MAX - i; */
    for (size_t i = 0; i < have->count && i < SKEYM_SCOPES_MAX; i++) {
        if (skeym_scope_covers(&have->at[i], want)) {
            return true;
        }
    }
    return false;
}

bool skeym_scopes_cover(const struct skeym_scopes *have, const struct skeym_scopes *want)
{
    if (want->count > SKEYM_SCOPES_MAX) {
        return false;
    }
    /*@ loop invariant i <= SKEYM_SCOPES_MAX;
        loop assigns i;
        loop variant SKEYM_SCOPES_MAX - i; */
    for (size_t i = 0; i < want->count; i++) {
        if (!one_covers(have, &want->at[i])) {
            return false;
        }
    }
    return true;
}

static bool allows(const struct skeym_scope *scope, enum skeym_action action, uint8_t type)
{
    unsigned wanted = (unsigned)action;
    return wanted != 0 && (scope->actions & wanted) == wanted && type_covers(scope->type, type);
}

bool skeym_scopes_allow(const struct skeym_scopes *scopes, enum skeym_action action, uint8_t type,
                        struct skeym_span patient)
{
    /*@ loop invariant i <= SKEYM_SCOPES_MAX;
        loop assigns i;
        loop variant SKEYM_SCOPES_MAX - i; */
    for (size_t i = 0; i < scopes->count && i < SKEYM_SCOPES_MAX; i++) {
        const struct skeym_scope *scope = &scopes->at[i];
        bool whose =
            scope->context == SKEYM_SCOPE_PATIENT
                ? patient.size > 0 && skeym_span_equal(patient_of(scope), patient)
                : scope->context == SKEYM_SCOPE_USER || scope->context == SKEYM_SCOPE_SYSTEM;
        if (whose && allows(scope, action, type)) {
            return true;
        }
    }
    return false;
}

bool skeym_scopes_allow_some(const struct skeym_scopes *scopes, enum skeym_action action,
                             uint8_t type)
{
    /*@ loop invariant i <= SKEYM_SCOPES_MAX;
        loop assigns i;
        loop variant SKEYM_SCOPES_MAX - i; */
    for (size_t i = 0; i < scopes->count && i < SKEYM_SCOPES_MAX; i++) {
        if (allows(&scopes->at[i], action, type)) {
            return true;
        }
    }
    return false;
}
