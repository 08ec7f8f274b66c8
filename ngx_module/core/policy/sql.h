/*
 * Copyright (C) the Pupil authors
 *
 * A text of SQL that grows, at configuration time.  An error sticks, so that
 * callers check once, in pupil_sql_finish().
 */

#ifndef PUPIL_SQL_H
#define PUPIL_SQL_H

#include "core/base/pupil.h"


typedef struct {
    const pupil_alloc_t  *alloc;    /* outlives the text */
    uint8_t              *data;
    size_t                len;      /* bytes written */
    size_t                size;     /* bytes at data */
    pupil_rc_t            rc;       /* sticky: PUPIL_NO_MEMORY */
} pupil_sql_t;


/* Takes no memory yet. */
void pupil_sql_init(pupil_sql_t *sql, const pupil_alloc_t *alloc);

void pupil_sql_bytes(pupil_sql_t *sql, const void *data, size_t len);

/* As printf(). */
void pupil_sql_add(pupil_sql_t *sql, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A quoted identifier. */
void pupil_sql_name(pupil_sql_t *sql, const char *name);

/* A bytea literal. */
void pupil_sql_bytea(pupil_sql_t *sql, const uint8_t *data, size_t len);

/* The text, with a NUL behind it that len does not count. */
pupil_rc_t pupil_sql_finish(pupil_sql_t *sql, pupil_str_t *text);

#endif /* PUPIL_SQL_H */
