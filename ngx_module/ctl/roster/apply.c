/*
 * Copyright (C) the Pupil authors
 *
 * What did not change since the last import is neither read nor written:
 * fingerprints tell.
 */

#include <string.h>

#include "core/login/token.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/roster/apply.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/rows.h"
#include "ctl/store/keys.h"


/* With its length, so that no two lists of texts have the same bytes. */
static void
print_add(ctl_buf_t *buf, const void *data, size_t len)
{
    uint8_t  size[4];

    size[0] = (uint8_t) (len >> 24);
    size[1] = (uint8_t) (len >> 16);
    size[2] = (uint8_t) (len >> 8);
    size[3] = (uint8_t) len;

    ctl_buf_add(buf, size, 4);
    ctl_buf_add(buf, data, len);
}


/* Bound to the owner, so that equal values of two do not show. */
static int
print_make(roster_t *roster, roster_kind_t kind, const roster_item_t *item,
    roster_record_t record, uint8_t out[ROSTER_PRINT_LEN])
{
    unsigned                    i;
    ctl_buf_t                   buf;
    const char                 *category;
    pupil_str_t                 s;
    const pupil_key_t          *key;
    const roster_item_t        *parent;
    const roster_record_def_t  *def;

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL) {
        return -1;
    }

    category = roster_category(kind, record);

    memset(&buf, 0, sizeof(ctl_buf_t));
    print_add(&buf, "import", 6);
    print_add(&buf, item->owner.id.b, PUPIL_UUID_LEN);
    print_add(&buf, category, strlen(category));

    if (kind == ROSTER_USER) {
        def = &roster_records[record];
        for (i = 0; i < def->count; i++) {
            s = item->values[def->values[i]];
            print_add(&buf, s.data, s.len);
        }

    } else {
        s = item->values[ROSTER_TITLE];
        print_add(&buf, s.data, s.len);

        parent = roster_parent(roster, item);
        if (parent != NULL) {
            print_add(&buf, parent->owner.id.b, PUPIL_UUID_LEN);
        }
    }

    s.data = (const uint8_t *) buf.data;
    s.len = buf.len;
    pupil_fingerprint_make(key, s, out);
    ctl_buf_free(&buf);

    return 0;
}


/* A title is always there, a user's record need not be. */
static int
record_there(roster_kind_t kind, const roster_item_t *item,
    roster_record_t record)
{
    unsigned                    i;
    const roster_record_def_t  *def;

    if (kind != ROSTER_USER) {
        return 1;
    }

    def = &roster_records[record];

    for (i = 0; i < def->count; i++) {
        if (item->values[def->values[i]].len != 0) {
            return 1;
        }
    }

    return 0;
}


/* What of an item is to be written: 1, 0 for nothing, -1 for an error. */
static int
change_plan(roster_t *roster, roster_kind_t kind, roster_item_t *item,
    roster_change_t *change)
{
    int                    changed;
    uint8_t               *print;
    unsigned               r;
    const roster_state_t  *state;

    changed = !item->known;
    change->item = item;

    for (r = 0; r < roster_record_count(kind); r++) {
        state = &item->states[r];
        print = change->prints[r];

        if (print_make(roster, kind, item, r, print) != 0) {
            return -1;
        }

        if (item->keeps[r]) {
            change->write[r] = 0;
            continue;
        }

        change->write[r] = state->has_print
                           ? memcmp(state->print, print, ROSTER_PRINT_LEN)
                             != 0
                           : record_there(kind, item, r);
        changed |= change->write[r];
    }

    return changed;
}


static int
batch_write(roster_t *roster, roster_batch_t *batch)
{
    size_t           fresh, old;
    unsigned         i;
    ctl_t           *ctl;
    ctl_owner_t     *made[ROSTER_BATCH], *known[ROSTER_BATCH];
    roster_item_t   *item;
    roster_count_t  *count;

    if (batch->count == 0) {
        return 0;
    }

    ctl = roster->ctl;
    fresh = 0;
    old = 0;

    for (i = 0; i < batch->count; i++) {
        item = batch->changes[i].item;
        if (item->known) {
            known[old++] = &item->owner;
        } else {
            made[fresh++] = &item->owner;
        }
    }

    if (ctl_owners_make(ctl, made, fresh) != 0
        || ctl_owners_fetch(ctl, known, old) != 0)
    {
        return -1;
    }

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || roster_rows_record(roster, batch) != 0
        || ctl_commit(ctl->data) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || roster_rows_write(roster, batch) != 0
        || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    count = &roster->counts[batch->kind];
    count->taken += fresh;
    count->changed += old;
    batch->count = 0;

    return 0;
}


static int
kind_apply(roster_t *roster, roster_batch_t *batch)
{
    int             plan;
    uint32_t        i, count;
    roster_kind_t   kind;
    roster_item_t  *item, *parent;

    kind = batch->kind;
    count = roster->items[kind].count;

    for (i = 0; i < count; i++) {
        item = roster_item(roster, kind, i);
        parent = roster_parent(roster, item);

        if (parent != NULL && parent->refused) {
            roster_item_refuse(roster, kind, item,
                               "its institution is refused");
        }

        if (item->refused || item->leaves) {
            continue;
        }

        plan = change_plan(roster, kind, item, &batch->changes[batch->count]);
        if (plan < 0) {
            return -1;
        }

        if (plan == 0) {
            roster->counts[kind].unchanged++;
            continue;
        }

        if (++batch->count == ROSTER_BATCH) {
            if (batch_write(roster, batch) != 0) {
                return -1;
            }
            roster_progress(roster_kinds[kind].name, i, count);
        }
    }

    return batch_write(roster, batch);
}


int
roster_apply(roster_t *roster)
{
    unsigned         kind;
    roster_batch_t  *batch;

    batch = ctl_pool_alloc(&roster->pool, sizeof(roster_batch_t));

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        memset(batch, 0, sizeof(roster_batch_t));
        batch->kind = kind;

        if (kind_apply(roster, batch) != 0) {
            return -1;
        }
    }

    return 0;
}
