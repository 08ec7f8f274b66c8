/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: what clients send.
 */

#ifndef PUPIL_HOMEWORK_INPUT_H
#define PUPIL_HOMEWORK_INPUT_H

#include "core/endpoints/exercise.h"
#include "core/input/query.h"


#define PUPIL_INPUT_DESCRIPTION_MAX  20000      /* bytes */
#define PUPIL_INPUT_EXERCISES_MAX    100

/* Of a new one: members that were sent, of those where it matters. */
#define PUPIL_INPUT_SET_ASSIGNED_AT  0x10

/* Members that a patch sets. */
#define PUPIL_INPUT_SET_TITLE        0x1
#define PUPIL_INPUT_SET_DESCRIPTION  0x2
#define PUPIL_INPUT_SET_DUE_AT       0x4


typedef struct {
    unsigned                 set;           /* by the order of members */
    pupil_uuid_t             id;            /* zero when absent */
    pupil_uuid_t             class_id;
    pupil_str_t              title;
    pupil_str_t              description;   /* data is NULL when absent */
    pupil_time_t             assigned_at;   /* now when absent */
    pupil_time_t             due_at;
    pupil_input_exercise_t  *exercises;
    uint32_t                 exercise_count;
} pupil_input_homework_t;


typedef struct {
    unsigned      set;          /* PUPIL_INPUT_SET_*, never 0 */
    pupil_str_t   title;
    pupil_str_t   description;  /* set and data is NULL: take it away */
    pupil_time_t  due_at;       /* to be compared with assigned_at as stored */
} pupil_input_homework_patch_t;


typedef struct {
    pupil_page_t  page;
    unsigned      all;      /* status=all; the default is open */
} pupil_homework_query_t;


/* status, limit and cursor. */
extern const pupil_argument_t  pupil_homework_arguments[];

/*
 * {"id"?,"class_id","title","description"?,"assigned_at"?,"due_at",
 * "exercises"}; both dates within ten years of now, due_at after assigned_at.
 */
pupil_rc_t pupil_input_homework(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now, pupil_input_homework_t *out,
    pupil_fault_t *fault);

/* {"title"?,"description"?,"due_at"?}, one of them at least. */
pupil_rc_t pupil_input_homework_patch(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now,
    pupil_input_homework_patch_t *out, pupil_fault_t *fault);

#endif /* PUPIL_HOMEWORK_INPUT_H */
