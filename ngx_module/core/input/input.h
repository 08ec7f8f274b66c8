/*
 * Copyright (C) the Pupil authors
 *
 * The rules of what clients send: one function per request body, and one for
 * query arguments.  Each gives a typed struct, or a fault that names the
 * member and the rule and never the value (invariant I16).
 *
 * Common to all of them:
 * - PUPIL_OK; PUPIL_INVALID with *fault filled: status 400 for what is no
 *   JSON (the rules of json.h), 422 for what breaks a rule of the body;
 *   PUPIL_NO_MEMORY.  fault must not be NULL.
 * - Texts in the result are views of the body, or copies from alloc when
 *   they had escapes: body and alloc's memory outlive the result.
 * - They are valid UTF-8, hold no NUL and are not terminated.
 * - Rules: "additionalProperties", "required", "type", "minLength",
 *   "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
 *   "uuid", "date-time", "date-range", "after-assigned_at", "duration",
 *   "control-character", "minimum", "maximum", "exclusiveMinimum", those of
 *   pupil_decimal_parse(), and for query arguments "enum", "integer",
 *   "cursor", "duplicate-key", "percent-encoding", "malformed".
 * - Allowed in every context.
 */

#ifndef PUPIL_INPUT_H
#define PUPIL_INPUT_H

#include "core/base/number.h"
#include "core/base/pupil.h"
#include "core/base/time.h"
#include "core/json/json_tree.h"


#define PUPIL_INPUT_IDENTIFIER_MAX   254        /* bytes */
#define PUPIL_INPUT_PASSWORD_MAX     1024       /* bytes */
#define PUPIL_INPUT_TITLE_MAX        200        /* characters */
#define PUPIL_INPUT_DESCRIPTION_MAX  20000      /* bytes */
#define PUPIL_INPUT_EXERCISES_MAX    100
#define PUPIL_INPUT_SCORE_MAX        1000000    /* max_score and score/max */
#define PUPIL_INPUT_BATCH_MAX        100        /* submissions */
#define PUPIL_INPUT_ANSWER_MAX       8192       /* bytes of JSON */
#define PUPIL_INPUT_MEMBERS_MAX      64         /* of a generic patch */
#define PUPIL_INPUT_NODES_MAX        32768      /* JSON values in a body */
#define PUPIL_INPUT_PAST             (3653 * PUPIL_TIME_DAY)
#define PUPIL_INPUT_LIMIT_MAX        100
#define PUPIL_INPUT_LIMIT_DEFAULT    50

#define PUPIL_CURSOR_TEXT_LEN        32         /* base64url of 24 bytes */


/* Members that a homework patch sets. */
#define PUPIL_INPUT_SET_TITLE        0x1
#define PUPIL_INPUT_SET_DESCRIPTION  0x2
#define PUPIL_INPUT_SET_DUE_AT       0x4

/* Query arguments, for what is allowed and what was given. */
#define PUPIL_QUERY_STATUS           0x1
#define PUPIL_QUERY_LIMIT            0x2
#define PUPIL_QUERY_CURSOR           0x4
#define PUPIL_QUERY_HOMEWORK_ID      0x8


typedef enum {
    PUPIL_INPUT_ABSENT = 0,
    PUPIL_INPUT_FALSE,
    PUPIL_INPUT_TRUE
} pupil_input_bool_t;


/* password.data is a copy of its own: pupil_input_login_wipe() zeroes it. */
typedef struct {
    pupil_str_t  identifier;
    pupil_str_t  password;
} pupil_input_login_t;


typedef struct {
    pupil_uuid_t  institution_id;
} pupil_input_institution_t;


/* A number as it was sent, and its value. */
typedef struct {
    pupil_str_t      raw;       /* verbatim; data is NULL when absent */
    pupil_decimal_t  value;
} pupil_input_number_t;


typedef struct {
    pupil_str_t           title;
    pupil_input_number_t  max_score;
} pupil_input_exercise_t;


typedef struct {
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
} pupil_input_submission_t;


typedef struct {
    unsigned                   is_array;
    uint32_t                   count;   /* 1 when it is no array */
    pupil_input_submission_t  *items;
} pupil_input_progress_t;


typedef struct {
    pupil_str_t  name;
    uint32_t     node;      /* of json below */
} pupil_input_member_t;


typedef struct {
    pupil_json_t           json;
    pupil_uuid_t           id;          /* zero when absent */
    pupil_input_member_t  *members;     /* without id, in the order sent */
    uint32_t               count;       /* 1 .. PUPIL_INPUT_MEMBERS_MAX */
} pupil_input_patch_t;


/* Where the next page begins: behind the record of that time and id. */
typedef struct {
    pupil_time_t  time;
    pupil_uuid_t  id;
} pupil_cursor_t;


typedef struct {
    unsigned        given;      /* PUPIL_QUERY_* */
    unsigned        all;        /* status=all; the default is open */
    uint32_t        limit;      /* PUPIL_INPUT_LIMIT_DEFAULT when not given */
    pupil_cursor_t  cursor;
    pupil_uuid_t    homework_id;
} pupil_input_query_t;


/* {"identifier","password"} */
pupil_rc_t pupil_input_login(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_login_t *out, pupil_fault_t *fault);

/* Zeroes the copy of the password.  The body is the caller's to wipe. */
void pupil_input_login_wipe(pupil_input_login_t *login);

/* {"institution_id"} */
pupil_rc_t pupil_input_institution(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_institution_t *out,
    pupil_fault_t *fault);

/*
 * {"class_id","title","description"?,"assigned_at"?,"due_at","exercises"};
 * both dates within ten years of now, due_at after assigned_at.
 */
pupil_rc_t pupil_input_homework(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now, pupil_input_homework_t *out,
    pupil_fault_t *fault);

/* {"title"?,"description"?,"due_at"?}, one of them at least. */
pupil_rc_t pupil_input_homework_patch(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now,
    pupil_input_homework_patch_t *out, pupil_fault_t *fault);

/*
 * One submission, or an array of them.  One that is refused makes the
 * function fail.  In an array each item has rc and fault of its own, and the
 * function fails only for what is no JSON or has too few or many items.
 * timestamp is at most a day after now and ten years before it.
 */
pupil_rc_t pupil_input_progress(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_time_t now, pupil_input_progress_t *out,
    pupil_fault_t *fault);

/* {"id"?, <any member>...}: what they may be is for the plugin to say. */
pupil_rc_t pupil_input_patch(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_patch_t *out, pupil_fault_t *fault);

/*
 * Query arguments, without the question mark, percent-encoded; args->len may
 * be 0.  allowed: PUPIL_QUERY_* of the endpoint, all others are refused.
 * fault->field is the argument's name.  Takes no memory.
 */
pupil_rc_t pupil_input_query(const pupil_str_t *args, unsigned allowed,
    pupil_input_query_t *out, pupil_fault_t *fault);

/* Big-endian time, then the id, as base64url; no terminator. */
void pupil_cursor_encode(const pupil_cursor_t *cursor,
    uint8_t out[PUPIL_CURSOR_TEXT_LEN]);

/* PUPIL_INVALID for another length, time out of range or a zero id. */
pupil_rc_t pupil_cursor_decode(const uint8_t *s, size_t len,
    pupil_cursor_t *out);

#endif /* PUPIL_INPUT_H */
