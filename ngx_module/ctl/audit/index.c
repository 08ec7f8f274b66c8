/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl audit index: lists under whom the sealed events are again, from the
 * records.  In one transaction, so that nobody finds less meanwhile; a sealer
 * may be at work: what it lists is behind the last batch that is read here.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/audit/align.h"
#include "ctl/audit/index.h"
#include "ctl/audit/listed.h"
#include "ctl/audit/tree.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define NUMBER_SIZE  24         /* of a number in decimal digits */


typedef struct {
    ctl_t        *ctl;
    audit_log_t   log;
    alignment_t   alignment;
    listing_t     listing;
    uint64_t      size;         /* leaves, up to the last batch */
    uint64_t      count;        /* of what was listed */
} index_t;


static int index_all(index_t *index);
static int rows_delete(index_t *index, char batch[NUMBER_SIZE]);
static int batches_read(index_t *index);
static int batch_list(index_t *index, contents_t *contents);


static const ctl_access_t  index_access = {
    .category = "audit",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};

static const char  head_sql[] =
    "SELECT s.batch, s.event + s.events FROM pupil.seal AS s WHERE s.tenant ="
    " pupil.current_tenant() UNION ALL SELECT 0, 0 ORDER BY 1 DESC LIMIT 1";

/* $1: the event behind that; and what is of no event at all. */
static const char  delete_sql[] =
    "DELETE FROM pupil.audit_subject AS l WHERE l.tenant ="
    " pupil.current_tenant() AND (l.event < $1::bigint OR l.event >= coalesce("
    "(SELECT max(s.event + s.events) FROM pupil.seal AS s WHERE s.tenant ="
    " pupil.current_tenant()), 0))";

static const char  batches_sql[] =
    "DECLARE batches NO SCROLL CURSOR FOR SELECT " CONTENTS_COLUMNS
    " FROM pupil.seal AS s WHERE s.tenant = pupil.current_tenant()"
    " AND s.batch <= $1::bigint ORDER BY s.batch";


int
ctl_cmd_audit_index(ctl_t *ctl)
{
    int      rc;
    index_t  index;

    memset(&index, 0, sizeof(index));
    index.ctl = ctl;

    if (ctl_plugins_open(ctl) != 0 || ctl_open_tenant(ctl) != 0
        || ctl_open_keys(ctl) != 0 || ctl_keys_served(ctl) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return CTL_FAILED;
    }

    rc = audit_log_open(&index.log, ctl, 0) == 0
         && index_all(&index) == 0
         && ctl_record_one(ctl, &index_access, "allowed", NULL, "index") == 0
         && ctl_commit(ctl->data) == 0
         ? 0 : -1;

    if (rc == 0) {
        ctl_note("%" PRIu64 " entr%s written", index.count,
                 index.count == 1 ? "y" : "ies");
    }

    ctl_rollback(ctl->data);
    align_free(&index.alignment);
    listing_free(&index.listing);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


static int
index_all(index_t *index)
{
    char         batch[NUMBER_SIZE];
    const char  *params[1];

    params[0] = batch;

    return rows_delete(index, batch) == 0
           && listing_open(&index->listing, index->ctl) == 0
           && ctl_exec(index->ctl->data, batches_sql, 1, params) == 0
           ? batches_read(index) : -1;
}


/* batch: the last whose rows are gone. */
static int
rows_delete(index_t *index, char batch[NUMBER_SIZE])
{
    int          rc;
    PGresult    *res;
    const char  *params[1];

    res = ctl_query_one(index->ctl->data, head_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    snprintf(batch, NUMBER_SIZE, "%s", PQgetvalue(res, 0, 0));
    params[0] = PQgetvalue(res, 0, 1);
    rc = ctl_exec(index->ctl->data, delete_sql, 1, params);

    PQclear(res);

    return rc;
}


static int
batches_read(index_t *index)
{
    int          rc, row, n;
    PGresult    *res;
    contents_t   contents;

    memset(&contents, 0, sizeof(contents));

    do {
        res = ctl_query(index->ctl->data, "FETCH 100 FROM batches", 0, NULL);
        if (res == NULL) {
            return -1;
        }

        n = PQntuples(res);
        rc = 0;

        for (row = 0; rc == 0 && row < n; row++) {
            contents_row(&contents, res, row);
            rc = batch_list(index, &contents);
        }

        contents_free(&contents);
        PQclear(res);

    } while (rc == 0 && n != 0);

    return rc;
}


/* What is not what was sealed is for verify to say: it is under nobody. */
static int
batch_list(index_t *index, contents_t *contents)
{
    size_t                i;
    const aligned_t      *aligned;
    const audit_event_t  *event;

    align_reset(&index->alignment);

    if (audit_leaves_read(index->ctl, index->size, contents->size,
                          &index->alignment.sealed) != 0
        || contents_read(contents, index->ctl, index->log.mac) != 0)
    {
        return -1;
    }

    align(&index->alignment, &index->log, contents);

    for (i = 0; i < contents->events.count; i++) {
        event = &((const audit_event_t *) contents->events.elts)[i];
        aligned = &((const aligned_t *) index->alignment.events.elts)[i];

        if (aligned->as == ALIGN_SAME) {
            listing_add(&index->listing, contents->event + i, event,
                        index->size + aligned->first);
        }
    }

    index->size = contents->size;
    listing_sort(&index->listing);
    index->count += index->listing.rows.count;

    return listing_store(&index->listing, index->ctl);
}
