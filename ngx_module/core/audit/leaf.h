/*
 * Copyright (C) the Pupil authors
 *
 * The leaves of a tenant's log.  Each number of a writer is an *event*,
 * numbered for the tenant from 0; it has a leaf for each subject that its
 * record is about, or one if it is about none, or absent.  What is hashed is
 * lines of text, for whoever gets a proof to read.
 *
 * A leaf names one subject, and is salted by a keyed hash over tenant, event
 * and subject: so who sees one, and the hashes beside it, cannot find out of
 * whom the others are.  The record's MAC, which covers all of it, stands for
 * what is not shown.
 */

#ifndef PUPIL_LEAF_H
#define PUPIL_LEAF_H

#include "core/audit/merkle.h"
#include "core/audit/record.h"


#define PUPIL_LEAF_MAX  1536            /* bytes of text */


/* Why a number has no record. */
typedef enum {
    PUPIL_ABSENT_DECLARED = 0,          /* by a gateway: see declared.h */
    PUPIL_ABSENT_MISSING,               /* and nobody says why */
    PUPIL_ABSENT_COUNT
} pupil_absent_t;

typedef struct {
    size_t   len;
    uint8_t  text[PUPIL_LEAF_MAX];
} pupil_leaf_t;


/* How many leaves the record's event has. */
size_t pupil_leaf_count(const pupil_audit_record_t *record);

/* Of whom a leaf is; zero: of nobody.  PUPIL_INVALID as below. */
pupil_rc_t pupil_leaf_subject(const pupil_audit_record_t *record,
    size_t place, pupil_uuid_t *subject);

/* The place of whose leaf is this subject's; PUPIL_NOT_FOUND: of none. */
pupil_rc_t pupil_leaf_find(const pupil_audit_record_t *record,
    const pupil_uuid_t *subject, size_t *place);

/*
 * The leaf of the subject with this place in the record.  key: as for
 * pupil_audit_mac().  PUPIL_INVALID: the record is none that Pupil writes.
 */
pupil_rc_t pupil_leaf_record(const pupil_key_t *key, uint64_t event,
    const pupil_audit_record_t *record,
    const uint8_t mac[PUPIL_AUDIT_MAC_LEN], size_t place, pupil_leaf_t *leaf);

/* Of a number without a record: tenant, writer and number are read. */
void pupil_leaf_absent(const pupil_key_t *key, uint64_t event,
    const pupil_audit_record_t *record, pupil_absent_t why,
    pupil_leaf_t *leaf);

#endif /* PUPIL_LEAF_H */
