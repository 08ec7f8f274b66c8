/*
 * Copyright (C) the Pupil authors
 *
 * /v1/progress: what clients send, and the results of the statements: their
 * columns, and their wants by index.  Column 0 is the nonce everywhere.
 */

#ifndef PUPIL_PROGRESS_H
#define PUPIL_PROGRESS_H

#include "core/audit/audit.h"
#include "core/endpoints/columns.h"
#include "core/endpoints/exercise.h"
#include "core/input/query.h"
#include "core/policy/statement.h"


/* The statements of /v1/progress, by index. */
enum {
    PUPIL_PROGRESS_EVIDENCE = 0,
    PUPIL_PROGRESS_ASSIGNED,
    PUPIL_PROGRESS_LOCK,            /* one submission of a pupil at a time */
    PUPIL_PROGRESS_LOCK_MANY,       /* the same, of several homeworks */
    PUPIL_PROGRESS_SUBMIT,
    PUPIL_PROGRESS_SUBMIT_ONE,
    PUPIL_PROGRESS_HISTORY,
    PUPIL_PROGRESS_COUNT
};

extern const pupil_template_t  pupil_progress_templates[PUPIL_PROGRESS_COUNT];


/*
 * PUPIL_PROGRESS_EVIDENCE: the actor as owner, and one row per live
 * enrolment, NULL when there is none.
 */
enum {
    PUPIL_PE_OWNER = 1,
    PUPIL_PE_ENROLMENT = PUPIL_PE_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_PE_COLUMNS = PUPIL_PE_ENROLMENT + PUPIL_ENROLMENT_COLUMNS
};

/*
 * PUPIL_PROGRESS_ASSIGNED, $8 homework: those that are not taken back of the
 * actor's live classes, each with its class as owner, and its facts.
 */
enum {
    PUPIL_PA_OWNER = 1,
    PUPIL_PA_RECORD = PUPIL_PA_OWNER + PUPIL_OWNER_COLUMNS,
    PUPIL_PA_COLUMNS
};

enum {
    PUPIL_PA_WANT_EXERCISES = 0,
    PUPIL_PA_WANT_KEYS
};

/*
 * PUPIL_PROGRESS_LOCK stands before PUPIL_PROGRESS_SUBMIT in its exchange:
 * submissions of one pupil come one after another, so that a submission that
 * arrives twice at once is stored once (invariant I15), and exactly one of
 * an exercise is the current one.  $8 and $9 numbers made of tenant and pupil:
 * two pupils who share them by chance only wait for each other.  $10 and $11
 * the same of the homework, or of each, which submissions share and whoever
 * changes its exercises has alone (PUPIL_HOMEWORK_TURN): so that no answer is
 * stored to an exercise that is gone, nor one that is answered taken away.
 *
 * PUPIL_PROGRESS_SUBMIT: $8 ids, $9 homework, $10 exercises, $11 answers,
 * $12 results, $13 fingerprints, $14 done (0 or 1), $15 key version.  Then the
 * enrolments that these rely on, whose MACs were checked: $16 ids, $17
 * classes, $18 and $19 first and last days since 1970-01-01
 * (PUPIL_DATE_NONE), $20 sources, $21 MACs.  Then of each item again: $22
 * through which enrolment its homework was assigned, from 1, and 0: it was
 * not; $23 the hash of that homework's facts, which were checked, and $24 its
 * own facts, both NULL when it was not assigned.  An item whose enrolment or
 * homework is no longer so, or an owner who is not active or has another key
 * version, makes all of it "stale", and nothing is written.  A row per item,
 * in the order of the arrays.
 *
 * PUPIL_PROGRESS_SUBMIT_ONE, of one item: $8 to $15 as above, no arrays; then
 * $16 to $21 of the enrolment that it relies on, $22 the hash of its homework's
 * facts, and $23 its own; all of these NULL when it was not assigned.  One row.
 */
enum {
    PUPIL_PS_STATUS = PUPIL_RECORDED + 1,
                                /* stored, replayed, conflict, refused,
                                   stale */
    PUPIL_PS_COLUMNS
};

/* $16 to $23 of PUPIL_PROGRESS_SUBMIT_ONE. */
#define PUPIL_PROGRESS_ONE_RELIED  8

