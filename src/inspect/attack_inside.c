/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by those who are enrolled, or who have something of an enrolled node. */
#include "inspect/attack_list.h"
#include "inspect/party.h"
#include "server/home.h"
#include <stdio.h>
#include <string.h>

/* The status that a session's error stands for when there is no sealed one; 0: no answer. */
static int status_of(enum skeym_error error)
{
    static const struct {
        enum skeym_error error;
        int status;
    } table[] = {{SKEYM_ERR_PERMISSION, 401}, {SKEYM_ERR_RATE, 429}, {SKEYM_ERR_BUSY, 503}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].error == error) {
            return table[i].status;
        }
    }
    return 0;
}

/* Counts a request by an insider, who must be refused for who it is. */
static void try_inside(struct skeym_attack_result *result, struct skeym_party *insider,
                       const char *method, const char *target, const char *body)
{
    enum skeym_error error;
    int status = skeym_party_do(insider, method, target, body, &error);
    status = status != 0 ? status : status_of(error);
    skeym_party_count(result, status);
    if (status == 400 || status == 404) {
        result->refused--; /* wrong in itself: that says nothing of who may ask so */
    }
}

enum skeym_error skeym_attack_other_patient(const struct skeym_attack_target *target,
                                            struct skeym_attack_result *result)
{
    static const char *const forms[] = {
        "/fhir/Observation?patient=%s",
        "/fhir/Observation?subject=Patient/%s",
        "/fhir/Observation?patient=Patient%%2F%s&_count=1",
        "/fhir/Observation/$lastn?patient=%s&category=vital-signs",
        "/fhir/Patient/%s",
        "/fhir/Observation?_count=1", /* of any patient */
    };
    struct skeym_party insider;
    char asked[160];
    enum skeym_error error = skeym_party_open(&insider, target->server, target->limited, false);
    if (error != SKEYM_OK) {
        return error;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(asked, sizeof asked, forms[i], target->other_patient);
#pragma GCC diagnostic pop
        try_inside(result, &insider, "GET", asked, NULL);
    }
    snprintf(asked, sizeof asked, "/fhir/Observation?patient=%s&_count=1", target->own_patient);
    skeym_party_serve(result, &insider, asked);
    skeym_party_got(result, result->victim_failed == 0 ? "; the own patient is served"
                                                       : "; nor is the own patient served");
    skeym_party_close(&insider);
    return SKEYM_OK;
}

enum skeym_error skeym_attack_write(const struct skeym_attack_target *target,
                                    struct skeym_attack_result *result)
{
    char body[640];
    struct skeym_party insider;
    enum skeym_error error = skeym_party_open(&insider, target->server, target->doctor, false);
    if (error != SKEYM_OK) {
        return error;
    }
    snprintf(body, sizeof body,
             "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
             "\"system\":\"http://loinc.org\",\"code\":\"8867-4\"}]},\"subject\":{\"reference\":"
             "\"Patient/%s\"},\"effectiveDateTime\":\"2026-01-01T00:00:00Z\",\"valueQuantity\":{"
             "\"value\":20,\"unit\":\"/min\",\"system\":\"http://unitsofmeasure.org\",\"code\":"
             "\"/min\"}}",
             target->other_patient);
    try_inside(result, &insider, "POST", "/fhir/Observation", body);
    try_inside(result, &insider, "DELETE", "/fhir/Observation/1", NULL);
    try_inside(result, &insider, "PUT", "/fhir/Patient/1",
               "{\"resourceType\":\"Patient\",\"id\":\"1\"}");
    skeym_party_serve(result, &insider, "/fhir/Observation?_count=1");
    skeym_party_got(result, NULL);
    skeym_party_close(&insider);
    return SKEYM_OK;
}

enum skeym_error skeym_attack_locked_file(const struct skeym_attack_target *target,
                                          struct skeym_attack_result *result)
{
    static const char *const guesses[] = {"letmein", "password", "hospital", "123456", "skeym"};
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        struct skeym_credential_file file;
        enum skeym_error error =
            skeym_credential_load(&file, target->locked, NULL, skeym_span_text(guesses[i]));
        skeym_credential_wipe(&file);
        if (error != SKEYM_OK && error != SKEYM_ERR_PASSPHRASE) {
            return error; /* no guess was made: the file is not there, say */
        }
        result->tried++;
        result->succeeded += error == SKEYM_OK;
        result->refused += error != SKEYM_OK;
    }
    snprintf(result->got, sizeof result->got, "%s",
             result->succeeded == 0 ? "nothing: each guess costs an scrypt of 128 MiB"
                                    : "the keys of its node");
    return SKEYM_OK;
}

/* The chain is live and has an unspent token at the moment of the revocation. */
enum skeym_error skeym_attack_revoked(const struct skeym_attack_target *target,
                                      struct skeym_attack_result *result)
{
    struct skeym_party leaver;
    struct skeym_name id;
    enum skeym_error error = skeym_party_open(&leaver, target->server, target->leaver, false);
    if (error != SKEYM_OK) {
        return error;
    }
    for (int i = 0; i < 3; i++) {
        skeym_party_serve(result, &leaver, "/fhir/Observation?_count=1");
    }
    error = skeym_name_node(&id, skeym_span_text(target->leaver_id));
    if (error == SKEYM_OK) {
        error = skeym_home_revoke(target->dir, &id, 1);
    }
    if (error == SKEYM_OK) {
        error = skeym_home_notify(target->dir);
    }
    for (int i = 0; error == SKEYM_OK && i < 3; i++) {
        try_inside(result, &leaver, "GET", "/fhir/Observation?_count=1", NULL);
    }
    skeym_party_got(result, result->refused == result->tried
                                ? " from the very next request on, and at its new logins"
                                : NULL);
    skeym_party_close(&leaver);
    return error;
}
