/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework/{id}/answers: what a class has handed in of one homework, a
 * page of its pupils.  The rows of the templates are those of homework.c.
 */

#ifndef PUPIL_ANSWERS_H
#define PUPIL_ANSWERS_H

#include "core/endpoints/homework.h"
#include "core/input/query.h"


/*
 * The three statements have the same parameters: $8 homework, $9 pupil or
 * NULL, $10 behind this pupil, $11 limit, $12 exercise or NULL.
 */
#define PUPIL_ANSWERS_PARAMS                                                  \
    { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_UUID,                   \
      PUPIL_PARAM_INT4, PUPIL_PARAM_UUID }

/*
 * PUPIL_HOMEWORK_ANSWERS: a row for each pupil; columns as PUPIL_HO_*, and
 * behind them whether there is another page; wants as PUPIL_HO_WANT_*, and
 * behind them what the record says besides.
 */
enum {
    PUPIL_HC_MORE = PUPIL_HO_COLUMNS,
    PUPIL_HC_COLUMNS
};

enum {
    PUPIL_HC_WANTS = PUPIL_HO_WANTS + 7
};

/*
 * PUPIL_HOMEWORK_GIVEN: their current submissions, one pupil's behind
 * another's; columns as PUPIL_HR_*, wants as PUPIL_HP_WANT_* and behind them
 * the answer.
 */
enum {
    PUPIL_HG_WANT_ANSWER = 3,
    PUPIL_HG_WANTS
};

/*
 * PUPIL_HOMEWORK_ASSESSED: their assessments, in that order; wants as
 * PUPIL_HA_WANT_*.
 */
enum {
    PUPIL_HD_ASSESSED_RECORD = 1,
    PUPIL_HD_ASSESSED_SUBJECT,
    PUPIL_HD_ASSESSED_COLUMNS
};

extern const char          pupil_answers_sql[];
extern const char          pupil_answers_given_sql[];
extern const char          pupil_answers_assessed_sql[];
extern const pupil_want_t  pupil_answers_wants[PUPIL_HC_WANTS];
extern const pupil_want_t  pupil_answers_given_wants[PUPIL_HG_WANTS];


typedef struct {
    pupil_page_t  page;
    pupil_uuid_t  exercise;     /* zero when it was not given */
    pupil_uuid_t  pupil;        /* the same */
} pupil_answers_query_t;

/* exercise, pupil, limit and cursor. */
extern const pupil_argument_t  pupil_answers_arguments[];

#endif /* PUPIL_ANSWERS_H */
