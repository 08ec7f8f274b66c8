/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "ctl/audit/rows.h"
#include "ctl/audit/tree.h"
#include "ctl/base/db.h"
#include "ctl/lifecycle/ended.h"
#include "ctl/store/keys.h"


static int rows_authentic(ctl_t *ctl, const char *sql, const char *detail);
static int row_says(const audit_row_t *row, const char *detail);
static int batches_fit(ctl_t *ctl);
static int tree_leads(const audit_log_t *log);


static const char  end_sql[] =
    "SELECT " AUDIT_ROW_COLUMNS " FROM pupil.audit_record AS r WHERE r.tenant"
    " = (SELECT pupil.current_tenant()) AND r.role = 'operator'"
    " AND r.note ~ ' (offboard|moved)=[0-9]'";

/* By the batches, which lead to what is signed; not by pupil.seal_writer. */
static const char  unsealed_sql[] =
    "WITH w AS (SELECT u.writer, max(u.last) AS number FROM pupil.seal AS s"
    " CROSS JOIN unnest(s.writers, s.lasts) AS u (writer, last)"
    " WHERE s.tenant = (SELECT pupil.current_tenant()) GROUP BY u.writer)"
    " SELECT " AUDIT_ROW_COLUMNS " FROM pupil.audit_record AS r"
    " LEFT JOIN w ON w.writer = r.writer WHERE r.tenant ="
    " (SELECT pupil.current_tenant()) AND r.number > coalesce(w.number, 0)";

/*
 * Whether a batch is made up.  Batches, their events, and the numbers of each
 * writer go on without a gap from the first; and each event has a leaf of the
 * tree, whose size is signed.
 */
static const char  unfit_sql[] =
    "WITH b AS (SELECT s.*, lag(s.batch, 1, 0::bigint) OVER w + 1 AS next,"
    " lag(s.event + s.events, 1, 0::bigint) OVER w AS begun,"
    " lag(s.size, 1, 0::bigint) OVER w AS leaves FROM pupil.seal AS s"
    " WHERE s.tenant = pupil.current_tenant() WINDOW w AS (ORDER BY s.batch)),"
    " r AS (SELECT b.batch, u.first, u.last, lag(u.last, 1, 0::bigint) OVER"
    " (PARTITION BY u.writer ORDER BY b.batch, u.first) + 1 AS next FROM b"
    " CROSS JOIN unnest(b.writers, b.firsts, b.lasts) AS u (writer, first,"
    " last)),"
    " c AS (SELECT r.batch, sum(r.last - r.first + 1) AS events,"
    " bool_and(coalesce(r.first = r.next AND r.last >= r.first, false)) AS fit"
    " FROM r GROUP BY r.batch)"
    " SELECT b.batch FROM b LEFT JOIN c USING (batch) WHERE NOT coalesce(c.fit"
    " AND b.batch = b.next AND b.event = b.begun AND b.events = c.events"
    " AND b.size - b.leaves >= b.events, false) ORDER BY b.batch LIMIT 1";


int
ctl_ended_recorded(ctl_t *ctl, const char *detail)
{
    return rows_authentic(ctl, end_sql, detail);
}


/* What is not authentic is sealed by nobody, and keeps no key. */
int
ctl_ended_sealed(const audit_log_t *log)
{
    int  rc;

    rc = rows_authentic(log->ctl, unsealed_sql, NULL);

    if (rc != 0) {
        return rc < 0 ? -1 : 0;
    }

    return batches_fit(log->ctl) == 0 ? tree_leads(log) : -1;
}


/* Whether one of these rows is, of those that say a detail, or of all. */
static int
rows_authentic(ctl_t *ctl, const char *sql, const char *detail)
{
    int                 rc, found;
    ctl_pool_t          pool;
    audit_row_t         row;
    ctl_stream_t        stream;
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    found = 0;
    memset(&pool, 0, sizeof(ctl_pool_t));

    rc = ctl_stream_begin(&stream, ctl->data, "%s", sql);

    while (rc == 0 && (rc = ctl_stream_next(&stream)) == 1) {
        audit_row_read(key, &ctl->tenant, &stream, &pool, &row);
        found |= row.authentic && (detail == NULL || row_says(&row, detail));
        ctl_pool_free(&pool);
        rc = 0;
    }

    ctl_stream_end(&stream);

    return rc == 0 ? found : -1;
}


/* A note ends with the detail of its command. */
static int
row_says(const audit_row_t *row, const char *detail)
{
    size_t              len;
    const pupil_str_t  *note;

    len = strlen(detail);
    note = &row->record.note;

    return note->len > len && note->data[note->len - len - 1] == ' '
           && memcmp(note->data + note->len - len, detail, len) == 0;
}


static int
batches_fit(ctl_t *ctl)
{
    int        rc;
    PGresult  *res;

    res = ctl_query(ctl->data, unfit_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0 ? 0
         : ctl_error("batch %s of tenant %s is not the log's, and what it says"
                     " is not sealed: run pupilctl audit verify",
                     PQgetvalue(res, 0, 0), ctl->tenant_text);
    PQclear(res);

    return rc;
}


/* 1, or -1 with the error said. */
static int
tree_leads(const audit_log_t *log)
{
    int           rc;
    audit_tree_t  tree;

    rc = audit_tree_open(&tree, log);
    audit_tree_close(&tree);

    return rc == 0 ? 1 : -1;
}
