/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/audit/outside.h"
#include "ctl/base/db.h"


static int anchor_check(outside_t *outside, anchor_t *anchor,
    const audit_log_t *log, const audit_tree_t *tree);
static int anchor_last(anchor_t *anchor, const audit_log_t *log,
    pupil_checkpoint_t *last);
static int anchor_catch_up(outside_t *outside, const audit_log_t *log,
    pupil_tile_source_t *source, uint64_t size);
static int note_check(const audit_log_t *log, pupil_tile_source_t *source,
    uint64_t size, const char *note);


static const char  notes_sql[] =
    "SELECT s.note, s.size, s.batch FROM pupil.seal AS s WHERE s.tenant ="
    " pupil.current_tenant() AND s.size > $1::bigint ORDER BY s.size";


int
outside_begin(outside_t *outside, const audit_log_t *log,
    const audit_tree_t *tree)
{
    int       rc;
    anchor_t  anchor;

    if (anchor_open(&anchor, log->ctl) != 0) {
        return -1;
    }

    memcpy(outside->ship.path, anchor.path, sizeof(anchor.path));

    /* it would be made anew in its place, and shipped over what is whole */
    rc = outside->at != 0 && anchor.map == NULL
         ? ctl_error("%s was there, and is not: is its disk mounted? A sealer"
                     " that is started anew makes it anew", anchor.path)
         : anchor_check(outside, &anchor, log, tree);

    anchor_close(&anchor);

    if (rc != 0) {
        return -1;
    }

    /* whoever was killed may not have shipped what is there */
    if (outside->at != 0) {
        ship_due(&outside->ship, tree->batch);
    }

    return 0;
}


static int
anchor_check(outside_t *outside, anchor_t *anchor, const audit_log_t *log,
    const audit_tree_t *tree)
{
    int                   rc;
    pupil_node_t          root;
    pupil_checkpoint_t    last;
    pupil_tile_source_t  *source;

    if (anchor_last(anchor, log, &last) != 0) {
        return -1;
    }

    outside->at = anchor_at(anchor);

    if (last.size > tree->tiles.size) {
        return ctl_error("%s has a checkpoint of %" PRIu64 " leaves, the"
                         " database has %" PRIu64 ": it was restored, or the"
                         " log was cut off", anchor->path, last.size,
                         tree->tiles.size);
    }

    source = ctl_memory(sizeof(pupil_tile_source_t));
    source->read = audit_tile_read;
    source->ctx = log->ctl;
    source->tile.width = 0;

    if (last.size != 0
        && (pupil_tiles_head(source, last.size, &root) != PUPIL_OK
            || memcmp(&root, &last.root, sizeof(root)) != 0))
    {
        free(source);
        return ctl_error("%s is not of the log that the database has: run"
                         " pupilctl audit verify", anchor->path);
    }

    rc = anchor_catch_up(outside, log, source, last.size);
    free(source);

    return rc;
}


/* The last checkpoint of the file, size 0: there is none. */
static int
anchor_last(anchor_t *anchor, const audit_log_t *log,
    pupil_checkpoint_t *last)
{
    pupil_rc_t    rc;
    pupil_note_t  note;

    memset(last, 0, sizeof(pupil_checkpoint_t));

    while ((rc = anchor_next(anchor, &note)) == PUPIL_OK) { /* void */ }

    /* whoever is killed leaves less than a note */
    if (rc == PUPIL_INVALID && anchor->rest.len >= LOG_NOTE_SIZE) {
        return ctl_error("%s has no checkpoint at byte %zu", anchor->path,
                         anchor_at(anchor));
    }

    if (anchor_at(anchor) == 0) {
        return 0;
    }

    return audit_log_checkpoint(&log->key, &note, last) == PUPIL_OK
           ? 0
           : ctl_error("the last checkpoint of %s is not signed by the key of"
                       " the tenant", anchor->path);
}


static int
anchor_catch_up(outside_t *outside, const audit_log_t *log,
    pupil_tile_source_t *source, uint64_t size)
{
    int          rc, row;
    char         text[24];
    uint64_t     before, batch;
    const char  *note;
    PGresult    *res;
    const char  *params[1];

    snprintf(text, sizeof(text), "%" PRIu64, size);
    params[0] = text;

    res = ctl_query(log->ctl->data, notes_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        note = PQgetvalue(res, row, 0);
        before = size;
        size = strtoull(PQgetvalue(res, row, 1), NULL, 10);
        batch = strtoull(PQgetvalue(res, row, 2), NULL, 10);

        rc = size > before && note_check(log, source, size, note) == 0
             ? outside_keep(outside, batch, note) : -1;
    }

    PQclear(res);

    return rc;
}


/* What anybody may have written to the database goes to no file (I9). */
static int
note_check(const audit_log_t *log, pupil_tile_source_t *source,
    uint64_t size, const char *note)
{
    char          own[LOG_NOTE_SIZE];
    pupil_node_t  root;

    if (pupil_tiles_head(source, size, &root) == PUPIL_OK) {
        audit_log_sign(log, size, &root, own);

        if (strcmp(own, note) == 0) {
            return 0;
        }
    }

    return ctl_error("the checkpoint of %" PRIu64 " leaves of tenant %s is not"
                     " of its log: run pupilctl audit verify", size,
                     log->ctl->tenant_text);
}


int
outside_keep(outside_t *outside, uint64_t batch, const char *note)
{
    if (anchor_append(outside->ship.path, outside->at, note) != 0) {
        return -1;
    }

    outside->at += strlen(note) + 1;
    ship_due(&outside->ship, batch);

    return 0;
}
