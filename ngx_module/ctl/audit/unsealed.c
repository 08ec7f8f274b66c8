/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "ctl/audit/unsealed.h"
#include "ctl/base/stream.h"


#define SOON  (60 * PUPIL_TIME_SECOND)


typedef struct {
    int64_t   writer;           /* as it sorts */
    uint64_t  number;
} unsealed_writer_t;


static const char  writers_sql[] =
    "SELECT w.writer, w.number FROM pupil.seal_writer AS w WHERE w.tenant ="
    " pupil.current_tenant() ORDER BY w.writer";


int
unsealed_read(unsealed_t *unsealed, PGconn *conn, pupil_time_t now)
{
    int                 rc;
    ctl_stream_t        stream;
    unsealed_writer_t  *writer;

    unsealed->before = now - SOON;

    rc = ctl_stream_begin(&stream, conn, writers_sql);

    while (rc == 0 && (rc = ctl_stream_next(&stream)) == 1) {
        writer = sequence_list_add(&unsealed->writers,
                                   sizeof(unsealed_writer_t));
        writer->writer = ctl_column_int8(stream.columns[0], 0);
        writer->number = (uint64_t) ctl_column_int8(stream.columns[1], 0);
        rc = 0;
    }

    ctl_stream_end(&stream);

    return rc;
}


void
unsealed_check(unsealed_t *unsealed, const pupil_audit_record_t *record)
{
    const unsealed_writer_t  *writer, *end;

    writer = unsealed->writers.elts;
    end = writer + unsealed->writers.count;
    writer += unsealed->at;

    while (writer != end && writer->writer < (int64_t) record->writer) {
        writer++;
        unsealed->at++;
    }

    if (record->at >= unsealed->before
        || (writer != end && writer->writer == (int64_t) record->writer
            && record->number <= writer->number))
    {
        return;
    }

    unsealed->count++;
}


void
unsealed_free(unsealed_t *unsealed)
{
    free(unsealed->writers.elts);
    memset(unsealed, 0, sizeof(unsealed_t));
}
