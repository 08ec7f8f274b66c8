/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/store/retained.h"


#define NOTE_SIZE  (PUPIL_RETAINED_SIZE + PUPIL_NOTE_LINE_SIZE)


static int note_read(const audit_log_t *log, const PGresult *res, int row,
    pupil_retained_t *said);
static int writers_read(retained_t *retained, PGconn *conn);
static int writers_compare(const void *one, const void *two);


static const char  notes_sql[] =
    "SELECT r.batch, r.note FROM pupil.seal_retained AS r WHERE r.tenant ="
    " pupil.current_tenant() ORDER BY r.batch DESC";

static const char  store_sql[] =
    "INSERT INTO pupil.seal_retained (tenant, batch, note, at) VALUES"
    " (pupil.current_tenant(), $1::bigint, $2, greatest(now(),"
    " to_timestamp($3::bigint))) ON CONFLICT DO NOTHING";

/* What note_read() says beside -1. */
enum {
    NOTE_COUNTS = 0,
    NOTE_EARLY                  /* its time has not come */
};

/* As numbers without a sign, in any order. */
static const char  writers_sql[] =
    "SELECT u.writer, max(u.last) FROM pupil.seal AS s CROSS JOIN"
    " unnest(s.writers, s.lasts) AS u (writer, last) WHERE s.tenant ="
    " pupil.current_tenant() AND s.batch <= $1::bigint GROUP BY u.writer";


int
retained_read(retained_t *retained, PGconn *conn, const audit_log_t *log)
{
    int        rc, row, n;
    PGresult  *res;

    memset(retained, 0, sizeof(retained_t));

    res = ctl_query(conn, notes_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    n = PQntuples(res);

    for (row = 0; row < n; row++) {
        rc = note_read(log, res, row, &retained->said);

        if (rc == NOTE_COUNTS) {
            break;
        }

        if (rc < 0 && retained->forged == 0) {
            retained->forged = strtoull(PQgetvalue(res, row, 0), NULL, 10);
        }
    }

    PQclear(res);

    return row < n ? writers_read(retained, conn) : 0;
}


static int
note_read(const audit_log_t *log, const PGresult *res, int row,
    pupil_retained_t *said)
{
    int           rc;
    uint64_t      seconds;
    pupil_note_t  note;

    rc = -1;

    if (pupil_note_parse(ctl_get_str(res, row, 1), &note) == PUPIL_OK
        && pupil_note_verify(&note, &log->key, &seconds) == PUPIL_OK
        && pupil_retained_parse(note.text, log->key.name, said) == PUPIL_OK
        && said->batch == strtoull(PQgetvalue(res, row, 0), NULL, 10))
    {
        rc = said->before <= (uint64_t) (ctl_now() / PUPIL_TIME_SECOND)
             ? NOTE_COUNTS : NOTE_EARLY;
    }

    if (rc != NOTE_COUNTS) {
        memset(said, 0, sizeof(pupil_retained_t));
    }

    return rc;
}


static int
writers_read(retained_t *retained, PGconn *conn)
{
    int                 row;
    char                batch[24];
    PGresult           *res;
    const char         *params[1];
    retained_writer_t  *writer;

    snprintf(batch, sizeof(batch), "%" PRIu64, retained->said.batch);
    params[0] = batch;

    res = ctl_query(conn, writers_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    retained->count = (size_t) PQntuples(res);
    retained->writers = ctl_memory((retained->count + 1)
                                   * sizeof(retained_writer_t));

    for (row = 0; row < PQntuples(res); row++) {
        writer = &retained->writers[row];
        writer->writer = strtoull(PQgetvalue(res, row, 0), NULL, 10);
        writer->number = strtoull(PQgetvalue(res, row, 1), NULL, 10);
    }

    qsort(retained->writers, retained->count, sizeof(retained_writer_t),
          writers_compare);
    PQclear(res);

    return 0;
}


static int
writers_compare(const void *one, const void *two)
{
    const retained_writer_t  *a = one, *b = two;

    return a->writer < b->writer ? -1 : a->writer > b->writer;
}


int
retained_store(const audit_log_t *log, const pupil_retained_t *said)
{
    char         batch[24], before[24], note[NOTE_SIZE];
    char         text[PUPIL_RETAINED_SIZE], line[PUPIL_NOTE_LINE_SIZE];
    const char  *params[3];

    pupil_retained_format(log->key.name, said, text);
    pupil_note_sign(&log->key, log->seed, ctl_str(text), 0, line);
    snprintf(note, sizeof(note), "%s\n%s", text, line);
    snprintf(batch, sizeof(batch), "%" PRIu64, said->batch);
    snprintf(before, sizeof(before), "%" PRIu64, said->before);

    params[0] = batch;
    params[1] = note;
    params[2] = before;

    return ctl_exec(log->ctl->data, store_sql, 3, params);
}


uint64_t
retained_last(const retained_t *retained, uint64_t writer)
{
    retained_writer_t         wanted;
    const retained_writer_t  *found;

    wanted.writer = writer;
    found = retained->count == 0 ? NULL
            : bsearch(&wanted, retained->writers, retained->count,
                      sizeof(retained_writer_t), writers_compare);

    return found != NULL ? found->number : 0;
}


void
retained_free(retained_t *retained)
{
    free(retained->writers);
    memset(retained, 0, sizeof(retained_t));
}
