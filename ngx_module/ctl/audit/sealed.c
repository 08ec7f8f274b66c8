/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "ctl/audit/sealed_run.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"


#define SAID  (5 * PUPIL_TIME_SECOND)      /* between two notes */


static int retained_open(sealed_t *sealed);
static int batches_read(sealed_run_t *r);
static int batch_check(sealed_run_t *r, contents_t *contents);
static int batch_align(sealed_run_t *r, contents_t *contents);
static void progress_say(sealed_run_t *r);
static void row_check(sealed_run_t *r, const contents_t *contents);
static void range_check(sealed_run_t *r, const contents_t *contents,
    const audit_range_t *range, int ordered);
static uint64_t *writer_last(sealed_run_t *r, uint64_t writer);
static int root_read(sealed_run_t *r, const contents_t *contents,
    pupil_node_t *root);
static int signed_once(const pupil_note_t *note);
static void leaves_check(sealed_run_t *r, const contents_t *contents);
static int leads_to(sealed_run_t *r, const sequence_list_t *leaves,
    const pupil_node_t *root);
static void leaves_take(sealed_run_t *r, const sequence_list_t *leaves);
static pupil_rc_t tile_check(void *ctx, const pupil_tile_t *tile);
static void events_say(sealed_run_t *r, const contents_t *contents, int others);
static void tiles_say(sealed_run_t *r, uint64_t size);
static void edge_check(sealed_run_t *r);
static int writers_check(sealed_run_t *r);
static void writer_find(sealed_run_t *r, uint64_t writer, uint64_t last,
    uint64_t number);


static const char  batches_sql[] =
    "DECLARE batches NO SCROLL CURSOR FOR SELECT " CONTENTS_COLUMNS
    " FROM pupil.seal AS s WHERE s.tenant = pupil.current_tenant()"
    " ORDER BY s.batch";

static const char  writers_sql[] =
    "SELECT w.writer, w.number FROM pupil.seal_writer AS w WHERE w.tenant ="
    " pupil.current_tenant() ORDER BY w.writer";


int
sealed_verify(sealed_t *sealed, ctl_t *ctl, const char *ended)
{
    int            rc;
    sealed_run_t  *r;

    r = ctl_memory(sizeof(sealed_run_t));
    memset(r, 0, sizeof(sealed_run_t));
    r->sealed = sealed;
    pupil_tiles_begin(&r->tiles, 0);
    r->begun = ctl_now();
    r->said = r->begun;

    sealed->ctl = ctl;

    rc = audit_log_read(&sealed->log, ctl, ended);
    sealed->key = sealed->log.key;

    if (rc == 0 && ctl->opt.vkey != NULL) {
        rc = pupil_note_key_parse(ctl_str(ctl->opt.vkey), &sealed->key)
             == PUPIL_OK ? 0 : ctl_error("--vkey is no verification key");
    }

    if (rc == 0 && memcmp(sealed->key.public, sealed->log.key.public,
                          PUPIL_NOTE_KEY_LEN) != 0)
    {
        (void) sealed_find(sealed, SEALED_KEY, 0);
    }

    if (rc == 0 && ctl->opt.checkpoints != NULL) {
        rc = anchor_open(&r->anchor, ctl);
    }

    /* whoever seals goes on meanwhile */
    if (rc == 0) {
        rc = sealed_holes_before(r) == 0
             ? ctl_begin_still(ctl->data, &ctl->tenant, NULL) : -1;
    }

    if (rc == 0) {
        sealed_anchor_take(r);
        rc = retained_open(sealed) == 0
             && sealed_objects_check(r) == 0 && sealed_listed_begin(r) == 0
             && sealed_holes_begin(r) == 0
             ? batches_read(r) : -1;
    }

    if (rc == 0) {
        edge_check(r);
        sealed_anchors_end(r);
        sealed_listed_end(r);
        rc = sealed_tiles_check(r) == 0 ? writers_check(r) : -1;
        sealed->took = ctl_now() - r->begun;
    }

    ctl_rollback(ctl->data);

    sealed_listed_close(r);
    sealed_holes_close(r);
    anchor_close(&r->anchor);
    align_free(&r->alignment);
    ctl_map_free(&r->writers);
    ctl_pool_free(&r->pool);
    free(r->lasts.elts);
    free(r);

    return rc;
}


/* In the transaction of the run: the note is of what is left. */
static int
retained_open(sealed_t *sealed)
{
    if (retained_read(&sealed->retained, sealed->ctl->data, &sealed->log) != 0)
    {
        return -1;
    }

    if (sealed->retained.forged != 0) {
        (void) sealed_find(sealed, SEALED_RETAINED, sealed->retained.forged);
    }

    return 0;
}


