/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <string.h>

#include "ctl/audit/batch.h"
#include "ctl/audit/listed.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"


#define DIGITS_SIZE  24         /* of a number in decimal digits */


static int events_add(const audit_log_t *log, audit_tree_t *tree,
    const prefix_t *prefix, listing_t *listing);
static int row_insert(const audit_log_t *log, const audit_tree_t *tree,
    const prefix_t *prefix, const char *note);
static const char *digits(uint64_t value, char out[DIGITS_SIZE]);


/* Times in microseconds; $9: the last number of each writer. */
static const char  insert_sql[] =
    "WITH w AS (INSERT INTO pupil.seal_writer AS s (tenant, writer, number)"
    " SELECT pupil.current_tenant(), u.writer, u.last FROM"
    " unnest($7::bigint[], $9::bigint[]) AS u (writer, last)"
    " ON CONFLICT (tenant, writer) DO UPDATE SET number = EXCLUDED.number)"
    " INSERT INTO pupil.seal (tenant, batch, event, events, size, since,"
    " until, writers, firsts, lasts, missing, note) SELECT"
    " pupil.current_tenant(), $1::bigint, $2::bigint, $3::integer,"
    " $4::bigint, timestamptz 'epoch' + $5::bigint * interval '1 us',"
    " timestamptz 'epoch' + $6::bigint * interval '1 us', $7::bigint[],"
    " $8::bigint[], $9::bigint[], $10::integer, $11";


int
batch_seal(const audit_log_t *log, audit_tree_t *tree,
    const prefix_t *prefix, char note[LOG_NOTE_SIZE])
{
    int           rc;
    listing_t     listing;
    pupil_node_t  root;

    memset(&listing, 0, sizeof(listing));

    rc = listing_open(&listing, log->ctl) == 0
         && events_add(log, tree, prefix, &listing) == 0
         && audit_tree_store(tree, log->ctl) == 0
         && listing_store(&listing, log->ctl) == 0
         ? 0 : -1;

    listing_free(&listing);

    if (rc != 0) {
        return -1;
    }

    pupil_tiles_root(&tree->tiles, &root);
    audit_log_sign(log, tree->tiles.size, &root, note);

    return row_insert(log, tree, prefix, note);
}


static int
events_add(const audit_log_t *log, audit_tree_t *tree,
    const prefix_t *prefix, listing_t *listing)
{
    size_t                i, place, count;
    uint64_t              event;
    pupil_leaf_t          leaf;
    pupil_node_t          node;
    const audit_event_t  *e;

    for (i = 0; i < prefix->events.count; i++) {
        e = &((const audit_event_t *) prefix->events.elts)[i];
        event = tree->events + i;
        count = audit_event_leaves(e);

        if (e->row != NULL) {
            listing_add(listing, event, e, tree->tiles.size);
        }

        for (place = 0; place < count; place++) {
            if (audit_event_leaf(log, event, e, place, &leaf) != PUPIL_OK) {
                return ctl_error("writer %016" PRIx64 " number %" PRIu64
                                 " cannot be sealed", e->writer, e->number);
            }

            pupil_merkle_leaf(leaf.text, leaf.len, &node);
            audit_tree_add(tree, &node);
        }
    }

    pupil_stack_wipe();

    return 0;
}


static int
row_insert(const audit_log_t *log, const audit_tree_t *tree,
    const prefix_t *prefix, const char *note)
{
    int                   rc;
    char                  text[7][DIGITS_SIZE];
    size_t                i;
    ctl_buf_t             writers, firsts, lasts;
    const char           *params[11];
    const audit_range_t  *range;

    ctl_buf_init(&writers);
    ctl_buf_init(&firsts);
    ctl_buf_init(&lasts);
    ctl_array_begin(&writers);
    ctl_array_begin(&firsts);
    ctl_array_begin(&lasts);

    for (i = 0; i < prefix->ranges.count; i++) {
        range = &((const audit_range_t *) prefix->ranges.elts)[i];
        ctl_array_int(&writers, (int64_t) range->writer);
        ctl_array_int(&firsts, (int64_t) range->first);
        ctl_array_int(&lasts, (int64_t) range->last);
    }

    ctl_array_end(&writers);
    ctl_array_end(&firsts);
    ctl_array_end(&lasts);

    params[0] = digits(tree->batch + 1, text[0]);
    params[1] = digits(tree->events, text[1]);
    params[2] = digits(prefix->events.count, text[2]);
    params[3] = digits(tree->tiles.size, text[3]);
    params[4] = digits((uint64_t) prefix->since, text[4]);
    params[5] = digits((uint64_t) prefix->until, text[5]);
    params[6] = writers.data;
    params[7] = firsts.data;
    params[8] = lasts.data;
    params[9] = digits(prefix->missing, text[6]);
    params[10] = note;

    rc = ctl_exec(log->ctl->data, insert_sql, 11, params);

    ctl_buf_free(&writers);
    ctl_buf_free(&firsts);
    ctl_buf_free(&lasts);

    return rc;
}


static const char *
digits(uint64_t value, char out[DIGITS_SIZE])
{
    snprintf(out, DIGITS_SIZE, "%" PRIu64, value);

    return out;
}
