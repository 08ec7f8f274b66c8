/*
 * Copyright (C) the Pupil authors
 *
 * Rows of a statement one at a time, however many there are, in PostgreSQL's
 * binary form, which neither side has to write as text.  The server goes on
 * while a row is looked at.
 */

#ifndef PUPIL_CTL_STREAM_H
#define PUPIL_CTL_STREAM_H

#include "ctl/base/ctl.h"


#define CTL_STREAM_COLUMNS  16


/* columns: of the row that came last; data is NULL where it is NULL. */
typedef struct {
    PGconn       *conn;
    char         *row;
    int           begun;        /* what comes before the first was read */
    size_t        count;
    pupil_str_t   columns[CTL_STREAM_COLUMNS];
} ctl_stream_t;


/*
 * sql: a format, of numbers alone, as no parameters can be sent.  Until the end
 * the connection can be used for nothing else.  0 or -1 with the error said.
 */
__attribute__((format(printf, 3, 4)))
int ctl_stream_begin(ctl_stream_t *stream, PGconn *conn, const char *sql, ...);

/* 1; 0: there is no more; or -1 with the error said. */
int ctl_stream_next(ctl_stream_t *stream);

/* Frees the row. */
void ctl_stream_end(ctl_stream_t *stream);

/* Of a bigint; none: what NULL gives, or what is none. */
int64_t ctl_column_int8(pupil_str_t column, int64_t none);

/* Microseconds; what is no number, as infinity, is the last day that is one. */
pupil_time_t ctl_column_time(pupil_str_t column);

/* NULL is all zero.  0 or -1. */
__attribute__((warn_unused_result))
int ctl_column_uuid(pupil_str_t column, pupil_uuid_t *out);

#endif /* PUPIL_CTL_STREAM_H */
