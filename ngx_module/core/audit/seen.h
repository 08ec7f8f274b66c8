/*
 * Copyright (C) the Pupil authors
 *
 * What a person is shown of a record that is about them: what was done, when
 * and why, by whom as a role and a unit, and of nobody else anything.
 */

#ifndef PUPIL_SEEN_H
#define PUPIL_SEEN_H

#include "core/audit/record.h"
#include "core/json/writer.h"


/* What is pointed at is the caller's. */
typedef struct {
    pupil_audit_record_t  record;
    pupil_str_t           mac;          /* as stored */
    pupil_str_t           accesses;     /* of its shape, as stored */
    pupil_uuid_t          subject;      /* who is shown it */
    int64_t               event;        /* in the log; -1: not sealed yet */
    int64_t               leaf;         /* the subject's, in the tree; or -1 */
} pupil_seen_t;

/* Whether it can be proved to the subject that it is in the log. */
typedef enum {
    PUPIL_PROOF_AVAILABLE = 0,
    PUPIL_PROOF_PENDING,                /* it is not sealed yet */
    PUPIL_PROOF_NONE                    /* each of its leaves is another's */
} pupil_provable_t;


/*
 * Sets record.choice.  PUPIL_TAMPERED: the record, or its shape, is not as it
 * was written.
 */
pupil_rc_t pupil_seen_check(const pupil_key_t *key, pupil_seen_t *seen);

/*
 * An object for each access of it that is about the subject, none if there is
 * none, into the array that is open; id: what the record is called.  What was
 * checked.
 */
pupil_rc_t pupil_seen_write(const pupil_seen_t *seen, const pupil_uuid_t *id,
    const pupil_alloc_t *alloc, pupil_writer_t *out);

/* *place: of the subject's leaf in the event, unless there is none. */
pupil_provable_t pupil_seen_provable(const pupil_seen_t *seen, size_t *place);

#endif /* PUPIL_SEEN_H */