/*
 * The records of a submission: one for each kind of outcome, so as many as it
 * has items at most.  Of those of one item only the first three can be.
 */
#define PUPIL_PROGRESS_KINDS    3
#define PUPIL_PROGRESS_CHOICES  6

extern const pupil_audit_choice_t
    pupil_progress_choices[PUPIL_PROGRESS_CHOICES];

/*
 * Which of them are on record, a bit each, by the kinds of outcome that there
 * are: 1 for what is stored, 2 for a conflict, 4 for what is refused.
 */
#define PUPIL_PROGRESS_DUE  0, 1, 2, 9, 4, 17, 18, 41

enum {
    PUPIL_PS_WANT_ANSWER = 0,
    PUPIL_PS_WANT_RESULT
};

/*
 * PUPIL_PROGRESS_HISTORY: $8 homework or NULL, $9 and $10 before this time
 * and id, $11 limit.
 */
enum {
    PUPIL_PH_RECORD = 1,
    PUPIL_PH_UPDATED_AT,
    PUPIL_PH_MORE,              /* there is another page */
    PUPIL_PH_OWNER,
    PUPIL_PH_COLUMNS = PUPIL_PH_OWNER + PUPIL_OWNER_COLUMNS
};

enum {
    PUPIL_PH_WANT_HOMEWORK = 0,
    PUPIL_PH_WANT_EXERCISE,
    PUPIL_PH_WANT_ANSWER,
    PUPIL_PH_WANT_RESULT
};


#define PUPIL_INPUT_BATCH_MAX     100       /* submissions */
#define PUPIL_INPUT_POINTS_MAX    1000000   /* of score/raw and score/max */


/* Who says what an answer is worth. */
typedef enum {
    PUPIL_SCORED_NOT = 0,       /* nobody, or the client as ever */
    PUPIL_SCORED_CLAIM,         /* the client, of an exercise of a kind */
    PUPIL_SCORED_WRONG,         /* a machine, by a key: no point, */
    PUPIL_SCORED_RIGHT          /* or all of them */
} pupil_scored_t;


typedef struct {
    pupil_rc_t            rc;       /* PUPIL_INVALID: see fault */
    pupil_fault_t         fault;    /* field is "/3/score/raw" in an array */
    pupil_uuid_t          id;       /* zero when refused without a valid id */
    pupil_uuid_t          homework_id;
    pupil_uuid_t          exercise_id;
    pupil_str_t           answer;           /* JSON, verbatim */
    pupil_input_number_t  score_raw;
    pupil_input_number_t  score_max;        /* both or none */
    pupil_input_bool_t    success;
    pupil_input_bool_t    completion;
    pupil_str_t           duration;         /* data is NULL when absent */
    pupil_time_t          timestamp;        /* or PUPIL_TIME_NONE */
    pupil_scored_t        scored;           /* as it was judged last, */
    pupil_decimal_t       max_score;        /* by that of its exercise */
} pupil_input_submission_t;


typedef struct {
    unsigned                   is_array;
    uint32_t                   count;   /* 1 when it is no array */
    pupil_input_submission_t  *items;
} pupil_input_progress_t;


typedef struct {
    pupil_page_t  page;
    pupil_uuid_t  homework_id;      /* zero when it was not given */
} pupil_progress_query_t;


/* homework_id, limit and cursor. */
extern const pupil_argument_t  pupil_progress_arguments[];

/*
 * One submission, or an array of them.  One that is refused makes the
 * function fail.  In an array each item has rc and fault of its own, and the
 * function fails only for what is no JSON or has too few or many items.
 * timestamp is at most a day after now and ten years before it.
 */
pupil_rc_t pupil_input_progress(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now, pupil_input_progress_t *out,
    pupil_fault_t *fault);

/*
 * Is it an answer to the question, with no score but one that may be said,
 * whose maximum is max_score if that is not zero?  Then PUPIL_OK, and it is
 * scored; else PUPIL_INVALID, and its fault says so; or PUPIL_NO_MEMORY.
 * claims: PUPIL_CLAIMS_*.
 */
pupil_rc_t pupil_submission_fits(const pupil_alloc_t *alloc,
    const pupil_input_progress_t *in, pupil_input_submission_t *item,
    const pupil_question_t *question, pupil_decimal_t max_score,
    unsigned claims);

#endif /* PUPIL_PROGRESS_H */
