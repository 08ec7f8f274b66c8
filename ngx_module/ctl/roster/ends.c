/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/text.h"
#include "ctl/roster/ends.h"


typedef enum {
    FATE_THERE = 0,             /* of an item: the roster has it */
    FATE_ABSENT,
    FATE_KEPT,
    FATE_ENDS
} row_fate_t;

/* Items by their owners: of what is not chosen the roster says nothing. */
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

            if (item->known && !item->skipped) {
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


/* ROSTER_NONE: the roster does not have it. */
static uint32_t
owner_find(const owners_t *owners, roster_kind_t kind,
    const pupil_uuid_t *owner)
{
    ctl_slot_t   *slot;
    pupil_str_t   key;

    key.data = owner->b;
    key.len = PUPIL_UUID_LEN;
    slot = ctl_map_get(&owners->items[kind], key);

    return slot == NULL ? ROSTER_NONE : slot->value;
}


static row_fate_t
item_fate(const roster_t *roster, roster_kind_t kind, uint32_t i)
{
    const roster_item_t  *item;

    if (i == ROSTER_NONE) {
        return FATE_ABSENT;
    }

    item = roster_item(roster, kind, i);

    return item->leaves ? FATE_ENDS : item->refused ? FATE_KEPT : FATE_THERE;
}


/*
 * Of a row that the roster does not have.  Whom it has has the roles that it
 * says, and no other: what was there of another one ends with it.
 */
static row_fate_t
row_fate(const owners_t *owners, roster_kind_t kind, roster_stored_t *row)
{
    uint32_t         user, where, institution;
    roster_t        *roster;
    row_fate_t       fate[3];
    roster_kind_t    at;

    roster = owners->roster;
    at = roster_kinds[kind].where;

    user = owner_find(owners, ROSTER_USER, &row->subject);
    where = owner_find(owners, at, &row->where);
    institution = owner_find(owners, ROSTER_INSTITUTION, &row->institution);

    row->user = user;

    fate[0] = item_fate(roster, ROSTER_USER, user);
    fate[1] = item_fate(roster, at, where);
    fate[2] = item_fate(roster, ROSTER_INSTITUTION, institution);

    if (row->leaves || fate[0] == FATE_ENDS || fate[1] == FATE_ENDS
        || fate[2] == FATE_ENDS)
    {
        return FATE_ENDS;
    }

    if (fate[0] == FATE_KEPT || fate[1] == FATE_KEPT || fate[2] == FATE_KEPT)
    {
        return FATE_KEPT;
    }

    /* its class may be that of a row that says none */
    if (kind == ROSTER_ENROLMENT && user != ROSTER_NONE
        && roster_item(roster, ROSTER_USER, user)->unplaced)
    {
        return FATE_KEPT;
    }

    /* the role may be that of an enrolment, of which nothing is said */
    if (user != ROSTER_NONE && roster->absent[ROSTER_ENROLMENT]) {
        return FATE_KEPT;
    }

    /* a row that was not understood may be the one that says it */
    if (roster->roles_said && roster->unread == 0 && user != ROSTER_NONE
        && institution != ROSTER_NONE
        && !roster_link_there(roster, ROSTER_ROLE, user, institution,
                              row->role))
    {
        return FATE_ENDS;
    }

    return kind == ROSTER_ENROLMENT && roster->absent[ROSTER_CLASS]
           ? FATE_KEPT : FATE_ABSENT;
}


static void
row_mark(const owners_t *owners, roster_kind_t kind, roster_stored_t *row)
{
    int               closes;
    row_fate_t        fate;
    const roster_t   *roster;

    roster = owners->roster;
    closes = roster->ctl->opt.close_absent && roster->unread == 0;
    fate = row_fate(owners, kind, row);

    row->kept = fate == FATE_KEPT;
    row->absent = fate == FATE_ABSENT;
    row->ends = fate == FATE_ENDS || (fate == FATE_ABSENT && closes);
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
                row_mark(&owners, kind, row);
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
