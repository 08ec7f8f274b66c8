/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/ends.h"


/* Items by their owners. */
typedef struct {
    roster_t   *roster;
    ctl_map_t   items[ROSTER_ITEM_KINDS];
} owners_t;


static void
owners_make(owners_t *owners, roster_t *roster)
{
    int             fresh;
    uint32_t        i;
    unsigned        kind;
    pupil_str_t     key;
    roster_item_t  *item;

    memset(owners, 0, sizeof(owners_t));
    owners->roster = roster;
    key.len = PUPIL_UUID_LEN;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        for (i = 0; i < roster->items[kind].count; i++) {
            item = roster_item(roster, kind, i);

            if (item->known) {
                key.data = item->owner.id.b;
                ctl_map_put(&owners->items[kind], key, &fresh)->value = i;
            }
        }
    }
}


static void
owners_free(owners_t *owners)
{
    unsigned  kind;

    for (kind = 0; kind < ROSTER_ITEM_KINDS; kind++) {
        ctl_map_free(&owners->items[kind]);
    }
}


/* NULL: the roster does not have it. */
static const roster_item_t *
owner_find(const owners_t *owners, roster_kind_t kind,
    const pupil_uuid_t *owner)
{
    ctl_slot_t   *slot;
    pupil_str_t   key;

    key.data = owner->b;
    key.len = PUPIL_UUID_LEN;
    slot = ctl_map_get(&owners->items[kind], key);

    return slot == NULL ? NULL
           : roster_item(owners->roster, kind, slot->value);
}


static int
refused(const roster_item_t *item)
{
    return item != NULL && item->refused;
}


static void
row_fate(const owners_t *owners, roster_kind_t kind, roster_stored_t *row)
{
    const ctl_options_t  *opt;
    const roster_item_t  *user, *where, *institution;

    user = owner_find(owners, ROSTER_USER, &row->subject);
    where = owner_find(owners, roster_kinds[kind].where, &row->where);
    institution = owner_find(owners, ROSTER_INSTITUTION, &row->institution);

    if (refused(user) || refused(where) || refused(institution)) {
        row->kept = 1;
        return;
    }

    opt = &owners->roster->ctl->opt;
    row->absent = 1;
    row->ends = opt->close_absent && owners->roster->unread == 0;
}


void
roster_ends(roster_t *roster, roster_table_t *tables)
{
    size_t            i;
    unsigned          kind;
    owners_t          owners;
    roster_stored_t  *row;

    owners_make(&owners, roster);

    for (kind = ROSTER_ITEM_KINDS; kind < ROSTER_KINDS; kind++) {
        for (i = 0; i < tables[kind].count; i++) {
            row = &tables[kind].rows[i];

            if (!row->matched && !row->kept) {
                row_fate(&owners, kind, row);
            }
        }
    }

    owners_free(&owners);

    if (roster->ctl->opt.close_absent && roster->unread != 0) {
        ctl_note("of %zu row%s it cannot be told whose they are: nobody was"
                 " ended as absent", roster->unread,
                 ctl_plural(roster->unread));
    }
}
