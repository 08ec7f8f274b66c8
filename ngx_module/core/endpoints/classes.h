/*
 * Copyright (C) the Pupil authors
 *
 * /v1/classes: its statements, their columns and wants.  Column 0 is the nonce
 * everywhere.
 */

#ifndef PUPIL_CLASSES_H
#define PUPIL_CLASSES_H

#include "core/endpoints/columns.h"
#include "core/endpoints/homework.h"
#include "core/input/query.h"
#include "core/policy/statement.h"


/* The statements of /v1/classes, by index. */
enum {
    PUPIL_CLASSES_PUPIL = 0,        /* the classes of the actor */
    PUPIL_CLASSES_TEACHER,
    PUPIL_CLASSES_EVIDENCE,         /* one of them: the actor's enrolment, */
    PUPIL_CLASSES_LEARNERS,         /* its pupils, */
    PUPIL_CLASSES_HOMEWORK,         /* what it was given, latest first, */
    PUPIL_CLASSES_RESULTS,          /* what they have done of that, */
    PUPIL_CLASSES_ASSESSED,         /* and what of it was assessed */
    PUPIL_CLASSES_COUNT
};

/*
 * PUPIL_CLASSES_PUPIL and _TEACHER: a row for each live enrolment of the
 * actor's: it, its class as owner, and how many learn in that class.
 */
enum {
    PUPIL_CL_ENROLMENT = 1,
    PUPIL_CL_OWNER = PUPIL_CL_ENROLMENT + PUPIL_ENROLMENT_COLUMNS,
    PUPIL_CL_PUPILS = PUPIL_CL_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_CL_COLUMNS
};

enum {
    PUPIL_CL_WANT_ID = 0,
    PUPIL_CL_WANT_TITLE,
    PUPIL_CL_WANT_ROLE          /* of the teacher's: which pupils count */
};

/*
 * PUPIL_CLASSES_EVIDENCE, $8 class: columns as PUPIL_HE_*, without homework.
 *
 * The others have the same parameters: $8 class, $9 pupil or NULL, $10 now,
 * $11 and $12 before this time and id, $13 limit, $14 places.  They find
 * nothing unless the actor teaches that class.
 */
#define PUPIL_CLASSES_PARAMS                                                  \
    { PUPIL_PARAM_UUID, PUPIL_PARAM_UUID, PUPIL_PARAM_TIMESTAMPTZ,            \
      PUPIL_PARAM_TIMESTAMPTZ, PUPIL_PARAM_UUID, PUPIL_PARAM_INT4,            \
      PUPIL_PARAM_INT4 }

/*
 * PUPIL_CLASSES_LEARNERS: columns as PUPIL_HO_*, wants as PUPIL_HO_WANT_*, and
 * behind them what the record says besides.
 */
enum {
    PUPIL_CP_WANTS = PUPIL_HO_WANTS + 3
};

/*
 * PUPIL_CLASSES_HOMEWORK: as much as goes with the pupils of the class, and one
 * more, to know if there is more; at least one row, with how much that is and
 * the class's title.
 */
enum {
    PUPIL_CH_RECORD = 1,
    PUPIL_CH_MOST,
    PUPIL_CH_COLUMNS
};

enum {
    PUPIL_CH_WANT_TITLE = 0,
    PUPIL_CH_WANT_EXERCISES,
    PUPIL_CH_WANT_ASSIGNED_AT,
    PUPIL_CH_WANT_DUE_AT,
    PUPIL_CH_WANT_CLASS_TITLE,
    PUPIL_CH_WANTS
};

/* PUPIL_CLASSES_RESULTS and _ASSESSED: one pupil's behind another's. */
enum {
    PUPIL_CLR_RECORD = 1,
    PUPIL_CLR_SUBJECT,
    PUPIL_CLR_COLUMNS
};

enum {
    PUPIL_CLR_WANT_EXERCISE = 0, /* of _RESULTS */
    PUPIL_CLR_WANT_DONE,
    PUPIL_CLR_WANTS
};


#define PUPIL_CLASSES_HOMEWORK_DEFAULT  20

/* At most in an answer, pupils times homework, but for the first homework. */
#define PUPIL_CLASSES_PLACES  10000

/* limit and cursor, of the homework: a pupil_page_t. */
extern const pupil_argument_t  pupil_classes_arguments[];

#endif /* PUPIL_CLASSES_H */