sealed_finding_t *
sealed_find(sealed_t *sealed, sealed_kind_t kind, uint64_t batch)
{
    sealed_finding_t  *finding;

    finding = sequence_list_add(&sealed->findings, sizeof(sealed_finding_t));
    memset(finding, 0, sizeof(sealed_finding_t));
    finding->kind = kind;
    finding->batch = batch;

    return finding;
}


static int
batches_read(sealed_run_t *r)
{
    int          rc, row, n;
    ctl_t       *ctl;
    PGresult    *res;
    contents_t   contents;

    ctl = r->sealed->ctl;
    memset(&contents, 0, sizeof(contents));

    rc = ctl_exec(ctl->data, batches_sql, 0, NULL);

    do {
        res = rc == 0 ? ctl_query(ctl->data, "FETCH 100 FROM batches", 0, NULL)
                      : NULL;
        if (res == NULL) {
            return -1;
        }

        n = PQntuples(res);

        for (row = 0; rc == 0 && row < n; row++) {
            contents_row(&contents, res, row);
            rc = batch_check(r, &contents);
        }

        contents_free(&contents);
        PQclear(res);

    } while (n != 0);

    return rc;
}


static int
batch_check(sealed_run_t *r, contents_t *contents)
{
    row_check(r, contents);

    if (contents->size <= r->tiles.size) {
        return 0;               /* said: it adds nothing that can be read */
    }

    align_reset(&r->alignment);

    if (audit_leaves_read(r->sealed->ctl, r->tiles.size, contents->size,
                          &r->alignment.sealed) != 0
        || batch_align(r, contents) != 0)
    {
        return -1;
    }

    r->listed.before = r->tiles.size;

    leaves_check(r, contents);
    sealed_row_check(r, contents);
    sealed_holes_check(r, contents);

    if (sealed_listed_check(r, contents) != 0) {
        return -1;
    }

    r->sealed->batches++;
    r->sealed->events += contents->events.count;
    r->sealed->leaves = r->tiles.size;

    progress_say(r);

    return 0;
}


/* Of what is gone by retention its hashes are left. */
static int
batch_align(sealed_run_t *r, contents_t *contents)
{
    if (contents->batch <= r->sealed->retained.said.batch) {
        align_gone(&r->alignment, contents);
        return 0;
    }

    if (contents_read(contents, r->sealed->ctl, r->sealed->log.mac) != 0) {
        return -1;
    }

    align(&r->alignment, &r->sealed->log, contents);

    return 0;
}


/* A log of years takes minutes. */
static void
progress_say(sealed_run_t *r)
{
    pupil_time_t  now;

    now = ctl_now();

    if (now - r->said >= SAID) {
        r->said = now;
        ctl_note("%" PRIu64 " leaves, %" PRIu64 " a second", r->tiles.size,
                 audit_rate(r->tiles.size, now - r->begun));
    }
}


uint64_t
audit_rate(uint64_t count, pupil_time_t time)
{
    return time <= 0 ? count
           : (uint64_t) ((double) count * PUPIL_TIME_SECOND / (double) time);
}


/* Batches, events and the numbers of each writer, once, follow those before. */
static void
row_check(sealed_run_t *r, const contents_t *contents)
{
    size_t                i;
    const audit_range_t  *range;

    if (contents->batch != r->batch + 1 || contents->event != r->events
        || !contents->whole || contents->size <= r->tiles.size)
    {
        (void) sealed_find(r->sealed, SEALED_BATCH,
                     contents->batch != r->batch + 1 ? r->batch + 1
                                                     : contents->batch);
    }

    r->batch = contents->batch;
    r->events = contents->event + contents->events.count;

    range = contents->ranges.elts;

    for (i = 0; i < contents->ranges.count; i++) {
        range_check(r, contents, &range[i],
                    i == 0 || range[i - 1].writer < range[i].writer);
    }
}


static void
range_check(sealed_run_t *r, const contents_t *contents,
    const audit_range_t *range, int ordered)
{
    uint64_t          *last;
    sealed_finding_t  *finding;

    last = writer_last(r, range->writer);

    if (!ordered || range->first != *last + 1 || range->last < range->first) {
        finding = sealed_find(r->sealed, SEALED_RANGE, contents->batch);
        finding->writer = range->writer;
        finding->first = range->first;
        finding->last = range->last;
    }

    *last = range->last;
}


