/*
 * Copyright (C) the Pupil authors
 *
 * How far somebody is with a homework: worked out from its exercises and
 * from the current submissions, in exact decimals.  Allowed in every context.
 */

#ifndef PUPIL_SCORE_H
#define PUPIL_SCORE_H

#include "core/endpoints/homework_input.h"
#include "core/endpoints/progress.h"
#include "core/json/writer.h"


typedef struct {
    pupil_uuid_t  id;
    pupil_str_t   max_score;    /* as it was sent; empty when absent */
} pupil_exercise_t;


/* The exercises of one homework, from the text that is stored. */
typedef struct {
    pupil_exercise_t  *items;       /* ownership: the allocator's */
    uint32_t           count;
    uint32_t           scored;      /* those with a max_score */
    pupil_decimal_t    max;         /* the sum of theirs */
    pupil_str_t        max_raw;     /* of the last of them */
} pupil_exercises_t;


/* The current submission of an exercise. */
typedef struct {
    pupil_uuid_t  exercise;
    int           done;
    pupil_time_t  updated_at;
    pupil_str_t   result;       /* of pupil_result_text(); empty when it was
                                   not granted */
} pupil_submission_t;


/* What one pupil has done of one homework. */
typedef struct {
    uint32_t         submissions;
    uint32_t         done;
    uint32_t         scored;        /* submissions with a score, */
    uint32_t         machine;       /* of these: scored here */
    pupil_decimal_t  sum;
    pupil_str_t      raw;           /* of the last score: a view or a copy */
    pupil_time_t     updated_at;    /* PUPIL_TIME_NONE: never */
} pupil_score_t;


typedef enum {
    PUPIL_SCORE_NOT_STARTED = 0,
    PUPIL_SCORE_IN_PROGRESS,
    PUPIL_SCORE_COMPLETED
} pupil_score_status_t;


/*
 * Reads [{"id","title","max_score"}, ...].  Views point into text.
 * PUPIL_INVALID when it is anything else; PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_exercises_read(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_exercises_t *out);

/* Writes that text of what a client sent; ids: of each. */
pupil_rc_t pupil_exercises_text(const pupil_alloc_t *alloc,
    const pupil_input_exercise_t *exercises, uint32_t count,
    const pupil_uuid_t *ids, pupil_str_t *out);

/* The same of their keys, which have a text of their own; empty: none has. */
pupil_rc_t pupil_exercises_keys(const pupil_alloc_t *alloc,
    const pupil_input_exercise_t *exercises, uint32_t count,
    const pupil_uuid_t *ids, pupil_str_t *out);

/*
 * The text of a submission's result: the members that were sent, numbers
 * byte for byte, and who has scored it; or as it was scored here.
 */
pupil_rc_t pupil_result_text(const pupil_alloc_t *alloc,
    const pupil_input_submission_t *input, pupil_str_t *out);

/*
 * Writes the members of such a text, byte for byte: "score", "success",
 * "completion", "duration", "timestamp".  PUPIL_INVALID, PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_result_write(pupil_writer_t *writer, pupil_str_t result,
    const pupil_alloc_t *alloc);

/* Writes "max_score": the sum of theirs, null where none has one. */
void pupil_exercises_max_write(pupil_writer_t *writer,
    const pupil_exercises_t *exercises);

/* Zero is not right: PUPIL_TIME_NONE is not. */
void pupil_score_init(pupil_score_t *score);

/*
 * Adds a submission; one of an exercise that the homework does not have counts
 * for nothing.  PUPIL_INVALID for another result.
 */
pupil_rc_t pupil_score_add(pupil_score_t *score,
    const pupil_exercises_t *exercises, const pupil_submission_t *submission,
    const pupil_alloc_t *alloc);

pupil_score_status_t pupil_score_status(const pupil_score_t *score,
    const pupil_exercises_t *exercises);

/* "not_started", "in_progress", "completed". */
const char *pupil_score_status_name(pupil_score_status_t status);

/*
 * Writes "status", "score", "exercises_done" and "updated_at" as members,
 * "max_score" if with_max, and "score_by" where a machine has scored.  A sum of
 * one number is that number as sent.
 */
void pupil_score_write(pupil_writer_t *writer, const pupil_score_t *score,
    const pupil_exercises_t *exercises, int with_max);

#endif /* PUPIL_SCORE_H */
