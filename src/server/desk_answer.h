/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of the desk's routes (desk.h). Never NULL. */
#ifndef SKEYM_SERVER_DESK_ANSWER_H
#define SKEYM_SERVER_DESK_ANSWER_H

#include "fhir/fhir_outcome.h"
#include "server/desk.h"

/* Who the node is, as its token says. */
struct skeym_fhir_answer *skeym_desk_answer_whoami(const struct skeym_desk_call *call);
/* Every node of the audit file, by id, and when it was seen. */
struct skeym_fhir_answer *skeym_desk_answer_nodes(const struct skeym_desk_call *call);
/* Revokes all generations of call->part so far, durably and in force, as `skeym revoke` does; the
 * audit file has the asker's id. A node does not revoke itself (409): an administrator who is
 * locked out by a slip of the finger is a ward without one. */
struct skeym_fhir_answer *skeym_desk_answer_revoke(const struct skeym_desk_call *call);
struct skeym_fhir_answer *skeym_desk_answer_incidents(const struct skeym_desk_call *call);
struct skeym_fhir_answer *skeym_desk_answer_incident(const struct skeym_desk_call *call);

#endif
