/*
 * Copyright (C) the Pupil authors
 *
 * COPY in its binary format: what comes before the first row has no length of
 * its own in the protocol; then a number of columns, and each with its length.
 */

#include <stdarg.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/stream.h"
#include "ctl/base/wait.h"


#define HEAD_LEN  19            /* a signature, flags, and no extension */
#define TRAILER   0xffff        /* where a number of columns would be */

/* PostgreSQL counts microseconds from 2000 on. */
#define EPOCH     INT64_C(946684800000000)
#define TIME_MIN  INT64_C(-62135596800000000)       /* 0001-01-01 */
#define TIME_MAX  INT64_C(253402214400000000)       /* 9999-12-31 */


static int row_split(ctl_stream_t *stream, const uint8_t *p, size_t len);
static int stream_over(ctl_stream_t *stream);
static uint64_t number_read(const uint8_t *p, size_t len);


int
ctl_stream_begin(ctl_stream_t *stream, PGconn *conn, const char *sql, ...)
{
    char          text[4096];
    int           len, rc;
    va_list       args;
    PGresult     *res;
    ctl_buf_t     copy;
    ctl_holder_t  holder;

    memset(stream, 0, sizeof(ctl_stream_t));
    stream->conn = conn;

    va_start(args, sql);
    len = vsnprintf(text, sizeof(text), sql, args);
    va_end(args);

    if (len < 0 || (size_t) len >= sizeof(text)) {
        return ctl_error("a statement of %d bytes is too long", len);
    }

    ctl_buf_init(&copy);
    ctl_buf_printf(&copy, "COPY (%s) TO STDOUT (FORMAT binary)", text);

    res = ctl_wait(conn, copy.data, 0, NULL, &holder);
    rc = PQresultStatus(res) == PGRES_COPY_OUT
         ? 0 : ctl_query_error(conn, res, &holder);

    PQclear(res);
    ctl_buf_free(&copy);

    return rc;
}


int
ctl_stream_next(ctl_stream_t *stream)
{
    int             len;
    const uint8_t  *p;

    PQfreemem(stream->row);
    stream->row = NULL;

    len = ctl_wait_row(stream->conn, &stream->row);
    if (len < 0) {
        return stream_over(stream);
    }

    p = (const uint8_t *) stream->row;

    if (!stream->begun) {
        if (len < HEAD_LEN) {
            return ctl_error("rows in a form that is not known");
        }

        stream->begun = 1;
        p += HEAD_LEN;
        len -= HEAD_LEN;
    }

    return row_split(stream, p, (size_t) len);
}


static int
row_split(ctl_stream_t *stream, const uint8_t *p, size_t len)
{
    size_t       i, size;
    uint64_t     count;

    count = len < 2 ? 0 : number_read(p, 2);

    if (count == TRAILER) {
        return ctl_stream_next(stream);
    }

    p += 2;
    len -= 2;

    for (i = 0; i < count && i < CTL_STREAM_COLUMNS && len >= 4; i++) {
        size = (uint32_t) number_read(p, 4);
        p += 4;
        len -= 4;

        if (size == UINT32_MAX) {
            stream->columns[i].data = NULL;
            stream->columns[i].len = 0;
            continue;
        }

        if (size > len) {
            break;
        }

        stream->columns[i].data = p;
        stream->columns[i].len = size;
        p += size;
        len -= size;
    }

    stream->count = i;

    return i != 0 && i == count && len == 0
           ? 1 : ctl_error("a row in a form that is not known");
}


/* What the statement ended with. */
static int
stream_over(ctl_stream_t *stream)
{
    int        rc;
    PGresult  *res;

    rc = 0;

    while ((res = ctl_wait_over(stream->conn)) != NULL) {
        if (PQresultStatus(res) != PGRES_COMMAND_OK) {
            rc = ctl_query_error(stream->conn, res, NULL);
        }

        PQclear(res);
    }

    return rc;
}


void
ctl_stream_end(ctl_stream_t *stream)
{
    PQfreemem(stream->row);
    stream->row = NULL;
}


int64_t
ctl_column_int8(pupil_str_t column, int64_t none)
{
    return column.len == 8 ? (int64_t) number_read(column.data, 8) : none;
}


pupil_time_t
ctl_column_time(pupil_str_t column)
{
    int64_t  time;

    time = ctl_column_int8(column, INT64_MAX);

    return time < TIME_MIN - EPOCH ? TIME_MIN
           : time > TIME_MAX - EPOCH ? TIME_MAX : time + EPOCH;
}


int
ctl_column_uuid(pupil_str_t column, pupil_uuid_t *out)
{
    memset(out, 0, sizeof(pupil_uuid_t));

    if (column.data == NULL) {
        return 0;
    }

    if (column.len != PUPIL_UUID_LEN) {
        return -1;
    }

    memcpy(out->b, column.data, PUPIL_UUID_LEN);

    return 0;
}


static uint64_t
number_read(const uint8_t *p, size_t len)
{
    size_t    i;
    uint64_t  number;

    number = 0;

    for (i = 0; i < len; i++) {
        number = number << 8 | p[i];
    }

    return number;
}