static uint64_t *
writer_last(sealed_run_t *r, uint64_t writer)
{
    int             fresh;
    ctl_slot_t     *slot;
    pupil_str_t     key;
    sealed_last_t  *last;

    key = ctl_pool_str(&r->pool, &writer, sizeof(writer));
    slot = ctl_map_put(&r->writers, key, &fresh);

    if (fresh) {
        slot->value = (uint32_t) r->lasts.count;
        last = sequence_list_add(&r->lasts, sizeof(sealed_last_t));
        last->writer = writer;
        last->number = 0;
    }

    last = r->lasts.elts;

    return &last[slot->value].number;
}


/*
 * Where records and tiles differ, the checkpoint says which of the two is as
 * it was; if neither leads to it, both are said.
 */
static void
leaves_check(sealed_run_t *r, const contents_t *contents)
{
    int                     known, same;
    uint64_t                size;
    pupil_node_t            root, now;
    const sequence_list_t  *sealed, *made;

    sealed = &r->alignment.sealed;
    made = &r->alignment.made;
    size = r->tiles.size;

    known = root_read(r, contents, &root);
    same = r->sealed->log.mac == NULL
           || (r->alignment.others == 0 && sealed->count == made->count
               && memcmp(sealed->elts, made->elts,
                         sealed->count * sizeof(pupil_node_t)) == 0);

    if (!same && known && !r->lost && !leads_to(r, sealed, &root)
        && leads_to(r, made, &root))
    {
        tiles_say(r, size);
        events_say(r, contents, 0);
        leaves_take(r, made);

    } else {
        events_say(r, contents, 1);
        leaves_take(r, sealed);
    }

    pupil_tiles_root(&r->tiles, &now);

    if (known && !r->lost && memcmp(&now, &root, sizeof(root)) != 0) {
        (void) sealed_find(r->sealed, SEALED_ROOT, contents->batch);
        r->lost = 1;
    }

    sealed_anchors_check(r, contents, known ? &root : &now);
}


/* That of the batch's checkpoint; 0: it has none that counts. */
static int
root_read(sealed_run_t *r, const contents_t *contents, pupil_node_t *root)
{
    pupil_note_t        note;
    pupil_checkpoint_t  checkpoint;

    if (pupil_note_parse(contents->note, &note) == PUPIL_OK
        && audit_log_checkpoint(&r->sealed->key, &note, &checkpoint)
           == PUPIL_OK
        && checkpoint.size == contents->size)
    {
        *root = checkpoint.root;

        if (!signed_once(&note)) {
            (void) sealed_find(r->sealed, SEALED_CHECKPOINT, contents->batch);
        }

        return 1;
    }

    (void) sealed_find(r->sealed, SEALED_CHECKPOINT, contents->batch);

    if (r->anchored_more && r->anchored.size == contents->size) {
        *root = r->anchored.root;
        return 1;
    }

    return 0;
}


/* By the one line that the sealer writes. */
static int
signed_once(const pupil_note_t *note)
{
    return memchr(note->signatures.data, '\n', note->signatures.len)
           == note->signatures.data + note->signatures.len - 1;
}


static int
leads_to(sealed_run_t *r, const sequence_list_t *leaves,
    const pupil_node_t *root)
{
    size_t               i;
    pupil_node_t         now;
    const pupil_node_t  *leaf;

    r->trial = r->tiles;
    leaf = leaves->elts;

    for (i = 0; i < leaves->count; i++) {
        (void) pupil_tiles_add(&r->trial, &leaf[i], NULL, NULL);
    }

    pupil_tiles_root(&r->trial, &now);

    return memcmp(&now, root, sizeof(now)) == 0;
}


static void
leaves_take(sealed_run_t *r, const sequence_list_t *leaves)
{
    size_t               i;
    const pupil_node_t  *leaf;

    leaf = leaves->elts;

    for (i = 0; i < leaves->count; i++) {
        (void) pupil_tiles_add(&r->tiles, &leaf[i], tile_check, r);
    }
}


/* Those of leaves were held against records. */
static pupil_rc_t
tile_check(void *ctx, const pupil_tile_t *tile)
{
    sealed_run_t             *r = ctx;
    pupil_tile_t      *stored;
    sealed_finding_t  *finding;

    if (tile->level == 0 || r->lost) {
        return PUPIL_OK;
    }

    stored = ctl_memory(sizeof(pupil_tile_t));
    stored->level = tile->level;
    stored->index = tile->index;
    stored->width = tile->width;

    if (audit_tile_read(r->sealed->ctl, stored) != PUPIL_OK
        || memcmp(stored->hashes, tile->hashes,
                  tile->width * sizeof(pupil_node_t)) != 0)
    {
        finding = sealed_find(r->sealed, SEALED_TILE, r->batch);
        finding->level = tile->level;
        finding->index = tile->index;
    }

    free(stored);

    return PUPIL_OK;
}


