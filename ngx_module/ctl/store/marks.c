/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdlib.h>

#include "ctl/base/db.h"
#include "ctl/store/marks.h"


static pupil_rc_t mark_read(PGconn *conn, pupil_database_id_t database,
    int column, int64_t *number, pupil_error_t *error);


pupil_rc_t
ctl_marks_read(PGconn *data, PGconn *keys, ctl_marks_t *marks,
    pupil_error_t *error)
{
    pupil_rc_t  rc;

    rc = mark_read(keys, PUPIL_DATABASE_KEYSTORE, PUPIL_QM_DESTROYED,
                   &marks->destroyed, error);

    if (rc == PUPIL_OK) {
        rc = mark_read(data, PUPIL_DATABASE_DATA, PUPIL_QM_COPIED,
                       &marks->copied, error);
    }

    if (rc == PUPIL_OK) {
        rc = mark_read(keys, PUPIL_DATABASE_KEYSTORE, PUPIL_QM_ENTERED,
                       &marks->entered, error);
    }

    return rc;
}


static pupil_rc_t
mark_read(PGconn *conn, pupil_database_id_t database, int column,
    int64_t *number, pupil_error_t *error)
{
    PGresult    *res;
    pupil_rc_t   rc;

    res = ctl_query(conn, pupil_mark_sql[database], 0, NULL);
    if (res == NULL) {
        return PUPIL_FAILED;
    }

    rc = pupil_mark_there(database, PQntuples(res), error);

    if (rc == PUPIL_OK) {
        *number = strtoll(PQgetvalue(res, 0, column), NULL, 10);
    }

    PQclear(res);

    return rc;
}


int
ctl_marks_behind(ctl_t *ctl, pupil_error_t *error)
{
    pupil_rc_t   rc;
    ctl_marks_t  marks;

    rc = ctl_marks_read(ctl->data, ctl->keys, &marks, error);

    if (rc == PUPIL_OK) {
        rc = pupil_copy_fits(marks.copied, marks.destroyed, error);
    }

    if (rc == PUPIL_OK) {
        rc = pupil_ledger_fits(marks.entered, marks.copied, error);
    }

    return rc == PUPIL_OK ? 0 : rc == PUPIL_FAILED ? -1 : 1;
}


/* Triggers and rules are not relied on: they can be off, or somebody's. */
int
ctl_mark_count(ctl_t *ctl, int64_t *copied)
{
    int64_t        there;
    PGresult      *res;
    pupil_rc_t     rc;
    pupil_error_t  error;

    res = ctl_query_one(ctl->data, "SELECT pupil.count_mark()", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    there = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);

    rc = mark_read(ctl->data, PUPIL_DATABASE_DATA, PUPIL_QM_COPIED, copied,
                   &error);

    if (rc != PUPIL_OK) {
        return rc == PUPIL_INVALID ? ctl_error("%s", error.text) : -1;
    }

    return *copied == there ? 0
           : ctl_error("pupil.mark counts %" PRId64 " of %" PRId64 " entries"
                       " that the data database has of the erasure ledger:"
                       " look for a trigger or a rule on it, see pupilctl"
                       " check", *copied, there);
}
