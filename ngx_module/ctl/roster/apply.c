/*
 * Copyright (C) the Pupil authors
 *
 * What did not change since the last import is neither read nor written:
 * fingerprints tell.
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/roster/addresses.h"
#include "ctl/roster/apply.h"
#include "ctl/roster/images.h"
#include "ctl/roster/logins.h"
#include "ctl/roster/moves.h"
#include "ctl/roster/print.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/rows.h"


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

        if (roster_print(roster, kind, item, r, print) != 0) {
            return -1;
        }

        if (item->keeps[r]) {
            change->write[r] = 0;
            continue;
        }

        change->write[r] = state->has_print
                           ? memcmp(state->print, print, ROSTER_PRINT_LEN)
                             != 0
                           : roster_record_there(kind, item, r);
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
        || roster_addresses_take(roster, batch) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || roster_images_batch(roster, batch) != 0
        || roster_addresses_tell(roster, batch) != 0
        || roster_logins_tell(roster, batch) != 0
        || roster_rows_write(roster, batch) != 0
        || roster_addresses_write(roster, batch) != 0
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

    if (roster_moves_apply(roster) != 0) {
        return -1;
    }

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
