/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: what a teacher says of a pupil's, what clients send of it, and
 * the results of its statements.  The rows of the templates are those of
 * homework.c.  Column 0 is the nonce everywhere.
 */

#ifndef PUPIL_ASSESSMENT_H
#define PUPIL_ASSESSMENT_H

#include "core/endpoints/columns.h"
#include "core/input/input.h"
#include "core/policy/statement.h"


#define PUPIL_INPUT_COMMENT_MAX  8000           /* bytes */


/*
 * PUPIL_HOMEWORK_PUPIL_WORTH and _TEACHER_WORTH, $8 homework, $9 now: if it is
 * of a class of the actor's and, for a pupil, assigned, it and that class, and
 * of what is in it only what an assessment shows.
 */
enum {
    PUPIL_HQ_RECORD = 1,
    PUPIL_HQ_CLASS,
    PUPIL_HQ_COLUMNS
};

enum {
    PUPIL_HQ_WANT_EXERCISES = 0,
    PUPIL_HQ_WANTS
};

/*
 * PUPIL_HOMEWORK_ASSESSMENT, $8 homework, $9 pupil: if that pupil learns in
 * the class whose homework it is and the actor teaches, the enrolment, the
 * pupil as owner, and the assessment or NULL.
 */
enum {
    PUPIL_HA_ENROLMENT = 1,
    PUPIL_HA_OWNER = PUPIL_HA_ENROLMENT + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_HA_RECORD = PUPIL_HA_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_HA_COLUMNS
};

/* PUPIL_HOMEWORK_OWN_ASSESSMENT, $8 homework: returned ones of the actor's. */
enum {
    PUPIL_HN_OWNER = 1,
    PUPIL_HN_RECORD = PUPIL_HN_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_HN_COLUMNS
};

/* Of both, and of all that show one. */
enum {
    PUPIL_HA_WANT_POINTS = 0,
    PUPIL_HA_WANT_COMMENT,
    PUPIL_HA_WANT_RETURNED_AT,
    PUPIL_HA_WANTS
};

/*
 * PUPIL_HOMEWORK_ASSESS and _RETURN: $8 the actor's enrolment and $9 its MAC,
 * $10 homework, $11 pupil, $12 key version, $13 the pupil's enrolment and $14
 * its MAC, $15 points and $16 comment, $17 who assessed, $18 when it was
 * returned or NULL, $19 facts, $20 facts that it has or NULL.  Nothing is
 * written unless both enrolments and the homework are still there, and the
 * assessment has those facts or, with NULL, is not.  Columns as PUPIL_HW_*.
 */
#define PUPIL_ASSESSMENT_PARAMS                                               \
    { PUPIL_PARAM_UUID, PUPIL_PARAM_BYTEA, PUPIL_PARAM_UUID,                  \
      PUPIL_PARAM_UUID, PUPIL_PARAM_INT4, PUPIL_PARAM_UUID,                   \
      PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA, PUPIL_PARAM_BYTEA,                \
      PUPIL_PARAM_UUID, PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_BYTEA,           \
      PUPIL_PARAM_BYTEA }

extern const char          pupil_worth_sql[];
extern const char          pupil_assessment_sql[];
extern const char          pupil_assessment_own_sql[];
extern const char          pupil_assessment_write_sql[];
extern const pupil_want_t  pupil_worth_wants[PUPIL_HQ_WANTS];
extern const pupil_want_t  pupil_worth_teacher_wants[PUPIL_HQ_WANTS];
extern const pupil_want_t  pupil_assessment_wants[PUPIL_HA_WANTS];
extern const pupil_want_t  pupil_assessment_own_wants[PUPIL_HA_WANTS];
extern const pupil_want_t  pupil_assess_wants[5];
extern const pupil_want_t  pupil_return_wants[1];


typedef struct {
    pupil_input_number_t  points;       /* raw.data is NULL when absent */
    pupil_str_t           comment;      /* data is NULL when absent */
    pupil_uuid_t          version;      /* zero when absent, or null */
    unsigned              first:1;      /* null: made from none */
} pupil_input_assessment_t;


/*
 * {"points"?,"comment"?,"version"?}, one of the first two at least, of which
 * null is as absent; a version that is null says that there was none.  points
 * is at least 0; what at most, the homework says.
 */
pupil_rc_t pupil_input_assessment(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_assessment_t *out,
    pupil_fault_t *fault);

#endif /* PUPIL_ASSESSMENT_H */
