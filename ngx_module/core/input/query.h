/*
 * Copyright (C) the Pupil authors
 *
 * Query arguments: those that an endpoint takes are a table with a row per
 * argument.  What input.h says of all functions holds.
 */

#ifndef PUPIL_QUERY_H
#define PUPIL_QUERY_H

#include "core/input/input.h"


#define PUPIL_INPUT_LIMIT_MAX      100
#define PUPIL_INPUT_LIMIT_DEFAULT  50

#define PUPIL_CURSOR_TEXT_LEN      32       /* base64url of 24 bytes */


/* Where the next page begins: behind the record of that time and id. */
typedef struct {
    pupil_time_t  time;
    pupil_uuid_t  id;
} pupil_cursor_t;


/* What an endpoint that shows pages is asked for. */
typedef struct {
    uint32_t        limit;      /* records */
    pupil_cursor_t  cursor;     /* its id is zero when it was not given */
} pupil_page_t;

/* Where nothing is asked for: the first, of PUPIL_INPUT_LIMIT_DEFAULT. */
extern const pupil_page_t  pupil_page_first;


/* Sets *out from a value; the name of the rule that is broken, or NULL. */
typedef const char *(*pupil_argument_pt)(const uint8_t *s, size_t len,
    void *out);

typedef struct {
    const char         *name;       /* NULL ends a table, of at most 32 */
    pupil_argument_pt   set;
    size_t              offset;     /* in the struct that is filled */
} pupil_argument_t;

/* The rows of a pupil_page_t that is the member page of a struct. */
#define PUPIL_PAGE_ARGUMENTS(type)                                            \
    { .name = "limit", .set = pupil_argument_limit,                           \
      .offset = offsetof(type, page.limit) },                                 \
    { .name = "cursor", .set = pupil_argument_cursor,                         \
      .offset = offsetof(type, page.cursor) }


/* A uint32_t from 1 to PUPIL_INPUT_LIMIT_MAX, a pupil_cursor_t, a
 * pupil_uuid_t. */
const char *pupil_argument_limit(const uint8_t *s, size_t len, void *out);
const char *pupil_argument_cursor(const uint8_t *s, size_t len, void *out);
const char *pupil_argument_uuid(const uint8_t *s, size_t len, void *out);

/*
 * Query arguments, without the question mark, percent-encoded, into out;
 * args->len may be 0.  What is not given leaves out as it is; what is not in
 * the table is refused.  fault->field is the argument's name.  Takes no memory.
 */
pupil_rc_t pupil_input_query(const pupil_str_t *args,
    const pupil_argument_t *table, void *out, pupil_fault_t *fault);

/* Big-endian time, then the id, as base64url; no terminator. */
void pupil_cursor_encode(const pupil_cursor_t *cursor,
    uint8_t out[PUPIL_CURSOR_TEXT_LEN]);

/* PUPIL_INVALID for another length, time out of range or a zero id. */
pupil_rc_t pupil_cursor_decode(const uint8_t *s, size_t len,
    pupil_cursor_t *out);

#endif /* PUPIL_QUERY_H */
