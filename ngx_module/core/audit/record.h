/*
 * Copyright (C) the Pupil authors
 *
 * An audit record as its writer's MAC covers it (invariants I1, I20).  A
 * *writer* is an incarnation of a worker, or a run of pupilctl; per writer and
 * tenant records have numbers without a gap.  So what somebody takes away,
 * edits, copies or makes up behind Pupil is found when the log is verified.
 */

#ifndef PUPIL_AUDIT_RECORD_H
#define PUPIL_AUDIT_RECORD_H

#include "core/vault/vault.h"


#define PUPIL_AUDIT_MAC_LEN  16

/* What two clocks may differ: PUPIL_SQL_AT. */
#define PUPIL_AUDIT_CLOCKS  (60 * INT64_C(1000000))     /* microseconds */

/* The role of records that a gateway writes about its own numbers. */
#define PUPIL_AUDIT_ROLE_GATEWAY  "gateway"


/*
 * The columns, as PostgreSQL writes them in text; NULL is "" or the zero UUID.
 * choice: which of a statement's possible records it is, as the SQL chooses
 * between them; 0 is the one that is usual.
 */
typedef struct {
    uint64_t      writer, number;
    pupil_time_t  at;
    pupil_uuid_t  tenant, request, actor, institution;
    pupil_str_t   role, network;
    pupil_str_t   shape, policy;        /* bytes */
    pupil_str_t   outcome;
    pupil_str_t   subjects;             /* the text of a uuid[] */
    pupil_str_t   note;
    uint32_t      choice;
} pupil_audit_record_t;


/*
 * key: the tenant's service key "mac", which other labels use as well.  The
 * caller wipes the stack when it has made the last.
 */
void pupil_audit_mac(const pupil_key_t *key,
    const pupil_audit_record_t *record, uint8_t mac[PUPIL_AUDIT_MAC_LEN]);

/*
 * Has a MAC been made of this record, by whichever choice, which record->choice
 * is then?
 */
int pupil_audit_authentic(const pupil_key_t *key, pupil_audit_record_t *record,
    const uint8_t mac[PUPIL_AUDIT_MAC_LEN]);

#endif /* PUPIL_AUDIT_RECORD_H */
