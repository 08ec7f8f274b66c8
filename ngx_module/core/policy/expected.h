/*
 * Copyright (C) the Pupil authors
 *
 * What a row must be about (invariant I20, pitfall 39).  A MAC proves that a
 * row is genuine, and the statement's "= $4" that SQL, which can be bent, takes
 * it for this actor's.  So whoever reads a row that authorises says what it
 * must equal, and it is held against that before anything of it is used.
 * Pure; allowed in every context.
 */

#ifndef PUPIL_EXPECTED_H
#define PUPIL_EXPECTED_H

#include "core/vault/authentic.h"


/* All that is set must be as it says; zeroed: anything will do. */
typedef struct {
    const pupil_uuid_t  *record;        /* of an enrolment: its own id */
    const pupil_uuid_t  *subject;
    const pupil_uuid_t  *class_id;
    const pupil_uuid_t  *institution;
    pupil_str_t          role;
    int32_t              day;           /* since 1970-01-01: within its days */

    /* of a support grant alone */
    const pupil_uuid_t  *actor;         /* zero: nobody has redeemed it */
    pupil_str_t          code;
    pupil_str_t          session;
    pupil_time_t         now;           /* within its time */
} pupil_expected_t;


/*
 * PUPIL_OK: it is about that.  PUPIL_NOT_FOUND: it begins or ends with the
 * neighbouring day, which the database's clock may have: it does not count,
 * and nobody lied.  PUPIL_TAMPERED: another one, and *why says in what; static.
 */
pupil_rc_t pupil_expected_enrolment(const pupil_expected_t *expected,
    const pupil_enrolment_row_t *row, const char **why);
pupil_rc_t pupil_expected_role(const pupil_expected_t *expected,
    const pupil_role_row_t *row, const char **why);
pupil_rc_t pupil_expected_subject(const pupil_expected_t *expected,
    const pupil_subject_row_t *row, const char **why);

/*
 * The same; PUPIL_NOT_FOUND as well when its time is over, or when the same
 * actor has redeemed it with a session that was another.
 */
pupil_rc_t pupil_expected_support(const pupil_expected_t *expected,
    const pupil_support_row_t *row, const char **why);

/* Category, field and term are those of one of the n that were asked for. */
pupil_rc_t pupil_expected_index(const pupil_index_row_t *asked, uint32_t n,
    const pupil_index_row_t *row, const char **why);

#endif /* PUPIL_EXPECTED_H */
