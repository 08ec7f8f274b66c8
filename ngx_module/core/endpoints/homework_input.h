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
#define PUPIL_INPUT_SET_DESCRIBED    0x8
#define PUPIL_INPUT_SET_ASSIGNED_AT  0x10

/* Members that a patch sets. */
#define PUPIL_INPUT_SET_TITLE        0x1
#define PUPIL_INPUT_SET_DESCRIPTION  0x2
#define PUPIL_INPUT_SET_DUE_AT       0x4
#define PUPIL_INPUT_SET_EXERCISES    0x8
#define PUPIL_INPUT_SET_VERSION      0x10


typedef struct {
    unsigned                 set;           /* by the order of members */
    pupil_uuid_t             id;            /* zero when absent */
    pupil_uuid_t             class_id;
    pupil_uuid_t             copy_of;       /* zero when absent: title and
                                               exercises are there then */
    pupil_str_t              title;         /* data is NULL when absent */
    pupil_str_t              description;   /* the same */
    pupil_time_t             assigned_at;   /* now when absent */
    pupil_time_t             due_at;
    pupil_input_exercise_t  *exercises;
    uint32_t                 exercise_count;
} pupil_input_homework_t;


typedef struct {
    unsigned                 set;          /* PUPIL_INPUT_SET_*, never the
                                              version alone */
    pupil_str_t              title;
    pupil_str_t              description;  /* set and data is NULL: take it
                                              away */
    pupil_time_t             due_at;       /* to be compared with assigned_at
                                              as stored */
    pupil_input_exercise_t  *exercises;    /* no id is in it twice; to be
                                              compared with those stored */
    uint32_t                 exercise_count;
    pupil_uuid_t             version;      /* that it was made from */
} pupil_input_homework_patch_t;


typedef enum {
    PUPIL_LIST_OPEN = 0,    /* due in the future */
    PUPIL_LIST_ALL,
    /* a pupil's own: done or not, and whether the day that it is due is over */
    PUPIL_LIST_TODO,
    PUPIL_LIST_LATE,
    PUPIL_LIST_DONE,
    PUPIL_LIST_WITHDRAWN    /* of a teacher: what can be given again */
} pupil_list_status_t;


/* Which list it is: pages of another have other cursors. */
typedef struct {
    unsigned      status;       /* pupil_list_status_t */
    unsigned      newest;       /* first, by the date due */
    pupil_time_t  from;         /* due then or later */
    pupil_time_t  before;
} pupil_list_t;


typedef struct {
    pupil_page_t  page;         /* its cursor is one of list_of */
    pupil_list_t  list;
    pupil_list_t  list_of;
    unsigned      back;         /* the page before the cursor */
} pupil_homework_query_t;

/* Where nothing is asked for. */
extern const pupil_homework_query_t  pupil_homework_first;


/*
 * What lies between two places, of which neither is in it, by the date due and
 * the id; the page is at the end if descending, else at the beginning.
 */
typedef struct {
    pupil_cursor_t  low, high;
    unsigned        descending;
} pupil_list_window_t;


#define PUPIL_LIST_CURSOR_TEXT_LEN  55      /* base64url of 41 bytes */


/* status, order, due_after, due_before, limit and cursor. */
extern const pupil_argument_t  pupil_homework_arguments[];

/* What the arguments have to be to each other. */
pupil_rc_t pupil_homework_query_check(const pupil_homework_query_t *query,
    pupil_fault_t *fault);

/* midnight: when the day of now has begun, where the tenant is. */
void pupil_homework_window(const pupil_homework_query_t *query,
    pupil_time_t now, pupil_time_t midnight, pupil_list_window_t *window);

/* Is it about whether somebody is done, and if so: are they to be? */
int pupil_list_asks_done(const pupil_list_t *list, int *done);

/*
 * The place before all of the list, for a page that is read forth, or back: one
 * from which all of it lies ahead, where no homework is.
 */
void pupil_list_edge(const pupil_list_t *list, unsigned back,
    pupil_cursor_t *place);

/* As pupil_cursor_encode() and _decode(); back: the page before it. */
void pupil_list_cursor_encode(const pupil_cursor_t *cursor,
    const pupil_list_t *list, unsigned back,
    uint8_t out[PUPIL_LIST_CURSOR_TEXT_LEN]);
pupil_rc_t pupil_list_cursor_decode(const uint8_t *s, size_t len,
    pupil_homework_query_t *out);

/*
 * {"id"?,"class_id","title","description"?,"assigned_at"?,"due_at",
 * "exercises"}; both dates within ten years of now, due_at after assigned_at.
 * With "copy_of", another homework, there are no exercises, and what is not
 * sent of title and description is that one's.
 */
pupil_rc_t pupil_input_homework(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now, pupil_input_homework_t *out,
    pupil_fault_t *fault);

/* {"title"?,"description"?,"due_at"?,"exercises"?}, one of them at least. */
pupil_rc_t pupil_input_homework_patch(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now,
    pupil_input_homework_patch_t *out, pupil_fault_t *fault);

#endif /* PUPIL_HOMEWORK_INPUT_H */
