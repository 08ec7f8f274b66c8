/*
 * Copyright (C) the Pupil authors
 *
 * What no tree is made of: whether the log is read from tables as migrations
 * have made them, whether the row of a batch says of its records what they
 * are, and whether there are hashes that belong to no tree.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/record.h"
#include "ctl/audit/sealed_run.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/store/objects.h"


static int objects_find(sealed_run_t *r, const char *sql, int count,
    const char *const *params);
static int times_are(const sealed_run_t *r, const contents_t *contents);


/*
 * Known here, as whoever puts something else in the place of a table could
 * write that down as a migration's, too.
 */
static const char  tables_sql[] =
    "SELECT concat('pupil.', t.name, ' is not the table that a migration has"
    " made: find out who put something else in its place')"
    " FROM (VALUES ('audit_record', 'p'), ('audit_subject', 'p'),"
    " ('audit_shape', 'r'), ('policy', 'r'), ('seal', 'r'), ('seal_tile', 'r'),"
    " ('seal_writer', 'r'), ('seal_retained', 'r')) AS t (name, kind)"
    " LEFT JOIN pg_class AS c ON c.oid = to_regclass('pupil.' || t.name)"
    " WHERE c.relkind IS DISTINCT FROM t.kind::\"char\""
    " OR (t.kind = 'r' AND EXISTS (SELECT FROM pg_inherits AS i"
    " WHERE c.oid IN (i.inhparent, i.inhrelid)))";

/* With partitions, and what people are shown through. */
static const char  names[] =
    "(^| on )pupil\\.(audit_[a-z0-9_]+|policy|seal|seal_[a-z]+)(\\(.*)?$"
    "|^pupil\\.current_tenant\\(\\)$";

/*
 * Each has so many hashes as the tree of $1 leaves needs; a level has a hash
 * for each whole tile of the one below.
 */
static const char  tiles_sql[] =
    "SELECT t.level, t.tile FROM pupil.seal_tile AS t"
    " WHERE t.tenant = pupil.current_tenant() AND (t.level NOT BETWEEN 0 AND 7"
    " OR t.tile < 0 OR length(t.hashes) <> 32 * least(256, greatest(0,"
    " ($1::bigint >> (8 * t.level)) - 256 * t.tile::numeric))"
    " OR length(t.hashes) = 0) ORDER BY t.level, t.tile LIMIT 1000";


int
sealed_objects_check(sealed_run_t *r)
{
    const char  *params[1];

    params[0] = names;

    return objects_find(r, tables_sql, 0, NULL) == 0
           ? objects_find(r, ctl_objects_changed_of_sql, 1, params) : -1;
}


static int
objects_find(sealed_run_t *r, const char *sql, int count,
    const char *const *params)
{
    int                row;
    ctl_t             *ctl;
    PGresult          *res;
    sealed_finding_t  *finding;

    ctl = r->sealed->ctl;

    res = ctl_query(ctl->data, sql, count, params);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        finding = sealed_find(r->sealed, SEALED_OBJECT, 0);
        finding->what = ctl_pool_text(&ctl->pool, PQgetvalue(res, row, 0),
                                      (size_t) PQgetlength(res, row, 0));
    }

    PQclear(res);

    return 0;
}


/* Of what is gone by retention, or has no key, the order of times is left. */
void
sealed_row_check(sealed_run_t *r, const contents_t *contents)
{
    int       same;
    size_t    i, missing;
    align_t   as;
    uint64_t  gone;

    missing = 0;
    gone = 0;

    for (i = 0; i < r->alignment.events.count; i++) {
        as = ((const aligned_t *) r->alignment.events.elts)[i].as;
        missing += as == ALIGN_MISSING;
        gone += as == ALIGN_GONE;
    }

    same = r->sealed->log.mac == NULL || gone != 0 || r->alignment.others != 0
           || (missing == contents->missing && times_are(r, contents));

    if (!same || contents->at < r->at
        || contents->at > ctl_now() + PUPIL_AUDIT_CLOCKS
        || contents->at < contents->until - 2 * PUPIL_AUDIT_CLOCKS)
    {
        (void) sealed_find(r->sealed, SEALED_BATCH, contents->batch);
    }

    r->at = contents->at;
}


/* Between which its records are dated, those that were there. */
static int
times_are(const sealed_run_t *r, const contents_t *contents)
{
    size_t                i;
    pupil_time_t          at, since, until;
    const aligned_t      *aligned;
    const audit_event_t  *event;

    since = INT64_MAX;
    until = INT64_MIN;
    event = contents->events.elts;
    aligned = r->alignment.events.elts;

    for (i = 0; i < contents->events.count; i++) {
        if (aligned[i].as == ALIGN_SAME) {
            at = event[i].row->record.at;
            since = at < since ? at : since;
            until = at > until ? at : until;
        }
    }

    return since == contents->since && until == contents->until;
}


int
sealed_tiles_check(sealed_run_t *r)
{
    int                row;
    char               size[24];
    PGresult          *res;
    const char        *params[1];
    sealed_finding_t  *finding;

    snprintf(size, sizeof(size), "%" PRIu64, r->tiles.size);
    params[0] = size;

    res = ctl_query(r->sealed->ctl->data, tiles_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        finding = sealed_find(r->sealed, SEALED_TILE, r->batch);
        finding->level = strtoull(PQgetvalue(res, row, 0), NULL, 10);
        finding->index = strtoull(PQgetvalue(res, row, 1), NULL, 10);
    }

    PQclear(res);

    return 0;
}
