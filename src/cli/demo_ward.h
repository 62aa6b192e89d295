/* SPDX-License-Identifier: Apache-2.0 */
/* The demo's ward: an authority in a temporary folder, its server, four devices, doctors. */
#ifndef SKEYM_CLI_DEMO_WARD_H
#define SKEYM_CLI_DEMO_WARD_H

#include "inspect/live.h"
#include <stdint.h>

#define SKEYM_DEMO_BEDS     4
#define SKEYM_DEMO_LIFETIME 8  /* s; short, so that an expired token can be shown */
#define SKEYM_DEMO_ILL_S    90 /* after so long the last patient falls ill, where it is kept */

struct skeym_demo_bed {
    const char *node; /* the device's id, also its credential file's name */
    const char *patient;
    const char *shows;  /* what it sends, in words */
    const char *record; /* file in the records' folder; NULL: simulated */
    double speed;       /* times real time, so that it takes about as long as the demo */
    const char *name, *given, *born; /* the patient */
    bool waves;                      /* the record has some: worth looking at in real time */
    struct skeym_process process;
};

struct skeym_demo_ward {
    struct skeym_live live;
    bool simulate; /* no records there */
    char records[512];
    struct skeym_demo_bed beds[SKEYM_DEMO_BEDS];
};

/* "DIR/NAME" in one of a few static buffers, good until four calls later. */
const char *skeym_demo_path(const struct skeym_demo_ward *ward, const char *name);

/* records: folder of WFDB records, or NULL. Makes the folder and the authority. */
SKEYM_MUST_USE enum skeym_error skeym_demo_found(struct skeym_demo_ward *ward, const char *records);
/* Starts (or starts again, on the same ports) the server and waits until it is ready. */
SKEYM_MUST_USE enum skeym_error skeym_demo_serve(struct skeym_demo_ward *ward);
/* Enrols NODE with these scopes; locked: under a passphrase that is thrown away. */
SKEYM_MUST_USE enum skeym_error skeym_demo_enrol(const struct skeym_demo_ward *ward,
                                                 const char *node, const char *role,
                                                 const char *scope, bool locked);
SKEYM_MUST_USE enum skeym_error skeym_demo_devices(struct skeym_demo_ward *ward);
/* The devices once more, in real time and with waves of a second each, until they are stopped:
 * records where they have waves, else simulated patients, of whom the last one falls ill. */
SKEYM_MUST_USE enum skeym_error skeym_demo_go_on(struct skeym_demo_ward *ward);
/* Names for the patients, as a FHIR program would store them. */
SKEYM_MUST_USE enum skeym_error skeym_demo_patients(const struct skeym_demo_ward *ward);
/* A one-time invitation for whoever looks after the ward; its code, NUL-terminated. */
#define SKEYM_DEMO_CODE_BYTES 1024
SKEYM_MUST_USE enum skeym_error skeym_demo_invite(const struct skeym_demo_ward *ward,
                                                  char code[SKEYM_DEMO_CODE_BYTES]);
/* Stops every process; removes the folder unless keep. */
void skeym_demo_close(struct skeym_demo_ward *ward, bool keep);
/* The last lines of a log, to stderr. */
void skeym_demo_tail(const struct skeym_demo_ward *ward, const char *name);

#endif