/* others: those of which no leaf is there, too. */
static void
events_say(sealed_run_t *r, const contents_t *contents, int others)
{
    size_t                i;
    sealed_kind_t         kind;
    const aligned_t      *aligned;
    sealed_finding_t     *finding;
    const audit_event_t  *event;

    for (i = 0; i < contents->events.count; i++) {
        event = &((const audit_event_t *) contents->events.elts)[i];
        aligned = &((const aligned_t *) r->alignment.events.elts)[i];

        if (aligned->as == ALIGN_OTHER && others) {
            kind = event->row != NULL ? SEALED_ALTERED : SEALED_REMOVED;

        } else if (aligned->as == ALIGN_MISSING) {
            kind = event->row != NULL ? SEALED_LATE
                   : r->sealed->log.mac == NULL ? SEALED_REMOVED
                   : SEALED_SUPPRESSED;

        } else {
            continue;
        }

        finding = sealed_find(r->sealed, kind, contents->batch);
        finding->event = contents->event + i;
        finding->writer = event->writer;
        finding->first = event->number;
        finding->last = event->number;
        finding->absent = aligned->as == ALIGN_MISSING;
    }
}


/* The tiles whose leaves are not those that were made; size: before them. */
static void
tiles_say(sealed_run_t *r, uint64_t size)
{
    size_t               i;
    uint64_t             index, said;
    sealed_finding_t    *finding;
    const pupil_node_t  *sealed, *made;

    said = UINT64_MAX;
    sealed = r->alignment.sealed.elts;
    made = r->alignment.made.elts;

    for (i = 0; i < r->alignment.made.count; i++) {
        index = (size + i) / PUPIL_TILE_WIDTH;

        if (index != said
            && (i >= r->alignment.sealed.count
                || memcmp(&sealed[i], &made[i], sizeof(pupil_node_t)) != 0))
        {
            finding = sealed_find(r->sealed, SEALED_TILE, r->batch);
            finding->index = index;
            said = index;
        }
    }
}


/* What is not whole yet, of the higher levels. */
static void
edge_check(sealed_run_t *r)
{
    uint32_t  level;

    for (level = 1; level < PUPIL_TILE_LEVELS; level++) {
        if (r->tiles.tiles[level].width != 0) {
            (void) tile_check(r, &r->tiles.tiles[level]);
        }
    }
}


/* What the sealer goes on from is what batches say, of each writer. */
static int
writers_check(sealed_run_t *r)
{
    int             row;
    size_t          i;
    uint64_t        writer, number, *last;
    PGresult       *res;
    sealed_last_t  *left;

    res = ctl_query(r->sealed->ctl->data, writers_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        writer = strtoull(PQgetvalue(res, row, 0), NULL, 10);
        number = strtoull(PQgetvalue(res, row, 1), NULL, 10);
        last = writer_last(r, writer);

        if (*last != number || number == 0) {
            writer_find(r, writer, *last, number);
        }

        *last = 0;
    }

    PQclear(res);

    left = r->lasts.elts;

    for (i = 0; i < r->lasts.count; i++) {
        if (left[i].number != 0) {
            writer_find(r, left[i].writer, left[i].number, 0);
        }
    }

    return 0;
}


static void
writer_find(sealed_run_t *r, uint64_t writer, uint64_t last, uint64_t number)
{
    sealed_finding_t  *finding;

    finding = sealed_find(r->sealed, SEALED_WRITER, r->batch);
    finding->writer = writer;
    finding->first = last;
    finding->last = number;
}


void
sealed_declared(sealed_t *sealed, const sequence_t *sequence)
{
    size_t             i, kept;
    sealed_finding_t  *finding;

    finding = sealed->findings.elts;

    for (i = 0, kept = 0; i < sealed->findings.count; i++) {
        if (!finding[i].absent
            || !sequence_declared(sequence, finding[i].writer,
                                  finding[i].first))
        {
            finding[kept++] = finding[i];
        }
    }

    sealed->findings.count = kept;
}


void
sealed_free(sealed_t *sealed)
{
    retained_free(&sealed->retained);
    free(sealed->findings.elts);
    sealed->findings.elts = NULL;
}
